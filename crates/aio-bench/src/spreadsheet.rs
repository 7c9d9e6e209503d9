//! Text in CSV files that people open with spreadsheets.

/// Characters with which spreadsheets begin a formula, and the blanks that they skip before one.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Text that a spreadsheet shows and does not compute: an apostrophe stands in front where it would. Numbers stay numbers.
pub(crate) fn text(text: &str) -> String {
    if text.starts_with(FORMULA) && text.parse::<f64>().is_err() {
        return format!("'{text}");
    }
    text.to_owned()
}
