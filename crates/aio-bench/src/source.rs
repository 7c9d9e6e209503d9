//! Training data of a stage: pooled samples, decoded pictures, encoded captions, and the batches made of them.

use crate::config::Experiment;
use crate::error::Result;
use crate::progress;
use aio_data::{
    Dataset, DatasetName, Sample,
    augment::Colours,
    picture::{self, open_all},
    readers::synth_pedes::{Indexed, Photograph},
    sampler::{IdentitySampler, Tuple},
    synthesis::{channel_exchange, colour_pencil, line_drawing, shade},
};
use aio_heads::AttributeVocabulary;
use aio_model::{SketchGenerator, TrainBatch, TrainCaption, TrainTuple};
use aio_synth as synth;
use aio_tokenize::bpe::{Bpe, Encoded};
use aio_train::config::StageConfig;
use aio_types::{Identity, Modality, ModalitySet, Picture, PictureSize, rng};
use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Data sets that have been read, by name.
#[derive(Debug, Default)]
pub struct Library {
    root: PathBuf,
    read: BTreeMap<DatasetName, Dataset>,
}

impl Library {
    /// A library below the data root.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf(), read: BTreeMap::new() }
    }

    /// Reads a data set, once.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming what is missing or wrong.
    pub fn get(&mut self, name: DatasetName) -> Result<&Dataset> {
        if !self.read.contains_key(&name) {
            self.read.insert(name, name.open(&self.root)?);
        }
        Ok(&self.read[&name])
    }

    /// Fingerprint of every data set that has been read, by name.
    #[must_use]
    pub fn fingerprints(&self) -> BTreeMap<String, String> {
        let of = |(name, dataset): (&DatasetName, &Dataset)| {
            (name.to_string(), dataset.fingerprint(&self.root))
        };
        self.read.iter().map(of).collect()
    }
}

/// The identities of all stages as dense classes, and those held out for validation.
#[derive(Debug, Clone)]
pub struct Classes {
    of: BTreeMap<(DatasetName, Identity), usize>,
    held_out: BTreeSet<Identity>,
    held_out_of: DatasetName,
}

impl Classes {
    /// Numbers the training identities of every stage's data sets; a fraction of the first data set's is held out.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub fn new(experiment: &Experiment, library: &mut Library) -> Result<Self> {
        let first = experiment.train.stages[0].datasets[0];
        let whole = |name: DatasetName| {
            experiment.train.stages.iter().any(|s| s.all_splits && s.datasets.contains(&name))
        };
        let all: Vec<Identity> = ids(library.get(first)?, whole(first)).into_iter().collect();
        let keep = all.len() - (all.len() as f64 * experiment.data.validation_fraction) as usize;
        let held_out: BTreeSet<Identity> = all[keep..].iter().copied().collect();
        let mut of = BTreeMap::new();
        let names: BTreeSet<DatasetName> =
            experiment.train.stages.iter().flat_map(|s| s.datasets.iter().copied()).collect();
        for name in names {
            let mut used: Vec<Identity> = ids(library.get(name)?, whole(name))
                .into_iter()
                .filter(|identity| !(name == first && held_out.contains(identity)))
                .collect();
            if experiment.data.identity_fraction < 1.0 {
                used.shuffle(&mut rng(experiment.seed, &format!("fraction of {name}"), 0));
                used.truncate(
                    (used.len() as f64 * experiment.data.identity_fraction).ceil() as usize
                );
                used.sort_unstable();
            }
            for identity in used {
                let next = of.len();
                of.insert((name, identity), next);
            }
        }
        Ok(Self { of, held_out, held_out_of: first })
    }

    /// Number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there is no class.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The held-out samples of the first data set.
    ///
    /// # Errors
    /// As [`Library::get`].
    pub fn validation(&self, library: &mut Library) -> Result<Vec<Sample>> {
        let dataset = library.get(self.held_out_of)?;
        let mut samples: Vec<Sample> =
            dataset.train.iter().filter(|s| self.held_out.contains(&s.identity)).cloned().collect();
        if let Some(found) = &dataset.indexed {
            for (photo, identity) in found
                .index
                .identities()
                .iter()
                .enumerate()
                .filter(|(_, id)| self.held_out.contains(&Identity(**id)))
            {
                let Photograph { path, captions } = found.photograph(photo)?;
                let of = |sample: Sample| sample.made_from(photo as i64);
                samples.push(of(Sample::picture(*identity, Modality::Rgb, path)));
                samples
                    .extend(captions.into_iter().map(|text| of(Sample::sentence(*identity, text))));
            }
        }
        Ok(samples)
    }
}

