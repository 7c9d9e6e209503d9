//! Where a training stands, as every checkpoint says in `state.json`.

use serde::{Deserialize, Serialize};

/// Where a training stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TrainState {
    /// Optimiser steps done, over all stages.
    pub(super) step: usize,
    /// Seconds of training, over all calls.
    pub(super) seconds: f64,
    /// The best validation so far.
    pub(super) best: Option<BestScore>,
}

/// A validation score and the number of steps after which it was reached. The file has it as a pair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, usize)", into = "(f64, usize)")]
pub(super) struct BestScore {
    pub(super) score: f64,
    pub(super) step: usize,
}

impl From<(f64, usize)> for BestScore {
    fn from((score, step): (f64, usize)) -> Self {
        Self { score, step }
    }
}

impl From<BestScore> for (f64, usize) {
    fn from(BestScore { score, step }: BestScore) -> Self {
        (score, step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_has_the_form_of_version_0_1() {
        let text = r#"{"step":12,"seconds":3.5,"best":[0.25,8]}"#;
        let state: TrainState = serde_json::from_str(text).expect("reads");
        assert_eq!(state.best, Some(BestScore { score: 0.25, step: 8 }));
        assert_eq!(serde_json::to_string(&state).expect("writes"), text);
        let fresh = serde_json::to_string(&TrainState::default()).expect("writes");
        assert_eq!(fresh, r#"{"step":0,"seconds":0.0,"best":null}"#);
    }
}
