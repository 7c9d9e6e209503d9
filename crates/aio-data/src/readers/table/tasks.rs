use crate::evaluation::{
    Direction, Evaluation, Query, Refusal, TaskRules, TestSet, gallery_items,
    photograph_combinations,
};
use crate::links::resolved;
use crate::{DataError, Dataset, Result};
use aio_eval::{Entry, Protocol};
use aio_types::Modality;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Any modalities against any pictures, and pictures against sentences, under the protocol that the task names.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &[],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        let mut protocol = None;
        for word in request.variants {
            let known = "the protocols of `aio score`";
            let unknown = || Refusal::Variant { word: word.clone(), known };
            protocol = Some(Protocol::named(word).ok_or_else(unknown)?);
        }
        let direction = request.direction;
        let is_text = !direction.gallery.is_visual();
        if is_text && direction.query.contains(Modality::Text) {
            return Err(Refusal::Direction);
        }
        if direction.query.len() > 1 && compares(protocol) == Compared::MoreThanCameras {
            return Err(Refusal::Combination {
                problem: "the parts of a mixed query have no source or clothes in common, which this protocol compares",
                hint: "name a protocol that compares cameras, or none",
            });
        }
        Ok(Arc::new(OwnSearch { direction, protocol }))
    },
};

#[derive(Debug)]
struct OwnSearch {
    direction: Direction,
    /// The protocol that the task names. Otherwise the rows of the task decide ([`by_cameras`]).
    protocol: Option<Protocol>,
}

/// What a protocol compares beside identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compared {
    Nothing,
    Cameras,
    MoreThanCameras,
}

/// Where no protocol is named, the rows decide, which may have cameras.
fn compares(protocol: Option<Protocol>) -> Compared {
    match protocol {
        Some(Protocol::Regdb | Protocol::Text | Protocol::None) => Compared::Nothing,
        Some(Protocol::Tri | Protocol::ClothesChanging) => Compared::MoreThanCameras,
        Some(
            Protocol::Market1501 | Protocol::SysuMm01 | Protocol::Llcm | Protocol::Cuhk03Classic,
        )
        | None => Compared::Cameras,
    }
}

/// One side of a task, as far as its cameras go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cameras {
    /// Every row has one.
    All,
    /// No row has one.
    None,
}

impl Evaluation for OwnSearch {
    fn variants(&self) -> Vec<String> {
        self.protocol.iter().map(|protocol| protocol.name().to_owned()).collect()
    }

    fn protocol(&self, test: &TestSet) -> Result<Protocol> {
        let protocol = match self.protocol {
            Some(named) => {
                check_labels(named, test)?;
                named
            }
            None => by_cameras(test)?,
        };
        refuse_queries_in_the_gallery(protocol, test)?;
        Ok(protocol)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        if let (Some(Protocol::SysuMm01), Some(name)) =
            (self.protocol, dataset.names.named_camera())
        {
            return Err(DataError::Request {
                problem: format!(
                    "the protocol `sysu-mm01` knows cameras by their numbers, 1 to 6; one of this table is called `{name}`"
                ),
                hint: "number the cameras as SYSU-MM01 does, or name another protocol".to_owned(),
            });
        }
        if self.direction.query.len() == 1 {
            return Ok(TestSet::of_sides(dataset, self.direction));
        }
        let gallery = gallery_items(&dataset.gallery, self.direction.gallery);
        // Where no protocol is named, nothing is hidden unless the gallery has cameras.
        let by_camera = compares(self.protocol) == Compared::Cameras
            && (self.protocol.is_some() || gallery.iter().any(|item| item.entry.camera.is_some()));
        let queries = super::mixed::queries(&dataset.query, self.direction.query, by_camera)?;
        Ok(TestSet { queries, gallery })
    }
}

/// Market-1501's protocol where every row of the task has a camera. Where no query has one, or no gallery picture, junk
/// cannot be told and nothing is hidden.
///
/// # Errors
/// [`DataError::Request`] where some rows of one side have a camera and others have not: each of the two protocols would be
/// wrong for some of them.
fn by_cameras(test: &TestSet) -> Result<Protocol> {
    let asked = test.queries.iter().map(|query| (query.entry, describe(query)));
    let shown = test.gallery.iter().map(|item| (item.entry, item.content.to_string()));
    Ok(match (cameras("query", asked)?, cameras("gallery", shown)?) {
        (Cameras::All, Cameras::All) => Protocol::Market1501,
        _ => Protocol::None,
    })
}

