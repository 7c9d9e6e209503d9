use super::{Direction, Evaluation, TestSet, gallery_items, queries};
use crate::{Dataset, Result};
use aio_eval::Protocol;

/// Every sample of the query part against every sample of the gallery part.
#[derive(Debug)]
pub(crate) struct EveryQuery {
    pub(crate) direction: Direction,
    pub(crate) protocol: Protocol,
}

impl Evaluation for EveryQuery {
    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(self.protocol)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet {
            queries: queries(&dataset.query, self.direction.query),
            gallery: gallery_items(&dataset.gallery, self.direction.gallery),
        })
    }
}
