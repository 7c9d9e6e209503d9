//! Evaluation tasks: which samples are queries, how they are combined, and under which protocol.

use crate::config::nearest;
use crate::error::{Error, Result};
use crate::trials::{self, DRAWS, Mode};
use aio_data::{Content, Dataset, DatasetName, Sample, synthesis::channel_exchange};
use aio_eval::{Entry, Protocol, Unmatched, single_shot, unmatched};
use aio_types::{Modality, ModalitySet, Observation, Picture, rng};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// `<data set>.<query modalities>-<gallery modality>[.<variant>]…`, as docs/protocols.md lists them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The data set.
    pub dataset: DatasetName,
    /// What a query consists of.
    pub query: ModalitySet,
    /// What the gallery consists of.
    pub gallery: Modality,
    variant: Variant,
}

/// What a data set's protocol leaves open.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Variant {
    /// SYSU-MM01: cameras of the gallery.
    mode: Option<Mode>,
    /// SYSU-MM01: whether the galleries are the authors' and not the de-facto Python draws.
    official: bool,
    /// SYSU-MM01: images per identity and camera.
    shots: Option<u32>,
    /// Market-1501, Market-Sketch-1K: whether a query is the mean of several pictures.
    multi_query: bool,
    /// Market-Sketch-1K: artists whose sketches are queries; all if empty.
    artists: String,
    /// LLCM: what the released code evaluates as "visible to infrared".
    released: bool,
    /// ORBench: the modality over whose samples the queries run; the first of the query if none.
    first: Option<Modality>,
    /// Tables: the protocol.
    rule: Option<Protocol>,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}-{}", self.dataset, self.query, self.gallery)?;
        let Variant { mode, official, shots, multi_query, artists, released, first, rule } =
            &self.variant;
        let words = [
            mode.map(|m| m.name().to_owned()),
            official.then(|| "official".to_owned()),
            shots.map(|n| format!("{n}-shot")),
            (!artists.is_empty()).then(|| artists.clone()),
            multi_query.then(|| "multi-query".to_owned()),
            released.then(|| "released".to_owned()),
            first.map(|m| format!("{m}-first")),
            rule.map(|r| r.name().to_owned()),
        ];
        words.into_iter().flatten().try_for_each(|word| write!(f, ".{word}"))
    }
}

/// One query: its labels and where its parts lie.
#[derive(Debug, Clone)]
pub struct Query {
    /// Labels.
    pub entry: Entry,
    /// What is embedded; the query is the mean of the embeddings. One view but in multi-query evaluation.
    views: Vec<Vec<Part>>,
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
    Entry {
        identity: sample.identity.0,
        camera: sample.camera.map_or(-1, |c| c.0),
        image: sample.source.map_or(-1, |s| s.0),
    }
}

fn part(sample: &Sample) -> Part {
    match &sample.content {
        Content::Image(path) => Part::Picture(QueryPicture {
            modality: sample.modality,
            path: path.clone(),
            synthesised: None,
        }),
        Content::Caption(text) => Part::Caption(text.clone()),
    }
}

fn single(sample: &Sample) -> Query {
    Query { entry: entry(sample), views: vec![vec![part(sample)]] }
}

const USAGE: &str = "a task is <data set>.<query>-<gallery>, such as market1501.rgb-rgb or sysu-mm01.infrared-rgb.all (docs/protocols.md)";

/// Names of ORBench's lists, in the order in which a key names what follows its first element.
const ORBENCH: [(Modality, &str); 4] = [
    (Modality::Infrared, "NIR"),
    (Modality::ColourPencil, "CP"),
    (Modality::Sketch, "SK"),
    (Modality::Text, "TEXT"),
];

