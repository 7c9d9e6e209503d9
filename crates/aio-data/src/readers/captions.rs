//! Tasks of the data sets whose photographs have captions: CUHK-PEDES, ICFG-PEDES and RSTPReid.

use crate::evaluation::{EveryQuery, TaskRules, photograph_combinations};
use aio_eval::Protocol;
use aio_types::Modality;
use std::sync::Arc;

/// Sentences against photographs, and photographs against sentences.
///
/// Both directions are those of IRRA (Jiang and Ye, CVPR 2023): every test caption against every test photograph, or the other way
/// round. Every caption of the person is a match, of whichever photograph it was written. The readers have captions as queries.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &["text-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        let reversed = request.is_reversed(Modality::Text, Modality::Rgb)?;
        Ok(Arc::new(EveryQuery {
            direction: request.direction,
            reversed,
            protocol: Protocol::Text,
        }))
    },
};
