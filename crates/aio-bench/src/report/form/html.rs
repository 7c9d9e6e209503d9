use crate::error::{Error, Result};
use crate::report::table::{Mark, Table};
use askama::Template;

#[derive(Template)]
#[template(path = "table.html")]
struct HtmlTable<'a> {
    table: &'a Table,
    note: Option<String>,
}

/// A table without its caption; the note on quoted rows stands below it.
pub(in crate::report) fn html(table: &Table) -> Result<String> {
    let note = table.note("†", |source| format!("{}: {}", source.row, source.citation));
    HtmlTable { table, note }
        .render()
        .map_err(|e| Error::Failure(format!("cannot write the HTML table: {e}")))
}
