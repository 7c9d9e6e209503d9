//! Damaged Parquet files are refused, and never ask for more memory than their length allows: that would end the process.

use aio_parquet::{Column, ColumnType, ParquetError, ParquetFile, ParquetFileWriter};
use std::fs::File;
use std::path::Path;

/// Reads everything, as the readers of tables do.
fn read(path: &Path) -> Result<usize, ParquetError> {
    let table = ParquetFile::open(File::open(path).expect("opened"))?.read(None)?;
    table.texts()?;
    Ok(table.height())
}

/// The bytes of a file with two groups of rows, numbers, text, and gaps.
fn whole(path: &Path) -> Vec<u8> {
    let columns = [("id", ColumnType::I64), ("name", ColumnType::Text), ("time", ColumnType::I64)];
    let pairs = vec![("aio.source".to_owned(), "a".to_owned())];
    let file = File::create(path).expect("created");
    let mut writer = ParquetFileWriter::create(file, &columns, pairs).expect("started");
    for block in [0i64..3, 3..5] {
        let names = block.clone().map(|id| format!("person {}", id / 2)).collect();
        let times = block.clone().map(|id| (id != 1).then_some(id)).collect();
        let ids: Vec<i64> = block.collect();
        let rows = ids.len();
        let columns = [Column::I64(ids), Column::Text(names), Column::OptionalI64(times)];
        writer.write(rows, &columns).expect("written");
    }
    writer.finish().expect("finished");
    std::fs::read(path).expect("read")
}

#[test]
fn files_that_fuzzing_found_are_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../aio-bench/fuzz/seeds");
    let problem = |file: &str| read(&seeds.join(file)).expect_err(file).to_string();
    // Two to the 61st bytes were asked for, because of a page that announces a negative number of values. The header of a page
    // before it is longer than its column.
    let problem_of_page = problem("index/found--page-of-negative-values");
    assert!(problem_of_page.contains("does not end before"), "{problem_of_page}");
    // 136 gigabytes were asked for.
    let problem_of_list = problem("tables/found--list-of-groups-longer-than-the-file");
    assert!(problem_of_list.contains("field 4 of the wrong type"), "{problem_of_list}");
}

#[test]
fn a_page_cannot_have_a_negative_number_of_values_or_more_than_its_column() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("x.parquet");
    let whole = whole(&path);
    // The header of a page of values (field 5), whose first field is their number: 3, stored as twice that.
    let header = [0x2c, 0x15, 0x06];
    let at = whole.windows(3).position(|bytes| bytes == header).expect("a page of 3 values");
    for (stored, problem) in [(0x05, "it announces -3 values of a page"), (0x08, "more values")] {
        let mut damaged = whole.clone();
        damaged[at + 2] = stored;
        std::fs::write(&path, damaged).expect("written");
        let found = read(&path).expect_err("a page of another number of values").to_string();
        assert!(found.contains(problem), "{found}");
    }
}

#[test]
fn a_list_cannot_be_longer_than_the_file() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("x.parquet");
    let whole = whole(&path);
    let length = u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().expect("4 bytes"));
    let footer = &whole[whole.len() - 8 - length as usize..whole.len() - 8];
    // The list (field 4) of two groups of rows, as a list of two thousand million.
    let at = footer.windows(2).position(|bytes| bytes == [0x19, 0x2c]).expect("two groups");
    let longer = [&footer[..at], &[0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07], &footer[at + 2..]];
    let mut damaged = whole[..whole.len() - 8 - length as usize].to_vec();
    damaged.extend_from_slice(&longer.concat());
    damaged.extend_from_slice(&(length + 5).to_le_bytes());
    damaged.extend_from_slice(b"PAR1");
    std::fs::write(&path, damaged).expect("written");
    let problem = read(&path).expect_err("a long list").to_string();
    assert!(problem.contains("a list that is longer than the file"), "{problem}");
}

#[test]
fn every_byte_may_be_wrong() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("x.parquet");
    let whole = whole(&path);
    assert_eq!(read(&path).expect("a whole file"), 5);
    let mut refused = 0;
    for at in 0..whole.len() {
        for bits in [0x01, 0x40, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= bits;
            std::fs::write(&path, damaged).expect("written");
            refused += usize::from(read(&path).is_err());
        }
    }
    assert!(2 * refused > whole.len(), "{refused} of {} files were refused", 3 * whole.len());
}

#[test]
fn a_file_that_ends_early_or_holds_something_else_is_refused() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("x.parquet");
    let whole = whole(&path);
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("written");
        assert!(read(&path).is_err(), "{length} bytes of {}", whole.len());
    }
    std::fs::write(&path, [&whole[..], &whole[..4]].concat()).expect("written");
    let problem = read(&path).expect_err("a footer of the wrong place").to_string();
    assert!(problem.contains("footer") || problem.contains("header"), "{problem}");
}
