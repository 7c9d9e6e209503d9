//! Market-Sketch-1K, or MaSk1K (Lin et al., ACM MM 2023).

use super::{DatasetInfo, DatasetName, FurtherCount};
use crate::evaluation::{
    Direction, Evaluation, Query, Refusal, TaskRequest, TaskRules, TestSet, gallery_items,
    photograph_combinations,
};
use crate::list::file_name;
use crate::{DataError, Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::{Identity, Modality};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: LeftOut::Nobody.name(),
    modalities: &[Modality::Rgb, Modality::Sketch],
    layout: "\
MaSk1K/
    photo/{train,query}/0002_c1s1_000451_03.jpg     (`query` is the gallery)
    sketch/{A,B,C,D,E,F}/{train,query}/0002….jpg",
    folders: &["MaSk1K", "Market-Sketch-1K", "market-sketch-1k"],
    markers: &["sketch"],
    // The released subset of photographs is smaller than the paper's: only the sketches and their people are compared.
    counts: &[],
    terms: "CC BY-NC-SA; from its authors",
    people: &["market-1501"],
    family: "market-sketch-1k",
    rules: RULES,
    splits: None,
    read,
    further,
};

/// Whose test people a variant of the data set leaves out of every part, by Market-1501's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeftOut {
    /// Nobody: the data set as it was published.
    Nobody,
    /// The people whom Market-1501 tests.
    MarketTests,
    /// The people whom Market-1501 tests, and those whom CUHK-PEDES tests with photographs of Market-1501.
    MarketAndCuhkTests,
}

impl LeftOut {
    /// The data set and its variants.
    pub(super) const ALL: [Self; 3] = [Self::Nobody, Self::MarketTests, Self::MarketAndCuhkTests];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nobody => "market-sketch-1k",
            Self::MarketTests => "market-sketch-1k-without-market-tests",
            Self::MarketAndCuhkTests => "market-sketch-1k-without-market-and-cuhk-tests",
        }
    }

    /// The data sets whose test people are left out.
    pub(super) const fn tested(self) -> &'static [DatasetName] {
        match self {
            Self::Nobody => &[],
            Self::MarketTests => &[DatasetName::Market1501],
            Self::MarketAndCuhkTests => &[DatasetName::Market1501, DatasetName::CuhkPedes],
        }
    }
}

/// The people of each part and all sketches; not every artist drew every person. Of variants nothing is published.
fn further(_: &Path, dataset: &Dataset) -> Result<Vec<FurtherCount>> {
    if dataset.name != INFO.name {
        return Ok(Vec::new());
    }
    let sketches = |samples: &[Sample]| -> Vec<Identity> {
        let drawn = samples.iter().filter(|sample| sample.modality == Modality::Sketch);
        drawn.map(|sample| sample.identity).collect()
    };
    let (train, query) = (sketches(&dataset.train), sketches(&dataset.query));
    let people = |drawn: &[Identity]| drawn.iter().collect::<BTreeSet<_>>().len();
    Ok(vec![
        FurtherCount::new("people with a training sketch", people(&train), 498),
        FurtherCount::new("people with a query sketch", people(&query), 498),
        FurtherCount::new("sketches of both parts", train.len() + query.len(), 4_763),
    ])
}

/// Sketches against photographs: of all artists or of some, one by one or all of a person together.
const RULES: TaskRules = TaskRules {
    usual: &["sketch-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        let search = SketchSearch::parse(request)?;
        if !request.direction.is(Modality::Sketch, Modality::Rgb) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(search))
    },
};

/// The variant whose queries consist of all sketches of a person.
const MULTI_QUERY: &str = "multi-query";

#[derive(Debug)]
struct SketchSearch {
    direction: Direction,
    /// Letters of the artists whose sketches are queries, where the task names some.
    artists: Option<String>,
    multi_query: bool,
}

impl SketchSearch {
    fn parse(request: &TaskRequest) -> std::result::Result<Self, Refusal> {
        let direction = request.direction;
        let mut search = Self { direction, artists: None, multi_query: false };
        for word in request.variants {
            if word == MULTI_QUERY {
                search.multi_query = true;
            } else if !word.is_empty() && word.chars().all(|letter| STYLES.contains(&letter)) {
                // One name for one set of artists.
                let letters: BTreeSet<char> = word.chars().collect();
                search.artists = Some(letters.into_iter().collect());
            } else {
                let known = "artists such as A or ABE, multi-query";
                return Err(Refusal::Variant { word: word.clone(), known });
            }
        }
        Ok(search)
    }

    fn is_asked(&self, sample: &Sample) -> bool {
        let drawn = match &self.artists {
            Some(artists) => sample.artist.is_some_and(|artist| artists.contains(artist)),
            None => true,
        };
        drawn && self.direction.query.contains(sample.modality)
    }
}

