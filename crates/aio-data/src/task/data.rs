use crate::evaluation::{GalleryItem, Query};
use crate::label::LabelNames;
use crate::sample::Trial;
use aio_eval::{Entry, Protocol, Unmatched, unmatched};
use std::sync::Arc;

/// Everything an evaluation of one task needs, before any picture is opened.
#[derive(Debug, Clone)]
pub struct TaskData {
    /// The queries.
    pub queries: Vec<Query>,
    /// The gallery.
    pub gallery: Vec<GalleryItem>,
    /// Which gallery entries are junk, and how CMC counts.
    pub protocol: Protocol,
    /// The trials over which scores are averaged, at least one.
    pub trials: Vec<Trial>,
    /// What people are called, where the data set does not number them.
    pub names: Arc<LabelNames>,
}

impl TaskData {
    /// Labels of the queries of `trial`.
    #[must_use]
    pub fn query_entries(&self, trial: &Trial) -> Vec<Entry> {
        trial.query.iter().map(|i| self.queries[*i].entry).collect()
    }

    /// Labels of the gallery of `trial`.
    #[must_use]
    pub fn gallery_entries(&self, trial: &Trial) -> Vec<Entry> {
        trial.gallery.iter().map(|i| self.gallery[*i].entry).collect()
    }

    /// Numbers of queries without a match in every trial.
    #[must_use]
    pub fn unmatched(&self) -> Vec<Unmatched> {
        let of_trial = |trial: &Trial| {
            unmatched(&self.query_entries(trial), &self.gallery_entries(trial), self.protocol)
        };
        self.trials.iter().map(of_trial).collect()
    }

    /// Why queries are skipped, in words, over all trials; `None` if none is.
    #[must_use]
    pub fn explain_unmatched(&self) -> Option<String> {
        let by_trial = self.unmatched();
        let skipped: usize = by_trial.iter().map(|trial| trial.total()).sum();
        let asked: usize = self.trials.iter().map(|trial| trial.query.len()).sum();
        let mut sum = Unmatched::default();
        for Unmatched { absent, only_junk } in &by_trial {
            sum.absent += absent;
            sum.only_junk += only_junk;
        }
        let reasons = sum.explain(self.protocol)?;
        let trials = match by_trial.len() {
            1 => String::new(),
            n => format!(" of {n} trials"),
        };
        Some(format!(
            "{skipped} of {asked} queries{trials} have no match and are left out of the scores: {reasons}"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;
    use aio_types::Modality;

    #[test]
    fn skipped_queries_of_all_trials_are_counted() {
        let photo = |identity, camera| {
            Sample::picture(identity, Modality::Rgb, "1.jpg".into()).taken_by(camera)
        };
        let queries = [photo(1, 1), photo(2, 1), photo(3, 1)];
        let gallery = [photo(1, 2), photo(2, 2), photo(2, 1)];
        let data = TaskData {
            queries: queries.iter().map(Query::single).collect(),
            gallery: gallery.iter().map(GalleryItem::of).collect(),
            protocol: Protocol::Market1501,
            // The first trial has a match for everybody whom it asks for; the second hides that of 2 and does not show 3.
            trials: vec![
                Trial { query: vec![0, 1], gallery: vec![0, 1] },
                Trial { query: vec![0, 1, 2], gallery: vec![0, 2] },
            ],
            names: Arc::default(),
        };
        let expected = [Unmatched::default(), Unmatched { absent: 1, only_junk: 1 }];
        assert_eq!(data.unmatched(), expected);
        let words = data.explain_unmatched().expect("a reason");
        assert!(
            words.starts_with(
                "2 of 5 queries of 2 trials have no match and are left out of the scores"
            ) && words.contains("1 show people whom the gallery does not show"),
            "{words}"
        );
    }
}
