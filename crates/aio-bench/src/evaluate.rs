//! Embeds queries and galleries and scores every task.

use crate::error::{Error, Result};
use crate::progress;
use crate::source::Library;
use aio_data::task::{Query, QueryPicture, Task, TaskData};
use aio_data::{Sample, Trial, picture::open_all};
use aio_eval::{
    Entry, EvalOptions, Features, LabelledFeatures, OpenSet, Ranking, Relevance, Scores, chance,
    evaluate, mean_over_trials, open_set,
};
use aio_model::{Extractor, Input};
use aio_types::{Identity, Modality, Observation, Picture, PictureSize, SourcePhoto};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Scores of one task by one model.
#[derive(Debug, Clone)]
pub struct TaskScores {
    /// Means over the trials.
    pub scores: Scores,
    /// What the report shows of the first trial; empty unless it was asked for.
    pub shown: Shown,
}

/// What a report shows of a task.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// Ranked lists.
    pub lists: Lists,
    /// ROC over the pairs that the protocol lets queries see: false and true accept rates.
    pub roc: Vec<(f64, f64)>,
    /// Embeddings of a few people.
    pub placed: Vec<Placed>,
}

/// Ranked lists of a task.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lists {
    /// Of queries spread evenly over the test set.
    pub chosen: Vec<RankedList>,
    /// Of the queries with the highest average precision.
    pub best: Vec<RankedList>,
    /// Of those with the lowest.
    pub worst: Vec<RankedList>,
}

/// An embedding of somebody, in one modality.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The person.
    pub identity: i64,
    /// The modality.
    pub modality: Modality,
    /// The embedding, of length 1.
    pub values: Vec<f32>,
}

/// A picture of a query in a ranked list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPicture {
    /// The modality that it is embedded as.
    pub modality: Modality,
    /// The file, and what is made of it.
    #[serde(flatten)]
    pub picture: QueryPicture,
}

/// A query and what it retrieved.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RankedList {
    /// Pictures of the query, in the order of its modalities.
    pub pictures: Vec<ShownPicture>,
    /// Its sentence.
    pub caption: Option<String>,
    /// Retrieved pictures, nearest first, and what each is to the query, where that is known.
    pub retrieved: Vec<(PathBuf, Option<Relevance>)>,
    /// Average precision of the query.
    pub average_precision: f64,
}

/// False accept rates at which the ROC is taken.
const RATES: [f64; 10] = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1];

/// People whose embeddings a report shows, and how many of each modality.
const PEOPLE: usize = 10;
const EACH: usize = 6;

/// Length of a ranked list in the report.
const SHOWN: usize = 8;

/// The pictures of one evaluation, decoded once.
#[derive(Debug)]
pub struct Pictures(BTreeMap<PathBuf, Picture>);

impl Pictures {
    /// Decodes all pictures of a task.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub fn open(task: &Task, data: &TaskData, extractor: &Extractor) -> Result<Self> {
        let gallery = data.gallery.iter().map(|picture| picture.path.as_path());
        let paths: std::collections::BTreeSet<&Path> = data
            .queries
            .iter()
            .flat_map(Query::pictures)
            .map(|(_, picture)| picture.path.as_path())
            .chain(gallery)
            .collect();
        let paths: Vec<&Path> = paths.into_iter().collect();
        let size = extractor.preprocessing().size();
        let progress = Progress::new(&format!("decoding {task}"), paths.len(), "pictures");
        let opened = open_all(&paths, size, &|| progress.inc(1))?;
        progress.finish();
        Ok(Self(paths.into_iter().map(Path::to_path_buf).zip(opened).collect()))
    }

    fn get(&self, path: &Path) -> Picture {
        self.0[path].clone()
    }
}

/// A picture of one modality as an input.
fn single(modality: Modality, picture: Picture) -> Observation<Picture> {
    Observation { pictures: vec![(modality, picture)], caption: None }
}

/// The views of a query as inputs; the query is the mean of their embeddings.
fn inputs(query: &Query, opened: &Pictures) -> Vec<Input> {
    let input = |view: &Observation<QueryPicture>| {
        let prepared = view
            .pictures
            .iter()
            .map(|(modality, picture)| (*modality, picture.prepared(opened.get(&picture.path))));
        Input { pictures: prepared.collect(), caption: view.caption.clone() }
    };
    query.views.iter().map(input).collect()
}

