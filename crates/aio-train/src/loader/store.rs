//! The training samples of a stage by number, with their decoded pictures where these fit into memory.

use super::captions::EncodedCaption;
use super::classes::Classes;
use super::library::Library;
use super::settings::LoaderSettings;
use super::sources::Sources;
use super::used::training_samples;
use crate::config::StageConfig;
use crate::error::Result;
use crate::progress::Progress;
use aio_data::index::{Indexed, Photograph};
use aio_data::{DatasetName, Sample, picture};
use aio_heads::AttributeVocabulary;
use aio_model::SketchGenerator;
use aio_tokenize::SentenceTokenizer;
use aio_types::{Identity, Modality, Picture, PictureSize};
use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
#[cfg(test)]
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most bytes of decoded pictures that a stage holds. Where there are more, every batch decodes its own.
const MAX_DECODED_BYTES: usize = 1 << 30;

/// Photographs that the sketch generator draws between two updates of the progress.
const DRAWN_AT_ONCE: usize = 64;

/// Whether a stage holds so many decoded pictures. Where it does not, they are decoded after its first step too.
pub(super) fn fit_into_memory(pictures: usize, size: PictureSize) -> bool {
    pictures * bytes_per_picture(size) <= MAX_DECODED_BYTES
}

fn bytes_per_picture(size: PictureSize) -> usize {
    3 * size.height * size.width
}

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

    /// The captions of a photograph.
    fn captions_of(&self, photograph: usize) -> Range<usize> {
        let first = self.captions_before[photograph] as usize;
        first..first + self.source.index.captions()[photograph] as usize
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
    /// Encoded captions, parallel to `samples`.
    captions: Vec<Option<Arc<EncodedCaption>>>,
    sources: Sources,
    vocabulary: AttributeVocabulary,
    sentences: SentenceTokenizer,
    /// Decoded pictures, parallel to `samples`, where they fit into memory.
    decoded: Option<Vec<Option<Picture>>>,
    /// What the sketch generator made of the photographs among them, parallel to them.
    sketches: Option<Vec<Option<Picture>>>,
    indexed: Option<IndexedSamples>,
    picture_size: PictureSize,
    /// Pictures that were opened one by one.
    #[cfg(test)]
    pub(super) opened: AtomicUsize,
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
            captions: Vec::new(),
            sources: Sources::default(),
            vocabulary: settings.attributes.clone(),
            sentences: settings.sentences.clone(),
            decoded: None,
            sketches: None,
            indexed: None,
            picture_size: settings.picture_size,
            #[cfg(test)]
            opened: AtomicUsize::new(0),
        };
        for name in &stage.datasets {
            let dataset = library.get(*name)?;
            let first = store.samples.len();
            for sample in training_samples(dataset, stage.trained_parts()) {
                if let Some(class) = settings.classes.get(*name, sample.identity) {
                    store.samples.push(sample.clone());
                    store.classes.push(class);
                }
            }
            store.sources.add(&store.samples, first);
            if let Some(source) = &dataset.indexed {
                store.indexed = Some(IndexedSamples::new(*name, source));
            }
        }
        store.captions = library.captions.of(&store.samples, &store.sentences, &store.vocabulary);
        Ok(store)
    }

    /// Decodes the pictures, if they fit into memory.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub(super) fn decode(&mut self, stage: &StageConfig) -> Result<()> {
        let paths: Vec<&Path> = self.samples.iter().filter_map(Sample::path).collect();
        if !fit_into_memory(paths.len(), self.picture_size) {
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
                let captions = indexed.captions_of(photograph).map(|n| first_caption + n);
                numbered.extend(captions.map(|number| (number, class, Modality::Text)));
            }
        }
        numbered
    }

    /// A decoded picture. It is opened and resized at every call where it is not held in memory.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub(super) fn picture(&self, number: usize) -> Result<Cow<'_, Picture>> {
        if let Some(decoded) = self.decoded.as_ref().and_then(|decoded| decoded.get(number)) {
            let picture = decoded.as_ref().expect("pictures of visual samples are decoded");
            return Ok(Cow::Borrowed(picture));
        }
        #[cfg(test)]
        self.opened.fetch_add(1, Ordering::Relaxed);
        let path = match self.samples.get(number) {
            Some(sample) => sample.path().expect("a visual sample has a picture").to_path_buf(),
            None => self.indexed_photograph(number - self.samples.len())?.path,
        };
        Ok(Cow::Owned(picture::open(&path, self.picture_size)?))
    }

    /// What the sketch generator made of a photograph, where that is held in memory.
    pub(super) fn sketch(&self, number: usize) -> Option<&Picture> {
        self.sketches.as_ref()?.get(number)?.as_ref()
    }

    /// The captions that were written for a photograph; none where the data set does not say which were.
    pub(super) fn captions_of(&self, photograph: usize) -> Vec<usize> {
        let Some(of_index) = photograph.checked_sub(self.samples.len()) else {
            return self.sources.made_from(photograph, Modality::Text);
        };
        let indexed = self.indexed();
        let first_caption = self.samples.len() + indexed.photographs();
        indexed.captions_of(of_index).map(|number| first_caption + number).collect()
    }

    /// The pictures of a modality that were made from a photograph; none where the data set does not say which were.
    pub(super) fn made_from(&self, photograph: usize, modality: Modality) -> Vec<usize> {
        self.sources.made_from(photograph, modality)
    }

    /// The photograph that a picture was made from, where the data set says so.
    pub(super) fn photograph_of(&self, picture: usize) -> Option<usize> {
        self.sources.photograph_of(picture)
    }

    /// An encoded caption. Those of an indexed data set are read and encoded at every call: they are too many to be held.
    pub(super) fn caption(&self, number: usize) -> Result<Arc<EncodedCaption>> {
        if let Some(held) = self.captions.get(number) {
            return Ok(Arc::clone(held.as_ref().expect("a text sample has a caption")));
        }
        let indexed = self.indexed();
        let text = indexed.caption(number - self.samples.len() - indexed.photographs())?;
        Ok(Arc::new(EncodedCaption::new(&self.sentences, &self.vocabulary, &text)))
    }

    /// Bytes of the pictures that are held in memory.
    pub(super) fn decoded_bytes(&self) -> usize {
        let bytes = |pictures: &Option<Vec<Option<Picture>>>| -> usize {
            pictures.iter().flatten().flatten().map(|picture| picture.pixels.len()).sum()
        };
        bytes(&self.decoded) + bytes(&self.sketches)
    }

    /// Bytes of one picture.
    pub(super) fn bytes_per_picture(&self) -> usize {
        bytes_per_picture(self.picture_size)
    }

    /// Where the picture of a sample is.
    #[cfg(test)]
    pub(super) fn sample_path(&self, number: usize) -> &Path {
        self.samples[number].path().expect("a picture")
    }

    /// Where a photograph of an indexed data set is.
    #[cfg(test)]
    pub(super) fn photograph_path(&self, number: usize) -> std::path::PathBuf {
        self.indexed_photograph(number - self.samples.len()).expect("of an index").path
    }

    fn indexed(&self) -> &IndexedSamples {
        self.indexed.as_ref().expect("numbers behind the samples belong to an index")
    }

    fn indexed_photograph(&self, photograph: usize) -> Result<Photograph> {
        Ok(self.indexed().source.photograph(photograph)?)
    }

    /// Says how many captions of the stage are cut off.
    pub(super) fn warn_of_long_captions(&self, stage: &StageConfig) {
        let count = self.captions.iter().flatten().filter(|caption| caption.truncated).count();
        if count > 0 {
            let (stage, most) = (&stage.name, self.sentences.context());
            log::warn!("{stage}: {count} captions are longer than {most} token ids and cut off");
        }
    }
}
