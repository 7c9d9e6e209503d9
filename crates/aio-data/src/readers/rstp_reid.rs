//! RSTPReid (Zhu et al., ACM MM 2021) and Tri-RSTPReid (Chen et al., UNIReID, CVPR 2023).

use super::cuhk_pedes::Annotated;
use super::{DatasetInfo, captions, count, nothing_further, tri};
use crate::Split;
use aio_types::Modality;

pub(super) const INFO: DatasetInfo = DatasetInfo {
    name: "rstpreid",
    modalities: &[Modality::Rgb, Modality::Text],
    layout: "\
RSTPReid/
    imgs/0000_c1_0004.jpg
    data_captions.json    [{\"id\",\"img_path\",\"captions\",\"split\"}, …]",
    folders: &["RSTPReid", "rstpreid"],
    markers: &["data_captions.json"],
    counts: &[
        count(Split::Train, Modality::Rgb, 18_505, 3_701),
        count(Split::Train, Modality::Text, 37_010, 3_701),
        count(Split::Validation, Modality::Rgb, 1_000, 200),
        count(Split::Gallery, Modality::Rgb, 1_000, 200),
        count(Split::Query, Modality::Text, 2_000, 200),
    ],
    terms: "from its authors",
    people: &["msmt17"],
    family: "rstpreid",
    rules: captions::RULES,
    splits: None,
    read: |root| FORM.read(&INFO, root, None),
    further: nothing_further,
};

pub(super) const TRI: DatasetInfo = DatasetInfo {
    name: "tri-rstpreid",
    modalities: &[Modality::Rgb, Modality::Sketch, Modality::Text],
    layout: "\
RSTPReid/
    imgs/…  data_captions.json    as RSTPReid
    imgs-sketch/…                 one sketch per photograph, under the same relative path",
    markers: &["imgs-sketch"],
    counts: &[
        count(Split::Gallery, Modality::Rgb, 1_000, 200),
        count(Split::Query, Modality::Text, 2_000, 200),
        count(Split::Query, Modality::Sketch, 1_000, 200),
    ],
    terms: "from the authors of UNIReID",
    rules: tri::RULES,
    read: |root| FORM.read(&TRI, root, Some("imgs-sketch")),
    ..INFO
};

const FORM: Annotated = Annotated { files: &["data_captions.json"], images: "imgs", unique: true };
