//! Times of rows: microseconds since 1970 in UTC.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Microseconds since the first of January 1970, UTC.
pub type Time = i64;

/// Forms without an offset; they are taken as UTC.
const FORMS: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];

/// Reads a time: RFC 3339 (`2026-11-28T06:41:45Z`, `2026-11-28T07:41:45+01:00`), the same without an offset (UTC), a date (its midnight), or
/// seconds since 1970, which may have a fraction.
///
/// ```
/// use aio_gallery::parse_time;
/// assert_eq!(parse_time("1970-01-01T00:00:01.5Z"), Some(1_500_000));
/// assert_eq!(parse_time("1.5"), Some(1_500_000));
/// assert_eq!(parse_time("1970-01-02"), Some(86_400_000_000));
/// assert_eq!(parse_time("noon"), None);
/// ```
#[must_use]
pub fn parse_time(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    let naive = FORMS.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    if let Some(time) = naive.or_else(date) {
        return Some(time.and_utc().timestamp_micros());
    }
    let seconds: f64 = text.parse().ok()?;
    let micros = (seconds * 1e6).round();
    // Past these bounds a number of 64-bit floating point is no exact microsecond.
    (micros.abs() <= 9_007_199_254_740_992.0).then_some(micros as Time)
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
        for text in ["", "yesterday", "2026-13-01", "NaN", "inf", "1e300"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