impl Evaluation for SketchSearch {
    fn variants(&self) -> Vec<String> {
        let mut words: Vec<String> = self.artists.iter().cloned().collect();
        words.extend(self.multi_query.then(|| MULTI_QUERY.to_owned()));
        words
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::None)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        let asked = dataset.query.iter().filter(|sample| self.is_asked(sample));
        let mut queries: Vec<Query> = asked.map(Query::single).collect();
        if self.multi_query {
            queries = one_per_person(queries);
        }
        let gallery = gallery_items(&dataset.gallery, self.direction.gallery);
        Ok(TestSet { queries, gallery })
    }
}

fn one_per_person(queries: Vec<Query>) -> Vec<Query> {
    let mut people: BTreeMap<Identity, Query> = BTreeMap::new();
    for Query { entry, views } in queries {
        let person = people.entry(entry.identity);
        person.or_insert(Query { entry, views: Vec::new() }).views.extend(views);
    }
    people.into_values().collect()
}

/// The six artists.
const STYLES: [char; 6] = ['A', 'B', 'C', 'D', 'E', 'F'];

fn read(root: &Path) -> Result<Dataset> {
    let (mut train, mut query) = (sketches(root, "train")?, sketches(root, "query")?);
    let drawn: BTreeSet<Identity> = train.iter().map(|s| s.identity).collect();
    // Photographs of people without a training sketch are left out, as in the reference code.
    train.extend(photos(root, "train")?.into_iter().filter(|s| drawn.contains(&s.identity)));
    query.sort_by_key(|s| s.identity);
    Ok(Dataset { train, query, gallery: photos(root, "query")?, ..Dataset::default() })
}

/// A variant: everybody except the test people of other data sets below the data root.
pub(super) fn read_variant(directory: &Path, left_out: LeftOut, root: &Path) -> Result<Dataset> {
    let mut dataset = read(directory)?;
    let mut tested = BTreeSet::new();
    for name in left_out.tested() {
        tested.extend(market_numbers_tested(*name, &name.open(root)?)?);
    }
    let Dataset { train, query, gallery, .. } = &mut dataset;
    for samples in [train, query, gallery] {
        samples.retain(|sample| !tested.contains(&sample.identity));
    }
    if dataset.train.is_empty() {
        let of: Vec<String> = left_out.tested().iter().map(ToString::to_string).collect();
        return Err(DataError::Request {
            problem: format!(
                "{}: everybody in its training part has the number of a test person of {}",
                left_out.name(),
                of.join(" or ")
            ),
            hint: format!(
                "rendered data sets number their people apart and share none of them: train on {}",
                INFO.name
            ),
        });
    }
    Ok(dataset)
}

/// Market-1501's numbers of the people whom a data set tests: its own identities, or in CUHK-PEDES the first four characters
/// of the names in its folder `Market`. The photographs of its other folders come from other collections.
fn market_numbers_tested(name: DatasetName, dataset: &Dataset) -> Result<BTreeSet<Identity>> {
    let tested = dataset.query.iter().chain(&dataset.gallery);
    if name != DatasetName::CuhkPedes {
        return Ok(tested.map(|sample| sample.identity).collect());
    }
    let of_market = |path: &&Path| {
        path.parent().and_then(Path::file_name).is_some_and(|folder| folder == "Market")
    };
    tested
        .filter_map(Sample::path)
        .filter(of_market)
        .map(|p| market_number(p, name.name()))
        .collect()
}

fn photos(root: &Path, part: &str) -> Result<Vec<Sample>> {
    INFO.images(&root.join("photo").join(part))?.iter().map(|p| sample(p, Modality::Rgb)).collect()
}

/// The sketches of all six artists; a copy without the folder of one of them is refused.
fn sketches(root: &Path, part: &str) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for style in STYLES {
        for path in INFO.images(&root.join(format!("sketch/{style}/{part}")))? {
            samples.push(Sample { artist: Some(style), ..sample(&path, Modality::Sketch)? });
        }
    }
    Ok(samples)
}

fn sample(path: &Path, modality: Modality) -> Result<Sample> {
    let identity = market_number(path, INFO.name)?;
    Ok(Sample { identity, ..Sample::picture(0, modality, path.to_path_buf()) })
}

/// The identity is the first four characters of the file name.
fn market_number(path: &Path, dataset: &'static str) -> Result<Identity> {
    let number = file_name(path).get(..4).and_then(|digits| digits.parse().ok());
    let pattern = "<four-digit identity>….jpg";
    number.map(Identity).ok_or_else(|| DataError::Name {
        dataset,
        path: path.to_path_buf(),
        pattern,
    })
}
