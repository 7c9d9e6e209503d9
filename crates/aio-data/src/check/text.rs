use super::Report;
use crate::FurtherCount;

/// Unreadable pictures that the text lists.
const SHOWN: usize = 20;

impl Report {
    /// The report for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{} in {}\n", self.dataset, self.directory.display());
        if self.rendered {
            text += "a part of the synthetic benchmark: published counts do not apply\n";
        }
        text += "\n| part | modality | samples | published | identities | published |\n|---|---|--:|--:|--:|--:|\n";
        let or_dash = |n: Option<usize>| n.map_or("–".to_owned(), |n| n.to_string());
        for count in &self.counts {
            text += &format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                count.split,
                count.modality,
                count.samples,
                or_dash(count.published_samples),
                count.identities,
                or_dash(count.published_identities)
            );
        }
        text += &self.further_text();
        text += &self.tasks_text();
        text += &self.pictures_text();
        if !self.overlaps.is_empty() {
            text += &format!("\nshows some of the same people as {}\n", self.overlaps.join(", "));
        }
        if self.is_right() {
            text + "\nnothing is wrong\n"
        } else {
            text + &format!("\nwrong: {}\n", self.problems.join("\n       "))
        }
    }

    fn further_text(&self) -> String {
        let mut text = String::new();
        if !self.further.is_empty() {
            text += "\n| further | found | published |\n|---|--:|--:|\n";
        }
        for FurtherCount { what, found, published } in &self.further {
            text += &format!("| {what} | {found} | {published} |\n");
        }
        text
    }

    fn tasks_text(&self) -> String {
        let mut text = String::new();
        if !self.tasks.is_empty() {
            text += "\n| task | protocol | queries / gallery | trials |\n|---|---|--:|--:|\n";
        }
        for row in &self.tasks {
            text += &format!(
                "| {} | {} | {} / {} | {} |\n",
                row.task, row.protocol, row.queries, row.gallery, row.trials
            );
        }
        for row in &self.tasks {
            if let Some(skipped) = &row.skipped {
                text += &format!("\n{}: {skipped}\n", row.task);
            }
        }
        text
    }

    fn pictures_text(&self) -> String {
        let unreadable = self.unreadable.len();
        let mut text = format!("\n{} pictures decoded, {unreadable} unreadable\n", self.decoded);
        for failure in self.unreadable.iter().take(SHOWN) {
            text += &format!("    {failure}\n");
        }
        if unreadable > SHOWN {
            text += &format!("    … {} more (--json lists them all)\n", unreadable - SHOWN);
        }
        text
    }
}
