//! Records of CSV files, and the lines on which they stand.

use super::columns::check_distinct;
use crate::{DataError, Result};
use csv::{ErrorKind, Reader, ReaderBuilder, StringRecord, Trim};
use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A CSV file with a line of names, read record by record. White space around names and fields is not part of them.
///
/// The crate `csv` numbers a record by the line on which it began to read it. There, it has yet to read the `\n` of the `\r\n` before the record,
/// and blank lines. So the lines are counted here.
pub struct CsvRecords<R> {
    path: PathBuf,
    reader: Reader<Lines<R>>,
    names: StringRecord,
    /// The row of the names.
    first: usize,
    record: StringRecord,
}

impl<R: Read> CsvRecords<R> {
    /// Reads the names of the columns. `source` gives the bytes of the file `path`.
    ///
    /// # Errors
    /// [`DataError::Row`] if there are no names, or they are not UTF-8 text, are not separated by commas, lack a quotation mark, or cannot be read.
    pub fn new(path: &Path, source: R) -> Result<Self> {
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(Lines::new(source));
        let names = reader.headers().cloned();
        let first = reader.get_mut().line_of(0);
        let names = checked(path, first, &reader, names)?;
        if names.is_empty() {
            let problem = "the file is empty or blank; expected the names of the columns".into();
            return Err(DataError::Row { path: path.to_path_buf(), row: first, problem });
        }
        // As spreadsheets write it in languages whose decimals have commas.
        let separators = [(';', "semicolons"), ('\t', "tabs")];
        let is_only = |(mark, _): &(char, &str)| names.len() == 1 && names[0].contains(*mark);
        if let Some((_, found)) = separators.into_iter().find(is_only) {
            let problem = format!("the columns are separated by {found}; expected commas");
            return Err(DataError::Row { path: path.to_path_buf(), row: first, problem });
        }
        let record = StringRecord::new();
        Ok(Self { path: path.to_path_buf(), reader, names, first, record })
    }

    /// The row of the names of the columns, counted from 1, and the names.
    pub fn names(&self) -> (usize, &StringRecord) {
        (self.first, &self.names)
    }

    /// As [`names`](Self::names), of a file in which no name stands twice.
    ///
    /// # Errors
    /// [`DataError::Row`] naming the column that stands twice.
    pub fn distinct_names(&self) -> Result<(usize, &StringRecord)> {
        check_distinct(&self.path, self.first, &self.names)?;
        Ok(self.names())
    }

    /// The next record and the row in which it begins; `None` behind the last one. Rows are lines, counted from 1, blank ones too.
    ///
    /// # Errors
    /// [`DataError::Row`] if the record has more or fewer fields than there are names, is not UTF-8 text, lacks a quotation mark, or cannot
    /// be read.
    pub fn next_record(&mut self) -> Result<Option<(usize, &StringRecord)>> {
        let place = self.reader.position().byte();
        let read = self.reader.read_record(&mut self.record);
        let row = self.reader.get_mut().line_of(place);
        let read = checked(&self.path, row, &self.reader, read)?;
        Ok(read.then_some((row, &self.record)))
    }
}

/// The outcome of reading the record in `row`, the last one so far. A record that took in the lines below for want of a quotation mark is
/// refused for that, whatever else is wrong with it.
fn checked<R: Read, T>(
    path: &Path,
    row: usize,
    reader: &Reader<Lines<R>>,
    read: csv::Result<T>,
) -> Result<T> {
    match read {
        Err(error) if error.is_io_error() => Err(wrong(path, row, &error)),
        _ if reader.get_ref().lacks_a_quote(reader.position().byte()) => {
            let problem = "a quotation mark `\"` has no partner, so that the lines below would be part of this row; expected two around a field, and `\"\"` for each one inside it";
            Err(DataError::Row { path: path.to_path_buf(), row, problem: problem.into() })
        }
        read => read.map_err(|error| wrong(path, row, &error)),
    }
}

