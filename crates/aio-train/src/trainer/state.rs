//! Where a training stands, as every checkpoint says in `state.json`.

use serde::{Deserialize, Serialize};

/// Where a training stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TrainState {
    /// Optimiser steps done, over all stages.
    pub(super) step: usize,
    /// Seconds of training, over all calls.
    pub(super) seconds: f64,
    /// Seconds of these in which the training waited for its next batch. Checkpoints of versions that did not measure it have none.
    #[serde(default)]
    pub(super) waiting_seconds: f64,
    /// The best validation so far.
    pub(super) best: Option<BestScore>,
}

impl TrainState {
    /// Share of the training in which it waited for its next batch, in 0..1; `None` before the first step.
    pub(super) fn waiting_share(&self) -> Option<f64> {
        (self.seconds > 0.0).then(|| self.waiting_seconds / self.seconds)
    }
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
    fn the_state_has_the_form_of_version_0_1_and_the_time_of_waiting() {
        let text = r#"{"step":12,"seconds":3.5,"best":[0.25,8]}"#;
        let state: TrainState = serde_json::from_str(text).expect("reads");
        assert_eq!(state.best, Some(BestScore { score: 0.25, step: 8 }));
        assert_eq!((state.seconds, state.waiting_seconds), (3.5, 0.0));
        let waited = TrainState { waiting_seconds: 0.5, ..state };
        let text = r#"{"step":12,"seconds":3.5,"waiting_seconds":0.5,"best":[0.25,8]}"#;
        assert_eq!(serde_json::to_string(&waited).expect("writes"), text);
        assert_eq!(serde_json::from_str::<TrainState>(text).expect("reads"), waited);
    }

    #[test]
    fn the_share_of_waiting_is_that_of_all_training() {
        assert_eq!(TrainState::default().waiting_share(), None, "nothing was trained");
        let state = TrainState { seconds: 8.0, waiting_seconds: 2.0, ..TrainState::default() };
        assert_eq!(state.waiting_share(), Some(0.25));
    }
}