impl Task {
    /// Parses a task; `*` as query stands for every combination that the data set has: the 15 of RGB, infrared, sketch and
    /// text on Tri- sets, the 32 published query lists on ORBench.
    ///
    /// # Errors
    /// [`Error::User`] naming the part that is not known.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let mut fields = text.split('.');
        let name = fields.next().unwrap_or_default();
        let dataset: DatasetName = name.parse().map_err(|_| {
            let near = nearest(name, DatasetName::ALL.map(DatasetName::name))
                .map_or(USAGE.to_owned(), |n| format!("did you mean `{n}`?"));
            Error::user(format!("task `{text}`: unknown data set `{name}`"), near)
        })?;
        let modalities =
            |e: aio_types::ParseModalityError| Error::user(format!("task `{text}`: {e}"), USAGE);
        let direction = fields.next().and_then(|d| {
            d.rsplit_once('-').filter(|(query, gallery)| !query.is_empty() && !gallery.is_empty())
        });
        // `sketch-colour-pencil` splits inside a name.
        let direction = direction.map(|(query, gallery)| match query.strip_suffix("-colour") {
            Some(query) if gallery == "pencil" => (query, "colour-pencil"),
            _ => (query, gallery),
        });
        let (query, gallery) = direction.ok_or_else(|| {
            Error::user(format!("task `{text}` names no `<query>-<gallery>`"), USAGE)
        })?;
        let gallery: Modality = gallery.parse().map_err(modalities)?;
        let mut variant = Variant::default();
        for word in fields {
            variant.add(word, dataset).map_err(|known| {
                let problem = format!("task `{text}`: {dataset} has no variant `{word}`");
                Error::user(
                    problem,
                    if known.is_empty() {
                        "it has no variants".into()
                    } else {
                        format!("its variants are {known}")
                    },
                )
            })?;
        }
        if dataset == DatasetName::SysuMm01 {
            variant.mode.get_or_insert(Mode::All);
            if variant.shots.is_some() && !variant.official {
                return Err(Error::user(
                    format!("task `{text}`: the Python draws are single-shot"),
                    "add `.official` for multi-shot galleries",
                ));
            }
        }
        let tasks: Vec<Self> = match (query, dataset) {
            ("*", DatasetName::OrBench) => orbench_keys()
                .into_iter()
                .map(|(query, first)| {
                    let first = (query.iter().next() != Some(first)).then_some(first);
                    Self { dataset, query, gallery, variant: Variant { first, ..variant.clone() } }
                })
                .collect(),
            ("*", _) => ModalitySet::combinations()
                .into_iter()
                .map(|query| Self { dataset, query, gallery, variant: variant.clone() })
                .collect(),
            _ => {
                vec![Self { dataset, query: query.parse().map_err(modalities)?, gallery, variant }]
            }
        };
        for task in &tasks {
            if !task.is_supported() {
                let problem = format!(
                    "task `{text}`: {} has no {} queries against {}",
                    task.dataset, task.query, task.gallery
                );
                return Err(Error::user(
                    problem,
                    "docs/protocols.md lists the tasks of every data set",
                ));
            }
        }
        Ok(tasks)
    }

    /// Names, as `parse` takes them, of the tasks that a data set's papers report.
    #[must_use]
    pub fn usual(dataset: DatasetName) -> Vec<String> {
        use DatasetName as D;
        let tasks: &[&str] = match dataset {
            D::Market1501
            | D::Market1501Plus500k
            | D::DukeMtmcReId
            | D::Msmt17
            | D::Msmt17V2
            | D::Cuhk03NpDetected
            | D::Cuhk03NpLabeled
            | D::Cuhk03ClassicDetected
            | D::Cuhk03ClassicLabeled
            | D::OmniReId => &["rgb-rgb"],
            D::SysuMm01 => &["infrared-rgb.all", "infrared-rgb.indoor"],
            D::RegDb(_) | D::Llcm => &["infrared-rgb", "rgb-infrared"],
            D::PkuSketch(_) | D::MarketSketch1k => &["sketch-rgb"],
            D::CuhkPedes | D::IcfgPedes | D::RstpReid => &["text-rgb"],
            D::TriCuhkPedes | D::TriIcfgPedes | D::TriRstpReid => {
                &["text-rgb", "sketch-rgb", "sketch+text-rgb"]
            }
            D::OrBench => &["infrared-rgb", "colour-pencil-rgb", "sketch-rgb", "text-rgb"],
            D::SynthPedes | D::Table(_) => &[],
        };
        tasks.iter().map(|task| format!("{dataset}.{task}")).collect()
    }

    fn is_supported(&self) -> bool {
        use DatasetName as D;
        use Modality::{ColourPencil, Infrared, Rgb, Sketch, Text};
        let of = |allowed: &[Modality]| self.query.iter().all(|m| allowed.contains(&m));
        let single = self.query.len() == 1;
        let to_rgb = self.gallery == Rgb;
        match self.dataset {
            D::SysuMm01 => to_rgb && single && of(&[Infrared]),
            D::RegDb(_) | D::Llcm if self.gallery == Infrared => single && of(&[Rgb]),
            D::RegDb(_) | D::Llcm => to_rgb && single && of(&[Infrared]) && !self.variant.released,
            D::PkuSketch(_) | D::MarketSketch1k => to_rgb && single && of(&[Sketch]),
            D::CuhkPedes | D::IcfgPedes | D::RstpReid => to_rgb && single && of(&[Text]),
            D::TriCuhkPedes | D::TriIcfgPedes | D::TriRstpReid => {
                to_rgb && of(&[Rgb, Infrared, Sketch, Text])
            }
            D::OrBench if !to_rgb => {
                single
                    && self.gallery != Text
                    && !self.query.contains(self.gallery)
                    && self.variant.first.is_none()
            }
            D::OrBench => {
                to_rgb
                    && of(&[Infrared, ColourPencil, Sketch, Text])
                    && self.variant.first.is_none_or(|m| self.query.contains(m))
            }
            D::SynthPedes => false,
            D::Table(_) => single && self.gallery != Text,
            _ => to_rgb && single && of(&[Rgb]),
        }
    }

    /// Number of modalities if this is one of ORBench's published query lists, over whose groups means are reported.
    #[must_use]
    pub fn orbench_group(&self) -> Option<usize> {
        (self.dataset == DatasetName::OrBench && self.gallery == Modality::Rgb)
            .then(|| self.query.len())
    }

    fn protocol(&self, dataset: &Dataset) -> Protocol {
        use DatasetName as D;
        match self.dataset {
            D::SysuMm01 => Protocol::SysuMm01,
            D::Llcm => Protocol::Llcm,
            D::RegDb(_) => Protocol::Regdb,
            D::CuhkPedes | D::IcfgPedes | D::RstpReid => Protocol::Text,
            D::TriCuhkPedes | D::TriIcfgPedes | D::TriRstpReid => Protocol::Tri,
            D::Cuhk03ClassicDetected | D::Cuhk03ClassicLabeled => Protocol::Cuhk03Classic,
            D::PkuSketch(_) | D::MarketSketch1k | D::OrBench | D::SynthPedes => Protocol::None,
            D::Table(_) => self.variant.rule.unwrap_or_else(|| {
                let everywhere =
                    dataset.query.iter().chain(&dataset.gallery).all(|s| s.camera.is_some());
                if everywhere { Protocol::Market1501 } else { Protocol::None }
            }),
            _ => Protocol::Market1501,
        }
    }

    /// Picks queries, gallery, rule and trials from the data set.
    ///
    /// # Errors
    /// [`Error::User`] if nothing is left to evaluate, or the protocol needs a file that is not there.
    pub fn data(&self, dataset: &Dataset) -> Result<TaskData> {
        // Where a data set is searched in both directions, its test parts change sides.
        let turned = self.gallery == Modality::Infrared
            && matches!(self.dataset, DatasetName::RegDb(_) | DatasetName::Llcm);
        // ORBench publishes lists against photographs alone; between its other modalities everything is asked for in everything.
        let crossed = self.dataset == DatasetName::OrBench && self.gallery != Modality::Rgb;
        let (asked, shown) = match (turned, crossed) {
            (true, _) => (&dataset.gallery, &dataset.query),
            (_, true) if self.query.contains(Modality::Rgb) => (&dataset.gallery, &dataset.query),
            (_, true) => (&dataset.query, &dataset.query),
            _ => (&dataset.query, &dataset.gallery),
        };
        let gallery: Vec<(Entry, PathBuf)> = shown
            .iter()
            .filter(|s| s.modality == self.gallery)
            .filter_map(|s| Some((entry(s), s.path()?.to_path_buf())))
            .collect();
        let queries = match self.dataset {
            DatasetName::TriCuhkPedes | DatasetName::TriIcfgPedes | DatasetName::TriRstpReid => {
                self.composed(dataset)
            }
            DatasetName::OrBench if !crossed => self.listed(dataset),
            _ if self.variant.multi_query => self.pooled(dataset)?,
            _ => self.singles(asked),
        };
        if queries.is_empty() || gallery.is_empty() {
            return Err(Error::user(
                format!(
                    "task `{self}`: {} queries and {} gallery pictures",
                    queries.len(),
                    gallery.len()
                ),
                "is the data set complete? `aio data check` compares it with the published counts",
            ));
        }
        let trials = self.trials(dataset, &queries, &gallery, turned)?;
        Ok(TaskData { queries, gallery, protocol: self.protocol(dataset), trials })
    }

    fn trials(
        &self,
        dataset: &Dataset,
        queries: &[Query],
        gallery: &[(Entry, PathBuf)],
        turned: bool,
    ) -> Result<Vec<(Vec<usize>, Vec<usize>)>> {
        let every = || (0..queries.len()).collect::<Vec<usize>>();
        let entries: Vec<Entry> = gallery.iter().map(|(e, _)| *e).collect();
        let of_queries: Vec<Entry> = queries.iter().map(|q| q.entry).collect();
        let cameras: Vec<i64> = (1..=9).collect();
        Ok(match (self.dataset, self.variant.mode) {
            (DatasetName::SysuMm01, mode) => {
                let cameras = mode.unwrap_or(Mode::All).cameras();
                let galleries = if self.variant.official {
                    let path = dataset
                        .permutations
                        .as_deref()
                        .ok_or_else(|| trials::no_permutations(&self.to_string()))?;
                    trials::official(&entries, cameras, path, self.variant.shots.unwrap_or(1))?
                } else {
                    (0..DRAWS).map(|trial| single_shot(&entries, cameras, trial)).collect()
                };
                galleries.into_iter().map(|shown| (every(), shown)).collect()
            }
            // The released code asks with the drawn infrared images and shows all visible ones.
            (DatasetName::Llcm, _) if self.variant.released => (0..DRAWS)
                .map(|trial| {
                    (single_shot(&of_queries, &cameras, trial), (0..gallery.len()).collect())
                })
                .collect(),
            (DatasetName::Llcm, _) => {
                (0..DRAWS).map(|trial| (every(), single_shot(&entries, &cameras, trial))).collect()
            }
            _ if !dataset.trials.is_empty() && turned => {
                dataset.trials.iter().map(|t| (t.gallery.clone(), t.query.clone())).collect()
            }
            _ if !dataset.trials.is_empty() => {
                dataset.trials.iter().map(|t| (t.query.clone(), t.gallery.clone())).collect()
            }
            _ => vec![(every(), (0..gallery.len()).collect())],
        })
    }

    fn singles(&self, samples: &[Sample]) -> Vec<Query> {
        let drawn = |s: &Sample| {
            self.variant.artists.is_empty()
                || s.artist.is_some_and(|a| self.variant.artists.contains(a))
        };
        samples.iter().filter(|s| self.query.contains(s.modality) && drawn(s)).map(single).collect()
    }

    /// Multi-query: the pictures of one identity and camera (Market-1501's hand-drawn boxes), or the sketches of one person by
    /// the chosen artists (Market-Sketch-1K), are one query.
    fn pooled(&self, dataset: &Dataset) -> Result<Vec<Query>> {
        if self.dataset == DatasetName::MarketSketch1k {
            let mut by_person: BTreeMap<i64, Query> = BTreeMap::new();
            for Query { entry, views } in self.singles(&dataset.query) {
                by_person
                    .entry(entry.identity)
                    .or_insert(Query { entry, views: Vec::new() })
                    .views
                    .extend(views);
            }
            return Ok(by_person.into_values().collect());
        }
        if dataset.more.is_empty() {
            return Err(Error::user(
                format!("task `{self}`: the data set has no gt_bbox/"),
                "multi-query evaluation needs the hand-drawn boxes",
            ));
        }
        let mut boxes: BTreeMap<(i64, i64), Vec<Vec<Part>>> = BTreeMap::new();
        for sample in &dataset.more {
            boxes
                .entry((sample.identity.0, entry(sample).camera))
                .or_default()
                .push(vec![part(sample)]);
        }
        let pooled = |query: Query| {
            let views = boxes.get(&(query.entry.identity, query.entry.camera)).cloned();
            Query { views: views.unwrap_or(query.views), ..query }
        };
        Ok(self.singles(&dataset.query).into_iter().map(pooled).collect())
    }

    /// Queries of ORBench's lists; the first element of the key decides their number.
    fn listed(&self, dataset: &Dataset) -> Vec<Query> {
        let first = self
            .variant
            .first
            .or_else(|| ORBENCH.iter().map(|(m, _)| *m).find(|m| self.query.contains(*m)));
        let rows = dataset
            .combinations
            .get(&orbench_key(self.query, first))
            .map(Vec::as_slice)
            .unwrap_or_default();
        rows.iter()
            .map(|row| {
                let samples: Vec<&Sample> = row.iter().map(|i| &dataset.query[*i]).collect();
                Query {
                    entry: entry(samples[0]),
                    views: vec![samples.into_iter().map(part).collect()],
                }
            })
            .collect()
    }

    /// Queries of the Tri- sets: all parts belong to one photograph; one query per caption where text takes part.
    fn composed(&self, dataset: &Dataset) -> Vec<Query> {
        let mut described: BTreeMap<i64, Vec<&Sample>> = BTreeMap::new();
        for sample in &dataset.query {
            described.entry(sample.source.map_or(-1, |s| s.0)).or_default().push(sample);
        }
        let mut queries = Vec::new();
        for photo in &dataset.gallery {
            let made = described
                .get(&photo.source.map_or(-1, |s| s.0))
                .map(Vec::as_slice)
                .unwrap_or_default();
            let mut parts = Vec::new();
            if let Some(path) = photo.path() {
                let number = entry(photo).image.unsigned_abs();
                for (modality, synthesised) in
                    [(Modality::Rgb, None), (Modality::Infrared, Some(number))]
                {
                    if self.query.contains(modality) {
                        parts.push(Part::Picture(QueryPicture {
                            modality,
                            path: path.to_path_buf(),
                            synthesised,
                        }));
                    }
                }
            }
            let of = |m: Modality| made.iter().filter(move |s| s.modality == m);
            if self.query.contains(Modality::Sketch) {
                parts.extend(of(Modality::Sketch).map(|s| part(s)));
            }
            if self.query.contains(Modality::Text) {
                let with = |s: &&Sample| Query {
                    entry: entry(photo),
                    views: vec![parts.iter().cloned().chain([part(s)]).collect()],
                };
                queries.extend(of(Modality::Text).map(with));
            } else {
                queries.push(Query { entry: entry(photo), views: vec![parts] });
            }
        }
        queries
    }
}

