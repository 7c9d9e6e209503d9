use crate::error::{Error, Result};
use crate::report::estimate::Estimate;
use crate::report::table::{Column, ColumnKind, Field, Table, Value};
use crate::spreadsheet::text;

/// One line per row. Scores are numbers in percent with four decimals; a column of estimates gives two, mean and standard
/// deviation, and one of bounds gives the lower and the upper one. What is missing is empty. Text that a spreadsheet would compute has an apostrophe in front.
pub(super) fn csv(table: &Table) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().flat_map(header)).map_err(failed)?;
    for row in &table.rows {
        let fields = table.columns.iter().zip(row);
        writer
            .write_record(fields.flat_map(|(column, field)| fields_of(column.kind, field)))
            .map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::Failure(format!("the CSV table: {e}")))?;
    String::from_utf8(bytes).map_err(|e| Error::Failure(format!("the CSV table: {e}")))
}

fn failed(error: csv::Error) -> Error {
    Error::Failure(format!("the CSV table: {error}"))
}

fn header(column: &Column) -> Vec<String> {
    match column.kind {
        ColumnKind::Plain | ColumnKind::Score => vec![text(&column.key)],
        ColumnKind::Estimate => vec![text(&column.key), text(&format!("{}.std", column.key))],
        ColumnKind::Bounds => {
            ["low", "high"].map(|end| text(&format!("{}.{end}", column.key))).into()
        }
    }
}

fn fields_of(kind: ColumnKind, field: &Field) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.4}"));
    let (first, second) = match &field.value {
        Value::Score(Estimate { mean, deviation }) => (number(Some(*mean)), number(*deviation)),
        Value::Bounds { low, high } => (number(Some(*low)), number(Some(*high))),
        Value::Missing => (String::new(), String::new()),
        other => (text(&other.to_string()), String::new()),
    };
    match kind {
        ColumnKind::Plain | ColumnKind::Score => vec![first],
        ColumnKind::Estimate | ColumnKind::Bounds => vec![first, second],
    }
}
