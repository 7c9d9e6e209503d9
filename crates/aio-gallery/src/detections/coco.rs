//! COCO's annotations (JSON).

use super::{Detected, Detection, Source};
use crate::error::{GalleryError, Result};
use crate::record::BoundingBox;
use aio_data::{DataError, fs};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

#[derive(Deserialize)]
struct File {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: i64,
    file_name: String,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: i64,
    bbox: [f64; 4],
    category_id: Option<i64>,
    // Not as one key with two names: some files have both.
    score: Option<f64>,
    confidence: Option<f64>,
    track_id: Option<i64>,
    instance_id: Option<i64>,
    /// 1 or true for a box around several people; other programs write 0, false or nothing.
    #[serde(default)]
    iscrowd: Value,
}

#[derive(Deserialize)]
struct Category {
    id: i64,
    name: String,
}

/// Reads annotations in COCO's format. Boxes are `[left, top, width, height]` in pixels. If the file names categories, only boxes of
/// `category` are read. `track_id` (or else `instance_id`) and `score` (or else `confidence`) are read where they are given; a track
/// below 0 means none. A box that `iscrowd` says to be around several people is left out.
///
/// # Errors
/// [`GalleryError::Data`] naming the annotation that cannot be used, [`GalleryError::Request`] if there is no such category.
pub fn coco(source: &Source, category: &str) -> Result<Detected> {
    let path = source.file;
    let file: File = serde_json::from_str(&fs::read_text(path)?)
        .map_err(|e| DataError::Parse { path: path.to_path_buf(), problem: e.to_string() })?;
    let wanted: BTreeSet<i64> =
        file.categories.iter().filter(|c| c.name == category).map(|c| c.id).collect();
    if wanted.is_empty() && !file.categories.is_empty() {
        let names: Vec<&str> = file.categories.iter().map(|c| c.name.as_str()).collect();
        let problem = format!("{} has no category `{category}`", path.display());
        return Err(GalleryError::request(problem, format!("it has {}", names.join(", "))));
    }
    let mut images = BTreeMap::new();
    for (row, image) in (1..).zip(file.images) {
        if !stays_inside(&image.file_name) {
            let problem = format!("the image `{}` lies outside the folder", image.file_name);
            return Err(source.wrong(row, problem));
        }
        let (id, picture) = (image.id, source.frames.join(image.file_name));
        // As in files that were joined without new numbers: boxes would be cut out of another picture than theirs.
        if let Some(other) = images.insert(id, picture.clone())
            && other != picture
        {
            let problem =
                format!("{} and {} are both image {id}", other.display(), picture.display());
            return Err(source.wrong(row, problem));
        }
    }
    let (mut detections, mut crowds) = (Vec::new(), 0);
    for (row, annotation) in (1..).zip(file.annotations) {
        if !file.categories.is_empty()
            && annotation.category_id.is_none_or(|category| !wanted.contains(&category))
        {
            continue;
        }
        if annotation.iscrowd == 1 || annotation.iscrowd == true {
            crowds += 1;
            continue;
        }
        let number = annotation.image_id;
        let frame = images.get(&number).ok_or_else(|| {
            source.wrong(row, format!("the annotation is of image {number}, which is not listed"))
        })?;
        let [left, top, width, height] = annotation.bbox;
        let crop = BoundingBox { left, top, height, width };
        if !(annotation.bbox.iter().all(|n| n.is_finite()) && width > 0.0 && height > 0.0) {
            return Err(source.wrong(row, format!("the annotation has the box {crop}")));
        }
        detections.push(Detection {
            frame: frame.clone(),
            crop,
            // As in MOTChallenge, a number below 0 is no track.
            track: annotation.track_id.or(annotation.instance_id).filter(|track| *track >= 0),
            confidence: annotation.score.or(annotation.confidence),
            number,
            row,
        });
    }
    source.detected(detections, crowds)
}

fn stays_inside(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
