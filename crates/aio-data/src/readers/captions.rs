//! Tasks of the data sets whose photographs have captions: CUHK-PEDES, ICFG-PEDES and RSTPReid.

use crate::evaluation::{
    Direction, Evaluation, Refusal, TaskRules, TestSet, photograph_combinations,
};
use crate::{Dataset, Result};
use aio_eval::Protocol;
use aio_types::Modality;
use std::sync::Arc;

/// Sentences against photographs, and photographs against sentences.
///
/// Both directions are those of IRRA (Jiang and Ye, CVPR 2023): every test caption against every test photograph, or the other way
/// round. Every caption of the person is a match, of whichever photograph it was written.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &["text-rgb"],
    every_query: photograph_combinations,
    evaluation: |request| {
        request.no_variants()?;
        let direction = request.direction;
        let reversed = direction.is(Modality::Rgb, Modality::Text);
        if !reversed && !direction.is(Modality::Text, Modality::Rgb) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(CaptionSearch { direction, reversed }))
    },
};

#[derive(Debug)]
struct CaptionSearch {
    direction: Direction,
    /// Whether photographs are the queries; the readers have captions as queries.
    reversed: bool,
}

impl Evaluation for CaptionSearch {
    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::Text)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet::of_sides(dataset, self.direction, self.reversed))
    }
}
