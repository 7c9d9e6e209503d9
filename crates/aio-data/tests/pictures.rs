//! Pictures as users have them: transparent, turned by the camera, of 16 bits, and in every format that is read.

use aio_data::Undecodable;
use aio_data::picture::{check_pixels, decode, open};
use aio_types::PictureSize;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder};
use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;
use tiff::encoder::{TiffEncoder, colortype};
use tiff::tags::Tag;

const WIDTH: u32 = 12;
const HEIGHT: u32 = 20;

/// How much ink is on a pixel of a sketch, 0..255.
fn ink(x: u32, y: u32) -> u8 {
    if x == y { 255 } else { (13 * x * y % 256) as u8 }
}

/// A black sketch on white paper.
fn on_paper() -> RgbImage {
    RgbImage::from_fn(WIDTH, HEIGHT, |x, y| image::Rgb([255 - ink(x, y); 3]))
}

/// The values of every pixel, row by row.
fn values<T, const N: usize>(pixel: impl Fn(u32, u32) -> [T; N]) -> Vec<T> {
    let all = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| (x, y)));
    all.flat_map(|(x, y)| pixel(x, y)).collect()
}

fn bytes16(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_ne_bytes()).collect()
}

fn png(values: &[u8], color: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(values, WIDTH, HEIGHT, color).expect("PNG");
    file
}

fn webp(values: &[u8], color: ExtendedColorType) -> Vec<u8> {
    let mut file = Vec::new();
    WebPEncoder::new_lossless(&mut file).write_image(values, WIDTH, HEIGHT, color).expect("WebP");
    file
}

/// A TIFF file with the short tags `tags`.
fn tiff<C: colortype::ColorType>(
    values: &[C::Inner],
    size: (u32, u32),
    tags: &[(Tag, u16)],
) -> Vec<u8>
where
    [C::Inner]: tiff::encoder::TiffValue,
{
    let mut file = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut file).expect("TIFF");
    let mut image = encoder.new_image::<C>(size.0, size.1).expect("TIFF");
    for (tag, value) in tags {
        image.encoder().write_tag(*tag, &[*value][..]).expect("a tag");
    }
    image.write_data(values).expect("TIFF");
    file.into_inner()
}

/// A palette of 256 strengths of ink: all black, of which PNG makes some transparent.
fn png_palette() -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(vec![0; 3 * 256]);
    encoder.set_trns((0..=255).collect::<Vec<u8>>());
    let mut writer = encoder.write_header().expect("PNG");
    writer.write_image_data(&values(|x, y| [ink(x, y)])).expect("PNG");
    writer.finish().expect("PNG");
    file
}

#[test]
fn a_transparent_sketch_is_the_same_sketch_on_white() {
    let wide = |v: u8| u16::from(v) * 257;
    let rgba = values(|x, y| [0, 0, 0, ink(x, y)]);
    let grey = values(|x, y| [0, ink(x, y)]);
    let rgba16 = values(|x, y| [0, 0, 0, wide(ink(x, y))]);
    let grey16 = values(|x, y| [0, wide(ink(x, y))]);
    let size = (WIDTH, HEIGHT);
    let straight = [(Tag::ExtraSamples, 2)];
    let files = [
        ("PNG", png(&rgba, ExtendedColorType::Rgba8)),
        ("grey PNG", png(&grey, ExtendedColorType::La8)),
        ("PNG of 16 bits", png(&bytes16(&rgba16), ExtendedColorType::Rgba16)),
        ("grey PNG of 16 bits", png(&bytes16(&grey16), ExtendedColorType::La16)),
        ("PNG with a palette", png_palette()),
        ("WebP", webp(&rgba, ExtendedColorType::Rgba8)),
        ("TIFF", tiff::<colortype::RGBA8>(&rgba, size, &straight)),
        ("TIFF of 16 bits", tiff::<colortype::RGBA16>(&rgba16, size, &straight)),
    ];
    for (name, file) in files {
        assert_eq!(decode(&file).expect(name), on_paper(), "{name}");
    }
}

#[test]
fn colour_that_is_multiplied_by_its_opacity_is_not_multiplied_again() {
    let size = (WIDTH, HEIGHT);
    let red = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let ink = ink(x, y);
        image::Rgb([255, 255 - ink, 255 - ink])
    });
    let straight = values(|x, y| [255, 0, 0, ink(x, y)]);
    let multiplied = values(|x, y| [ink(x, y), 0, 0, ink(x, y)]);
    let straight = tiff::<colortype::RGBA8>(&straight, size, &[(Tag::ExtraSamples, 2)]);
    let multiplied = tiff::<colortype::RGBA8>(&multiplied, size, &[(Tag::ExtraSamples, 1)]);
    assert_eq!(decode(&straight).expect("straight"), red);
    assert_eq!(decode(&multiplied).expect("multiplied"), red);
}

