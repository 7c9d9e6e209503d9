use crate::report::table::{Field, Mark, Table};
use std::fmt::Write;

/// A tabular for `\usepackage{booktabs}`.
pub(super) fn latex(table: &Table) -> String {
    let caption = table.caption.replace('\n', " ");
    let numbers = "r".repeat(table.columns.len() - 1);
    let mut text = format!("% {caption}\n\\begin{{tabular}}{{l{numbers}}}\n\\toprule\n");
    text += &line(table.columns.iter().map(|column| escaped(&column.title)).collect());
    text += "\\midrule\n";
    for row in &table.rows {
        text += &line(row.iter().map(field).collect());
    }
    text += "\\bottomrule\n\\end{tabular}\n";
    let note = table
        .note("$^\\dagger$", |source| format!("{}: {}", escaped(&source.row), source.citation));
    if let Some(note) = note {
        let _ = writeln!(text, "\\par\\smallskip{{\\footnotesize {note}}}");
    }
    text
}

fn line(fields: Vec<String>) -> String {
    format!("{} \\\\\n", fields.join(" & "))
}

fn field(field: &Field) -> String {
    let text = escaped(&field.value.to_string());
    match field.mark {
        Mark::Plain => text,
        Mark::Best => format!("\\textbf{{{text}}}"),
        Mark::Second => format!("\\underline{{{text}}}"),
    }
}

/// Text that LaTeX shows as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '_' | '&' | '%' | '#' | '$' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '†' => escaped.push_str("$^\\dagger$"),
            '±' => escaped.push_str("$\\pm$"),
            '–' => escaped.push_str("--"),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' | '^' => {
                let _ = write!(escaped, "\\{c}{{}}");
            }
            _ => escaped.push(c),
        }
    }
    escaped
}
