//! Whether a file that is to be written is one that the same call reads, or lies among the files of a gallery.

use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The first input that would be lost if `written` were written: the same file, whatever it is called.
pub(crate) fn input_at<'a>(
    written: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Option<&'a Path> {
    let identity = Identity::of(written)?;
    inputs.into_iter().find(|input| Identity::of(input).as_ref() == Some(&identity))
}

/// Refuses to write the file that `option` names over an input of the same call.
///
/// # Errors
/// [`Error::User`] naming both.
pub(crate) fn check<'a>(
    option: &str,
    written: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<()> {
    let Some(input) = input_at(written, inputs) else { return Ok(()) };
    Err(Error::user(
        format!(
            "{option} {}: it would be written over the input {}",
            written.display(),
            input.display()
        ),
        format!("name another file with {option}"),
    ))
}

/// Refuses to write the file that `option` names into the directory of a gallery, which is for the gallery's own files alone.
///
/// # Errors
/// [`Error::User`] naming both.
pub(crate) fn check_outside(option: &str, written: &Path, gallery: &Path) -> Result<()> {
    let real = |path: &Path| {
        let is_here = path.as_os_str().is_empty();
        std::fs::canonicalize(if is_here { Path::new(".") } else { path }).ok()
    };
    // A file that is there may be a link, and folders that are not there would be made.
    let places = [real(written), written.ancestors().skip(1).find_map(real)];
    let is_inside =
        |directory: PathBuf| places.iter().flatten().any(|place| place.starts_with(&directory));
    if !real(gallery).is_some_and(is_inside) {
        return Ok(());
    }
    Err(Error::user(
        format!(
            "{option} {}: it would be written into the gallery {}",
            written.display(),
            gallery.display()
        ),
        format!("name a file outside of the gallery with {option}"),
    ))
}

/// Tells whether two paths lead to the same file.
#[derive(Debug, PartialEq, Eq)]
enum Identity {
    /// Device and number in it.
    #[cfg(unix)]
    Number(u64, u64),
    /// The path without links.
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Identity {
    /// Of a file; `None` if there is none.
    fn of(path: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            std::fs::metadata(path).ok().map(|found| Self::Number(found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        {
            std::fs::canonicalize(path).ok().map(Self::Path)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_inside_a_gallery_is_told_from_one_outside_whatever_it_is_called() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("people/segments/1f0c")).expect("created");
        std::fs::write(at("people/gallery.json"), "{}").expect("written");
        let mut inside = vec![
            "people/gallery.json",
            "people/list.png",
            "people/segments/1f0c/features.f32",
            "people/new/folder/list.png",
            "people/segments/../list.png",
            "people",
        ];
        let mut outside = vec!["list.png", "new/folder/list.png", "people.png", "people/../x.png"];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("people"), at("link")).expect("a link");
            std::os::unix::fs::symlink(at("people/gallery.json"), at("l.png")).expect("a link");
            std::fs::create_dir(at("other")).expect("created");
            std::os::unix::fs::symlink(at("other"), at("people/other")).expect("a link");
            inside.extend(["link/list.png", "l.png"]);
            outside.push("people/other/list.png");
        }
        let check = |name: &str| check_outside("--picture", &at(name), &at("people"));
        for name in inside {
            let error = check(name).expect_err(name);
            let text = error.to_string();
            assert!(text.contains("would be written into the gallery"), "{text}");
            assert_eq!(error.exit_code(), 2);
        }
        for name in outside {
            check(name).expect(name);
        }
        // There is no gallery yet.
        check_outside("--output", &at("x/list.png"), &at("x")).expect("nothing to lose");
    }
}