/// Galleries that have been embedded, by data set: tasks of one data set share theirs.
pub type Galleries = BTreeMap<String, Features>;

/// Scores `task`; with `wanted` above 0, so many ranked lists of each kind are kept, and what else a report shows.
///
/// # Errors
/// [`Error`] naming the task's data that cannot be used.
pub fn score(
    task: &Task,
    data: &TaskData,
    pictures: &Pictures,
    extractor: &Extractor,
    galleries: &mut Galleries,
    wanted: usize,
) -> Result<TaskScores> {
    let key = format!("{} {}", task.dataset, task.gallery);
    if !galleries.contains_key(&key) {
        let inputs: Vec<Input> = data
            .gallery
            .iter()
            .map(|picture| single(task.gallery, pictures.get(&picture.path)))
            .collect();
        galleries.insert(
            key.clone(),
            embed_all(extractor, &inputs, &format!("{key} gallery"), &format!("gallery {key}"))?,
        );
    }
    let gallery = &galleries[&key];
    let inputs: Vec<Vec<Input>> = data.queries.iter().map(|q| inputs(q, pictures)).collect();
    let views: Vec<usize> = inputs.iter().map(Vec::len).collect();
    let flat: Vec<Observation<Picture>> = inputs.into_iter().flatten().collect();
    let queries =
        embed_all(extractor, &flat, &format!("{task} queries"), &format!("queries {task}"))?;
    let queries = if queries.rows() == views.len() { queries } else { queries.pooled(&views) };
    let mut trials = Vec::new();
    let mut shown = Shown::default();
    for (number, trial) in data.trials.iter().enumerate() {
        let Trial { query: chosen, gallery: visible } = trial;
        let query_entries = data.query_entries(trial);
        let gallery_entries = data.gallery_entries(trial);
        let step = (chosen.len() / wanted.max(1)).max(1);
        let (of_queries, of_gallery) = (queries.select(chosen), gallery.select(visible));
        let asked = LabelledFeatures { features: &of_queries, entries: &query_entries };
        let searched = LabelledFeatures { features: &of_gallery, entries: &gallery_entries };
        let mut all = Vec::new();
        let scores = evaluate(
            asked,
            searched,
            data.protocol,
            EvalOptions { nearest: SHOWN, ..EvalOptions::default() },
            |i, ranking| {
                if number == 0 && wanted > 0 && ranking.has_match() {
                    let made = list(&data.queries[chosen[i]], ranking, |j| {
                        data.gallery[visible[j]].path.clone()
                    });
                    if i % step == step / 2 && shown.lists.chosen.len() < wanted {
                        shown.lists.chosen.push(made.clone());
                    }
                    all.push(made);
                }
            },
        )?;
        trials.push(scores);
        if number == 0 && wanted > 0 {
            // A stable order: of equals, the earlier query first.
            all.sort_by(|a, b| b.average_precision.total_cmp(&a.average_precision));
            shown.lists.worst = all.iter().rev().take(wanted).cloned().collect();
            all.truncate(wanted);
            shown.lists.best = all;
            let accepts =
                open_set(asked, searched, data.protocol, EvalOptions::default().metric, &RATES);
            // Where the pairs are too many to be held, there is no curve.
            let of = |found: OpenSet| {
                // A rate that lets in less than one impostor is no point of the curve.
                let whole = found
                    .verification
                    .into_iter()
                    .filter(|rate| rate.false_accepts * found.impostor_pairs as f64 >= 1.0);
                whole
                    .filter_map(|rate| Some((rate.false_accepts, rate.true_accepts?)))
                    .collect::<Vec<_>>()
            };
            shown.roc = accepts.map(of).unwrap_or_default();
            shown.placed = placed(task, asked, searched);
        }
    }
    Ok(TaskScores { scores: mean_over_trials(&trials), shown })
}

