//! How much questions and judgements help a search, with simulated answers (`aio refine`).
//!
//! Nothing is trained. As in the evaluation of LLaVA-ReID's questioner (Lu et al., ICML 2025) rounds of answers stand against Rank-1; the
//! questions here are phrases of captions, chosen by `aio_gallery`, and the answers come from captions that nothing else uses.

mod roles;
mod rounds;
mod simulate;
#[cfg(test)]
mod tests;
mod text;

pub use rounds::{MethodRounds, Round, RoundScores};
pub use simulate::Method;

use super::evaluate::TestedModels;
use super::tested::Test;
use crate::config::Evaluation;
use crate::embed::ModelSource;
use crate::error::{Error, Result};
use aio_data::Dataset;
use aio_data::task::Task;
use aio_eval::{EvalError, Features};
use aio_gallery::Mentions;
use aio_train::{Library, StopFlag};
use aio_types::TaskId;
use rayon::prelude::*;
use roles::{Roles, captions};
use rounds::{of_round, per_query, scores};
use serde::Serialize;
use simulate::{Course, Rules, Scene, Seeker, play};
use std::path::PathBuf;

/// What is evaluated.
#[derive(Debug, Clone)]
pub struct RefineRequest {
    /// The tasks, as in `cuhk-pedes.text-rgb`; their data sets must have captions.
    pub tasks: Vec<String>,
    /// Directory of the data sets, or of the one that is named.
    pub root: PathBuf,
    /// Rounds, at least one.
    pub rounds: usize,
    /// Best results that a question tells apart, at least two.
    pub candidates: usize,
    /// How far a row moves for each answer, as a difference of cosines.
    pub weight: f32,
    /// The model.
    pub model: ModelSource,
}

/// How much refinement helps on some tasks.
#[derive(Debug, Clone, Serialize)]
pub struct Refined {
    /// The model.
    pub model: String,
    /// SHA-256 of its weights file.
    pub weights: String,
    /// Best results that a question tells apart.
    pub candidates: usize,
    /// How far a row moves for each answer, as a difference of cosines.
    pub weight: f32,
    /// The tasks.
    pub tasks: Vec<RefinedTask>,
}

/// How much refinement helps on one task.
#[derive(Debug, Clone, Serialize)]
pub struct RefinedTask {
    /// The task.
    pub task: TaskId,
    /// Its protocol.
    pub protocol: String,
    /// Queries that are asked.
    pub queries: usize,
    /// Queries without a match under the protocol, which are left out of the scores.
    pub skipped: usize,
    /// Queries that are left out: their sentences describe the gallery.
    pub left_out: usize,
    /// Gallery entries.
    pub gallery: usize,
    /// Of those, the ones with a caption.
    pub described: usize,
    /// What the rounds are compared with: no refinement.
    pub before: RoundScores,
    /// Every way of refining.
    pub methods: Vec<MethodRounds>,
}

/// Plays rounds of questions and judgements for every query of some tasks.
///
/// # Errors
/// [`Error`] naming what is missing or wrong; [`Error::Cancelled`] after a signal.
pub fn refine(request: &RefineRequest) -> Result<Refined> {
    refined(request).map_err(Error::with_nothing_kept)
}

fn refined(request: &RefineRequest) -> Result<Refined> {
    let rules = check(request)?;
    let mut library = Library::new(&request.root);
    let mut named = Vec::new();
    for text in &request.tasks {
        named.extend(Task::parse(text)?);
    }
    let mut tests = Vec::new();
    for task in named {
        let data = task.data(library.get(task.dataset)?)?;
        let test = Test { task, data };
        // What is missing is found before anything is embedded.
        prepare(&test, library.get(test.task.dataset)?)?;
        tests.push(test);
    }
    let model = request.model.open()?;
    let stop = StopFlag::on_signals()?;
    let usual = Evaluation::default();
    let (name, weights) = (request.model.name.clone(), model.sha256.clone());
    let mut models = TestedModels::new([model.extractor], &usual, &stop);
    let mut tasks = Vec::new();
    for test in &tests {
        let dataset = library.get(test.task.dataset)?;
        tasks.push(of_task(test, dataset, &mut models, rules, &stop)?);
    }
    let Rules { candidates, weight, .. } = rules;
    Ok(Refined { model: name, weights, candidates, weight, tasks })
}

