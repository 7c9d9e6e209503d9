//! Evaluation tasks: which samples are queries, how they are combined, and under which protocol.

use crate::config::nearest;
use crate::error::{Error, Result};
use crate::trials::{DRAWS, Mode};
use aio_data::synthesis::channel_exchange;
use aio_data::{Content, Dataset, DatasetName, Modality, ModalitySet, Sample, picture::Picture, rng};
use aio_eval::{Entry, Protocol, single_shot};
use aio_model::Input;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// `<data set>.<query modalities>-rgb[.<mode>]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The data set.
    pub dataset: DatasetName,
    /// What a query consists of.
    pub query: ModalitySet,
    mode: Option<Mode>,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}-rgb", self.dataset, self.query)?;
        match self.mode {
            Some(Mode::All) => f.write_str(".all"),
            Some(Mode::Indoor) => f.write_str(".indoor"),
            None => Ok(()),
        }
    }
}

/// One query: its labels and where its parts lie.
#[derive(Debug, Clone)]
pub struct Query {
    /// Labels.
    pub entry: Entry,
    parts: Vec<Part>,
}

/// A picture of a query: what it is taken for, where it lies, and what is made of it before it is embedded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryPicture {
    /// The modality that it is embedded as.
    pub modality: Modality,
    /// The file.
    pub path: PathBuf,
    /// The photograph's number, where infrared is made from it by channel exchange, as the paper does where no real
    /// infrared exists.
    pub synthesised: Option<u64>,
}

impl QueryPicture {
    /// The decoded file as the model sees it.
    #[must_use]
    pub fn prepared(&self, mut picture: Picture) -> Picture {
        if let Some(number) = self.synthesised {
            channel_exchange(&mut picture, 2, &mut rng(0, "synthesised query", number));
        }
        picture
    }
}

#[derive(Debug, Clone)]
enum Part {
    Picture(QueryPicture),
    Caption(String),
}

/// Everything an evaluation of one task needs, before any picture is opened.
#[derive(Debug, Clone)]
pub struct TaskData {
    /// The queries.
    pub queries: Vec<Query>,
    /// The gallery: labels and picture.
    pub gallery: Vec<(Entry, PathBuf)>,
    /// The rule.
    pub protocol: Protocol,
    /// Query and gallery indices of each trial; one trial of everything where the data set has no trials.
    pub trials: Vec<(Vec<usize>, Vec<usize>)>,
}

fn entry(sample: &Sample) -> Entry {
    Entry { identity: sample.identity.0, camera: sample.camera.map_or(-1, |c| c.0), image: sample.source.map_or(-1, |s| s.0) }
}

fn part(sample: &Sample) -> Part {
    match &sample.content {
        Content::Image(path) => Part::Picture(QueryPicture { modality: sample.modality, path: path.clone(), synthesised: None }),
        Content::Caption(text) => Part::Caption(text.clone()),
    }
}

