use crate::evaluation::{
    Direction, Evaluation, Query, Refusal, TaskRules, TestSet, gallery_items,
    photograph_combinations,
};
use crate::{DataError, Dataset, Result};
use aio_eval::{Entry, Protocol};
use aio_types::Modality;
use std::sync::Arc;

/// Any modalities against any pictures, and pictures against sentences, under the protocol that the task names.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &[],
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
        match self.protocol {
            Some(named) => Ok(named),
            None => by_cameras(test),
        }
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
            return Ok(TestSet::of_sides(dataset, self.direction, false));
        }
        let by_camera = compares(self.protocol) == Compared::Cameras;
        Ok(TestSet {
            queries: super::mixed::queries(&dataset.query, self.direction.query, by_camera)?,
            gallery: gallery_items(&dataset.gallery, self.direction.gallery),
        })
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
