//! Lists in the form of OmniReID (He et al., Instruct-ReID, CVPR 2024).

use super::{DatasetInfo, nothing_further};
use crate::evaluation::{TaskRules, photograph_combinations};
use crate::list::{lines, listed};
use crate::{DataError, Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::Modality;
use std::path::Path;

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
    read,
    further: nothing_further,
};

/// Photographs against photographs.
const RULES: TaskRules = TaskRules {
    usual: &["rgb-rgb"],
    every_query: photograph_combinations,
    evaluation: |request| {
        request.every_query(&[(Modality::Rgb, Modality::Rgb)], Protocol::Market1501)
    },
};

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

/// A missing camera is not known, so that no rule takes it for that of another picture. Instruct-ReID reads it as −1 of
/// queries and −2 of the gallery, to the same effect.
fn samples(root: &Path, list: &str) -> Result<Vec<Sample>> {
    let list = root.join(list);
    lines(&list)?
        .into_iter()
        .map(|(row, line)| {
            let problem = |problem: String| DataError::Row { path: list.clone(), row, problem };
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (path, rest) = match fields[..] {
                [path, _, identity, _] => (path, [identity, ""]),
                [path, _, identity, _, camera] => (path, [identity, camera]),
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
            let file = listed(&list, row, root, path)?;
            let sample = Sample::picture(number(rest[0])?, Modality::Rgb, file);
            Ok(if rest[1].is_empty() { sample } else { sample.taken_by(number(rest[1])?) })
        })
        .collect()
}