/// Samples of a data set that training is shown: those of its training part, or of all its parts but people whom nobody knows.
fn shown(dataset: &Dataset, whole: bool) -> impl Iterator<Item = &Sample> {
    let tested = whole
        .then_some([&dataset.validation, &dataset.query, &dataset.gallery])
        .into_iter()
        .flatten()
        .flatten();
    dataset.train.iter().chain(tested.filter(|sample| sample.identity.0 > 0))
}

/// Identities of a data set that training is shown.
fn ids(dataset: &Dataset, whole: bool) -> BTreeSet<Identity> {
    let indexed = dataset.indexed.iter().flat_map(|d| d.index.identities()).map(|id| Identity(*id));
    shown(dataset, whole).map(|s| s.identity).chain(indexed).collect()
}

/// Most bytes of decoded pictures that a stage holds; where there are more, a batch decodes its own.
const HELD: usize = 1 << 30;

/// The training samples of a stage by number: those of the readers, then the photographs of an indexed data set, then its captions.
struct Store {
    samples: Vec<Sample>,
    /// Decoded pictures, parallel to `samples`, where they fit into memory.
    held: Option<Vec<Option<Picture>>>,
    /// What a line generator made of the photographs among them, parallel to them.
    drawn: Option<Vec<Option<Picture>>>,
    indexed: Option<Arc<Indexed>>,
    /// Captions of the indexed photographs before each of them.
    before: Vec<u32>,
    size: PictureSize,
}

impl Store {
    fn picture(&self, number: usize) -> Result<Picture> {
        if let Some(held) = self.held.as_ref().and_then(|held| held.get(number)) {
            return Ok(held.clone().expect("pictures of visual samples are decoded"));
        }
        let path = match self.samples.get(number) {
            Some(sample) => sample.path().expect("a visual sample has a picture").to_path_buf(),
            None => self.photograph(number - self.samples.len())?.path,
        };
        Ok(picture::open(&path, self.size)?)
    }

    fn photograph(&self, photo: usize) -> Result<Photograph> {
        Ok(self
            .indexed
            .as_ref()
            .expect("numbers behind the samples belong to an index")
            .photograph(photo)?)
    }

    fn caption(&self, number: usize) -> Result<Encoded> {
        let encode = |text: &str| Bpe::clip().encode(text);
        if let Some(sample) = self.samples.get(number) {
            return Ok(encode(sample.caption().expect("a text has a caption")));
        }
        let caption = (number - self.samples.len() - self.before.len()) as u32;
        let photo = self.before.partition_point(|before| *before <= caption) - 1;
        let captions = self.photograph(photo)?.captions;
        Ok(encode(&captions[(caption - self.before[photo]) as usize]))
    }
}

/// The data of one stage, ready to yield batches.
pub struct Source {
    sampler: IdentitySampler,
    store: Store,
    modalities: Vec<Modality>,
    combinations: Vec<ModalitySet>,
    real: ModalitySet,
    synthesised: ModalitySet,
    lines: Option<SketchGenerator>,
    vocabulary: AttributeVocabulary,
    experiment: Experiment,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Source({} samples)", self.store.samples.len())
    }
}

/// Attribute words that the attribute head predicts.
#[must_use]
pub fn vocabulary() -> AttributeVocabulary {
    AttributeVocabulary::new(synth::caption::vocabulary())
}

