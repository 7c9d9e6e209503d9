//! A table of text and its forms: Markdown, LaTeX (booktabs), HTML.

use crate::markdown::{self, Align};
use std::fmt::Write;

/// How a field stands out in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    #[default]
    Plain,
    /// Bold.
    Best,
    /// Underlined where the form has that.
    Second,
}

/// A field.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) text: String,
    pub(super) mark: Mark,
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Self { text, mark: Mark::Plain }
    }
}

/// Rows of fields; the first column holds names, the others numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Grid {
    /// What stands above it.
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<Field>>,
    /// Rows marked with † and where their numbers stand. LaTeX takes the source as it is written, so that it can hold a `\\cite`.
    pub(super) quoted: Vec<(String, String)>,
}

impl Grid {
    /// What † means, each source as `written` makes it; empty where nothing is quoted.
    fn note(&self, dagger: &str, written: impl Fn(&(String, String)) -> String) -> String {
        let sources: Vec<String> = self.quoted.iter().map(written).collect();
        if sources.is_empty() {
            String::new()
        } else {
            format!("{dagger} quoted, not measured here: {}", sources.join("; "))
        }
    }

    pub(super) fn markdown(&self) -> String {
        let note = self.note("†", |(name, source)| format!("{name}: {source}"));
        let caption = if note.is_empty() {
            self.caption.clone()
        } else {
            format!("{} · {note}", self.caption)
        };
        let align = |i: usize| if i == 0 { Align::Left } else { Align::Right };
        let columns: Vec<(&str, Align)> =
            self.head.iter().enumerate().map(|(i, name)| (name.as_str(), align(i))).collect();
        let field = |f: &Field| {
            if f.mark == Mark::Best { format!("**{}**", f.text) } else { f.text.clone() }
        };
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(field).collect()).collect();
        format!("{caption}\n\n{}", markdown::table(&columns, &rows))
    }

    /// For `\usepackage{booktabs}`.
    pub(super) fn latex(&self) -> String {
        let line = |fields: Vec<String>| format!("{} \\\\\n", fields.join(" & "));
        let mut text = format!(
            "% {}\n\\begin{{tabular}}{{l{}}}\n\\toprule\n",
            self.caption.replace('\n', " "),
            "r".repeat(self.head.len() - 1)
        );
        text += &line(self.head.iter().map(|h| latex(h)).collect());
        text += "\\midrule\n";
        for row in &self.rows {
            let field = |f: &Field| match f.mark {
                Mark::Plain => latex(&f.text),
                Mark::Best => format!("\\textbf{{{}}}", latex(&f.text)),
                Mark::Second => format!("\\underline{{{}}}", latex(&f.text)),
            };
            text += &line(row.iter().map(field).collect());
        }
        text += "\\bottomrule\n\\end{tabular}\n";
        let note = self.note("$^\\dagger$", |(name, source)| format!("{}: {source}", latex(name)));
        if !note.is_empty() {
            let _ = writeln!(text, "\\par\\smallskip{{\\footnotesize {note}}}");
        }
        text
    }

    pub(super) fn html(&self) -> String {
        let cells = |fields: Vec<String>, tag: &str| {
            fields.iter().map(|f| format!("<{tag}>{f}</{tag}>")).collect::<String>()
        };
        let field = |f: &Field| match f.mark {
            Mark::Plain => escape(&f.text),
            Mark::Best => format!("<b>{}</b>", escape(&f.text)),
            Mark::Second => format!("<u>{}</u>", escape(&f.text)),
        };
        let head = cells(self.head.iter().map(|h| escape(h)).collect(), "th");
        let body: String = self
            .rows
            .iter()
            .map(|row| format!("<tr>{}</tr>\n", cells(row.iter().map(field).collect(), "td")))
            .collect();
        let note = self.note("†", |(name, source)| format!("{name}: {source}"));
        let note = if note.is_empty() {
            note
        } else {
            format!("<p class=\"note\">{}</p>\n", escape(&note))
        };
        format!(
            "<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table></div>\n{note}"
        )
    }
}

/// Text that HTML shows as it is.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text that LaTeX shows as it is.
fn latex(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_marks_the_best_and_escapes_what_it_must() {
        let best = Field { text: "97.2 ± 0.2".into(), mark: Mark::Best };
        let second = Field { text: "–".into(), mark: Mark::Second };
        let grid = Grid {
            caption: "x".into(),
            head: vec!["a_b".into(), "m & n".into(), "50%".into()],
            rows: vec![vec!["<t>".to_owned().into(), best, second]],
            quoted: Vec::new(),
        };
        assert_eq!(
            grid.markdown(),
            "x\n\n| a_b | m & n | 50% |\n|---|--:|--:|\n| <t> | **97.2 ± 0.2** | – |\n"
        );
        let expected = "% x\n\\begin{tabular}{lrr}\n\\toprule\na\\_b & m \\& n & 50\\% \\\\\n\\midrule\n<t> & \\textbf{97.2 $\\pm$ 0.2} & \\underline{--} \\\\\n\\bottomrule\n\\end{tabular}\n";
        assert_eq!(grid.latex(), expected);
        assert!(
            grid.html().contains("<th>m &amp; n</th>")
                && grid
                    .html()
                    .contains("<td>&lt;t&gt;</td><td><b>97.2 ± 0.2</b></td><td><u>–</u></td>")
        );
        let quoting = Grid { quoted: vec![("A_b".into(), "\\cite{ab}".into())], ..grid };
        assert!(
            quoting.latex().ends_with("\\end{tabular}\n\\par\\smallskip{\\footnotesize $^\\dagger$ quoted, not measured here: A\\_b: \\cite{ab}}\n")
        );
        assert!(
            quoting.markdown().starts_with("x · † quoted, not measured here: A_b: \\cite{ab}\n")
        );
    }
}
