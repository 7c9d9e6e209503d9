//! Lists in the form of OmniReID (He et al., Instruct-ReID, CVPR 2024).

use super::{DatasetInfo, nothing_further};
use crate::evaluation::{
    Direction, Evaluation, Refusal, TaskRules, TestSet, photograph_combinations,
};
use crate::label::Label;
use crate::list::{Once, lines};
use crate::{DataError, Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::Modality;
use std::path::Path;
use std::sync::Arc;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "omnireid",
    modalities: &[Modality::Rgb],
    layout: "\
OmniReID/
    train.txt  query.txt  gallery.txt    lines `<image> <clothes template or instruction> <identity> <clothes> [<camera>]`
    …                                    the images, below the same folder",
    folders: &["OmniReID", "omnireid"],
    markers: &["query.txt"],
    counts: &[],
    terms: "lists from the authors of Instruct-ReID; the images from the owners of the data sets they name",
    // The lists name images of many data sets; which, only their paths tell.
    people: &["market-1501", "msmt17", "cuhk03", "cuhk-pedes", "llcm", "sysu-mm01"],
    family: "omnireid",
    rules: RULES,
    splits: None,
    read,
    further: nothing_further,
};

/// Photographs against photographs; with the variant, of people in other clothes.
const RULES: TaskRules = TaskRules {
    usual: &["rgb-rgb"],
    has_combinations: false,
    every_query: photograph_combinations,
    evaluation: |request| {
        let changing = request.has_variant(Protocol::ClothesChanging.name())?;
        if !request.direction.is(Modality::Rgb, Modality::Rgb) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(ClothesSearch { direction: request.direction, changing }))
    },
};

#[derive(Debug)]
struct ClothesSearch {
    direction: Direction,
    /// Whether photographs of the person in the query's clothes are hidden.
    changing: bool,
}

impl Evaluation for ClothesSearch {
    fn variants(&self) -> Vec<String> {
        if self.changing { vec![Protocol::ClothesChanging.name().to_owned()] } else { Vec::new() }
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(if self.changing { Protocol::ClothesChanging } else { Protocol::Market1501 })
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        Ok(TestSet::of_sides(dataset, self.direction))
    }
}

/// The instruction is not read: no tokenizer here takes one.
fn read(root: &Path) -> Result<Dataset> {
    let train = root.join("train.txt");
    Ok(Dataset {
        train: if train.is_file() { samples(root, "train.txt")? } else { Vec::new() },
        query: samples(root, "query.txt")?,
        gallery: samples(root, "gallery.txt")?,
        ..Dataset::default()
    })
}

/// Clothes are a number or a word. Clothes and cameras below 0 are not known, nor is a missing camera, so that no rule takes them for those of another
/// picture. Instruct-ReID reads a missing camera as −1 of queries and −2 of the gallery, to the same effect.
fn samples(root: &Path, list: &str) -> Result<Vec<Sample>> {
    let list = root.join(list);
    let mut once = Once::default();
    lines(&list)?
        .into_iter()
        .map(|(row, line)| {
            let problem = |problem: String| DataError::Row { path: list.clone(), row, problem };
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (path, identity, clothes, camera) = match fields[..] {
                [path, _, identity, clothes] => (path, identity, clothes, None),
                [path, _, identity, clothes, camera] => (path, identity, clothes, Some(camera)),
                _ => {
                    return Err(problem(format!(
                        "expected four or five columns, found {}: `{line}`",
                        fields.len()
                    )));
                }
            };
            let number = |field: &str| {
                field.parse::<i64>().map_err(|_| problem(format!("`{field}` is not a number")))
            };
            let file = INFO.listed(&list, row, (root, ""), path)?;
            once.check(&list, row, &file)?;
            let sample = Sample::picture(number(identity)?, Modality::Rgb, file);
            let sample = match Label::parse(clothes) {
                clothes if clothes.is_unknown() => sample,
                clothes => sample.wearing(clothes.number()),
            };
            Ok(match camera.map(number).transpose()? {
                Some(camera @ 0..) => sample.taken_by(camera),
                Some(..0) | None => sample,
            })
        })
        .collect()
}
