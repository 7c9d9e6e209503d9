use super::{Direction, Evaluation, TestSet};
use crate::{Dataset, Result};
use aio_eval::Protocol;

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
