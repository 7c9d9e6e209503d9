//! Files that are pictures, by their names.

use std::path::Path;

/// Endings of the files that are read, as messages list them.
pub const FORMATS: &str = "*.jpg, *.jpeg, *.png, *.bmp, *.webp, *.tif and *.tiff";

const READ: [&str; 9] = ["jpg", "jpeg", "jpe", "jfif", "png", "bmp", "webp", "tif", "tiff"];

/// Endings of pictures in formats that are not read.
const NOT_READ: [&str; 37] = [
    "arw", "avif", "avifs", "cr2", "cr3", "dds", "dng", "exr", "ff", "gif", "hdr", "heic", "heics",
    "heif", "ico", "j2k", "jp2", "jpf", "jpm", "jpx", "jxl", "nef", "orf", "pam", "pbm", "pcx",
    "pgm", "pnm", "ppm", "psd", "qoi", "raf", "raw", "rw2", "svg", "tga", "xcf",
];

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension();
    ending.is_some_and(|e| endings.iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// Whether a file is one that [`open`](super::open) may read, by its name.
#[must_use]
pub fn is_picture(path: &Path) -> bool {
    ends_with(path, &READ)
}

/// Whether a file is a picture in a format that is not read, by its name.
#[must_use]
pub(crate) fn is_other_picture(path: &Path) -> bool {
    ends_with(path, &NOT_READ)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_is_read_and_what_is_a_picture_of_another_kind() {
        for name in ["a.jpg", "b/a.JPEG", "a.webp", "a.Tif", "a.gif.png"] {
            assert!(is_picture(Path::new(name)) && !is_other_picture(Path::new(name)), "{name}");
        }
        for name in ["a.gif", "b/a.HEIC", "a.png.avif"] {
            assert!(!is_picture(Path::new(name)) && is_other_picture(Path::new(name)), "{name}");
        }
        for name in ["a", "jpg", ".jpg", "a.txt", "gif"] {
            assert!(!is_picture(Path::new(name)) && !is_other_picture(Path::new(name)), "{name}");
        }
    }
}
