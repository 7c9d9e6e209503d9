//! Tasks of the Tri- data sets (Chen et al., UNIReID, CVPR 2023), whose photographs each have captions and one sketch.

use crate::evaluation::{
    Direction, Evaluation, Query, QueryPicture, Refusal, TaskRules, TestSet, gallery_items,
    observation, photograph_combinations,
};
use crate::{Dataset, Result, Sample};
use aio_eval::{Entry, Protocol};
use aio_types::{Identity, Modality, Observation, SourcePhoto};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Any of RGB, infrared, sketch and text together against photographs, without the photographs that the query was made
/// from.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &["text-rgb", "sketch-rgb", "sketch+text-rgb"],
    has_combinations: true,
    every_query: photograph_combinations,
    evaluation: |request| {
        let other_photo = request.has_variant(OTHER_PHOTO)?;
        let asked = [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text];
        let direction = request.direction;
        if direction.gallery != Modality::Rgb || !direction.asks_within(&asked) {
            return Err(Refusal::Direction);
        }
        let is_mixed = direction.query.contains(Modality::Infrared) && direction.query.len() > 1;
        if other_photo && !is_mixed {
            return Err(Refusal::Combination {
                problem: "`other-photo` needs queries of infrared and another modality",
                hint: "such as infrared+text-rgb.other-photo",
            });
        }
        Ok(Arc::new(Composed { direction, other_photo }))
    },
};

/// The variant whose infrared pictures are made from another photograph.
const OTHER_PHOTO: &str = "other-photo";

/// Queries whose parts belong to one photograph; with the variant, all but the infrared picture.
#[derive(Debug)]
struct Composed {
    direction: Direction,
    /// Whether the infrared picture is made from the person's next photograph.
    other_photo: bool,
}

impl Evaluation for Composed {
    fn variants(&self) -> Vec<String> {
        if self.other_photo { vec![OTHER_PHOTO.to_owned()] } else { Vec::new() }
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::Tri)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        let mut described: BTreeMap<Option<SourcePhoto>, Vec<&Sample>> = BTreeMap::new();
        for sample in &dataset.query {
            described.entry(sample.source).or_default().push(sample);
        }
        let mut queries = Vec::new();
        for (photo, next) in dataset.gallery.iter().zip(next_photos(&dataset.gallery)) {
            let made = described.get(&photo.source).map(Vec::as_slice).unwrap_or_default();
            if !self.other_photo {
                self.add_queries(photo, photo, made, &mut queries);
            } else if let Some(next) = next {
                self.add_queries(photo, next, made, &mut queries);
            }
        }
        Ok(TestSet { queries, gallery: gallery_items(&dataset.gallery, self.direction.gallery) })
    }
}

/// The next photograph of the same person for every photograph, after the last one the first; nothing where there is no other.
fn next_photos(photos: &[Sample]) -> Vec<Option<&Sample>> {
    let mut of_person: BTreeMap<Identity, Vec<usize>> = BTreeMap::new();
    for (number, photo) in photos.iter().enumerate() {
        of_person.entry(photo.identity).or_default().push(number);
    }
    let mut next = vec![None; photos.len()];
    for numbers in of_person.values().filter(|numbers| numbers.len() > 1) {
        for (number, following) in numbers.iter().zip(numbers.iter().cycle().skip(1)) {
            next[*number] = Some(&photos[*following]);
        }
    }
    next
}

impl Composed {
    /// Adds the queries of one photograph: one per caption where text takes part, otherwise one. `made` is what was made
    /// from the photograph, and `lit` the photograph that infrared is made from.
    fn add_queries(
        &self,
        photo: &Sample,
        lit: &Sample,
        made: &[&Sample],
        queries: &mut Vec<Query>,
    ) {
        let of = |modality: Modality| made.iter().copied().filter(move |s| s.modality == modality);
        let mut pictures = self.of_photos(photo, lit);
        let second_source = lit.source.filter(|_| self.other_photo);
        if self.direction.query.contains(Modality::Sketch) {
            pictures.extend(observation(of(Modality::Sketch)).pictures);
        }
        let query = |caption: Option<String>| Query {
            entry: Entry { second_source, ..photo.entry() },
            views: vec![Observation { pictures: pictures.clone(), caption }],
        };
        if self.direction.query.contains(Modality::Text) {
            queries.extend(of(Modality::Text).map(|s| query(s.caption().map(str::to_owned))));
        } else {
            queries.push(query(None));
        }
    }

    /// The photograph itself, and the infrared picture that is made of `lit`.
    fn of_photos(&self, photo: &Sample, lit: &Sample) -> Vec<(Modality, QueryPicture)> {
        let mut pictures = Vec::new();
        if let (true, Some(path)) = (self.direction.query.contains(Modality::Rgb), photo.path()) {
            pictures.push((Modality::Rgb, QueryPicture::real(path.to_path_buf())));
        }
        if let (true, Some(path), Some(source)) =
            (self.direction.query.contains(Modality::Infrared), lit.path(), lit.source)
        {
            let synthesised = Some(source.0.unsigned_abs());
            let infrared = QueryPicture { path: path.to_path_buf(), synthesised };
            pictures.push((Modality::Infrared, infrared));
        }
        pictures
    }
}