impl Task {
    /// Parses a task; `*` as query stands for all 15 combinations of RGB, infrared, sketch and text.
    ///
    /// # Errors
    /// [`Error::User`] naming the part that is not known.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let usage = "a task is <data set>.<query>-rgb, such as market1501.rgb-rgb or sysu-mm01.infrared-rgb.all";
        let mut fields = text.split('.');
        let name = fields.next().unwrap_or_default();
        let dataset: DatasetName = name.parse().map_err(|_| {
            let near = nearest(name, DatasetName::ALL.map(DatasetName::name)).map_or(usage.to_owned(), |n| format!("did you mean `{n}`?"));
            Error::user(format!("task `{text}`: unknown data set `{name}`"), near)
        })?;
        let query =
            fields.next().and_then(|q| q.strip_suffix("-rgb")).ok_or_else(|| Error::user(format!("task `{text}` names no `<query>-rgb`"), usage))?;
        let mode = match (dataset, fields.next()) {
            (DatasetName::SysuMm01, Some("all") | None) => Some(Mode::All),
            (DatasetName::SysuMm01, Some("indoor")) => Some(Mode::Indoor),
            (_, None) => None,
            (_, Some(mode)) => return Err(Error::user(format!("task `{text}`: unknown mode `{mode}`"), "only sysu-mm01 has modes: all, indoor")),
        };
        let sets = if query == "*" {
            ModalitySet::combinations()
        } else {
            vec![query.parse().map_err(|e: aio_data::ParseModalityError| Error::user(format!("task `{text}`: {e}"), usage))?]
        };
        let tasks: Vec<Self> = sets.into_iter().map(|query| Self { dataset, query, mode }).collect();
        for task in &tasks {
            task.supported(text)?;
        }
        Ok(tasks)
    }

    fn supported(&self, text: &str) -> Result<()> {
        let of = |allowed: &[Modality]| self.query.iter().all(|m| allowed.contains(&m));
        use Modality::{ColourPencil, Infrared, Rgb, Sketch, Text};
        let single = self.query.len() == 1;
        let fits = match self.dataset {
            DatasetName::Market1501 => single && of(&[Rgb]),
            DatasetName::SysuMm01 | DatasetName::Llcm => single && of(&[Infrared]),
            DatasetName::PkuSketch(_) | DatasetName::MarketSketch1k => single && of(&[Sketch]),
            DatasetName::CuhkPedes => single && of(&[Text]),
            DatasetName::TriCuhkPedes => of(&[Rgb, Infrared, Sketch, Text]),
            DatasetName::OrBench => of(&[Infrared, ColourPencil, Sketch, Text]),
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err(Error::user(
                format!("task `{text}`: {} has no {} queries", self.dataset, self.query),
                "docs/protocols.md lists the tasks of every data set",
            ))
        }
    }

    /// Picks queries, gallery, rule and trials from the data set.
    ///
    /// # Errors
    /// [`Error::User`] if nothing is left to evaluate.
    pub fn data(&self, dataset: &Dataset) -> Result<TaskData> {
        let gallery: Vec<(Entry, PathBuf)> = dataset.gallery.iter().filter_map(|s| Some((entry(s), s.path()?.to_path_buf()))).collect();
        let entries: Vec<Entry> = gallery.iter().map(|(e, _)| *e).collect();
        let (protocol, queries) = match self.dataset {
            DatasetName::TriCuhkPedes => (Protocol::Tri, self.composed(dataset)),
            DatasetName::OrBench => (Protocol::None, self.listed(dataset)),
            DatasetName::Market1501 => (Protocol::Market1501, self.singles(dataset)),
            DatasetName::SysuMm01 => (Protocol::SysuMm01, self.singles(dataset)),
            DatasetName::Llcm => (Protocol::Llcm, self.singles(dataset)),
            DatasetName::CuhkPedes => (Protocol::Text, self.singles(dataset)),
            _ => (Protocol::None, self.singles(dataset)),
        };
        if queries.is_empty() || gallery.is_empty() {
            return Err(Error::user(
                format!("task `{self}`: {} queries and {} gallery pictures", queries.len(), gallery.len()),
                "is the data set complete? `aio data list` shows what is found",
            ));
        }
        let every: Vec<usize> = (0..queries.len()).collect();
        let drawn = |cameras: &[i64]| (0..DRAWS).map(|t| (every.clone(), single_shot(&entries, cameras, t))).collect();
        let trials = match (self.dataset, self.mode) {
            (DatasetName::SysuMm01, mode) => drawn(mode.unwrap_or(Mode::All).cameras()),
            (DatasetName::Llcm, _) => drawn(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
            _ if !dataset.trials.is_empty() => dataset.trials.iter().map(|t| (t.query.clone(), t.gallery.clone())).collect(),
            _ => vec![(every, (0..gallery.len()).collect())],
        };
        Ok(TaskData { queries, gallery, protocol, trials })
    }

    fn singles(&self, dataset: &Dataset) -> Vec<Query> {
        let wanted = |s: &&Sample| self.query.contains(s.modality);
        dataset.query.iter().filter(wanted).map(|s| Query { entry: entry(s), parts: vec![part(s)] }).collect()
    }

    /// Queries of ORBench's lists; the key whose first element comes first among NIR, CP, SK, TEXT decides their number.
    fn listed(&self, dataset: &Dataset) -> Vec<Query> {
        let names = [(Modality::Infrared, "NIR"), (Modality::ColourPencil, "CP"), (Modality::Sketch, "SK"), (Modality::Text, "TEXT")];
        let key = names.iter().filter(|(m, _)| self.query.contains(*m)).map(|(_, n)| *n).collect::<Vec<_>>().join("+");
        let rows = dataset.combinations.get(&key).map(Vec::as_slice).unwrap_or_default();
        rows.iter()
            .map(|row| {
                let samples: Vec<&Sample> = row.iter().map(|i| &dataset.query[*i]).collect();
                Query { entry: entry(samples[0]), parts: samples.into_iter().map(part).collect() }
            })
            .collect()
    }

    /// Queries of Tri-CUHK-PEDES: all parts belong to one photograph; one query per caption where text takes part.
    fn composed(&self, dataset: &Dataset) -> Vec<Query> {
        let mut described: BTreeMap<i64, Vec<&Sample>> = BTreeMap::new();
        for sample in &dataset.query {
            described.entry(sample.source.map_or(-1, |s| s.0)).or_default().push(sample);
        }
        let mut queries = Vec::new();
        for photo in &dataset.gallery {
            let made = described.get(&photo.source.map_or(-1, |s| s.0)).map(Vec::as_slice).unwrap_or_default();
            let mut parts = Vec::new();
            if let Some(path) = photo.path() {
                let number = entry(photo).image.unsigned_abs();
                for (modality, synthesised) in [(Modality::Rgb, None), (Modality::Infrared, Some(number))] {
                    if self.query.contains(modality) {
                        parts.push(Part::Picture(QueryPicture { modality, path: path.to_path_buf(), synthesised }));
                    }
                }
            }
            let of = |m: Modality| made.iter().filter(move |s| s.modality == m);
            if self.query.contains(Modality::Sketch) {
                parts.extend(of(Modality::Sketch).map(|s| part(s)));
            }
            if self.query.contains(Modality::Text) {
                queries.extend(of(Modality::Text).map(|s| Query { entry: entry(photo), parts: parts.iter().cloned().chain([part(s)]).collect() }));
            } else {
                queries.push(Query { entry: entry(photo), parts });
            }
        }
        queries
    }
}