impl Source {
    /// Reads, decodes and encodes what `stage` trains on.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the file that cannot be used.
    pub fn new(
        experiment: &Experiment,
        stage: &StageConfig,
        classes: &Classes,
        library: &mut Library,
        size: PictureSize,
        lines: Option<&SketchGenerator>,
    ) -> Result<Self> {
        let (mut samples, mut labels, mut indexed) = (Vec::new(), Vec::new(), None);
        for name in &stage.datasets {
            let dataset = library.get(*name)?;
            for sample in shown(dataset, stage.all_splits) {
                if let Some(class) = classes.of.get(&(*name, sample.identity)) {
                    samples.push(sample.clone());
                    labels.push((*class, sample.modality));
                }
            }
            if let Some(found) = &dataset.indexed {
                indexed = Some((*name, Arc::clone(found)));
            }
        }
        let cut_off = samples
            .par_iter()
            .filter(|s| s.caption().is_some_and(|c| Bpe::clip().encode(c).truncated))
            .count();
        if cut_off > 0 {
            eprintln!("{}: {cut_off} captions are longer than 77 ids and cut off", stage.name);
        }
        let count = samples.len();
        let listed = labels
            .into_iter()
            .enumerate()
            .map(|(number, (class, modality))| (number, class, modality));
        let mut before = Vec::new();
        let mut of_index = Vec::new();
        if let Some((name, found)) = &indexed {
            let (people, captions) = (found.index.identities(), found.index.captions());
            let mut sum = 0;
            before.extend(captions.iter().map(|n| {
                sum += n;
                sum - n
            }));
            for (photo, identity) in people.iter().enumerate() {
                if let Some(class) = classes.of.get(&(*name, Identity(*identity))) {
                    of_index.push((photo, *class));
                }
            }
        }
        let (photos, before_each) = (before.len(), &before);
        let captions_of = |photo: usize| {
            let last = indexed.as_ref().map_or(0, |(_, found)| found.index.captions()[photo]);
            before_each[photo]..before_each[photo] + last
        };
        let visual = of_index.iter().map(|(photo, class)| (count + photo, *class, Modality::Rgb));
        let text = of_index.iter().flat_map(|(photo, class)| {
            captions_of(*photo).map(|c| (count + photos + c as usize, *class, Modality::Text))
        });
        let sampler = IdentitySampler::new(
            listed.chain(visual).chain(text),
            experiment.train.identities,
            experiment.train.instances_per_identity,
            experiment.seed,
        )?;
        let pictures = samples.iter().filter(|s| s.path().is_some()).count();
        let held = if pictures * size.height * size.width * 3 > HELD {
            None
        } else {
            Some(decoded(&samples, pictures, stage, size)?)
        };
        // Nothing is drawn that nobody looks at.
        let lines = lines.filter(|_| {
            stage
                .synthesise
                .iter()
                .any(|m| *m != Modality::Infrared && experiment.model.modalities.contains(*m))
        });
        let drawn = match (&held, lines) {
            (Some(held), Some(lines)) => Some(drawings(&samples, held, stage, lines)),
            _ => None,
        };
        let store =
            Store { samples, held, drawn, indexed: indexed.map(|(_, found)| found), before, size };
        let modalities = experiment.model.modalities;
        let combinations = ModalitySet::combinations()
            .into_iter()
            .filter(|c| c.len() > 1 && c.iter().all(|m| modalities.contains(m)))
            .collect();
        Ok(Self {
            sampler,
            store,
            modalities: modalities.iter().collect(),
            combinations,
            real: stage.real.iter().copied().collect(),
            synthesised: stage.synthesise.iter().copied().collect(),
            lines: lines.cloned(),
            vocabulary: vocabulary(),
            experiment: experiment.clone(),
        })
    }

