//! Tasks of the Tri- data sets (Chen et al., UNIReID, CVPR 2023), whose photographs each have captions and one sketch.

use crate::evaluation::{
    Direction, Evaluation, Query, QueryPicture, Refusal, TaskRules, TestSet, gallery_pictures,
    observation, photograph_combinations,
};
use crate::{Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::{Modality, Observation, SourcePhoto};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Any of RGB, infrared, sketch and text together against photographs, without the photograph that the query was made
/// from.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &["text-rgb", "sketch-rgb", "sketch+text-rgb"],
    every_query: photograph_combinations,
    evaluation: |request| {
        request.no_variants()?;
        let asked = [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text];
        let direction = request.direction;
        if direction.gallery != Modality::Rgb || !direction.asks_within(&asked) {
            return Err(Refusal::Direction);
        }
        Ok(Arc::new(Composed { direction }))
    },
};

/// Queries whose parts all belong to one photograph.
#[derive(Debug)]
struct Composed {
    direction: Direction,
}

impl Evaluation for Composed {
    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::Tri)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        let mut described: BTreeMap<Option<SourcePhoto>, Vec<&Sample>> = BTreeMap::new();
        for sample in &dataset.query {
            described.entry(sample.source).or_default().push(sample);
        }
        let mut queries = Vec::new();
        for photo in &dataset.gallery {
            let made = described.get(&photo.source).map(Vec::as_slice).unwrap_or_default();
            self.add_queries(photo, made, &mut queries);
        }
        Ok(TestSet { queries, gallery: gallery_pictures(&dataset.gallery, self.direction.gallery) })
    }
}

impl Composed {
    /// Adds the queries of one photograph: one per caption where text takes part, otherwise one. `made` is what was made
    /// from the photograph.
    fn add_queries(&self, photo: &Sample, made: &[&Sample], queries: &mut Vec<Query>) {
        let of = |modality: Modality| made.iter().copied().filter(move |s| s.modality == modality);
        let mut pictures = self.of_photo(photo);
        if self.direction.query.contains(Modality::Sketch) {
            pictures.extend(observation(of(Modality::Sketch)).pictures);
        }
        let query = |caption: Option<String>| Query {
            entry: photo.entry(),
            views: vec![Observation { pictures: pictures.clone(), caption }],
        };
        if self.direction.query.contains(Modality::Text) {
            queries.extend(of(Modality::Text).map(|s| query(s.caption().map(str::to_owned))));
        } else {
            queries.push(query(None));
        }
    }

    /// The photograph itself, and the infrared picture that is made of it.
    fn of_photo(&self, photo: &Sample) -> Vec<(Modality, QueryPicture)> {
        let (Some(path), Some(source)) = (photo.path(), photo.source) else {
            return Vec::new();
        };
        let mut pictures = Vec::new();
        if self.direction.query.contains(Modality::Rgb) {
            pictures.push((Modality::Rgb, QueryPicture::real(path.to_path_buf())));
        }
        if self.direction.query.contains(Modality::Infrared) {
            let synthesised = Some(source.0.unsigned_abs());
            let infrared = QueryPicture { path: path.to_path_buf(), synthesised };
            pictures.push((Modality::Infrared, infrared));
        }
        pictures
    }
}
