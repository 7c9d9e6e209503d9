//! Markdown tables.

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// For names.
    Left,
    /// For numbers.
    Right,
}

/// A table with a line of column names and one line per row.
pub(crate) fn table(columns: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let mut text = String::from("|");
    for (name, _) in columns {
        text += &format!(" {} |", field(name));
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
            text += &format!(" {} |", field(value));
        }
        text.push('\n');
    }
    text
}

/// Text that stays inside its field.
fn field(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
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
    }
}
