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
            "x\n\n| a_b | m & n | 50% |\n|---|--:|--:|\n| \\<t>, \"u\" | **97.2 ± 0.2** | – |\n"
        );
        let quoting = quoting().write(Format::Markdown).expect("text");
        assert!(quoting.starts_with("x · † quoted, not measured here: A_b: \\cite{ab}\n"));
    }

    #[test]
    fn latex_marks_best_and_second_and_escapes() {
        let expected = "% x\n\\begin{tabular}{lrr}\n\\toprule\na\\_b & m \\& n & 50\\% \\\\\n\\midrule\n\\textless{}t\\textgreater{}, \"u\" & \\textbf{97.2 $\\pm$ 0.2} & \\underline{--} \\\\\n\\bottomrule\n\\end{tabular}\n";
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

    /// Names as nobody should give them.
    fn hostile() -> Table {
        let names = [
            "=HYPERLINK(\"http://x\")",
            "-2+3+cmd|' /C calc'!A0",
            "@SUM(A1)",
            "\t=1",
            "＝1",
            "-0.5",
            "<script>alert('1')</script>\r\n\n# title",
            "[x](javascript:y) | **z**",
            "\\input{/etc/passwd} 50% $x$ #1 a_b {c} ~ ^ --",
            "[2em] & \\\\",
            "**",
            "</td></table>&lt;",
        ];
        let rows = names
            .iter()
            .map(|name| vec![Value::Text((*name).to_owned()).into(), Value::Count(3).into()]);
        let columns =
            vec![Column::new("<b>\n=a", ColumnKind::Plain), Column::new("+n", ColumnKind::Plain)];
        let source = Source { row: "<i>|\n%".into(), citation: "\\cite{a}\n\n<u>".into() };
        Table { caption: "x\n\\evil".into(), columns, rows: rows.collect(), sources: vec![source] }
    }

    #[test]
    fn hostile_names_stay_text_in_markdown() {
        let text = hostile().write(Format::Markdown).expect("text");
        let lines: Vec<&str> = text.lines().skip_while(|line| !line.starts_with('|')).collect();
        assert_eq!(lines.len(), 2 + 12, "one line per row: {text}");
        for line in &lines {
            let bars = line.replace("\\\\", "").replace("\\|", "").matches('|').count();
            assert_eq!(bars, 3, "two fields: {line}");
            let tags = line.replace("\\<", "");
            assert!(!tags.contains('<'), "{line}");
        }
        assert!(text.contains("| \\<script>alert('1')\\</script>   # title | 3 |"), "{text}");
        assert!(text.contains("[x\\](javascript:y) \\| \\*\\*z\\*\\*"), "{text}");
        assert!(text.contains("\\<i>\\| %: \\cite{a}  \\<u>"), "{text}");
    }

    #[test]
    fn hostile_names_stay_text_in_latex() {
        let text = hostile().write(Format::Latex).expect("text");
        assert!(
            text.starts_with("% x \\evil\n\\begin{tabular}"),
            "the caption is a comment: {text}"
        );
        let body = text.split("\\midrule\n").nth(1).and_then(|t| t.split("\\bottomrule").next());
        let lines: Vec<&str> = body.expect("rows").lines().collect();
        assert_eq!(lines.len(), 12, "one line per row: {text}");
        for line in &lines {
            assert!(line.ends_with(" & 3 \\\\") && !line.starts_with(['[', '*']), "{line}");
            assert!(!line.contains(['<', '>', '|']), "{line}");
        }
        let specials = "\\textbackslash{}input\\{/etc/passwd\\} 50\\% \\$x\\$ \\#1 a\\_b \\{c\\} \\~{} \\^{} -{}- & 3";
        assert!(text.contains(specials), "{text}");
        assert!(text.contains("\n{}[2em] \\& \\textbackslash{}\\textbackslash{} & 3"), "{text}");
        assert!(text.contains("{\\footnotesize "), "{text}");
        assert!(text.contains("\\textbar{} \\%: \\cite{a}  <u>}"), "on one line: {text}");
    }

    #[test]
    fn hostile_names_stay_text_in_html() {
        let html = hostile().write(Format::Html).expect("text");
        for tag in ["<script", "<b>", "<i>", "<u>"] {
            assert!(!html.contains(tag), "{tag} in {html}");
        }
        assert_eq!(html.matches("<tr>").count(), 1 + 12, "{html}");
        assert_eq!(html.matches("</table>").count(), 1, "{html}");
        assert!(html.contains("&#60;script&#62;alert(&#39;1&#39;)&#60;/script&#62;"), "{html}");
        assert!(html.contains("&#38;lt;"), "{html}");
    }

    #[test]
    fn spreadsheets_compute_no_field_of_csv_and_numbers_stay_numbers() {
        let text = hostile().write(Format::Csv).expect("text");
        let mut reader =
            ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let records: Vec<::csv::StringRecord> =
            reader.records().map(|record| record.expect("a row")).collect();
        assert_eq!(records.len(), 1 + 12);
        let first: Vec<&str> = records.iter().map(|record| &record[0]).collect();
        assert_eq!(
            first[..7],
            [
                "<b>\n=a",
                "'=HYPERLINK(\"http://x\")",
                "'-2+3+cmd|' /C calc'!A0",
                "'@SUM(A1)",
                "'\t=1",
                "'＝1",
                "-0.5",
            ]
        );
        assert_eq!((&records[0][1], &records[1][1]), ("'+n", "3"));
        assert_eq!(first[9], "\\input{/etc/passwd} 50% $x$ #1 a_b {c} ~ ^ --");
    }
}
