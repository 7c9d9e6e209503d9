//! The forms of a table: Markdown, LaTeX (booktabs), CSV and HTML.

mod csv;
mod html;
mod latex;
mod markdown;

pub(super) use html::html;

use super::table::Table;
use crate::error::Result;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A Markdown table.
    #[value(name = "md", alias = "markdown")]
    Markdown,
    /// A LaTeX tabular with booktabs rules.
    Latex,
    /// Comma-separated values: numbers in percent, one row per task and seed, or one per cell of a sweep.
    Csv,
    /// An HTML table.
    Html,
}

impl Table {
    /// The table as text.
    ///
    /// # Errors
    /// [`Error::Failure`](crate::error::Error::Failure) if a template or the CSV writer fails.
    pub(super) fn write(&self, format: Format) -> Result<String> {
        match format {
            Format::Markdown => Ok(markdown::markdown(self)),
            Format::Latex => Ok(latex::latex(self)),
            Format::Csv => csv::csv(self),
            Format::Html => html(self),
        }
    }

    /// What † means, where rows are quoted; `source` writes one source.
    fn note(
        &self,
        dagger: &str,
        source: impl Fn(&super::table::Source) -> String,
    ) -> Option<String> {
        if self.sources.is_empty() {
            return None;
        }
        let sources: Vec<String> = self.sources.iter().map(source).collect();
        Some(format!("{dagger} quoted, not measured here: {}", sources.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::estimate::Estimate;
    use crate::report::table::{Column, ColumnKind, Field, Mark, Source, Value};

    fn table() -> Table {
        let score = Estimate { mean: 97.2, deviation: Some(0.2) };
        let columns = vec![
            Column::new("a_b", ColumnKind::Plain),
            Column::new("m & n", ColumnKind::Estimate),
            Column { key: "half".into(), ..Column::new("50%", ColumnKind::Estimate) },
        ];
        let row = vec![
            Value::Text("<t>, \"u\"".into()).into(),
            Field { value: Value::Score(score), mark: Mark::Best },
            Field { value: Value::Missing, mark: Mark::Second },
        ];
        Table { caption: "x".into(), columns, rows: vec![row], sources: Vec::new() }
    }

    fn quoting() -> Table {
        let source = Source { row: "A_b".into(), citation: "\\cite{ab}".into() };
        Table { sources: vec![source], ..table() }
    }

    #[test]
    fn markdown_marks_the_best() {
        assert_eq!(
            table().write(Format::Markdown).expect("text"),
            "x\n\n| a_b | m & n | 50% |\n|---|--:|--:|\n| <t>, \"u\" | **97.2 ± 0.2** | – |\n"
        );
        let quoting = quoting().write(Format::Markdown).expect("text");
        assert!(quoting.starts_with("x · † quoted, not measured here: A_b: \\cite{ab}\n"));
    }

    #[test]
    fn latex_marks_best_and_second_and_escapes() {
        let expected = "% x\n\\begin{tabular}{lrr}\n\\toprule\na\\_b & m \\& n & 50\\% \\\\\n\\midrule\n<t>, \"u\" & \\textbf{97.2 $\\pm$ 0.2} & \\underline{--} \\\\\n\\bottomrule\n\\end{tabular}\n";
        assert_eq!(table().write(Format::Latex).expect("text"), expected);
        let quoting = quoting().write(Format::Latex).expect("text");
        assert!(
            quoting.ends_with("\\end{tabular}\n\\par\\smallskip{\\footnotesize $^\\dagger$ quoted, not measured here: A\\_b: \\cite{ab}}\n")
        );
    }

    #[test]
    fn html_marks_best_and_second_and_escapes() {
        let html = table().write(Format::Html).expect("text");
        assert!(html.contains("<th>m &#38; n</th>"), "{html}");
        assert!(
            html.contains(
                "<td>&#60;t&#62;, &#34;u&#34;</td><td><b>97.2 ± 0.2</b></td><td><u>–</u></td>"
            ),
            "{html}"
        );
        assert!(!html.contains("class=\"note\""), "{html}");
        let html = quoting().write(Format::Html).expect("text");
        assert!(
            html.contains("<p class=\"note\">† quoted, not measured here: A_b: \\cite{ab}</p>")
        );
    }

    #[test]
    fn csv_holds_numbers_and_quotes_text() {
        assert_eq!(
            table().write(Format::Csv).expect("text"),
            "a_b,m & n,m & n.std,half,half.std\n\"<t>, \"\"u\"\"\",97.2000,0.2000,,\n"
        );
    }
}
