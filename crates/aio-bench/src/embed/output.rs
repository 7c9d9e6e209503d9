//! Which files `aio embed` may write: nothing that somebody else made is overwritten or removed.

use super::partial::PartialFile;
use super::{Manifest, Request, Row};
use crate::error::{Error, Result};
use crate::{features, lock, overwrite};
use aio_data::fs;
use std::path::{Path, PathBuf};

/// Refuses an output that is not called `.safetensors`. The files beside it are named after it: another ending would make two outputs share
/// them, or promise another format.
pub(super) fn check_name(output: &Path) -> Result<()> {
    overwrite::check_ending("--output", output, "safetensors")
}

/// Refuses to write over an input, or over files that `aio embed` did not write.
pub(super) fn check_files(request: &Request, rows: &[Row]) -> Result<()> {
    let output = &request.output;
    let model = request.model.file();
    let named = request.inputs.iter().chain(&request.captions).chain(&request.list);
    let pictures = rows.iter().flat_map(|row| row.pictures.values());
    let inputs = named.chain(pictures).chain([&model]).map(PathBuf::as_path);
    for written in [output, &Manifest::path(output)] {
        if let Some(input) = overwrite::input_at(written, inputs.clone()) {
            let (written, input) = (written.display(), input.display());
            let problem = format!("{written} would be written over the input {input}");
            return refused(output, &problem);
        }
    }
    check_replaced(output)?;
    check_directory(output, &PartialFile::directory(output))
}

/// Refuses to write features and their manifest over files that hold something else.
pub(super) fn check_replaced(output: &Path) -> Result<()> {
    let is_own = features::is_replaceable;
    overwrite::check_kind("--output", output, "a file of features", is_own)?;
    let manifest = Manifest::path(output);
    if manifest.exists() && Manifest::at(&manifest).is_err() {
        let problem = format!(
            "{} is there and is not a manifest of features; it is not written over",
            manifest.display()
        );
        return refused(output, &problem);
    }
    Ok(())
}

/// Refuses a directory of unfinished features that holds anything else.
fn check_directory(output: &Path, directory: &Path) -> Result<()> {
    let wrong = |found: &str| {
        let directory = directory.display();
        refused(output, &format!("unfinished features are kept in {directory}, and {found}"))
    };
    if !directory.exists() {
        return Ok(());
    }
    if !directory.is_dir() {
        return wrong("this is not a folder");
    }
    for name in fs::names(directory)? {
        let is_own = name
            .to_str()
            .is_some_and(|name| PartialFile::FILES.contains(&name) || lock::is_own(name));
        if !is_own && !fs::is_temporary(&name) {
            return wrong(&format!("it holds {name:?}, which `aio embed` did not write"));
        }
    }
    Ok(())
}

fn refused<T>(output: &Path, problem: &str) -> Result<T> {
    Err(Error::user(
        format!("--output {}: {problem}", output.display()),
        "name another .safetensors file, such as --output features.safetensors",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_one_format_are_written() {
        for name in ["x.json", "out/x.json", "x.unfinished", "x.npy", "x", ".", "x.png"] {
            let error = check_name(Path::new(name)).expect_err(name);
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(name), "{error}");
        }
        for name in ["x.safetensors", "x.json.safetensors"] {
            assert!(check_name(Path::new(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_directory_of_unfinished_features_holds_nothing_else() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let directory = folder.path().join("keep.unfinished");
        let output = folder.path().join("keep.safetensors");
        check_directory(&output, &directory).expect("there is none");
        std::fs::create_dir(&directory).expect("create");
        for name in ["lock", "lock-000001.json", "values", "state.json"] {
            std::fs::write(directory.join(name), "").expect("write");
        }
        std::fs::write(directory.join(".state.json.0123456789ab.3.tmp"), "").expect("write");
        check_directory(&output, &directory).expect("all of an earlier call");
        for name in ["notes.txt", "lock-x.json", ".draft.tmp"] {
            std::fs::write(directory.join(name), "mine").expect("write");
            let error = check_directory(&output, &directory).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains("did not write"), "{error}");
            std::fs::remove_file(directory.join(name)).expect("remove");
        }
        std::fs::remove_dir_all(&directory).expect("remove");
        std::fs::write(&directory, "a file").expect("write");
        let error = check_directory(&output, &directory).expect_err("a file").to_string();
        assert!(error.contains("not a folder"), "{error}");
    }
}
