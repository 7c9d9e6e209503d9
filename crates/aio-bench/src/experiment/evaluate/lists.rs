//! Chooses the queries whose ranked lists the report shows.

use super::Test;
use super::score::LIST_LENGTH;
use crate::report::{RankedList, RankedLists, Retrieved, ShownPicture};
use aio_eval::{AveragePrecision, Ranking};

/// Collects ranked lists while the rankings of a task's first trial are computed.
pub(super) struct ListChooser<'a> {
    test: &'a Test,
    /// Lists of each kind.
    wanted: usize,
    /// Queries from one chosen query to the next.
    step: usize,
    chosen: Vec<RankedList>,
    all: Vec<RankedList>,
}

impl<'a> ListChooser<'a> {
    /// Keeps `wanted` lists of each kind.
    pub(super) fn new(test: &'a Test, wanted: usize) -> Self {
        let queries = test.data.trials.first().map_or(0, |trial| trial.query.len());
        let step = (queries / wanted.max(1)).max(1);
        Self { test, wanted, step, chosen: Vec::new(), all: Vec::new() }
    }

    /// Takes the ranking of the trial's query number `query`.
    pub(super) fn observe(&mut self, query: usize, ranking: &Ranking) {
        if self.wanted == 0 || !ranking.has_match() {
            return;
        }
        let list = self.list(query, ranking);
        if query % self.step == self.step / 2 && self.chosen.len() < self.wanted {
            self.chosen.push(list.clone());
        }
        self.all.push(list);
    }

    fn list(&self, query: usize, ranking: &Ranking) -> RankedList {
        let data = &self.test.data;
        let trial = &data.trials[0];
        let query = &data.queries[trial.query[query]];
        let mut retrieved = Vec::new();
        for (entry, relevance) in ranking.nearest.iter().take(LIST_LENGTH) {
            let item = &data.gallery[trial.gallery[*entry]];
            retrieved.push((Retrieved::of(&item.content), Some(*relevance)));
        }
        RankedList {
            pictures: query
                .pictures()
                .map(|(modality, picture)| ShownPicture { modality, picture: picture.clone() })
                .collect(),
            caption: query.caption().map(str::to_owned),
            retrieved,
            average_precision: ranking.average_precision(AveragePrecision::Standard).unwrap_or(0.0),
        }
    }

    /// The chosen lists, and those of the best and worst queries by average precision.
    pub(super) fn finish(self) -> RankedLists {
        let Self { wanted, chosen, all: mut best, .. } = self;
        // The sort is stable: of equals, the earlier query comes first.
        best.sort_by(|a, b| b.average_precision.total_cmp(&a.average_precision));
        let worst = best.iter().rev().take(wanted).cloned().collect();
        best.truncate(wanted);
        RankedLists { chosen, best, worst }
    }
}