/// The published query lists of ORBench: what a query holds, and the modality over whose samples the list runs.
fn orbench_keys() -> Vec<(ModalitySet, Modality)> {
    let members = ORBENCH.map(|(m, _)| m);
    let mut sets: Vec<ModalitySet> = (1u8..16)
        .map(|bits| {
            members
                .into_iter()
                .enumerate()
                .filter(|(i, _)| bits >> i & 1 == 1)
                .map(|(_, m)| m)
                .collect()
        })
        .collect();
    sets.sort_by_key(|set| (set.len(), *set));
    sets.into_iter()
        .flat_map(|set| {
            members.into_iter().filter(move |m| set.contains(*m)).map(move |first| (set, first))
        })
        .collect()
}

fn orbench_key(set: ModalitySet, first: Option<Modality>) -> String {
    let (head, tail): (Vec<_>, Vec<_>) =
        ORBENCH.into_iter().filter(|(m, _)| set.contains(*m)).partition(|(m, _)| Some(*m) == first);
    head.into_iter().chain(tail).map(|(_, name)| name).collect::<Vec<_>>().join("+")
}

impl Variant {
    /// Adds what `word` says; the error lists the words that `dataset` knows.
    fn add(&mut self, word: &str, dataset: DatasetName) -> std::result::Result<(), &'static str> {
        use DatasetName as D;
        match dataset {
            D::SysuMm01 => {
                const KNOWN: &str = "all, indoor, official, <n>-shot";
                match word {
                    "all" => self.mode = Some(Mode::All),
                    "indoor" => self.mode = Some(Mode::Indoor),
                    "official" => self.official = true,
                    _ => {
                        self.shots = Some(
                            word.strip_suffix("-shot")
                                .and_then(|n| n.parse().ok())
                                .filter(|n| *n > 0)
                                .ok_or(KNOWN)?,
                        )
                    }
                }
            }
            D::Market1501 | D::Market1501Plus500k if word == "multi-query" => {
                self.multi_query = true
            }
            D::Market1501 | D::Market1501Plus500k => return Err("multi-query"),
            D::MarketSketch1k if word == "multi-query" => self.multi_query = true,
            D::MarketSketch1k
                if !word.is_empty() && word.chars().all(|c| ('A'..='F').contains(&c)) =>
            {
                self.artists = word.to_owned()
            }
            D::MarketSketch1k => return Err("artists such as A or ABE, multi-query"),
            D::Llcm if word == "released" => self.released = true,
            D::Llcm => return Err("released (of rgb-infrared)"),
            D::OrBench => {
                const KNOWN: &str = "<modality>-first";
                self.first =
                    Some(word.strip_suffix("-first").and_then(|m| m.parse().ok()).ok_or(KNOWN)?);
            }
            D::Table(_) => {
                self.rule = Some(Protocol::named(word).ok_or("the protocols of `aio score`")?)
            }
            _ => return Err(""),
        }
        Ok(())
    }
}

