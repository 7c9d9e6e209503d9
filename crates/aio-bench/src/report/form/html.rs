use crate::error::{Error, Result};
use crate::report::table::{Mark, Table};
use askama::Template;

#[derive(Template)]
#[template(path = "table.html")]
struct HtmlTable<'a> {
    caption: String,
    table: &'a Table,
    note: Option<String>,
}

/// A table with its caption; the note on quoted rows stands below it.
pub(in crate::report) fn html(table: &Table) -> Result<String> {
    let note = table.note("†", |source| format!("{}: {}", source.row, source.citation));
    HtmlTable { caption: plain(&table.caption), table, note }
        .render()
        .map_err(|e| Error::Failure(format!("cannot write the HTML table: {e}")))
}

/// What Markdown shows of a caption, which has code and escaped characters alone.
fn plain(caption: &str) -> String {
    let mut plain = String::with_capacity(caption.len());
    let mut characters = caption.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '`' => {}
            '\\' if characters.peek().is_some_and(char::is_ascii_punctuation) => {
                plain.extend(characters.next());
            }
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markdown::{code, escaped};

    #[test]
    fn a_caption_is_shown_without_the_marks_of_markdown() {
        let title = "my*sweep_<1>.toml";
        let caption = format!("{} · cell {} · map", escaped(title), code("0123"));
        assert_eq!(plain(&caption), "my*sweep_<1>.toml · cell 0123 · map");
    }
}
