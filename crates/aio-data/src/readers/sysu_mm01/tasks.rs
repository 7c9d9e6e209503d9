use super::{DRAWS, Mode, Permutations, official_galleries};
use crate::evaluation::{
    Direction, Evaluation, Refusal, TaskRequest, TaskRules, TestSet, photograph_combinations,
};
use crate::sample::Trial;
use crate::{DataError, Dataset, Result};
use aio_eval::{Entry, Protocol, single_shot};
use aio_types::Modality;
use std::sync::Arc;

/// Infrared queries against photographs, over ten galleries drawn from all cameras or from those indoors.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &["infrared-rgb.all", "infrared-rgb.indoor"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        let draws = Draws::parse(request)?;
        if !request.direction.is(Modality::Infrared, Modality::Rgb) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(InfraredSearch { direction: request.direction, draws }))
    },
};

/// How the galleries are drawn.
#[derive(Debug, Clone, Copy)]
struct Draws {
    mode: Mode,
    /// Whether the galleries are the authors' and not the de-facto Python draws.
    official: bool,
    /// Images per identity and camera, where the name of the task says so.
    shots: Option<u32>,
}

impl Draws {
    fn parse(request: &TaskRequest) -> std::result::Result<Self, Refusal> {
        let mut draws = Self { mode: Mode::All, official: false, shots: None };
        for word in request.variants {
            let shots = || word.strip_suffix("-shot")?.parse().ok().filter(|n| *n > 0);
            if let Some(mode) = Mode::named(word) {
                draws.mode = mode;
            } else if word == "official" {
                draws.official = true;
            } else if let Some(shots) = shots() {
                draws.shots = Some(shots);
            } else {
                let known = "all, indoor, official, <n>-shot";
                return Err(Refusal::Variant { word: word.clone(), known });
            }
        }
        if draws.shots.is_some() && !draws.official {
            return Err(Refusal::Combination {
                problem: super::SINGLE_SHOT,
                hint: "add `.official` for multi-shot galleries",
            });
        }
        Ok(draws)
    }
}

#[derive(Debug)]
struct InfraredSearch {
    direction: Direction,
    draws: Draws,
}

impl Evaluation for InfraredSearch {
    fn variants(&self) -> Vec<String> {
        let Draws { mode, official, shots } = self.draws;
        let mut words = vec![mode.name().to_owned()];
        words.extend(official.then(|| "official".to_owned()));
        words.extend(shots.map(|n| format!("{n}-shot")));
        words
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::SysuMm01)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet::of_sides(dataset, self.direction))
    }

    fn trials(&self, dataset: &Dataset, test: &TestSet) -> Result<Vec<Trial>> {
        let entries: Vec<Entry> = test.gallery.iter().map(|picture| picture.entry).collect();
        let Draws { mode, official, shots } = self.draws;
        let galleries = if official {
            let path = dataset.permutations.as_deref().ok_or_else(|| DataError::Request {
                problem: format!("{}: no {} in the data set", dataset.name, Permutations::FILE),
                hint: super::PERMUTATIONS_HINT.into(),
            })?;
            official_galleries(&entries, mode, path, shots.unwrap_or(1))?
        } else {
            (0..DRAWS).map(|trial| single_shot(&entries, mode.cameras(), trial)).collect()
        };
        let every = || (0..test.queries.len()).collect();
        Ok(galleries.into_iter().map(|gallery| Trial { query: every(), gallery }).collect())
    }
}
