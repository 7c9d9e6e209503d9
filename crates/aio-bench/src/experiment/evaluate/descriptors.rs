//! What hand-made descriptors reach on a task, for comparison with what was learned.

use super::PHASE;
use super::pictures::{Pictures, views};
use super::score::{Scored, TestFeatures, score};
use crate::error::Result;
use crate::experiment::tested::Test;
use aio_data::DatasetName;
use aio_data::descriptor::{Descriptor, centred};
use aio_eval::{EvalOptions, Features};
use aio_train::StopFlag;
use aio_types::{Modality, Observation, Picture};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Pictures that are decoded and described at a time.
const BLOCK: usize = 512;

/// Describes the pictures of tasks, which are decoded at the size of descriptors, whatever the size of a model's pictures. The gallery of the last
/// task is kept: the tasks of one data set mostly share it.
pub(super) struct Describer {
    pictures: Pictures,
    gallery: Option<((DatasetName, Modality), Described)>,
}

impl Default for Describer {
    fn default() -> Self {
        Self { pictures: Pictures::new(Descriptor::SIZE, 0), gallery: None }
    }
}

/// The values of every descriptor, row by row.
type Described = BTreeMap<Descriptor, Vec<f32>>;

/// Whether descriptors can rank the gallery of a task: its queries are single pictures.
pub(in crate::experiment) fn apply(test: &Test) -> bool {
    let query = test.task.query;
    query.len() == 1 && !query.contains(Modality::Text) && test.task.gallery.is_visual()
}

impl Describer {
    /// Scores of every descriptor; nothing where [`apply`] says no.
    ///
    /// # Errors
    /// [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal, or the picture that cannot be decoded.
    pub(super) fn scores(
        &mut self,
        test: &Test,
        stop: &StopFlag,
    ) -> Result<BTreeMap<Descriptor, Scored>> {
        let mut scores = BTreeMap::new();
        if !apply(test) {
            return Ok(scores);
        }
        let key = (test.task.dataset, test.task.gallery);
        if self.gallery.as_ref().is_none_or(|(of, _)| *of != key) {
            let gallery = &test.data.gallery;
            let described = described(gallery.len(), stop, |rows| {
                self.pictures.of_gallery(&gallery[rows], test.task.gallery)
            })?;
            self.gallery = Some((key, described));
        }
        let queries = &test.data.queries;
        let views = views(queries);
        let of_views = described(views.len(), stop, |rows| self.pictures.of_views(&views[rows]))?;
        let of_each: Vec<usize> = queries.iter().map(|query| query.views.len()).collect();
        let galleries = self.gallery.as_ref().map(|(_, described)| described);
        for (descriptor, gallery) in galleries.into_iter().flatten() {
            let across = !test.task.query.contains(test.task.gallery);
            let gallery = features(*descriptor, gallery.clone(), across)?;
            let queries = features(*descriptor, of_views[descriptor].clone(), across)?;
            let options = EvalOptions::default();
            let queries = queries.pooled(&of_each, options.metric);
            let features = TestFeatures { queries, gallery: &gallery };
            scores.insert(*descriptor, score(test, &features, options, |_, _| {})?);
        }
        Ok(scores)
    }
}

/// Features of described pictures. HOG is centred between modalities: see [`centred`].
fn features(descriptor: Descriptor, mut values: Vec<f32>, across: bool) -> Result<Features> {
    let width = descriptor.width();
    if across && descriptor == Descriptor::Hog {
        centred(&mut values, width);
    }
    Ok(Features::new(descriptor.name(), values.len() / width, width, values)?)
}

/// Describes `rows` pictures, a block at a time.
fn described(
    rows: usize,
    stop: &StopFlag,
    mut open: impl FnMut(std::ops::Range<usize>) -> Result<Vec<Observation<Picture>>>,
) -> Result<Described> {
    let mut values = Described::new();
    for first in (0..rows).step_by(BLOCK) {
        stop.check(PHASE)?;
        let block = open(first..rows.min(first + BLOCK))?;
        for descriptor in Descriptor::ALL {
            let described: Vec<Vec<f32>> =
                block.par_iter().map(|input| descriptor.describe(&input.pictures[0].1)).collect();
            values.entry(descriptor).or_default().extend(described.concat());
        }
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Evaluation;
    use crate::experiment::evaluate::TestedModels;
    use aio_data::picture;
    use aio_data::task::Task;
    use aio_model::Extractor;
    use aio_train::config::ModelConfig;
    use aio_train::{Library, StartingPoint};
    use aio_types::{PictureSize, rng};
    use burn::tensor::Device;
    use rand::RngExt;
    use std::path::Path;

    /// A table of six people with two pictures each: stripes, as fine as the person says, under noise.
    fn striped(directory: &Path) -> Test {
        let mut rows = String::from("path,identity,camera,modality,split,caption\n");
        for person in 0..6u32 {
            for (camera, split) in [(1, "query"), (2, "gallery")] {
                let file = format!("{person}-{camera}.png");
                let stream = &mut rng(0, &file, 0);
                let picture = image::RgbImage::from_fn(64, 128, |_, y| {
                    let stripe = if y / (person + 1) % 2 == 0 { 90 } else { 140 };
                    image::Rgb(std::array::from_fn(|_| stripe + stream.random_range(0..60)))
                });
                picture.save(directory.join(&file)).expect("written");
                rows += &format!("{file},{person},{camera},rgb,{split},\n");
            }
        }
        std::fs::write(directory.join("shop.csv"), rows).expect("written");
        let task = Task::parse("table:shop.rgb-rgb").expect("a task").remove(0);
        let mut library = Library::new(directory);
        let data = task.data(library.get(task.dataset).expect("a table")).expect("both sides");
        Test { task, data }
    }

    #[test]
    fn descriptors_do_not_depend_on_the_size_of_the_models_pictures() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let test = striped(directory.path());
        let (settings, stop) = (Evaluation::default(), StopFlag::default());
        let sizes = [(32, 16), (96, 48)].map(|(height, width)| PictureSize { height, width });
        let [small, large] = sizes.map(|size| {
            let model = ModelConfig {
                height: Some(size.height),
                width: Some(size.width),
                ..ModelConfig::default()
            };
            let start = StartingPoint::open(&model).expect("the embedded weights");
            let device = Device::flex();
            let backbone = start.backbone(&device).expect("a backbone");
            let extractor =
                Extractor::new(&backbone, &start.config, start.preprocessing.clone(), &device);
            let mut models = TestedModels::new([extractor], &settings, &stop);
            let scored = models.describe(&test).expect("described");
            scored.into_iter().map(|(of, scored)| (of, scored.per_query)).collect::<Vec<_>>()
        });
        assert_eq!(small.len(), Descriptor::ALL.len());
        assert!(small == large, "{small:?} {large:?}");
        // The stripes are described: one picture of each person is nearest to the other one.
        let (_, of_hog) = &small[1];
        assert!(of_hog.means().filter(|query| query.rank1 == 1.0).count() >= 4, "{of_hog:?}");
        let file = directory.path().join("0-1.png");
        let of_size = |size| Descriptor::Hog.describe(&picture::open(&file, size).expect("opens"));
        assert_ne!(of_size(sizes[0]), of_size(Descriptor::SIZE), "fine stripes need pixels");
    }
}
