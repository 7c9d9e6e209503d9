use super::*;
use std::collections::BTreeMap;

/// A picture of 128 × 64 whose pixel at row `y` and column `x` is `pixel(y, x)`.
fn picture(pixel: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
    let places = (0..SIZE.height).flat_map(|y| (0..SIZE.width).map(move |x| (y, x)));
    Picture { size: SIZE, pixels: places.flat_map(|(y, x)| pixel(y, x)).collect() }
}

/// The pictures of scripts/golden/hog.py.
fn waves(y: usize, x: usize) -> [u8; 3] {
    [9 * x + 5 * y, 700 + 11 * y - 4 * x, x * y / 4]
        .map(|phase| (phase % 512).abs_diff(256).min(255) as u8)
}

fn lines(y: usize, x: usize) -> [u8; 3] {
    let is_ink = y < 64 && ((x + 2 * y).is_multiple_of(23) || (200 + 3 * x - y).is_multiple_of(37));
    match (y, x) {
        (100.., _) if (x * x + x * y + 3 * y * y) % 23 == 1 => [250, 250, 249],
        (70..90, 10..40) => [200, 60, 40],
        _ if is_ink => [20; 3],
        _ => [250; 3],
    }
}

fn noise(y: usize, x: usize) -> [u8; 3] {
    std::array::from_fn(|c| {
        let seed = ((x + 1) * 7919 + (y + 1) * 104_729 + c * 1_299_709) as u64;
        (seed * seed % 65_521 % 256) as u8
    })
}

fn assert_near(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() < 1e-5, "{what}, value {i}: {found}, not {expected}");
    }
}

/// A descriptor that is zero but for `values` at places.
fn sparse(width: usize, values: impl IntoIterator<Item = (usize, f32)>) -> Vec<f32> {
    let mut dense = vec![0.0; width];
    values.into_iter().for_each(|(place, value)| dense[place] = value);
    dense
}

#[derive(Deserialize)]
struct Golden {
    hog: Vec<f32>,
    bins: Vec<usize>,
    histogram: Vec<f32>,
}

#[test]
fn the_numbers_of_scikit_image_and_numpy_come_out() {
    let golden: BTreeMap<String, Golden> =
        serde_json::from_str(include_str!("../../tests/golden/descriptors.json")).expect("JSON");
    let made = [("waves", picture(waves)), ("lines", picture(lines)), ("noise", picture(noise))];
    assert_eq!(golden.len(), made.len());
    for (name, picture) in made {
        let golden = &golden[name];
        assert_near(&Descriptor::Hog.describe(&picture), &golden.hog, name);
        let bins = golden.bins.iter().copied().zip(golden.histogram.iter().copied());
        let expected = sparse(3072, bins);
        assert_near(&Descriptor::ColourHistogram.describe(&picture), &expected, name);
    }
}

#[test]
fn every_stripe_counts_its_own_rows() {
    let (red, blue) = ([200, 60, 40], [31, 32, 255]);
    // 200, 60, 40 of 256 values in 8 bins: 6, 1, 1; 31, 32, 255: 0, 1, 7.
    let (red_bin, blue_bin) = (6 * 64 + 8 + 1, 8 + 7);
    let bounds = [0, 21, 43, 64, 85, 107, 128];
    for stripe in 0..6 {
        let rows = bounds[stripe]..bounds[stripe + 1];
        let found = picture(|y, _| if rows.contains(&y) { red } else { blue });
        let place = |i| 512 * i + if i == stripe { red_bin } else { blue_bin };
        let expected = sparse(3072, (0..6).map(|i| (place(i), (1.0f32 / 6.0).sqrt())));
        assert_near(&Descriptor::ColourHistogram.describe(&found), &expected, "stripe");
    }
}

#[test]
fn two_colours_side_by_side_share_every_stripe() {
    // A quarter of the columns is black.
    let found = picture(|_, x| if x < 16 { [0; 3] } else { [255; 3] });
    let (black, white) = ((0.25f32 / 6.0).sqrt(), (0.75f32 / 6.0).sqrt());
    let places = (0..6).flat_map(|i| [(512 * i, black), (512 * i + 511, white)]);
    let expected = sparse(3072, places);
    assert_near(&Descriptor::ColourHistogram.describe(&found), &expected, "two colours");
}