/// What stands in a file about its orientation.
fn exif(orientation: u16, big_endian: bool) -> Vec<u8> {
    let entry: [u16; 6] = [1, 0x0112, 3, 0, 1, orientation];
    let mut bytes = Vec::new();
    if big_endian {
        bytes.extend(b"MM\0*\0\0\0\x08");
        bytes.extend(entry.iter().flat_map(|v| v.to_be_bytes()));
    } else {
        bytes.extend(b"II*\0\x08\0\0\0");
        let swapped = [1, 0x0112, 3, 1, 0, orientation];
        bytes.extend(swapped.iter().flat_map(|v: &u16| v.to_le_bytes()));
    }
    bytes.extend([0; 6]);
    bytes
}

/// The pixels that a camera stores of an upright picture, by the definition of the tag in EXIF 2.3: where the first row
/// and the first column of the file lie in the picture.
fn stored(upright: &RgbImage, orientation: u16) -> RgbImage {
    let (width, height) = upright.dimensions();
    let (last_x, last_y) = (width - 1, height - 1);
    let place = |column: u32, row: u32| match orientation {
        1 => (column, row),
        2 => (last_x - column, row),
        3 => (last_x - column, last_y - row),
        4 => (column, last_y - row),
        5 => (row, column),
        6 => (last_x - row, column),
        7 => (last_x - row, last_y - column),
        8 => (row, last_y - column),
        _ => panic!("no such orientation"),
    };
    let (columns, rows) = if orientation < 5 { (width, height) } else { (height, width) };
    RgbImage::from_fn(columns, rows, |column, row| {
        let (x, y) = place(column, row);
        *upright.get_pixel(x, y)
    })
}

/// A PNG file whose metadata stand behind its pixels.
fn exif_moved_to_the_end(file: &[u8]) -> Vec<u8> {
    let (mut first, mut moved, mut rest) = (file[..8].to_vec(), Vec::new(), &file[8..]);
    while !rest.is_empty() {
        let length = 12 + u32::from_be_bytes(rest[..4].try_into().expect("four")) as usize;
        let (chunk, behind) = rest.split_at(length);
        match &chunk[4..8] {
            b"eXIf" => moved = chunk.to_vec(),
            b"IEND" => first.extend(moved.iter().chain(chunk)),
            _ => first.extend(chunk),
        }
        rest = behind;
    }
    assert!(!moved.is_empty());
    first
}

fn with_exif(mut encoder: impl ImageEncoder, image: &RgbImage, exif: Vec<u8>) {
    encoder.set_exif_metadata(exif).expect("metadata");
    let (width, height) = image.dimensions();
    encoder.write_image(image, width, height, ExtendedColorType::Rgb8).expect("encoded");
}

#[test]
fn pictures_are_upright_in_every_format_and_orientation() {
    let upright = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        image::Rgb([(20 * x) as u8, (12 * y) as u8, if x > 8 && y < 5 { 250 } else { 30 }])
    });
    for orientation in 1..=8 {
        let image = stored(&upright, orientation);
        for big_endian in [false, true] {
            let exif = exif(orientation, big_endian);
            let prefixed = [b"Exif\0\0", &exif[..]].concat();
            let [mut jpeg, mut plain, mut png, mut webp, mut webp2] = [const { Vec::new() }; 5];
            with_exif(PngEncoder::new(&mut png), &image, exif.clone());
            with_exif(WebPEncoder::new_lossless(&mut webp), &image, exif.clone());
            with_exif(WebPEncoder::new_lossless(&mut webp2), &image, prefixed);
            let tag = [(Tag::Orientation, orientation)];
            let tiff = tiff::<colortype::RGB8>(image.as_raw(), image.dimensions(), &tag);
            let late = exif_moved_to_the_end(&png);
            for (name, file) in [
                ("PNG", png),
                ("PNG, late", late),
                ("WebP", webp),
                ("WebP, prefix", webp2),
                ("TIFF", tiff),
            ] {
                assert!(decode(&file).expect(name) == upright, "{name}, orientation {orientation}");
            }
            // JPEG changes pixels, the same ones with and without metadata.
            with_exif(JpegEncoder::new_with_quality(&mut jpeg, 90), &image, exif);
            with_exif(JpegEncoder::new_with_quality(&mut plain, 90), &image, Vec::new());
            let turned = stored(&decode(&jpeg).expect("JPEG"), orientation);
            assert!(turned == decode(&plain).expect("JPEG"), "JPEG, orientation {orientation}");
        }
    }
}

