use crate::report::table::{Field, Mark, Table};
use std::fmt::Write;

/// The caption, then the table.
pub(super) fn markdown(table: &Table) -> String {
    let note = table.note("†", |source| format!("{}: {}", source.row, source.citation));
    let caption = match note {
        Some(note) => format!("{} · {note}", table.caption),
        None => table.caption.clone(),
    };
    let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
    let rule = "--:|".repeat(titles.len() - 1);
    let mut text = format!("{caption}\n\n| {} |\n|---|{rule}\n", titles.join(" | "));
    for row in &table.rows {
        let fields: Vec<String> = row.iter().map(field).collect();
        let _ = writeln!(text, "| {} |", fields.join(" | "));
    }
    text
}

fn field(field: &Field) -> String {
    match field.mark {
        Mark::Best => format!("**{}**", field.value),
        Mark::Plain | Mark::Second => field.value.to_string(),
    }
}