#[test]
fn the_order_of_the_pixels_of_a_stripe_does_not_matter() {
    let of = |pixel: &dyn Fn(usize, usize) -> [u8; 3]| {
        Descriptor::ColourHistogram.describe(&picture(pixel))
    };
    let expected = of(&waves);
    assert_eq!(of(&|y, x| waves(y, 63 - x)), expected);
    // Rows 43 to 63 in reverse, the columns of each shifted.
    let shuffled =
        |y, x| if (43..64).contains(&y) { waves(106 - y, (x + 5 * y) % 64) } else { waves(y, x) };
    assert_eq!(of(&shuffled), expected);
    assert_ne!(of(&|y, x| waves(127 - y, x)), expected);
}

/// Place of an orientation in HOG: block, cell in the block, orientation.
fn hog_place(block: [usize; 2], cell: [usize; 2], orientation: usize) -> usize {
    ((block[0] * 7 + block[1]) * 4 + cell[0] * 2 + cell[1]) * 9 + orientation
}

#[test]
fn an_edge_falls_into_the_cells_and_the_orientation_of_its_gradient() {
    let (black, white) = ([0; 3], [255; 3]);
    // Between columns 31 and 32: cells 3 and 4 of every row, gradients at 0°. Of a block, all four cells or two have one.
    let mut upright = vec![0.0; 3780];
    for row in 0..15 {
        for (column, cells, value) in
            [(2, 1..2, 0.5f32.sqrt()), (3, 0..2, 0.5), (4, 0..1, 0.5f32.sqrt())]
        {
            for (y, x) in [0, 1].into_iter().flat_map(|y| cells.clone().map(move |x| (y, x))) {
                upright[hog_place([row, column], [y, x], 0)] = value;
            }
        }
    }
    // Between rows 63 and 64: cells 7 and 8 of every column, gradients at 90°, in the fifth of nine orientations.
    let mut level = vec![0.0; 3780];
    for column in 0..7 {
        for (row, cells, value) in
            [(6, 1..2, 0.5f32.sqrt()), (7, 0..2, 0.5), (8, 0..1, 0.5f32.sqrt())]
        {
            for (y, x) in cells.flat_map(|y| [0, 1].map(|x| (y, x))) {
                level[hog_place([row, column], [y, x], 4)] = value;
            }
        }
    }
    for (near, far) in [(black, white), (white, black)] {
        let found = picture(|_, x| if x < 32 { near } else { far });
        assert_near(&Descriptor::Hog.describe(&found), &upright, "upright");
        let found = picture(|y, _| if y < 64 { near } else { far });
        assert_near(&Descriptor::Hog.describe(&found), &level, "level");
    }
}

#[test]
fn any_size_is_resized_as_all_pictures_are() {
    let image = RgbImage::from_fn(90, 200, |x, y| image::Rgb(waves(y as usize, x as usize)));
    let size = PictureSize { height: 200, width: 90 };
    let large = Picture { size, pixels: image.as_raw().clone() };
    let small = resized(&image, SIZE).expect("a picture");
    for descriptor in Descriptor::ALL {
        let found = descriptor.describe(&large);
        assert_eq!(found, descriptor.describe(&small));
        assert_eq!(found.len(), descriptor.width());
    }
}

#[test]
fn files_name_a_descriptor_by_its_key() {
    for descriptor in Descriptor::ALL {
        let written = serde_json::to_value(descriptor).expect("JSON");
        assert_eq!(written, descriptor.key());
        assert_eq!(serde_json::from_value::<Descriptor>(written).expect("a key"), descriptor);
    }
}

#[test]
fn centring_removes_what_all_rows_have_in_common() {
    let mut values = [1.0, 10.0, 3.0, 40.0, 5.0, 10.0];
    centred(&mut values, 2);
    assert_eq!(values, [-2.0, -10.0, 0.0, 20.0, 2.0, -10.0]);
    let mut none: [f32; 0] = [];
    centred(&mut none, 2);
}
