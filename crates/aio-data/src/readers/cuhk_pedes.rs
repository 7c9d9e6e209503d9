//! CUHK-PEDES (Li et al., CVPR 2017) and Tri-CUHK-PEDES (Chen et al., UNIReID, CVPR 2023), and the form of annotation
//! that ICFG-PEDES and RSTPReid share with them.

use super::{DatasetInfo, captions, count, nothing_further, tri};
use crate::list::{Once, annotations};
use crate::{Content, DataError, Dataset, Result, Sample, Split};
use aio_types::Modality;
use serde::Deserialize;
use std::path::Path;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "cuhk-pedes",
    modalities: &[Modality::Rgb, Modality::Text],
    layout: "\
CUHK-PEDES/
    imgs/{cam_a,cam_b,CUHK01,CUHK03,Market,test_query,train_query}/…
    reid_raw.json    [{\"split\",\"captions\",\"file_path\",\"id\",…}, …]",
    folders: &["CUHK-PEDES", "cuhk-pedes"],
    markers: &["reid_raw.json"],
    counts: &[
        count(Split::Train, Modality::Rgb, 34_054, 11_003),
        count(Split::Train, Modality::Text, 68_126, 11_003),
        count(Split::Validation, Modality::Rgb, 3_078, 1_000),
        count(Split::Validation, Modality::Text, 6_158, 1_000),
        count(Split::Gallery, Modality::Rgb, 3_074, 1_000),
        count(Split::Query, Modality::Text, 6_156, 1_000),
    ],
    terms: "on request to its authors",
    people: &["market-1501", "cuhk03", "cuhk-pedes"],
    family: "cuhk-pedes",
    rules: captions::RULES,
    splits: None,
    read: |root| FORM.read(&INFO, root, None),
    further: nothing_further,
};

pub(super) const TRI: DatasetInfo = DatasetInfo {
    name: "tri-cuhk-pedes",
    modalities: &[Modality::Rgb, Modality::Sketch, Modality::Text],
    layout: "\
CUHK-PEDES/
    imgs/…
    imgs-sketch2/…   one sketch per photograph, under the same relative path
    reid_raw.json    [{\"split\",\"captions\",\"file_path\",\"id\",…}, …]",
    markers: &["imgs-sketch2"],
    counts: &[
        count(Split::Gallery, Modality::Rgb, 3_074, 1_000),
        count(Split::Query, Modality::Text, 6_156, 1_000),
        count(Split::Query, Modality::Sketch, 3_074, 1_000),
    ],
    terms: "from the authors of UNIReID",
    rules: tri::RULES,
    read: |root| FORM.read(&TRI, root, Some("imgs-sketch2")),
    ..INFO
};

const FORM: Annotated = Annotated { files: &["reid_raw.json"], images: "imgs", unique: true };

/// A data set that is one JSON array of photographs with captions.
pub(super) struct Annotated {
    /// Names that the file goes by.
    pub(super) files: &'static [&'static str],
    /// Folder of the photographs.
    pub(super) images: &'static str,
    /// Whether no photograph may be annotated twice.
    pub(super) unique: bool,
}

/// The part of the data set that a photograph belongs to.
#[derive(Clone, Copy)]
enum Part {
    Train,
    Validation,
    Test,
}

#[derive(Deserialize)]
struct Item {
    split: String,
    captions: Vec<String>,
    // RSTPReid calls it `img_path`.
    #[serde(alias = "img_path")]
    file_path: String,
    id: i64,
}

impl Annotated {
    /// Reads the annotations; `sketches` names the folder of the Tri- data sets' drawings.
    ///
    /// The source photograph of a sample is the index of its annotation within the split, which UNIReID calls `image_id`.
    pub(super) fn read(
        &self,
        info: &DatasetInfo,
        root: &Path,
        sketches: Option<&str>,
    ) -> Result<Dataset> {
        let list = self
            .files
            .iter()
            .map(|f| root.join(f))
            .find(|path| path.is_file())
            .unwrap_or_else(|| root.join(self.files[0]));
        let mut dataset = Dataset::default();
        let mut counts = [0i64; 3];
        let mut once = Once::default();
        annotations(&list, |row, item: Item| {
            let part = match item.split.as_str() {
                "train" => Part::Train,
                "val" => Part::Validation,
                "test" => Part::Test,
                other => {
                    let problem = format!("`split` is `{other}`; expected train, val or test");
                    return Err(DataError::Row { path: list.clone(), row, problem });
                }
            };
            let source = counts[part as usize];
            let sample =
                |modality, content| Sample::new(item.id, modality, content).made_from(source);
            let path = info.listed(&list, row, (root, self.images), &item.file_path)?;
            if self.unique {
                once.check(&list, row, &path)?;
            }
            let photo = sample(Modality::Rgb, Content::Image(path));
            let mut described: Vec<Sample> = item
                .captions
                .iter()
                .map(|c| sample(Modality::Text, Content::Caption(c.clone())))
                .collect();
            if let Some(folder) = sketches {
                let path = info.listed(&list, row, (root, folder), &item.file_path)?;
                described.push(sample(Modality::Sketch, Content::Image(path)));
            }
            counts[part as usize] += 1;
            match part {
                Part::Train => dataset.train.extend(std::iter::once(photo).chain(described)),
                Part::Validation => {
                    dataset.validation.extend(std::iter::once(photo).chain(described))
                }
                Part::Test => {
                    dataset.gallery.push(photo);
                    dataset.query.extend(described);
                }
            }
            Ok(())
        })?;
        Ok(dataset)
    }
}