fn wrong(path: &Path, row: usize, error: &csv::Error) -> DataError {
    let problem = match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("found {len} fields, expected {expected_len}, as many as there are columns")
        }
        ErrorKind::Utf8 { err, .. } => {
            format!("field {} is not UTF-8 text; save the file as UTF-8", err.field() + 1)
        }
        _ => error.to_string(),
    };
    DataError::Row { path: path.to_path_buf(), row, problem }
}

/// A reader that knows on which lines the bytes stand that it gave.
struct Lines<R> {
    source: R,
    /// Bytes given so far.
    given: u64,
    /// The line of the next byte, from 1.
    line: usize,
    /// The last byte given.
    last: u8,
    /// Quotation marks given so far.
    quotes: usize,
    /// The lines that are not blank, from the last record on.
    starts: VecDeque<Start>,
}

/// The first byte of a line.
struct Start {
    place: u64,
    line: usize,
    /// Quotation marks before it.
    quotes: usize,
}

impl<R> Lines<R> {
    fn new(source: R) -> Self {
        Self { source, given: 0, line: 1, last: b'\n', quotes: 0, starts: VecDeque::new() }
    }

    /// The line of the first record that begins at `place` or behind it. Places only grow from call to call.
    fn line_of(&mut self, place: u64) -> usize {
        while self.starts.front().is_some_and(|start| start.place < place) {
            self.starts.pop_front();
        }
        self.starts.front().map_or(self.line, |start| start.line)
    }

    /// Whether the record between the first start and `end` has several lines and an odd number of quotation marks. Then one lacks its
    /// partner: two stand around a field, and each one inside it is written as two.
    fn lacks_a_quote(&self, end: u64) -> bool {
        let lines = self.starts.iter().take_while(|start| start.place < end).count();
        let before = |number: usize| self.starts.get(number).map_or(self.quotes, |s| s.quotes);
        lines > 1 && (before(lines) - before(0)) % 2 == 1
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        for byte in buffer[..count].iter().copied() {
            let is_end = |byte: u8| byte == b'\n' || byte == b'\r';
            if is_end(self.last) && !is_end(byte) {
                let (place, line, quotes) = (self.given, self.line, self.quotes);
                self.starts.push_back(Start { place, line, quotes });
            }
            // `\r\n` ends one line.
            if byte == b'\r' || (byte == b'\n' && self.last != b'\r') {
                self.line += 1;
            }
            self.last = byte;
            self.given += 1;
            self.quotes += usize::from(byte == b'"');
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that gives one byte at a time, so that line ends lie between two reads.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(1);
            self.0.read(&mut buffer[..count])
        }
    }

    /// The rows of the names and of all records, and the message of the first error.
    fn rows(source: impl Read) -> (Vec<usize>, String) {
        let mut records = match CsvRecords::new(Path::new("people.csv"), source) {
            Ok(records) => records,
            Err(error) => return (Vec::new(), error.to_string()),
        };
        let mut rows = vec![records.names().0];
        loop {
            match records.next_record() {
                Ok(Some((row, _))) => rows.push(row),
                Ok(None) => return (rows, String::new()),
                Err(error) => return (rows, error.to_string()),
            }
        }
    }

    #[test]
    fn a_record_stands_on_its_line_whatever_ends_the_lines() {
        let text = "a,b\n1,2\n\n\n3,4\n\"5\n\n5\",6\n \n";
        let wrong = "people.csv, row 9: found 1 fields, expected 2, as many as there are columns";
        let expected = (vec![1, 2, 5, 6], wrong.to_owned());
        for end in ["\n", "\r\n", "\r"] {
            let text = text.replace('\n', end);
            assert_eq!(rows(text.as_bytes()), expected, "{end:?}");
            assert_eq!(rows(Slow(text.as_bytes())), expected, "{end:?}, byte by byte");
            // A file that an editor marked as UTF-8, without an end of its last line.
            let marked = format!("\u{feff}{}", text.trim_end());
            assert_eq!(rows(marked.as_bytes()), (vec![1, 2, 5, 6], String::new()), "{end:?}");
            let late = format!("{end}{end}{text}");
            assert_eq!(rows(late.as_bytes()).0, [3, 4, 7, 8], "{end:?}");
        }
        let empty =
            "people.csv, row 1: the file is empty or blank; expected the names of the columns";
        assert_eq!(rows(&b""[..]), (Vec::new(), empty.to_owned()));
    }