#[test]
fn pixels_of_opaque_upright_pictures_are_those_of_earlier_versions() {
    let colour = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        image::Rgb([(37 * x * y) as u8, (91 * x) as u8, (17 * y) as u8])
    });
    let colour = DynamicImage::ImageRgb8(colour);
    let grey = DynamicImage::ImageLuma8(colour.to_luma8());
    let wide = DynamicImage::ImageRgb16(colour.to_rgb16());
    let wide_grey = values(|x, y| [(x * 5_003 + y * 1_009) as u16]);
    let encoded = |image: &DynamicImage, format| {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).expect("encoded");
        file.into_inner()
    };
    let opaque = DynamicImage::ImageRgba8(colour.to_rgba8());
    let files = [
        encoded(&colour, ImageFormat::Jpeg),
        encoded(&grey, ImageFormat::Jpeg),
        encoded(&colour, ImageFormat::Png),
        encoded(&grey, ImageFormat::Png),
        encoded(&wide, ImageFormat::Png),
        encoded(&opaque, ImageFormat::Png),
        encoded(&colour, ImageFormat::Bmp),
        encoded(&grey, ImageFormat::Bmp),
        png(&bytes16(&wide_grey), ExtendedColorType::L16),
    ];
    for (number, file) in files.iter().enumerate() {
        let before = image::load_from_memory(file).expect("decoded").to_rgb8();
        assert_eq!(decode(file).expect("decoded"), before, "file {number}");
    }
}

#[test]
fn sixteen_bits_are_scaled_not_cut() {
    let grey = png(&bytes16(&values(|x, y| [(1_000 * x + y) as u16])), ExtendedColorType::L16);
    let found = decode(&grey).expect("PNG");
    for (x, y, pixel) in found.enumerate_pixels() {
        let expected = (f64::from(1_000 * x + y) / 257.0).round() as u8;
        assert_eq!(pixel.0, [expected; 3], "({x}, {y})");
    }
    let tiff =
        tiff::<colortype::Gray16>(&values(|x, y| [(1_000 * x + y) as u16]), (WIDTH, HEIGHT), &[]);
    assert_eq!(decode(&tiff).expect("TIFF"), found);
}

#[test]
fn a_file_that_is_cut_short_is_an_error_in_every_format() {
    let (paper, size) = (on_paper(), (WIDTH, HEIGHT));
    let mut jpeg = Vec::new();
    with_exif(JpegEncoder::new_with_quality(&mut jpeg, 80), &paper, exif(6, true));
    for (name, file) in [
        ("JPEG", jpeg),
        ("PNG", png(paper.as_raw(), ExtendedColorType::Rgb8)),
        ("WebP", webp(paper.as_raw(), ExtendedColorType::Rgb8)),
        ("TIFF", tiff::<colortype::RGB8>(paper.as_raw(), size, &[(Tag::Orientation, 3)])),
    ] {
        assert!(decode(&file).is_ok(), "{name}");
        for length in [0, 3, 30, file.len() / 4] {
            assert!(decode(&file[..length]).is_err(), "{name}, {length} bytes");
        }
    }
}

#[test]
fn a_jpeg_without_its_end_is_cut_short_wherever_the_cut_lies() {
    let (mut thumbnail, mut file) = (Vec::new(), Vec::new());
    JpegEncoder::new_with_quality(&mut thumbnail, 80).encode_image(&on_paper()).expect("JPEG");
    let picture = RgbImage::from_fn(60, 100, |x, y| {
        image::Rgb([(37 * x * y) as u8, (91 * x) as u8, (17 * y) as u8])
    });
    // The thumbnail in the metadata ends with the mark that ends the picture, too.
    let metadata = [exif(1, false), thumbnail].concat();
    with_exif(JpegEncoder::new_with_quality(&mut file, 90), &picture, metadata);
    let whole = decode(&file).expect("whole");
    // Cameras append data, and other pictures.
    for behind in [&[0_u8; 100][..], &file[..], b"\xff"] {
        assert_eq!(decode(&[&file[..], behind].concat()).expect("a picture"), whole);
    }
    let scan = file.windows(2).rposition(|pair| pair == [0xff, 0xda]).expect("a scan") + 14;
    for cut in (scan..file.len() - 2).step_by(97).chain([file.len() - 2, file.len() - 1]) {
        let error = decode(&file[..cut]).expect_err("a part");
        assert_eq!(error, Undecodable::CutShort, "{cut} of {} bytes", file.len());
    }
}

