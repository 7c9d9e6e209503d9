use crate::fs::{MARK, open};
use crate::{DataError, Result};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line of a list file, in bytes.
const LONGEST_LINE: u64 = 1 << 16;

/// Most lines of a list file. The longest published one, of MSMT17, has 82,161.
const MOST_LINES: usize = 4_000_000;

/// Largest list file, in bytes.
const LARGEST_FILE: u64 = 1 << 28;

/// The lines of a list file that are not blank, with their numbers from 1.
pub(crate) fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let file = open(path)?;
    let size = file.metadata().map_or(0, |m| m.len());
    if size > LARGEST_FILE {
        let problem =
            format!("it holds {size} bytes, more than the {LARGEST_FILE} that a list may have");
        return Err(DataError::Parse { path: path.to_path_buf(), problem });
    }
    let mut reader = BufReader::new(file);
    let mut lines = Vec::new();
    for row in 1.. {
        let mut bytes = Vec::new();
        let read = reader.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut bytes);
        let read = read.map_err(|source| DataError::Io {
            action: "read",
            path: path.to_path_buf(),
            source,
        })?;
        if read == 0 {
            break;
        }
        let problem = |problem: String| DataError::Row { path: path.to_path_buf(), row, problem };
        if row > MOST_LINES {
            return Err(problem(format!(
                "a list may have {MOST_LINES} lines; is this the right file?"
            )));
        }
        if read as u64 > LONGEST_LINE {
            return Err(problem(format!(
                "the line is longer than {LONGEST_LINE} bytes; is this the right file?"
            )));
        }
        let line = String::from_utf8(bytes).map_err(|e| {
            problem(format!("not UTF-8 text (byte {})", e.utf8_error().valid_up_to() + 1))
        })?;
        let line = if row == 1 { line.strip_prefix(MARK).unwrap_or(&line) } else { &line };
        let line = line.trim();
        if !line.is_empty() {
            lines.push((row, line.to_owned()));
        }
    }
    Ok(lines)
}

/// The integers of a file with one comma-separated line, each of which stands there once.
pub(crate) fn comma_separated(path: &Path) -> Result<Vec<i64>> {
    let (mut numbers, mut seen) = (Vec::new(), BTreeSet::new());
    for (row, line) in lines(path)? {
        let problem = |problem: String| DataError::Row { path: path.to_path_buf(), row, problem };
        for field in line.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            let number = field.parse().map_err(|_| {
                problem(format!("`{field}` is not an identity number; one comma-separated line of integers is expected"))
            })?;
            if !seen.insert(number) {
                return Err(problem(format!("the identity {number} is listed twice")));
            }
            numbers.push(number);
        }
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn file(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("list");
        std::fs::write(&path, bytes).expect("write");
        (directory, path)
    }

    #[test]
    fn a_mark_of_utf_8_is_no_part_of_the_first_line() {
        let (_kept, path) = file("\u{feff}6, 10\n17\n".as_bytes());
        assert_eq!(comma_separated(&path).expect("numbers"), [6, 10, 17]);
        let (_kept, path) = file("a 0\n\u{feff}b 1\n".as_bytes());
        let expected = [(1, "a 0".to_owned()), (2, "\u{feff}b 1".to_owned())];
        assert_eq!(lines(&path).expect("lines"), expected);
    }

    #[test]
    fn hostile_lists_are_refused_by_row() {
        let (_kept, path) = file(b"a 0\n\n\xff\xfe 1\n");
        assert!(
            lines(&path).expect_err("bytes").to_string().contains("row 3: not UTF-8 text (byte 1)")
        );
        let (_kept, path) = file(&[b'x'; 100_000]);
        assert!(
            lines(&path)
                .expect_err("long")
                .to_string()
                .contains("row 1: the line is longer than 65536 bytes")
        );
        let (_kept, path) = file(&[b'\n'; MOST_LINES + 1]);
        let error = lines(&path).expect_err("many").to_string();
        assert!(error.contains("row 4000001: a list may have 4000000 lines"), "{error}");
        let (_kept, path) = file(b"");
        let sparse = std::fs::File::options().write(true).open(&path).expect("open");
        sparse.set_len(LARGEST_FILE + 1).expect("a hole");
        assert!(lines(&path).expect_err("large").to_string().contains("more than the 268435456"));
        let (_kept, path) = file(b"1, 2,x\n");
        assert!(
            comma_separated(&path)
                .expect_err("letters")
                .to_string()
                .contains("`x` is not an identity number")
        );
        let (_kept, path) = file(b"251,252,251\n");
        let error = comma_separated(&path).expect_err("twice").to_string();
        assert!(error.contains("row 1: the identity 251 is listed twice"), "{error}");
    }
}