impl TaskData {
    /// Queries that have nothing to find, in the first trial.
    #[must_use]
    pub fn unmatched(&self) -> Unmatched {
        let (chosen, shown) = &self.trials[0];
        let queries: Vec<Entry> = chosen.iter().map(|i| self.queries[*i].entry).collect();
        let gallery: Vec<Entry> = shown.iter().map(|i| self.gallery[*i].0).collect();
        unmatched(&queries, &gallery, self.protocol)
    }

    /// Why queries are skipped, in words; `None` if none is.
    #[must_use]
    pub fn explain_unmatched(&self) -> Option<String> {
        let Unmatched { absent, hidden } = self.unmatched();
        let total = self.trials[0].0.len();
        let mut reasons = Vec::new();
        if absent > 0 {
            reasons.push(format!("{absent} show people whom the gallery does not show"));
        }
        if hidden > 0 {
            reasons.push(format!(
                "of {hidden} the protocol `{}` hides every match ({})",
                self.protocol.name(),
                self.protocol.hides()
            ));
        }
        (!reasons.is_empty()).then(|| {
            format!(
                "{} of {total} queries have no match and count nowhere: {}",
                absent + hidden,
                reasons.join("; ")
            )
        })
    }
}

impl Query {
    /// The pictures that embedding this query opens.
    pub fn pictures(&self) -> impl Iterator<Item = &QueryPicture> {
        self.views.iter().flatten().filter_map(|p| match p {
            Part::Picture(picture) => Some(picture),
            Part::Caption(_) => None,
        })
    }

