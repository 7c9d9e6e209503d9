//! What a run began as: its configuration and its seed. Checkpoints of another run are no start for it.

use crate::config::Experiment;
use crate::error::Result;
use crate::run::Run;
use aio_encoder::weights::Shipped;
use serde::{Deserialize, Serialize};

/// The configuration and the seed with which a run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// Content hash of the configuration.
    pub(crate) config_id: String,
    /// Seed.
    pub(crate) seed: u64,
}

impl Begun {
    /// The beginning of a run of an experiment whose configuration has this id.
    pub(crate) fn of(experiment: &Experiment, config_id: &str) -> Self {
        Self { config_id: config_id.to_owned(), seed: experiment.seed }
    }

    /// How a run that began as `self` differs from the one that is `wanted`, as `key: was → is`; none if they are the same. The configuration that the
    /// run has written tells which key it is.
    pub(super) fn difference(
        &self,
        wanted: &Self,
        run: &Run,
        experiment: &Experiment,
    ) -> Option<String> {
        if self.config_id != wanted.config_id {
            let written = Experiment::read(&run.config()).ok();
            let key = written.and_then(|written| written.difference(experiment));
            let ids = || format!("configuration: {} → {}", self.config_id, wanted.config_id);
            return Some(key.unwrap_or_else(ids));
        }
        of_seeds(self.seed, wanted.seed)
    }

    /// The same for a run of an earlier version, which noted neither: the configuration that it has written is compared. The contents of its weights
    /// are not known, and where they lay does not count.
    ///
    /// # Errors
    /// As [`Experiment::read`].
    pub(super) fn of_earlier_version(run: &Run, wanted: &Experiment) -> Result<Option<String>> {
        let mut written = Experiment::read(&run.config())?;
        let is_file = |experiment: &Experiment| Shipped::named(&experiment.model.weights).is_none();
        if is_file(&written) && is_file(wanted) {
            written.model.weights.clone_from(&wanted.model.weights);
        }
        let [was, is] = [&written, wanted].map(|of| &of.data.sketch_generator);
        if was.weights().is_some() && is.weights().is_some() {
            written.data.sketch_generator = is.clone();
        }
        Ok(written.difference(wanted).or_else(|| of_seeds(written.seed, wanted.seed)))
    }
}

fn of_seeds(was: u64, is: u64) -> Option<String> {
    (was != is).then(|| format!("seed: {was} → {is}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_by_its_configuration_and_seed_and_not_by_where_its_weights_lie() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let run = Run::at(directory.path().to_path_buf());
        let experiment = |text: &str| {
            let path = directory.path().join("wanted.toml");
            std::fs::write(&path, text).expect("write");
            Experiment::load(&path, &[]).expect("valid")
        };
        let begun = |config_id: &str, seed| Begun { config_id: config_id.to_owned(), seed };
        run.write_text("config.toml", "seed = 1\n[model]\nweights = \"a.pth\"\n").expect("written");

        // What `data.json` notes decides; the written configuration only names the key.
        let moved = experiment("seed = 1\n[model]\nweights = \"b/a.pth\"\n");
        let difference = |was: Begun, is: Begun| was.difference(&is, &run, &moved);
        assert_eq!(difference(begun("aaaa", 1), begun("aaaa", 1)), None);
        assert_eq!(difference(begun("aaaa", 0), begun("aaaa", 1)).as_deref(), Some("seed: 0 → 1"));
        assert_eq!(
            difference(begun("aaaa", 1), begun("bbbb", 1)).as_deref(),
            Some("model.weights: \"a.pth\" → \"b/a.pth\"")
        );
        let same_words = experiment("seed = 1\n[model]\nweights = \"a.pth\"\n");
        assert_eq!(
            begun("aaaa", 1).difference(&begun("bbbb", 1), &run, &same_words).as_deref(),
            Some("configuration: aaaa → bbbb")
        );

        // Runs of earlier versions noted nothing.
        let earlier =
            |wanted: &Experiment| Begun::of_earlier_version(&run, wanted).expect("a configuration");
        assert_eq!(earlier(&moved), None);
        let other = experiment("seed = 1\n[losses]\nbinding = 0.5\n[model]\nweights = \"a.pth\"\n");
        assert_eq!(earlier(&other).as_deref(), Some("losses.binding: 1.0 → 0.5"));
        let seed = experiment("seed = 2\n[model]\nweights = \"a.pth\"\n");
        assert_eq!(earlier(&seed).as_deref(), Some("seed: 1 → 2"));
        let shipped = experiment("seed = 1\n");
        assert!(earlier(&shipped).expect("other weights").starts_with("model.weights: "));
        std::fs::remove_file(run.config()).expect("removed");
        let error = Begun::of_earlier_version(&run, &moved).expect_err("no configuration");
        assert!(error.to_string().contains("config.toml"), "{error}");
    }
}
