//! The training samples of a stage by number, with their decoded pictures where these fit into memory.

use super::classes::{Classes, training_samples};
use super::library::Library;
use super::settings::LoaderSettings;
use crate::config::StageConfig;
use crate::error::Result;
use crate::progress::Progress;
use aio_data::index::{Indexed, Photograph};
use aio_data::{DatasetName, Sample, picture};
use aio_model::SketchGenerator;
use aio_tokenize::bpe::{Bpe, Encoded};
use aio_types::{Identity, Modality, Picture, PictureSize};
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;

/// Most bytes of decoded pictures that a stage holds. Where there are more, every batch decodes its own.
const MAX_DECODED_BYTES: usize = 1 << 30;

/// Photographs that the sketch generator draws between two updates of the progress.
const DRAWN_AT_ONCE: usize = 64;

/// A sample as the sampler takes it: its number, the class of its identity, its modality.
pub(super) type NumberedSample = (usize, usize, Modality);

/// The photographs and captions of an indexed data set, which are too many to be held as samples.
struct IndexedSamples {
    name: DatasetName,
    source: Arc<Indexed>,
    /// Captions of all photographs before each of them.
    captions_before: Vec<u32>,
}

impl IndexedSamples {
    fn new(name: DatasetName, source: &Arc<Indexed>) -> Self {
        let mut captions_before = Vec::new();
        let mut sum = 0;
        for count in source.index.captions() {
            captions_before.push(sum);
            sum += count;
        }
        Self { name, source: Arc::clone(source), captions_before }
    }

    fn photographs(&self) -> usize {
        self.captions_before.len()
    }

    fn caption(&self, number: usize) -> Result<String> {
        // The last photograph before which there are at most `number` captions.
        let is_before = |before: &u32| *before as usize <= number;
        let photograph = self.captions_before.partition_point(is_before) - 1;
        let mut captions = self.source.photograph(photograph)?.captions;
        Ok(captions.swap_remove(number - self.captions_before[photograph] as usize))
    }
}

/// The training samples of a stage by number: those of the readers, then the photographs of an indexed data set, then its captions.
pub(super) struct SampleStore {
    samples: Vec<Sample>,
    /// Class of each of the samples.
    classes: Vec<usize>,
    /// Decoded pictures, parallel to `samples`, where they fit into memory.
    decoded: Option<Vec<Option<Picture>>>,
    /// What the sketch generator made of the photographs among them, parallel to them.
    sketches: Option<Vec<Option<Picture>>>,
    indexed: Option<IndexedSamples>,
    picture_size: PictureSize,
}