/// Refuses a protocol that compares what no row of one side of the task has, since it would hide nothing, and cameras that it does not know.
///
/// # Errors
/// [`DataError::Request`] naming the column.
fn check_labels(protocol: Protocol, test: &TestSet) -> Result<()> {
    type IsKnown = fn(&Entry) -> bool;
    let compared: [(bool, &str, IsKnown); 3] = [
        (protocol.needs_cameras(), "camera", |entry| entry.camera.is_some()),
        (protocol.needs_sources(), "source", |entry| entry.source.is_some()),
        (protocol.needs_clothes(), "clothes", |entry| entry.clothes.is_some()),
    ];
    for (_, column, is_known) in compared.into_iter().filter(|(is_compared, ..)| *is_compared) {
        let asked = test.queries.is_empty() || test.queries.iter().any(|q| is_known(&q.entry));
        let shown = test.gallery.is_empty() || test.gallery.iter().any(|i| is_known(&i.entry));
        let split = match (asked, shown) {
            (true, true) => continue,
            (false, _) => "query",
            (true, false) => "gallery",
        };
        return Err(DataError::Request {
            problem: format!(
                "the protocol `{}` compares the column `{column}`, which is empty in every {split} row of the task",
                protocol.name()
            ),
            hint: format!(
                "fill it in, or name the protocol behind the task that hides nothing: .{}",
                Protocol::None.name()
            ),
        });
    }
    let entries =
        test.queries.iter().map(|query| query.entry).chain(test.gallery.iter().map(|i| i.entry));
    match entries.filter_map(|entry| entry.camera).find(|camera| !protocol.knows(*camera)) {
        Some(camera) => Err(DataError::Request {
            problem: format!(
                "the protocol `{}` knows cameras by their numbers, 1 to 6; one of the task is {}",
                protocol.name(),
                camera.0
            ),
            hint: "number the cameras as SYSU-MM01 does, or name another protocol".to_owned(),
        }),
        None => Ok(()),
    }
}

/// Refuses a query whose own file is in the gallery, by whatever path, and is not hidden: it would find itself.
///
/// # Errors
/// [`DataError::Request`] naming the first such file.
fn refuse_queries_in_the_gallery(protocol: Protocol, test: &TestSet) -> Result<()> {
    let pictures = test.gallery.iter().filter_map(|item| Some((item.path()?, &item.entry)));
    let (paths, entries): (Vec<&Path>, Vec<&Entry>) = pictures.unzip();
    let mut shown = HashMap::<PathBuf, Vec<&Entry>>::new();
    for ((_, file), entry) in resolved(paths).into_iter().zip(entries) {
        shown.entry(file).or_default().push(entry);
    }
    let asked = test.queries.iter().flat_map(|query| query.pictures());
    let files: HashMap<&Path, PathBuf> =
        resolved(asked.map(|(_, picture)| picture.path.as_path())).into_iter().collect();
    let finds_itself = |query: &&Query| {
        query.pictures().any(|(_, picture)| {
            let same = files.get(picture.path.as_path()).and_then(|file| shown.get(file));
            same.into_iter().flatten().any(|entry| !protocol.is_junk(&query.entry, entry))
        })
    };
    let found: Vec<&Query> = test.queries.iter().filter(finds_itself).collect();
    let Some(first) = found.first() else { return Ok(()) };
    Err(DataError::Request {
        problem: format!(
            "{} of {} queries are in the gallery themselves, the first of them `{}`; the protocol `{}` does not hide them, so that they find themselves",
            found.len(),
            test.queries.len(),
            describe(first),
            protocol.name()
        ),
        hint: format!(
            "list every picture in one of the splits `query` and `gallery`, or give it one number in the column `source` of both rows and name the protocol that hides it behind the task: .{}",
            Protocol::Tri.name()
        ),
    })
}

/// The picture or sentence of a query, as an error names it.
fn describe(query: &Query) -> String {
    let picture = query.pictures().next().map(|(_, picture)| picture.path.display().to_string());
    picture.or_else(|| query.caption().map(str::to_owned)).unwrap_or_default()
}

/// What the rows of the split `split` say of cameras.
fn cameras(split: &str, rows: impl Iterator<Item = (Entry, String)>) -> Result<Cameras> {
    let (mut with, mut without, mut first) = (0, 0, String::new());
    for (entry, what) in rows {
        if entry.camera.is_some() {
            with += 1;
        } else {
            if without == 0 {
                first = format!("`{what}`");
            }
            without += 1;
        }
    }
    match (with, without) {
        (_, 0) => Ok(Cameras::All),
        (0, _) => Ok(Cameras::None),
        _ => Err(DataError::Request {
            problem: format!(
                "{with} {split} rows have a camera and {without} have none, the first of them {first}; \
                 with cameras, pictures of the query's identity and camera are hidden, without them nothing is"
            ),
            hint: format!(
                "fill in the column `camera`, leave it empty in every row, or name the protocol behind the task: .{} or .{}",
                Protocol::Market1501.name(),
                Protocol::None.name()
            ),
        }),
    }
}
