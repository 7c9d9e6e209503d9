//! Folders whose `SHA256SUMS` lists their files, in the form of `sha256sum`.

use super::{Checksum, damaged};
use crate::{Result, fs};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the list in a folder.
pub const SUMS: &str = "SHA256SUMS";

/// Writes the list of `names`, files of `directory`.
///
/// # Errors
/// [`crate::DataError::Io`] naming the file that cannot be read or written.
pub fn write(directory: &Path, names: &[&str]) -> Result<()> {
    let mut text = String::new();
    for name in names {
        let sum = Checksum::of_file(&directory.join(name))?.hex();
        text += &format!("{sum}  {name}\n");
    }
    fs::write_then_rename(&directory.join(SUMS), text.as_bytes())
}

/// Removes the list of a folder whose files are about to be replaced one by one: until [`write()`] they have none.
///
/// # Errors
/// [`crate::DataError::Io`] naming the list that cannot be removed.
pub fn forget(directory: &Path) -> Result<()> {
    fs::remove_file(&directory.join(SUMS))
}

/// Checks `names`, files of `directory`, and every other file that its list names. Returns whether there is a list: folders of earlier
/// versions have none.
///
/// # Errors
/// [`crate::DataError::Damaged`] naming the folder and every file in it that is missing, not listed, or not what was written.
pub fn check(directory: &Path, names: &[&str]) -> Result<bool> {
    let Some(listed) = read(directory)? else { return Ok(false) };
    compare(directory, names, &listed, Checksum::of_file)?;
    Ok(true)
}

/// Compares the files of a folder with its list; `sum` computes the checksum of one.
fn compare(
    directory: &Path,
    names: &[&str],
    listed: &BTreeMap<String, Checksum>,
    sum: impl Fn(&Path) -> Result<Checksum>,
) -> Result<()> {
    let mut problems = Vec::new();
    for name in names.iter().filter(|name| !listed.contains_key(**name)) {
        problems.push(format!("{SUMS} does not list {name}"));
    }
    for (name, expected) in listed {
        let path = directory.join(name);
        if !path.is_file() {
            problems.push(format!("{name} is missing"));
        } else if sum(&path)? != *expected {
            problems.push(format!("{name} does not have the checksum in {SUMS}"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(damaged(directory, problems.join("; "))) }
}

/// Checks a file whose SHA-256 is known, and every file beside it, where there is a list: it must name the file.
///
/// # Errors
/// [`crate::DataError::Damaged`] naming the folder and every file in it that is missing, not listed, or not what was written, or the list that
/// cannot be read.
pub fn check_beside(path: &Path, found: &Checksum) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new(""));
    let Some(listed) = read(directory)? else { return Ok(()) };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    compare(directory, &[&name], &listed, |other| {
        if other.file_name() == path.file_name() { Ok(*found) } else { Checksum::of_file(other) }
    })
}

/// The list of a folder by name, or none if it has none.
fn read(directory: &Path) -> Result<Option<BTreeMap<String, Checksum>>> {
    let path = directory.join(SUMS);
    if !path.is_file() {
        return Ok(None);
    }
    let text = fs::read(&path)?;
    let text = String::from_utf8(text).map_err(|_| damaged(&path, "it is no text".into()))?;
    let mut listed = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let (name, sum) = entry(line).ok_or_else(|| {
            let problem = format!("line {} is not `<64 digits>  <name>`", number + 1);
            damaged(&path, problem)
        })?;
        listed.insert(name.to_owned(), sum);
    }
    Ok(Some(listed))
}

/// A line as `sha256sum` writes it, for text (two blanks) or binary files (blank and star).
fn entry(line: &str) -> Option<(&str, Checksum)> {
    let (digits, rest) = line.split_at_checked(64)?;
    let name = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"))?;
    let plain = !name.is_empty() && !name.contains(['/', '\\', '\0']) && name != "..";
    plain.then_some(())?;
    Some((name, Checksum::from_hex(digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("temporary directory");
        for (name, content) in [("a", "one"), ("b", "two")] {
            std::fs::write(directory.path().join(name), content).expect("write");
        }
        directory
    }

    #[test]
    fn damage_missing_files_and_missing_lines_are_named() {
        let kept = folder();
        let directory = kept.path();
        assert!(!check(directory, &["a", "b"]).expect("an earlier version"));
        write(directory, &["a", "b"]).expect("written");
        assert!(check(directory, &["a", "b"]).expect("whole"));
        let text = std::fs::read_to_string(directory.join(SUMS)).expect("read");
        assert!(text.starts_with(&format!("{}  a\n", Checksum::of(b"one").hex())), "{text}");
        forget(directory).expect("removed");
        forget(directory).expect("nothing to remove");
        assert!(!check(directory, &["a", "b"]).expect("no list"));
        write(directory, &["a", "b"]).expect("written");
        std::fs::write(directory.join("a"), "onE").expect("write");
        std::fs::remove_file(directory.join("b")).expect("remove");
        let error = check(directory, &["a", "b", "c"]).expect_err("damaged").to_string();
        for part in ["a does not have", "b is missing", "does not list c"] {
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_damaged_list_is_an_error() {
        let kept = folder();
        let list = kept.path().join(SUMS);
        for text in ["x", "\n", "00  a\n", &format!("{}  ../a\n", "0".repeat(64)), "\u{e9}"] {
            std::fs::write(&list, text).expect("write");
            let error = check(kept.path(), &[]).expect_err(text).to_string();
            assert!(error.contains("SHA256SUMS is damaged"), "{error}");
        }
        std::fs::write(&list, "").expect("write");
        assert!(check(kept.path(), &["a"]).is_err(), "an empty list lists nothing");
    }

    #[test]
    fn a_file_is_checked_by_the_list_beside_it_with_all_others() {
        let kept = folder();
        let (a, sum) = (kept.path().join("a"), Checksum::of(b"one"));
        check_beside(&a, &sum).expect("no list");
        write(kept.path(), &["a", "b"]).expect("written");
        check_beside(&a, &sum).expect("whole");
        let problem =
            |found: &[u8]| check_beside(&a, &Checksum::of(found)).expect_err("refused").to_string();
        assert!(problem(b"onE").contains("a does not have the checksum in SHA256SUMS"));
        std::fs::write(kept.path().join("b"), "twO").expect("write");
        assert!(problem(b"one").contains("b does not have the checksum in SHA256SUMS"));
        std::fs::remove_file(kept.path().join("b")).expect("remove");
        assert!(problem(b"one").contains("b is missing"));
        std::fs::write(kept.path().join("b"), "two").expect("write");
        write(kept.path(), &["b"]).expect("written");
        assert!(problem(b"one").contains("SHA256SUMS does not list a"));
    }
}
