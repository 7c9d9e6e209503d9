use super::open;
use crate::{DataError, Result};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest line of a list file, in bytes.
const LONGEST_LINE: u64 = 1 << 16;

/// The lines of a list file that are not blank, with their numbers from 1.
pub(crate) fn lines(path: &Path) -> Result<Vec<(usize, String)>> {
    let mut reader = BufReader::new(open(path)?);
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
        if read as u64 > LONGEST_LINE {
            return Err(problem(format!(
                "the line is longer than {LONGEST_LINE} bytes; is this the right file?"
            )));
        }
        let line = String::from_utf8(bytes).map_err(|e| {
            problem(format!("not UTF-8 text (byte {})", e.utf8_error().valid_up_to() + 1))
        })?;
        let line = line.trim();
        if !line.is_empty() {
            lines.push((row, line.to_owned()));
        }
    }
    Ok(lines)
}

/// The integers of a file with one comma-separated line.
pub(crate) fn comma_separated(path: &Path) -> Result<Vec<i64>> {
    let mut numbers = Vec::new();
    for (row, line) in lines(path)? {
        for field in line.split(',').map(str::trim).filter(|f| !f.is_empty()) {
            numbers.push(field.parse().map_err(|_| DataError::Row {
                path: path.to_path_buf(),
                row,
                problem: format!("`{field}` is not an identity number; one comma-separated line of integers is expected"),
            })?);
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
        let (_kept, path) = file(b"1, 2,x\n");
        assert!(
            comma_separated(&path)
                .expect_err("letters")
                .to_string()
                .contains("`x` is not an identity number")
        );
    }
}
