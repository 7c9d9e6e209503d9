//! Answers as a Markdown table and as CSV.

use super::searched::{Answered, Searched};
use crate::error::{Error, Result};
use crate::markdown::{self, Align};
use crate::spreadsheet;
use aio_gallery::Hit;
use std::collections::BTreeSet;

/// Columns of every row that are shown where any row has a value, in order.
const SHOWN: [&str; 7] = ["path", "crop", "identity", "camera", "time", "modality", "caption"];

impl Searched {
    fn hits(&self) -> impl Iterator<Item = &Hit> {
        self.answers.iter().flat_map(Answered::hits)
    }

    fn has(&self, column: &str) -> bool {
        self.hits().any(|hit| hit.record.get(column).is_some())
    }

    fn is_calibrated(&self) -> bool {
        self.hits().any(|hit| hit.probability.is_some())
    }

    /// Names of the users' columns.
    fn own(&self) -> BTreeSet<&str> {
        self.hits().flat_map(|hit| hit.record.extra.keys()).map(String::as_str).collect()
    }

    /// The lists as Markdown tables.
    #[must_use]
    pub fn text(&self) -> String {
        let shown: Vec<&str> = SHOWN
            .into_iter()
            .filter(|column| *column == "path" || (*column != "modality" && self.has(column)))
            .collect();
        let mut columns =
            vec![("rank", Align::Right), ("row", Align::Right), ("similarity", Align::Right)];
        if self.is_calibrated() {
            columns.push(("P(same person)", Align::Right));
        }
        columns.extend(shown.iter().map(|column| (*column, Align::Left)));
        if self.gallery == 0 {
            return "the gallery has no rows\n".to_owned();
        }
        let mut text = String::new();
        for (number, answered) in self.answers.iter().enumerate() {
            if self.answers.len() > 1 {
                let title = markdown::escaped(&answered.title(number));
                text += &format!("{}Query {title}\n\n", if number > 0 { "\n" } else { "" });
            }
            let row = |(rank, hit): (usize, &Hit)| {
                let mut row = vec![
                    (rank + 1).to_string(),
                    hit.row.to_string(),
                    format!("{:.4}", hit.similarity),
                ];
                if self.is_calibrated() {
                    row.push(hit.probability.map_or(String::new(), |p| format!("{p:.4}")));
                }
                let values = shown.iter().map(|column| hit.record.get(column).unwrap_or_default());
                row.extend(values);
                row
            };
            let rows: Vec<Vec<String>> = answered.hits().iter().enumerate().map(row).collect();
            text += &markdown::table(&columns, &rows);
            text += &answered.error_of_probabilities();
        }
        text
    }

    /// The lists as CSV, one line per result. Text that a spreadsheet would compute has an apostrophe in front.
    ///
    /// # Errors
    /// [`Error::Failure`] if the writer fails.
    pub fn csv(&self) -> Result<String> {
        let failed = |e: csv::Error| Error::Failure(format!("the CSV list: {e}"));
        let own = self.own();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let first = ["query", "rank", "row", "similarity", "probability"];
        let columns: Vec<&str> = SHOWN.into_iter().chain(own.iter().copied()).collect();
        let names = first.iter().chain(&columns).map(|name| spreadsheet::text(name));
        writer.write_record(names).map_err(failed)?;
        for (number, answered) in self.answers.iter().enumerate() {
            for (rank, hit) in answered.hits().iter().enumerate() {
                let mut record = vec![
                    spreadsheet::text(&answered.title(number)),
                    (rank + 1).to_string(),
                    hit.row.to_string(),
                    hit.similarity.to_string(),
                    hit.probability.map_or(String::new(), |p| p.to_string()),
                ];
                record.extend(
                    columns.iter().map(|column| {
                        spreadsheet::text(&hit.record.get(column).unwrap_or_default())
                    }),
                );
                writer.write_record(record).map_err(failed)?;
            }
        }
        let bytes =
            writer.into_inner().map_err(|e| Error::Failure(format!("the CSV list: {e}")))?;
        String::from_utf8(bytes).map_err(|e| Error::Failure(format!("the CSV list: {e}")))
    }
}
