use crate::report::table::{Field, Mark, Table};
use std::fmt::Write;

/// A tabular for `\usepackage{booktabs}`.
pub(super) fn latex(table: &Table) -> String {
    let caption = on_one_line(&table.caption);
    let numbers = "r".repeat(table.columns.len() - 1);
    let mut text = format!("% {caption}\n\\begin{{tabular}}{{l{numbers}}}\n\\toprule\n");
    text += &line(table.columns.iter().map(|column| escaped(&column.title)).collect());
    text += "\\midrule\n";
    for row in &table.rows {
        text += &line(row.iter().map(field).collect());
    }
    text += "\\bottomrule\n\\end{tabular}\n";
    let note = table.note("$^\\dagger$", |source| {
        format!("{}: {}", escaped(&source.row), on_one_line(&source.citation))
    });
    if let Some(note) = note {
        let _ = writeln!(text, "\\par\\smallskip{{\\footnotesize {note}}}");
    }
    text
}

fn line(fields: Vec<String>) -> String {
    let fields = fields.join(" & ");
    // Behind the `\\\\` or the rule of the line before, these would begin an option.
    let start = if fields.starts_with(['[', '*']) { "{}" } else { "" };
    format!("{start}{fields} \\\\\n")
}

/// The end of a line would end a comment, and an empty line a paragraph.
fn on_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
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
            // Two of them would become a dash.
            '-' if escaped.ends_with('-') => escaped.push_str("{}-"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            c if c.is_control() => escaped.push(' '),
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