    #[test]
    fn lines_that_a_missing_quotation_mark_would_swallow_are_refused() {
        let wrong = |row: usize| format!("people.csv, row {row}: a quotation mark `\"` has no");
        for (text, row) in [
            ("a,b\n1,2\n3,\"A man\n5,6\n7,8\n", 3),
            ("a,b\n\"A man,2\n3,4\n5,6", 2),
            ("a,\"b\n1,2\n3,4\n", 1),
            // The next sentence in quotation marks ends the field that took in its line.
            ("a,b\n1,\"A man\n3,\"A woman\"\n5,6\n", 2),
        ] {
            for text in [text.to_owned(), text.replace('\n', "\r\n")] {
                let found = rows(text.as_bytes()).1;
                assert!(found.starts_with(&wrong(row)), "{text:?}: {found}");
                assert_eq!(rows(Slow(text.as_bytes())).1, found, "{text:?}, byte by byte");
            }
        }
        for (text, expected) in [
            ("a,b\n1,\"x\n\"\"y\"\" z\"\n3,4\n", &[1, 2, 4][..]),
            ("a,b\n3,\"x\ny\"", &[1, 2]),
            // Inches, in a field without quotation marks around it.
            ("a,b\n1,5\" high\n3,4\n5,\"x\ny\"\n", &[1, 2, 3, 4]),
        ] {
            assert_eq!(rows(text.as_bytes()), (expected.to_vec(), String::new()), "{text:?}");
        }
    }

    #[test]
    fn a_column_that_stands_twice_is_named_with_its_row() {
        let open = |text: &'static str| {
            CsvRecords::new(Path::new("people.csv"), text.as_bytes()).expect("names")
        };
        let records = open("\n\na,b\n1,2\n");
        let (row, names) = records.distinct_names().expect("two names");
        assert_eq!((row, names.iter().collect::<Vec<_>>()), (3, vec!["a", "b"]));
        let error = open("\n\na, b ,b\n").distinct_names().expect_err("twice").to_string();
        assert_eq!(error, "people.csv, row 3: has two columns `b`");
    }

    #[test]
    fn columns_that_something_else_than_commas_separates_are_named_as_such() {
        for (text, found) in
            [("a;b\n1;2\n", "semicolons"), ("\n\"a\";b\n", "semicolons"), ("a\tb\n1\t2\n", "tabs")]
        {
            let expected = format!("the columns are separated by {found}; expected commas");
            assert!(rows(text.as_bytes()).1.ends_with(&expected), "{text:?}");
        }
        assert_eq!(rows(&b"a,b;c\n1,2\n"[..]), (vec![1, 2], String::new()));
        assert_eq!(rows(&b"text\nA man; he runs.\n"[..]), (vec![1, 2], String::new()));
    }

    #[test]
    fn many_lines_are_counted_across_reads() {
        let mut text = "a,b\r\n".to_owned();
        for number in 0..5_000 {
            text += &format!("{number},{number}\r\n{}", if number % 7 == 0 { "\r\n" } else { "" });
        }
        let lines: Vec<&str> = text.lines().collect();
        let expected: Vec<usize> =
            (1..).zip(&lines).filter(|(_, line)| !line.is_empty()).map(|(row, _)| row).collect();
        assert_eq!(rows(text.as_bytes()), (expected, String::new()));
    }

    #[test]
    fn bytes_that_are_no_text_are_named_by_row_and_field() {
        let wrong = |row: usize, field: usize| {
            format!(
                "people.csv, row {row}: field {field} is not UTF-8 text; save the file as UTF-8"
            )
        };
        assert_eq!(rows(&b"a,b\r\n1,2\r\n1,M\xfcller\r\n"[..]), (vec![1, 2], wrong(3, 2)));
        assert_eq!(rows(&b"\r\na\xfc,b\r\n"[..]), (Vec::new(), wrong(2, 1)));
    }
}
