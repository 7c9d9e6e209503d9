//! Whether a file that is to be written is one that the same call reads, lies among the files of a gallery, or is one of another kind.

use crate::error::{Error, Result};
use aio_data::{CsvRecords, fs};
use aio_encoder::weights;
use aio_gallery::{MANIFEST, SEGMENTS};
use std::ffi::OsStr;
use std::io::Read;
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

/// Where a path leads to; `None` if nothing is there.
fn real(path: &Path) -> Option<PathBuf> {
    let is_here = path.as_os_str().is_empty();
    std::fs::canonicalize(if is_here { Path::new(".") } else { path }).ok()
}

/// Where writing a file would change something: a file that is there may be a link, and folders that are not there would be made.
fn places(written: &Path) -> [Option<PathBuf>; 2] {
    [real(written), written.ancestors().skip(1).find_map(real)]
}

/// Whether the file `written` would lie in a directory or below it, whatever the two are called.
pub(crate) fn is_inside(written: &Path, directory: &Path) -> bool {
    let places = places(written);
    let holds =
        |directory: PathBuf| places.iter().flatten().any(|place| place.starts_with(&directory));
    real(directory).is_some_and(holds)
}

/// Refuses to write the file that `option` names into the directory of a gallery, which is for the gallery's own files alone.
///
/// # Errors
/// [`Error::User`] naming both.
pub(crate) fn check_outside(option: &str, written: &Path, gallery: &Path) -> Result<()> {
    if !is_inside(written, gallery) {
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

/// Refuses to write the file that `option` names into the directory of any gallery.
fn check_no_gallery(option: &str, written: &Path) -> Result<()> {
    // Features have a manifest beside them that may be called as that of a gallery.
    let is_gallery =
        |directory: &&Path| directory.join(MANIFEST).is_file() && directory.join(SEGMENTS).is_dir();
    let places = places(written);
    let typed = written.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
    let around = typed.chain(places.iter().flatten().flat_map(|place| place.ancestors()));
    around.filter(is_gallery).try_for_each(|gallery| check_outside(option, written, gallery))
}

/// Refuses a name that has not the ending of what is written.
///
/// # Errors
/// [`Error::User`] naming the file and the ending.
pub(crate) fn check_ending(option: &str, written: &Path, ending: &str) -> Result<()> {
    if written.extension() == Some(OsStr::new(ending)) {
        return Ok(());
    }
    Err(Error::user(
        format!("{option} {}: expected a name that ends in .{ending}", written.display()),
        format!("name a .{ending} file with {option}"),
    ))
}

/// Refuses to write over a file that is there and is not of the `kind` that is written, which `is_own` tells, and to write into a gallery. An empty
/// file may be replaced.
///
/// # Errors
/// [`Error::User`] naming the file and the kind, or the gallery; the error of `is_own` if the file cannot be read.
pub(crate) fn check_kind(
    option: &str,
    written: &Path,
    kind: &str,
    is_own: impl FnOnce(&Path) -> Result<bool>,
) -> Result<()> {
    check_no_gallery(option, written)?;
    let Ok(found) = std::fs::metadata(written) else { return Ok(()) };
    let problem = if found.is_dir() {
        "this is a folder".to_owned()
    } else if found.is_file() && (found.len() == 0 || is_own(written)?) {
        return Ok(());
    } else {
        format!("the file is there and is not {kind}; it is not written over")
    };
    Err(Error::user(
        format!("{option} {}: {problem}", written.display()),
        format!("name another file with {option}"),
    ))
}

/// Refuses to write weights under a name that no command reads weights from, or over a file that is not a weights file of this project.
///
/// # Errors
/// [`Error`] naming the file.
pub(crate) fn check_weights(option: &str, written: &Path) -> Result<()> {
    check_ending(option, written, "safetensors")?;
    check_kind(option, written, "a weights file of this project", |path| {
        weights::is_own(path).map_err(Error::from)
    })
}

/// Most bytes that are read of a file to see of what kind it is.
pub(crate) const LONGEST_START: u64 = 16 << 20;

/// Whether the first columns of a CSV file are `first`, and one of the others is `further` if there is such a name.
///
/// # Errors
/// [`Error`] naming the file that cannot be opened.
pub(crate) fn has_columns(path: &Path, first: &[&str], further: Option<&str>) -> Result<bool> {
    let file = fs::open(path)?.take(LONGEST_START);
    let Ok(records) = CsvRecords::new(path, file) else { return Ok(false) };
    let names: Vec<&str> = records.names().1.iter().collect();
    Ok(names.starts_with(first) && further.is_none_or(|name| names.contains(&name)))
}

/// Tells whether two paths lead to the same file.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    /// Device and number in it.
    #[cfg(unix)]
    Number(u64, u64),
    /// The path without links.
    #[cfg(not(unix))]
    Path(PathBuf),
}

impl Identity {
    /// Of a file; `None` if there is none.
    pub(crate) fn of(path: &Path) -> Option<Self> {
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