#[test]
fn progressive_jpegs_and_those_with_restart_marks_have_one_end() {
    // The picture of 40 × 24 pixels (37xy, 9x + 5y, 11y) mod 256, written by Pillow 13: `save(file, quality=50, optimize=True, progressive=True)`,
    // which gives ten scans, and with `restart_marker_rows=1` instead of `progressive=True`.
    let files: [(&str, &[u8]); 2] = [
        ("progressive", include_bytes!("golden/progressive.jpg")),
        ("restarts", include_bytes!("golden/restarts.jpg")),
    ];
    for (name, file) in files {
        let expected = image::load_from_memory(file).expect(name).to_rgb8();
        assert_eq!(decode(file).expect(name), expected, "{name}");
        assert_eq!(decode(&[file, file].concat()).expect(name), expected, "{name}, twice");
        for cut in 0..file.len() {
            assert!(decode(&file[..cut]).is_err(), "{name}, {cut} of {} bytes", file.len());
        }
    }
}

#[test]
fn a_format_that_is_not_read_is_named_and_is_no_damage() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let gif = b"GIF89a\x01\0\x01\0\0\0\0";
    for (name, bytes, problem, advice) in [
        ("anim.gif", &gif[..], "its format is GIF, expected JPEG,", "convert"),
        ("renamed.jpg", &gif[..], "its format is GIF, expected JPEG,", "its content counts"),
        (
            "phone.jpg",
            b"\0\0\0\x18ftypheic\0\0\0\0",
            "of no known format or damaged, expected",
            "convert",
        ),
        ("empty.jpg", b"", "the file is empty", "damaged"),
        ("half.png", b"\x89PNG\r\n\x1a\n", "half.png", "cut short"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let error = open(&path, PictureSize { height: 4, width: 2 }).expect_err(name);
        let hint = error.hint().expect("a hint");
        assert!(error.to_string().contains(problem) && hint.contains(advice), "{error}: {hint}");
        assert_eq!(hint.contains("damaged"), !hint.contains("convert"), "{name}: {hint}");
    }
}

#[test]
fn what_is_wrong_with_a_picture_is_a_kind_and_not_a_text() {
    let gif = b"GIF89a\x01\0\x01\0\0\0\0";
    let unknown = b"\0\0\0\x18ftypheic\0\0\0\0";
    for (bytes, expected) in [
        (&gif[..], Undecodable::Format { name: "GIF".into() }),
        (&unknown[..], Undecodable::Unknown),
        (&b""[..], Undecodable::Empty),
    ] {
        assert_eq!(decode(bytes).expect_err("no picture"), expected);
        assert_eq!(check_pixels(bytes, u64::MAX).expect_err("no picture"), expected);
    }
    let half = decode(b"\x89PNG\r\n\x1a\n").expect_err("no pixels");
    assert!(matches!(half, Undecodable::Damaged { .. }), "{half}");
    // One pixel more than the longest side.
    let mut wide = Cursor::new(Vec::new());
    RgbImage::new(16_385, 1).write_to(&mut wide, ImageFormat::Png).expect("PNG");
    let wide = wide.into_inner();
    let error = decode(&wide).expect_err("too wide");
    assert!(matches!(error, Undecodable::TooLarge { .. }), "{error}");
    assert!(error.hint().contains("smaller"), "{}", error.hint());
    check_pixels(&wide, 16_385).expect("few enough");
    let error = check_pixels(&wide, 16_384).expect_err("one too many");
    assert_eq!(error.to_string(), "1 × 16385 pixels, expected 16384 at most");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let pipe = folder.path().join("x.jpg");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let size = PictureSize { height: 4, width: 2 };
    for (path, found) in [
        (pipe.as_path(), "is a named pipe"),
        (folder.path(), "is a folder"),
        (Path::new("/dev/zero"), "is a device"),
    ] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let opened = path.to_path_buf();
        std::thread::spawn(move || sender.send(open(&opened, size)));
        let outcome = receiver.recv_timeout(Duration::from_secs(30)).expect("an answer");
        let error = outcome.expect_err("no picture");
        assert!(error.to_string().contains(found) && error.is_user(), "{error}");
    }
}