impl SampleStore {
    /// Collects the samples of a stage. No picture is decoded yet.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub(super) fn collect(
        settings: &LoaderSettings,
        stage: &StageConfig,
        library: &mut Library,
    ) -> Result<Self> {
        let mut store = Self {
            samples: Vec::new(),
            classes: Vec::new(),
            decoded: None,
            sketches: None,
            indexed: None,
            picture_size: settings.picture_size,
        };
        for name in &stage.datasets {
            let dataset = library.get(*name)?;
            for sample in training_samples(dataset, stage.all_splits) {
                if let Some(class) = settings.classes.get(*name, sample.identity) {
                    store.samples.push(sample.clone());
                    store.classes.push(class);
                }
            }
            if let Some(source) = &dataset.indexed {
                store.indexed = Some(IndexedSamples::new(*name, source));
            }
        }
        warn_of_long_captions(&store.samples, stage);
        Ok(store)
    }

    /// Decodes the pictures, if they fit into memory.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub(super) fn decode(&mut self, stage: &StageConfig) -> Result<()> {
        let paths: Vec<&Path> = self.samples.iter().filter_map(Sample::path).collect();
        let PictureSize { height, width } = self.picture_size;
        if paths.len() * height * width * 3 > MAX_DECODED_BYTES {
            return Ok(());
        }
        let progress = Progress::new(&format!("decoding {}", stage.name), paths.len(), "pictures");
        let opened = picture::open_all(&paths, self.picture_size, &|| progress.inc(1))?;
        progress.finish();
        let mut opened = opened.into_iter();
        let mut decoded = Vec::with_capacity(self.samples.len());
        for sample in &self.samples {
            decoded.push(if sample.path().is_some() { opened.next() } else { None });
        }
        self.decoded = Some(decoded);
        Ok(())
    }

    /// Draws the photographs that are held in memory, once for the whole stage.
    pub(super) fn draw_sketches(&mut self, stage: &StageConfig, generator: &SketchGenerator) {
        let Some(decoded) = &self.decoded else { return };
        let is_photograph =
            |i: &usize| self.samples[*i].modality == Modality::Rgb && decoded[*i].is_some();
        let numbers: Vec<usize> = (0..decoded.len()).filter(is_photograph).collect();
        let progress = Progress::new(&format!("drawing {}", stage.name), numbers.len(), "pictures");
        let mut sketches = vec![None; self.samples.len()];
        for chunk in numbers.chunks(DRAWN_AT_ONCE) {
            let photographs: Vec<&Picture> =
                chunk.iter().filter_map(|number| decoded[*number].as_ref()).collect();
            for (number, sketch) in chunk.iter().zip(generator.draw(&photographs)) {
                sketches[*number] = Some(sketch);
            }
            progress.inc(chunk.len());
        }
        progress.finish();
        self.sketches = Some(sketches);
    }

    /// Every sample by its number.
    pub(super) fn numbered(&self, classes: &Classes) -> Vec<NumberedSample> {
        let mut numbered = Vec::new();
        for (number, (sample, class)) in self.samples.iter().zip(&self.classes).enumerate() {
            numbered.push((number, *class, sample.modality));
        }
        let Some(indexed) = &self.indexed else { return numbered };
        let first_photograph = self.samples.len();
        let first_caption = first_photograph + indexed.photographs();
        let index = &indexed.source.index;
        let class_of = |identity: i64| classes.get(indexed.name, Identity(identity));
        for (photograph, identity) in index.identities().iter().enumerate() {
            if let Some(class) = class_of(*identity) {
                numbered.push((first_photograph + photograph, class, Modality::Rgb));
            }
        }
        for (photograph, identity) in index.identities().iter().enumerate() {
            if let Some(class) = class_of(*identity) {
                let first = first_caption + indexed.captions_before[photograph] as usize;
                let captions = first..first + index.captions()[photograph] as usize;
                numbered.extend(captions.map(|number| (number, class, Modality::Text)));
            }
        }
        numbered
    }

    /// A decoded picture.
    pub(super) fn picture(&self, number: usize) -> Result<Picture> {
        if let Some(decoded) = self.decoded.as_ref().and_then(|decoded| decoded.get(number)) {
            return Ok(decoded.clone().expect("pictures of visual samples are decoded"));
        }
        let path = match self.samples.get(number) {
            Some(sample) => sample.path().expect("a visual sample has a picture").to_path_buf(),
            None => self.indexed_photograph(number - self.samples.len())?.path,
        };
        Ok(picture::open(&path, self.picture_size)?)
    }

    /// What the sketch generator made of a photograph, where that is held in memory.
    pub(super) fn sketch(&self, number: usize) -> Option<Picture> {
        self.sketches.as_ref()?.get(number)?.clone()
    }

    /// Token ids of a caption.
    pub(super) fn caption(&self, number: usize) -> Result<Encoded> {
        let encode = |text: &str| Bpe::clip().encode(text);
        if let Some(sample) = self.samples.get(number) {
            return Ok(encode(sample.caption().expect("a text sample has a caption")));
        }
        let indexed = self.indexed();
        let caption = number - self.samples.len() - indexed.photographs();
        Ok(encode(&indexed.caption(caption)?))
    }

    /// Bytes of the pictures that are held in memory.
    pub(super) fn decoded_bytes(&self) -> usize {
        let bytes = |pictures: &Option<Vec<Option<Picture>>>| -> usize {
            pictures.iter().flatten().flatten().map(|picture| picture.pixels.len()).sum()
        };
        bytes(&self.decoded) + bytes(&self.sketches)
    }

    fn indexed(&self) -> &IndexedSamples {
        self.indexed.as_ref().expect("numbers behind the samples belong to an index")
    }

    fn indexed_photograph(&self, photograph: usize) -> Result<Photograph> {
        Ok(self.indexed().source.photograph(photograph)?)
    }
}

fn warn_of_long_captions(samples: &[Sample], stage: &StageConfig) {
    let is_too_long = |caption: &str| Bpe::clip().encode(caption).truncated;
    let count = samples.par_iter().filter(|s| s.caption().is_some_and(is_too_long)).count();
    if count > 0 {
        log::warn!("{}: {count} captions are longer than 77 token ids and cut off", stage.name);
    }
}