    /// The caption, if there is one.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        self.views.iter().flatten().find_map(|p| match p {
            Part::Caption(text) => Some(text.as_str()),
            Part::Picture(_) => None,
        })
    }

    /// The query's views as the extractor takes them; `open` yields decoded pictures. The query is the mean of their embeddings.
    ///
    /// # Panics
    /// If `open` does not know one of [`Self::pictures`].
    pub fn inputs(&self, open: &dyn Fn(&Path) -> Picture) -> Vec<Observation<Picture>> {
        let input = |parts: &Vec<Part>| {
            let mut input = Observation::default();
            for part in parts {
                match part {
                    Part::Picture(picture) => input
                        .pictures
                        .push((picture.modality, picture.prepared(open(&picture.path)))),
                    Part::Caption(text) => input.caption = Some(text.clone()),
                }
            }
            input
        };
        self.views.iter().map(input).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tasks_parse_and_print_back() {
        for text in [
            "market1501.rgb-rgb",
            "market1501.rgb-rgb.multi-query",
            "sysu-mm01.infrared-rgb.all",
            "sysu-mm01.infrared-rgb.indoor.official.10-shot",
            "regdb-3.rgb-infrared",
            "llcm.rgb-infrared.released",
            "market-sketch-1k.sketch-rgb.ABE.multi-query",
            "tri-cuhk-pedes.sketch+text-rgb",
            "orbench.infrared+text-rgb",
            "orbench.infrared+text-rgb.text-first",
            "orbench.text-infrared",
            "orbench.rgb-sketch",
            "orbench.sketch-colour-pencil",
            "table:shop.text-rgb",
            "table:shop.sketch-colour-pencil.market1501",
        ] {
            assert_eq!(Task::parse(text).expect(text)[0].to_string(), text);
        }
        assert_eq!(Task::parse("tri-cuhk-pedes.*-rgb").expect("all").len(), 15);
        for dataset in DatasetName::ALL {
            for task in Task::usual(dataset) {
                assert_eq!(Task::parse(&task).expect(&task).len(), 1);
            }
        }
    }

    #[test]
    fn orbench_has_its_32_published_keys() {
        let keys: BTreeSet<String> =
            orbench_keys().into_iter().map(|(set, first)| orbench_key(set, Some(first))).collect();
        assert_eq!(keys.len(), 32);
        for key in ["NIR", "TEXT+NIR", "SK+CP+TEXT", "CP+NIR+SK+TEXT", "TEXT+NIR+CP+SK"] {
            assert!(keys.contains(key), "{key}");
        }
        let tasks = Task::parse("orbench.*-rgb").expect("all");
        let groups =
            [1, 2, 3, 4].map(|n| tasks.iter().filter(|t| t.orbench_group() == Some(n)).count());
        assert_eq!(groups, [4, 12, 12, 4]);
        let other = Task::parse("orbench.text-sketch").expect("a direction of ours");
        assert_eq!(other[0].orbench_group(), None, "no published list");
    }

    #[test]
    fn impossible_tasks_are_refused_by_name() {
        for (text, word) in [
            ("market1502.rgb-rgb", "market1502"),
            ("market1501.sketch-rgb", "sketch"),
            ("market1501.rgb", "<query>-<gallery>"),
            ("pku-sketch.sketch-rgb.all", "no variant `all`"),
            ("llcm.infrared-rgb.released", "no infrared queries against rgb"),
            ("sysu-mm01.infrared-rgb.10-shot", "single-shot"),
            ("orbench.sketch-rgb.text-first", "no sketch queries"),
            ("orbench.sketch-sketch", "no sketch queries against sketch"),
            ("orbench.infrared+text-sketch", "no infrared+text queries against sketch"),
            ("orbench.rgb-text", "no rgb queries against text"),
        ] {
            let error = Task::parse(text).expect_err(text);
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
