//! ICFG-PEDES (Ding et al., SSAN, 2021) and Tri-ICFG-PEDES (Chen et al., UNIReID, CVPR 2023).

use super::cuhk_pedes::Annotated;
use super::{DatasetInfo, captions, count, nothing_further, tri};
use crate::Split;
use aio_types::Modality;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "icfg-pedes",
    modalities: &[Modality::Rgb, Modality::Text],
    layout: "\
ICFG-PEDES/
    imgs/{train,test}/0627/0627_010_05_0303afternoon_1591_0.jpg
    ICFG-PEDES.json (or ICFG_PEDES.json)    [{\"split\",\"captions\",\"file_path\",\"id\",…}, …]   (the split is the key's, not the folder's)",
    folders: &["ICFG-PEDES", "icfg-pedes"],
    markers: &["ICFG-PEDES.json", "ICFG_PEDES.json"],
    counts: &[
        count(Split::Train, Modality::Rgb, 34_674, 3_102),
        count(Split::Train, Modality::Text, 34_674, 3_102),
        count(Split::Gallery, Modality::Rgb, 19_848, 1_000),
        count(Split::Query, Modality::Text, 19_848, 1_000),
    ],
    terms: "on request to its authors",
    people: &["msmt17"],
    family: "icfg-pedes",
    rules: captions::RULES,
    splits: None,
    read: |root| FORM.read(&INFO, root, None),
    further: nothing_further,
};

pub(super) const TRI: DatasetInfo = DatasetInfo {
    name: "tri-icfg-pedes",
    modalities: &[Modality::Rgb, Modality::Sketch, Modality::Text],
    layout: "\
ICFG-PEDES/
    imgs/…  ICFG-PEDES.json    as ICFG-PEDES
    imgs-sketch/…              one sketch per photograph, under the same relative path",
    markers: &["imgs-sketch"],
    counts: &[
        count(Split::Gallery, Modality::Rgb, 19_848, 1_000),
        count(Split::Query, Modality::Text, 19_848, 1_000),
        count(Split::Query, Modality::Sketch, 19_848, 1_000),
    ],
    terms: "from the authors of UNIReID",
    rules: tri::RULES,
    read: |root| FORM.read(&TRI, root, Some("imgs-sketch")),
    ..INFO
};

// One training photograph is annotated twice in the published file.
const FORM: Annotated =
    Annotated { files: &["ICFG-PEDES.json", "ICFG_PEDES.json"], images: "imgs", unique: false };