    /// Bytes of the pictures that are held in memory.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        let of = |pictures: &Option<Vec<Option<Picture>>>| {
            pictures.iter().flatten().flatten().map(|p| p.pixels.len()).sum::<usize>()
        };
        of(&self.store.held) + of(&self.store.drawn)
    }

    /// Batches in an epoch.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        self.sampler.batches_per_epoch()
    }

    /// The tuples of every batch of an epoch.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<Tuple>> {
        self.sampler.epoch(epoch)
    }

    /// Turns tuples into a batch. It is a pure function of (seed, step), whatever the number of threads.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded, where they are not held in memory.
    pub fn batch(&self, tuples: &[Tuple], step: u64) -> Result<TrainBatch> {
        let drawings = self.drawings(tuples)?;
        let pictures = |(row, tuple): (usize, &Tuple)| -> Result<Vec<(Modality, Picture)>> {
            let mut pictures = Vec::new();
            for modality in self.modalities.iter().copied().filter(|m| m.is_visual()) {
                if self.shows(modality, tuple) {
                    let purpose = format!("augment {modality} {row}");
                    let stream = &mut rng(self.experiment.seed, &purpose, step);
                    let picture = self.picture(modality, tuple, drawings.get(row), stream)?;
                    pictures.push((modality, picture));
                }
            }
            Ok(pictures)
        };
        let pictures: Vec<_> =
            tuples.par_iter().enumerate().map(pictures).collect::<Result<_>>()?;
        let stream = &mut rng(self.experiment.seed, "batch", step);
        let count = self.experiment.train.combinations;
        let mut batch = TrainBatch {
            tuples: Vec::with_capacity(tuples.len()),
            combinations: self.combinations.sample(stream, count).copied().collect(),
        };
        for (tuple, pictures) in tuples.iter().zip(pictures) {
            let caption = self.caption(tuple, stream)?;
            batch.tuples.push(TrainTuple { class: tuple.class, pictures, caption });
        }
        Ok(batch)
    }

    /// The caption of a tuple with attribute words masked, if it has one.
    fn caption(
        &self,
        tuple: &Tuple,
        stream: &mut rand_chacha::ChaCha8Rng,
    ) -> Result<Option<TrainCaption>> {
        let real = tuple.real[Modality::Text as usize];
        let Some(number) = real.filter(|_| self.modalities.contains(&Modality::Text)) else {
            return Ok(None);
        };
        let Encoded { ids, word_of, words, .. } = self.store.caption(number)?;
        let rate = self.experiment.losses.mask_rate;
        let masked = self.vocabulary.mask(&ids, &word_of, &words, rate, || stream.random());
        Ok(Some(TrainCaption { ids, masked }))
    }

    /// Whether a tuple has a picture of a modality: a real one, or one that is synthesised.
    fn shows(&self, modality: Modality, tuple: &Tuple) -> bool {
        let real = self.real.contains(modality) && tuple.real[modality as usize].is_some();
        modality == Modality::Rgb || real || self.synthesised.contains(modality)
    }

    /// Every tuple's photograph as the line generator draws it; empty without one.
    fn drawings(&self, tuples: &[Tuple]) -> Result<Vec<Picture>> {
        let Some(lines) = &self.lines else { return Ok(Vec::new()) };
        let held = |tuple: &Tuple| {
            self.store.drawn.as_ref().and_then(|drawn| drawn.get(tuple.rgb).cloned().flatten())
        };
        if let Some(drawings) = tuples.iter().map(held).collect() {
            return Ok(drawings);
        }
        let photographs: Vec<Picture> =
            tuples.par_iter().map(|tuple| self.store.picture(tuple.rgb)).collect::<Result<_>>()?;
        Ok(lines.draw(&photographs.iter().collect::<Vec<_>>()))
    }

    fn picture(
        &self,
        modality: Modality,
        tuple: &Tuple,
        drawing: Option<&Picture>,
        stream: &mut rand_chacha::ChaCha8Rng,
    ) -> Result<Picture> {
        let augment = &self.experiment.train.augment;
        let open = |number: usize| self.store.picture(number);
        let real = tuple.real[modality as usize].filter(|_| self.real.contains(modality));
        let (mut picture, drawn) = match (modality, real) {
            (Modality::Rgb, _) => (open(tuple.rgb)?, false),
            (Modality::Infrared, Some(i)) => (open(i)?, false),
            (_, Some(i)) => (open(i)?, true),
            (_, None) => {
                let mut picture = open(tuple.rgb)?;
                match (modality, drawing) {
                    (Modality::Infrared, _) => channel_exchange(&mut picture, 2, stream),
                    (Modality::ColourPencil, Some(lines)) => shade(&mut picture, lines, stream),
                    (Modality::ColourPencil, None) => colour_pencil(&mut picture, stream),
                    (_, Some(lines)) => picture = lines.clone(),
                    (_, None) => line_drawing(&mut picture, stream),
                }
                (picture, modality != Modality::Infrared)
            }
        };
        let (fill, colours) =
            if drawn { ([255; 3], Colours::Keep) } else { ([128; 3], Colours::Vary) };
        augment.apply(&mut picture, fill, colours, stream);
        if modality == Modality::Infrared {
            // Colour jitter must not give infrared pictures a tint.
            picture.map(|[_, g, _]| [g; 3]);
        }
        Ok(picture)
    }
}

/// The pictures of `samples`, of which `count` have one.
fn decoded(
    samples: &[Sample],
    count: usize,
    stage: &StageConfig,
    size: PictureSize,
) -> Result<Vec<Option<Picture>>> {
    let paths: Vec<&Path> = samples.iter().filter_map(Sample::path).collect();
    let bar = progress::bar(&format!("decoding {}", stage.name), count, "pictures");
    let mut opened = open_all(&paths, size, &|| bar.inc(1))?.into_iter();
    bar.finish_and_clear();
    Ok(samples.iter().map(|s| if s.path().is_some() { opened.next() } else { None }).collect())
}

/// What a line generator makes of the photographs among `samples`, whose pictures are `held`.
fn drawings(
    samples: &[Sample],
    held: &[Option<Picture>],
    stage: &StageConfig,
    lines: &SketchGenerator,
) -> Vec<Option<Picture>> {
    const AT_ONCE: usize = 64;
    let photographs: Vec<usize> = (0..samples.len())
        .filter(|i| samples[*i].modality == Modality::Rgb && held[*i].is_some())
        .collect();
    let bar = progress::bar(&format!("drawing {}", stage.name), photographs.len(), "pictures");
    let mut drawn = vec![None; samples.len()];
    for chunk in photographs.chunks(AT_ONCE) {
        let pictures: Vec<&Picture> = chunk.iter().filter_map(|i| held[*i].as_ref()).collect();
        for (number, picture) in chunk.iter().zip(lines.draw(&pictures)) {
            drawn[*number] = Some(picture);
        }
        bar.inc(chunk.len() as u64);
    }
    bar.finish_and_clear();
    drawn
}