/// Embeddings of the gallery's first people, of the gallery's modality and, if it is one, the query's.
fn placed(task: &Task, queries: LabelledFeatures, gallery: LabelledFeatures) -> Vec<Placed> {
    let people: Vec<Identity> = gallery
        .entries
        .iter()
        .map(|e| e.identity)
        .filter(|id| id.0 > 0)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .take(PEOPLE)
        .collect();
    let mut found = Vec::new();
    let mut add = |modality: Modality, of: LabelledFeatures| {
        let LabelledFeatures { features, entries } = of;
        for identity in &people {
            let rows: Vec<usize> = (0..entries.len())
                .filter(|i| entries[*i].identity == *identity)
                .take(EACH)
                .collect();
            for row in features.select(&rows).view().outer_iter() {
                let length = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
                found.push(Placed {
                    identity: identity.0,
                    modality,
                    values: row.iter().map(|v| v / length).collect(),
                });
            }
        }
    };
    add(task.gallery, gallery);
    if let (1, Some(modality)) = (task.query.len(), task.query.iter().next()) {
        add(modality, queries);
    }
    found
}

fn list(query: &Query, ranking: &Ranking, path: impl Fn(usize) -> PathBuf) -> RankedList {
    RankedList {
        pictures: query
            .pictures()
            .map(|(modality, picture)| ShownPicture { modality, picture: picture.clone() })
            .collect(),
        caption: query.caption().map(str::to_owned),
        retrieved: ranking
            .nearest
            .iter()
            .take(SHOWN)
            .map(|(i, relevance)| (path(*i), Some(*relevance)))
            .collect(),
        average_precision: ranking
            .average_precision(aio_eval::AveragePrecision::Standard)
            .unwrap_or(0.0),
    }
}

/// What random rankings score on a task, averaged over its trials.
///
/// # Errors
/// As [`aio_eval::chance`].
pub fn chance_level(data: &TaskData, draws: u32) -> Result<Scores> {
    let trials = data
        .trials
        .iter()
        .map(|trial| {
            let (queries, gallery) = (data.query_entries(trial), data.gallery_entries(trial));
            chance(&queries, &gallery, data.protocol, EvalOptions::default(), 0, draws)
        })
        .collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(mean_over_trials(&trials))
}

/// Mean average precision on held-out training identities: photographs and captions against photographs, without
/// the photograph itself.
///
/// # Errors
/// [`Error`] naming the sample that cannot be used.
pub fn validate(samples: &[Sample], extractor: &Extractor) -> Result<f64> {
    let size = PictureSize {
        height: extractor.preprocessing().height,
        width: extractor.preprocessing().width,
    };
    let photos: Vec<&Sample> = samples.iter().filter(|s| s.modality == Modality::Rgb).collect();
    let captions: Vec<&Sample> = samples.iter().filter(|s| s.modality == Modality::Text).collect();
    let paths: Vec<&Path> = photos.iter().filter_map(|s| s.path()).collect();
    let opened = open_all(&paths, size, &|| {})?;
    let inputs: Vec<Input> = opened.into_iter().map(|p| single(Modality::Rgb, p)).collect();
    let gallery = features(extractor, "validation gallery", &inputs, "validation")?;
    let entry = |s: &&Sample| Entry { identity: s.identity, camera: None, source: s.source };
    // A photograph that nothing else was made from is junk for itself alone.
    let own =
        |i: i64, s: &&Sample| Entry { source: s.source.or(Some(SourcePhoto(-i))), ..entry(s) };
    let entries: Vec<Entry> = (2..).zip(&photos).map(|(i, s)| own(i, s)).collect();
    let photographs = LabelledFeatures { features: &gallery, entries: &entries };
    let run = |queries: LabelledFeatures| {
        evaluate(queries, photographs, aio_eval::Protocol::Tri, EvalOptions::default(), |_, _| {})
            .map(|s| s.map)
    };
    let mut values = vec![run(photographs)?];
    if !captions.is_empty() {
        let inputs: Vec<Input> = captions
            .iter()
            .map(|s| Input { caption: s.caption().map(str::to_owned), ..Input::default() })
            .collect();
        let text = features(extractor, "validation captions", &inputs, "validation")?;
        let entries: Vec<Entry> = captions.iter().map(entry).collect();
        values.push(run(LabelledFeatures { features: &text, entries: &entries })?);
    }
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// Reads the data of every task, so that what is missing is known before anything is trained.
///
/// # Errors
/// The first [`Error`], naming the data set and what is missing.
pub fn prepare(tasks: &[Task], library: &mut Library) -> Result<Vec<TaskData>> {
    tasks.iter().map(|task| Ok(task.data(library.get(task.dataset)?)?)).collect()
}
