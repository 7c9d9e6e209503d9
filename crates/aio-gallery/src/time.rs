//! Times of rows: microseconds since 1970 in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
use std::ops::Range;

/// Microseconds since the first of January 1970, UTC.
pub type Time = i64;

/// Forms without an offset; they are taken as UTC.
const FORMS: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];

/// What [`parse_time`] reads, for messages.
pub const TIME_FORMS: &str = "a time such as 2026-11-28T06:41:45Z, a date such as 2026-11-28, a year of four digits, or seconds since 1970 \
                              (whole seconds have 9 digits or more)";

/// Fewest digits of whole seconds since 1970: with fewer, a number is more likely a year, a month or a day without its hyphens.
const SECONDS: usize = 9;

/// Reads a time: RFC 3339 (`2026-11-28T06:41:45Z`, `2026-11-28T07:41:45+01:00`), the same without an offset (UTC), a date (its midnight), a
/// year of four digits (the midnight that begins it), or seconds since 1970, which may have a fraction. Whole numbers of other than four
/// digits and fewer than nine are no times: `20261128` is no second. Nor are dates whose year has fewer than four: `26-11-28`.
///
/// ```
/// use aio_gallery::parse_time;
/// assert_eq!(parse_time("1970-01-01T00:00:01.5Z"), Some(1_500_000));
/// assert_eq!(parse_time("1.5"), Some(1_500_000));
/// assert_eq!(parse_time("1970-01-02"), Some(86_400_000_000));
/// assert_eq!(parse_time("1971"), Some(365 * 86_400_000_000));
/// assert_eq!(parse_time("20261128"), None);
/// assert_eq!(parse_time("noon"), None);
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let naive = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    if let Some(time) = naive.filter(|_| has_whole_year(text)) {
        return Some(time.and_utc().timestamp_micros());
    }
    if let Some(days) = parse_days(text) {
        return Some(days.start);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.len() < SECONDS {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    let micros = (seconds * 1e6).round();
    // Past these bounds a number of 64-bit floating point is no exact microsecond.
    (micros.abs() <= 9_007_199_254_740_992.0).then_some(micros as Time)
}

/// The day of a date or the days of a year of four digits, in UTC, for texts of these two forms: they name no time of day.
pub(crate) fn parse_days(text: &str) -> Option<Range<Time>> {
    let text = text.trim();
    let (first, behind) = if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let year: i32 = text.parse().ok()?;
        (NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year + 1, 1, 1)?)
    } else {
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let day = day.filter(|_| has_whole_year(text))?;
        (day, day.succ_opt()?)
    };
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
    Some(midnight(first)..midnight(behind))
}

/// Whether the year that a date begins with has four digits: `26-11-28` would be a day of the year 26, and nobody means that one.
fn has_whole_year(date: &str) -> bool {
    let year = date.trim_start_matches(['-', '+']).split('-').next();
    year.is_some_and(|year| year.len() >= 4)
}

/// Writes a time as RFC 3339 in UTC, with as many decimals as it needs.
#[must_use]
pub fn format_time(time: Time) -> String {
    DateTime::from_timestamp_micros(time).map_or_else(
        || format!("{:.6}", time as f64 / 1e6),
        |time| time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_and_written_in_one() {
        // `date -u -d @1795848105` prints Sat Nov 28 06:41:45 UTC 2026.
        let second = 1_795_848_105_000_000;
        for text in [
            "2026-11-28T06:41:45Z",
            "2026-11-28T07:41:45+01:00",
            "2026-11-28 06:41:45",
            "1795848105",
            " 2026-11-28T06:41:45 ",
        ] {
            assert_eq!(parse_time(text), Some(second), "{text}");
        }
        assert_eq!(parse_time("2026-11-28 06:41"), Some(second - 45_000_000));
        assert_eq!(parse_time("2026-11-28T06:41:45.25"), Some(second + 250_000));
        assert_eq!(format_time(second), "2026-11-28T06:41:45Z");
        assert_eq!(format_time(second + 250_000), "2026-11-28T06:41:45.250Z");
        assert_eq!(parse_time(&format_time(-1)), Some(-1));
        // `date -u -d 2026-01-01 +%s` prints 1767225600.
        assert_eq!(parse_time("2026"), Some(1_767_225_600_000_000));
        assert_eq!(parse_time(" 1970 "), Some(0));
        assert_eq!(parse_time("2026-1-1"), Some(1_767_225_600_000_000));
        assert_eq!(parse_time("100000000"), Some(100_000_000_000_000));
        assert_eq!(parse_time("-100000000.5"), Some(-100_000_000_500_000));
        let midnight = 1_795_824_000_000_000;
        assert_eq!(parse_days(" 2026-11-28 "), Some(midnight..midnight + 86_400_000_000));
        assert_eq!(parse_days("2026"), Some(1_767_225_600_000_000..1_798_761_600_000_000));
        for text in ["2026-11-28T00:00", "1795848105", "20261128", "noon", ""] {
            assert_eq!(parse_days(text), None, "{text}");
        }
        let no_times =
            ["", "yesterday", "2026-13-01", "NaN", "inf", "1e300", "0", "26", "-2026", "20261128"];
        for text in no_times {
            assert_eq!(parse_time(text), None, "{text}");
        }
        for text in ["26-11-28", "1-2-3", "28-11-26", "26-11-28 06:41", "26-11-28T06:41:45"] {
            assert_eq!(parse_time(text), None, "{text} has no year of four digits");
        }
    }
}
