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

    /// Numbers of queries without a match, in the first trial.
    #[must_use]
    pub fn unmatched(&self) -> Unmatched {
        let first = &self.trials[0];
        unmatched(&self.query_entries(first), &self.gallery_entries(first), self.protocol)
    }

    /// Why queries are skipped, in words; `None` if none is.
    #[must_use]
    pub fn explain_unmatched(&self) -> Option<String> {
        let Unmatched { absent, only_junk } = self.unmatched();
        let total = self.trials[0].query.len();
        let mut reasons = Vec::new();
        if absent > 0 {
            reasons.push(format!("{absent} show people whom the gallery does not show"));
        }
        if only_junk > 0 {
            reasons.push(format!(
                "of {only_junk} the protocol `{}` hides every match ({})",
                self.protocol.name(),
                self.protocol.junk()
            ));
        }
        (!reasons.is_empty()).then(|| {
            format!(
                "{} of {total} queries have no match and count nowhere: {}",
                absent + only_junk,
                reasons.join("; ")
            )
        })
    }
}
