use super::rules::Requested;
use super::{Direction, Evaluation, Refusal, TaskRequest, TestSet};
use crate::{Dataset, Result};
use aio_eval::Protocol;
use aio_types::Modality;
use std::sync::Arc;

/// Every sample of the query part against every sample of the gallery part, or the other way round.
#[derive(Debug)]
pub(crate) struct EveryQuery {
    pub(crate) direction: Direction,
    /// Whether the gallery part asks.
    pub(crate) reversed: bool,
    pub(crate) protocol: Protocol,
}

impl Evaluation for EveryQuery {
    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(self.protocol)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet::of_either_side(dataset, self.direction, self.reversed))
    }
}

impl TaskRequest<'_> {
    /// The evaluation of every query sample against every gallery picture under `protocol`, where the direction is one of
    /// `directions` and there is no variant.
    pub(crate) fn every_query(
        &self,
        directions: &[(Modality, Modality)],
        protocol: Protocol,
    ) -> Requested {
        self.no_variants()?;
        if !directions.iter().any(|(query, gallery)| self.direction.is(*query, *gallery)) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(EveryQuery { direction: self.direction, reversed: false, protocol }))
    }
}
