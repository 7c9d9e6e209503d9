use crate::markdown::{self, Align, escaped};
use crate::report::table::{Field, Mark, Table};

/// The caption, then the table.
pub(super) fn markdown(table: &Table) -> String {
    let note = table
        .note("†", |source| format!("{}: {}", escaped(&source.row), escaped(&source.citation)));
    let caption = match note {
        Some(note) => format!("{} · {note}", table.caption),
        None => table.caption.clone(),
    };
    let mut columns = Vec::new();
    for (number, column) in table.columns.iter().enumerate() {
        let align = if number == 0 { Align::Left } else { Align::Right };
        columns.push((column.title.as_str(), align));
    }
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(field).collect()).collect();
    format!("{caption}\n\n{}", markdown::formatted_table(&columns, &rows))
}

fn field(field: &Field) -> String {
    let text = escaped(&field.value.to_string());
    match field.mark {
        Mark::Best => format!("**{text}**"),
        Mark::Plain | Mark::Second => text,
    }
}