impl Query {
    /// The pictures that embedding this query opens.
    pub fn pictures(&self) -> impl Iterator<Item = &QueryPicture> {
        self.parts.iter().filter_map(|p| match p {
            Part::Picture(picture) => Some(picture),
            Part::Caption(_) => None,
        })
    }

    /// The caption, if there is one.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        self.parts.iter().find_map(|p| match p {
            Part::Caption(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The query as the extractor takes it; `open` yields decoded pictures.
    ///
    /// # Panics
    /// If `open` does not know one of [`Self::pictures`].
    #[must_use]
    pub fn input(&self, open: &dyn Fn(&Path) -> Picture) -> Input {
        let mut input = Input::default();
        for part in &self.parts {
            match part {
                Part::Picture(picture) => input.pictures.push((picture.modality, picture.prepared(open(&picture.path)))),
                Part::Caption(text) => input.caption = Some(text.clone()),
            }
        }
        input
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_parse_and_print_back() {
        for text in [
            "market1501.rgb-rgb",
            "sysu-mm01.infrared-rgb.all",
            "sysu-mm01.infrared-rgb.indoor",
            "tri-cuhk-pedes.sketch+text-rgb",
            "orbench.infrared+text-rgb",
        ] {
            assert_eq!(Task::parse(text).expect(text)[0].to_string(), text);
        }
        assert_eq!(Task::parse("tri-cuhk-pedes.*-rgb").expect("all").len(), 15);
    }

    #[test]
    fn impossible_tasks_are_refused_by_name() {
        for (text, word) in [
            ("market1502.rgb-rgb", "market1502"),
            ("market1501.sketch-rgb", "sketch"),
            ("market1501.rgb", "<query>-rgb"),
            ("pku-sketch.sketch-rgb.all", "all"),
        ] {
            let error = Task::parse(text).expect_err(text);
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
