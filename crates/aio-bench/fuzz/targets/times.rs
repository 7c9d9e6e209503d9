#![no_main]
//! Times of rows and filters.

use aio_gallery::{format_time, parse_time};
use libfuzzer_sys::fuzz_target;

/// Years with four digits, which RFC 3339 has, in microseconds since 1970.
const YEARS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;

fuzz_target!(|text: &str| {
    if let Some(time) = parse_time(text) {
        let written = format_time(time);
        assert!(!YEARS.contains(&time) || parse_time(&written) == Some(time), "{text}: {written}");
    }
});