fn check(request: &RefineRequest) -> Result<Rules> {
    let &RefineRequest { rounds, candidates, weight, .. } = request;
    let wrong = |problem: String, hint: &str| Err(Error::user(problem, hint));
    if !(1..=100).contains(&rounds) {
        return wrong(format!("--rounds {rounds}: expected 1 to 100"), "5 is usual");
    }
    if candidates < 2 {
        let problem = format!("--candidates {candidates}: one result needs no question");
        return wrong(problem, "give 2 or more");
    }
    if !(0.0..=2.0).contains(&weight) {
        return wrong(format!("--weight {weight}: expected 0 to 2"), "cosines differ by 2 at most");
    }
    Ok(Rules { rounds, candidates, weight })
}

/// The captions of a task by their role.
///
/// # Errors
/// [`Error::User`] if no photograph has a caption, or no user knows one.
fn prepare<'a>(test: &Test, dataset: &'a Dataset) -> Result<Roles<'a>> {
    let roles = Roles::deal(&captions(dataset), &test.data.queries, &test.data.gallery);
    let task = &test.task;
    if roles.gallery.iter().all(Vec::is_empty) {
        return Err(Error::user(
            format!("task `{task}`: no row of the gallery has a caption that could be asked about"),
            "name a task of a data set with captions, such as cuhk-pedes.text-rgb or table:NAME.sketch-rgb",
        ));
    }
    if roles.users.iter().flatten().all(Vec::is_empty) {
        return Err(Error::user(
            format!("task `{task}`: no caption is left from which a user could answer"),
            "a person needs two different captions, and four if the query is one of them: every other one describes the gallery, and the others are what the user knows",
        ));
    }
    Ok(roles)
}

fn of_task(
    test: &Test,
    dataset: &Dataset,
    models: &mut TestedModels<1>,
    rules: Rules,
    stop: &StopFlag,
) -> Result<RefinedTask> {
    let roles = prepare(test, dataset)?;
    let [features] = models.embed(test)?;
    // Data sets with captions have one trial.
    let trial = &test.data.trials[0];
    let features = features.of_trial(test, trial);
    let (queries, gallery) = (features.queries(), features.gallery());
    let mentions: Vec<Mentions> =
        trial.gallery.iter().map(|row| Mentions::of(roles.gallery[*row].iter().copied())).collect();
    let unit = unit(gallery.features)?;
    let scene = Scene {
        features: &unit,
        entries: gallery.entries,
        mentions: &mentions,
        protocol: test.data.protocol,
    };
    let of_queries = self::unit(queries.features)?;
    let mut seekers = Vec::new();
    for (position, number) in trial.query.iter().enumerate() {
        let Some(known) = &roles.users[*number] else { continue };
        seekers.push(Seeker {
            number: *number,
            entry: queries.entries[position],
            features: of_queries.view().row(position).to_vec(),
            sentence: test.data.queries[*number].caption(),
            known: Mentions::of(known.iter().copied()),
        });
    }
    let mut played = Vec::new();
    for method in Method::ALL {
        stop.check("refining")?;
        played.push((method, play_all(&scene, &seekers, method, rules)?));
    }
    let start = per_query(&seekers, &played[0].1, 0);
    let skipped = seekers.len() - start.means().count();
    if skipped == seekers.len() {
        let protocol = test.data.protocol.name();
        return Err(EvalError::NoMatches { queries: seekers.len(), protocol }.into());
    }
    let methods = played.iter().map(|(method, courses)| {
        let rounds = (1..=rules.rounds).map(|round| of_round(&seekers, courses, &start, round));
        Ok(MethodRounds { method: *method, rounds: rounds.collect::<Result<_>>()? })
    });
    Ok(RefinedTask {
        task: test.task.id().clone(),
        protocol: test.data.protocol.name().to_owned(),
        queries: seekers.len(),
        skipped,
        left_out: trial.query.len() - seekers.len(),
        gallery: gallery.entries.len(),
        described: mentions.iter().filter(|mentions| !mentions.is_empty()).count(),
        before: scores(&start)?,
        methods: methods.collect::<Result<_>>()?,
    })
}

/// Rows of length 1; a row of zeros stays as it is.
fn unit(features: &Features) -> Result<Features> {
    let values = features.view();
    let rows = values.outer_iter().flat_map(|row| {
        let square: f64 = row.iter().map(|value| f64::from(*value).powi(2)).sum();
        let length = if square > 0.0 { square.sqrt() } else { 1.0 };
        row.iter().map(move |value| (f64::from(*value) / length) as f32).collect::<Vec<_>>()
    });
    Ok(Features::new("features", features.rows(), features.width(), rows.collect())?)
}

fn play_all(
    scene: &Scene,
    seekers: &[Seeker],
    method: Method,
    rules: Rules,
) -> Result<Vec<Course>> {
    let courses = seekers.par_iter().map(|seeker| play(scene, seeker, method, rules));
    Ok(courses.collect::<std::result::Result<_, EvalError>>()?)
}
