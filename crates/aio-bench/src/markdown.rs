//! Markdown tables, and text that Markdown shows as it is.

use aio_eval::Interval;

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// For names.
    Left,
    /// For numbers.
    Right,
}

/// A table with a line of column names and one line per row. Names and values are shown as they are.
pub(crate) fn table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|value| escaped(value)).collect()).collect();
    formatted_table(columns, &rows)
}

/// As [`table`], for values that are Markdown already. Names of columns are shown as they are.
pub(crate) fn formatted_table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let mut text = String::from("|");
    for (name, _) in columns {
        text += &format!(" {} |", escaped(name));
    }
    text += "\n|";
    for (_, align) in columns {
        text += match align {
            Align::Left => "---|",
            Align::Right => "--:|",
        };
    }
    text.push('\n');
    for row in rows {
        text.push('|');
        for value in row {
            text += &format!(" {value} |");
        }
        text.push('\n');
    }
    text
}

/// The bounds of an interval of fractions, in percent; a dash where there is none.
pub(crate) fn bounds(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "–".to_owned(),
        |Interval { low, high, .. }| format!("{:.1} to {:.1}", 100.0 * low, 100.0 * high),
    )
}

/// Text that Markdown shows as it is, on one line: no HTML, no emphasis, no link, no end of a table's field.
///
/// A character is escaped only where it would mean something, so that names such as `losses.binding` stay readable in a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let characters: Vec<char> =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let count = |wanted: char| characters.iter().filter(|c| **c == wanted).count();
    let (tildes, dollars) = (count('~'), count('$'));
    let mut escaped = String::with_capacity(text.len());
    for (place, c) in characters.iter().enumerate() {
        let before = place.checked_sub(1).map(|place| characters[place]);
        let after = characters.get(place + 1).copied();
        let means_something = match c {
            '|' | '<' | '`' | '*' => true,
            // In front of punctuation it would escape that, or a character that is escaped here.
            '\\' => after.is_none_or(|c| c.is_ascii_punctuation()),
            '_' => !(is_word(before) && is_word(after)),
            ']' => matches!(after, Some('(' | '[' | ':')),
            '&' => is_entity(&characters[place + 1..]),
            '~' => tildes > 1,
            '$' => dollars > 1,
            _ => false,
        };
        if means_something {
            escaped.push('\\');
        }
        escaped.push(*c);
    }
    escaped
}

/// Whether `&` begins an entity of HTML in front of these characters.
fn is_entity(rest: &[char]) -> bool {
    let name = rest.iter().take_while(|c| **c == '#' || c.is_ascii_alphanumeric()).count();
    name > 0 && rest.get(name) == Some(&';')
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(char::is_alphanumeric)
}

/// Text as a code span on one line.
pub(crate) fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| match c {
            '`' => '\'',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_stays_a_field() {
        let columns = [("name", Align::Left), ("n", Align::Right)];
        let rows = [vec!["a|b\nc".to_owned(), "1".to_owned()]];
        assert_eq!(table(&columns, &rows), "| name | n |\n|---|--:|\n| a\\|b c | 1 |\n");
        assert_eq!(table(&columns, &[]), "| name | n |\n|---|--:|\n");
        // A backslash in front of the bar must not take its escape away.
        let hostile = table(&[("x|y\r\n# z", Align::Left)], &[vec!["a\\|b".to_owned()]]);
        assert_eq!(hostile, "| x\\|y  # z |\n|---|\n| a\\\\\\|b |\n");
    }

    #[test]
    fn text_means_nothing_to_markdown() {
        for (text, expected) in [
            ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
            ("**bold** `code`", "\\*\\*bold\\*\\* \\`code\\`"),
            ("[a](javascript:x) ![b][c]", "[a\\](javascript:x) ![b\\][c]"),
            ("_x_ a_b", "\\_x\\_ a_b"),
            ("&lt; AT&T a & b", "\\&lt; AT&T a & b"),
            ("~~x~~ $x$", "\\~\\~x\\~\\~ \\$x\\$"),
            ("a\r\n\n# b\tc", "a   # b c"),
            ("\\cite{ab} c:\\", "\\cite{ab} c:\\\\"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn names_and_numbers_stay_as_they_are() {
        for text in [
            "losses.binding=0.5",
            "data.train=[\"a\", \"b\"]",
            "~5.3",
            "97.2 ± 0.2",
            "a_b",
            "3 × 2",
            "–",
        ] {
            assert_eq!(escaped(text), text);
        }
    }

    #[test]
    fn a_code_span_ends_where_the_text_ends() {
        assert_eq!(code("paper/zero-shot"), "`paper/zero-shot`");
        assert_eq!(code("a`<b>\n`c"), "`a'<b> 'c`");
    }
}
