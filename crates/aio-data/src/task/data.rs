use crate::evaluation::{GalleryPicture, Query};
use crate::sample::Trial;
use aio_eval::{Entry, Protocol, Unmatched, unmatched};

/// Everything an evaluation of one task needs, before any picture is opened.
#[derive(Debug, Clone)]
pub struct TaskData {
    /// The queries.
    pub queries: Vec<Query>,
    /// The gallery.
    pub gallery: Vec<GalleryPicture>,
    /// Which gallery entries are junk, and how CMC counts.
    pub protocol: Protocol,
    /// The trials over which scores are averaged, at least one.
    pub trials: Vec<Trial>,
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
            "{skipped} of {asked} queries{trials} have no match and count nowhere: {reasons}"
        ))
    }
}
