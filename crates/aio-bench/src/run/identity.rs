//! Which run a directory or a result is of.

use std::fmt;

/// An experiment with one configuration and one seed; its text is the path of its directory below `runs/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunIdentity {
    /// Name of the experiment.
    pub experiment: String,
    /// Content hash of the resolved configuration without the seed.
    pub config_id: String,
    /// Seed.
    pub seed: u64,
}

impl fmt::Display for RunIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { experiment, config_id, seed } = self;
        write!(f, "{experiment}/{config_id}/seed-{seed}")
    }
}

/// The seed that the name of a run's directory states: `seed-` and a number without leading zeros.
#[must_use]
pub fn seed_of(name: &str) -> Option<u64> {
    let seed = name.strip_prefix("seed-")?.parse().ok()?;
    (format!("seed-{seed}") == name).then_some(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_names_of_runs_state_a_seed() {
        assert_eq!((seed_of("seed-0"), seed_of("seed-17")), (Some(0), Some(17)));
        for other in ["seed-0-backup", "seed-00", "seed-+1", "seed-", "seed--1", "0", "old-seed-0"]
        {
            assert_eq!(seed_of(other), None, "{other}");
        }
    }
}
