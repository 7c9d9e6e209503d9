//! The data of one stage as training batches.

use super::library::Library;
use super::settings::LoaderSettings;
use super::store::SampleStore;
use super::tuple;
use crate::config::StageConfig;
use crate::error::Result;
use aio_data::augment::Augmentation;
use aio_data::sampler::{IdentitySampler, Tuple};
use aio_heads::AttributeVocabulary;
use aio_model::{SketchGenerator, TrainBatch, TrainCaption, TrainTuple};
use aio_tokenize::bpe::Encoded;
use aio_types::{Modality, ModalitySet, Picture, rng};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The data of one stage, ready to yield batches.
pub(crate) struct StageLoader {
    sampler: IdentitySampler,
    store: SampleStore,
    seed: u64,
    modalities: ModalitySet,
    /// Combinations of at least two modalities that a step may embed together.
    combinations: Vec<ModalitySet>,
    /// Combinations that a step embeds together.
    combinations_per_step: usize,
    /// Modalities of which real samples are used.
    real: ModalitySet,
    /// Modalities that are synthesised where there is no real sample.
    synthesised: ModalitySet,
    sketch_generator: Option<SketchGenerator>,
    vocabulary: AttributeVocabulary,
    mask_rate: f64,
    augmentation: Augmentation,
}

/// The combinations of at least two of these modalities.
pub(crate) fn mixed_combinations(modalities: ModalitySet) -> Vec<ModalitySet> {
    let mut combinations = ModalitySet::combinations();
    combinations.retain(|set| set.len() > 1 && set.iter().all(|m| modalities.contains(m)));
    combinations
}

/// Attribute words that the attribute head predicts.
pub(crate) fn attribute_vocabulary() -> AttributeVocabulary {
    AttributeVocabulary::new(aio_synth::caption::vocabulary())
}

impl StageLoader {
    /// Reads and decodes what `stage` trains on.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the file that cannot be used.
    pub(crate) fn open(
        settings: &LoaderSettings,
        stage: &StageConfig,
        library: &mut Library,
    ) -> Result<Self> {
        let LoaderSettings { config, classes, .. } = *settings;
        let mut store = SampleStore::collect(settings, stage, library)?;
        let sampler = IdentitySampler::new(
            store.numbered(classes),
            config.train.identities,
            config.train.instances_per_identity,
            config.seed,
        )?;
        store.decode(stage)?;
        let modalities = config.model.modalities;
        let is_drawn = |m: &Modality| *m != Modality::Infrared && modalities.contains(*m);
        let sketch_generator =
            settings.sketch_generator.filter(|_| stage.synthesise.iter().any(is_drawn));
        if let Some(generator) = sketch_generator {
            store.draw_sketches(stage, generator);
        }
        Ok(Self {
            sampler,
            store,
            seed: config.seed,
            modalities,
            combinations: mixed_combinations(modalities),
            combinations_per_step: config.train.combinations,
            real: stage.real.iter().copied().collect(),
            synthesised: stage.synthesise.iter().copied().collect(),
            sketch_generator: sketch_generator.cloned(),
            vocabulary: attribute_vocabulary(),
            mask_rate: config.losses.mask_rate,
            augmentation: config.train.augment,
        })
    }

    /// Bytes of the pictures that are held in memory.
    pub(crate) fn decoded_bytes(&self) -> usize {
        self.store.decoded_bytes()
    }

    /// Batches in an epoch.
    pub(crate) fn batches_per_epoch(&self) -> usize {
        self.sampler.batches_per_epoch()
    }

    /// The tuples of every batch of an epoch.
    pub(crate) fn epoch(&self, epoch: u64) -> Vec<Vec<Tuple>> {
        self.sampler.epoch(epoch)
    }

    /// Turns tuples into a batch. It is a pure function of the seed and the step, whatever the number of threads.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded, where they are not held in memory.
    pub(crate) fn batch(&self, tuples: &[Tuple], step: u64) -> Result<TrainBatch> {
        let sketches = self.sketches(tuples)?;
        let pictures = (0..tuples.len())
            .into_par_iter()
            .map(|row| self.pictures(row, &tuples[row], sketches.get(row), step))
            .collect::<Result<Vec<_>>>()?;
        let stream = &mut rng(self.seed, "batch", step);
        let combinations = self.combinations.sample(stream, self.combinations_per_step);
        let mut batch = TrainBatch {
            tuples: Vec::with_capacity(tuples.len()),
            combinations: combinations.copied().collect(),
        };
        for (tuple, pictures) in tuples.iter().zip(pictures) {
            let caption = self.caption(tuple, stream)?;
            batch.tuples.push(TrainTuple { class: tuple.class, pictures, caption });
        }
        Ok(batch)
    }

    /// The pictures of one tuple, one per visual modality that it has.
    fn pictures(
        &self,
        row: usize,
        tuple: &Tuple,
        sketch: Option<&Picture>,
        step: u64,
    ) -> Result<Vec<(Modality, Picture)>> {
        let mut pictures = Vec::new();
        for modality in self.modalities.iter().filter(|m| m.is_visual()) {
            if self.has_picture(modality, tuple) {
                // Every picture has a stream of its own, so that threads do not share one.
                let stream = &mut rng(self.seed, &format!("augment {modality} {row}"), step);
                pictures.push((modality, self.picture(modality, tuple, sketch, stream)?));
            }
        }
        Ok(pictures)
    }

    /// The caption of a tuple with attribute words masked, if it has one.
    fn caption(&self, tuple: &Tuple, stream: &mut ChaCha8Rng) -> Result<Option<TrainCaption>> {
        let real = tuple.real[Modality::Text as usize];
        let Some(number) = real.filter(|_| self.modalities.contains(Modality::Text)) else {
            return Ok(None);
        };
        let Encoded { ids, word_of, words, .. } = self.store.caption(number)?;
        let masked =
            self.vocabulary.mask(&ids, &word_of, &words, self.mask_rate, || stream.random());
        Ok(Some(TrainCaption { ids, masked }))
    }

    /// Whether a tuple has a picture of a modality: a real one, or one that is synthesised.
    fn has_picture(&self, modality: Modality, tuple: &Tuple) -> bool {
        modality == Modality::Rgb
            || self.real_sample(modality, tuple).is_some()
            || self.synthesised.contains(modality)
    }

    /// The real sample of a modality that a tuple uses.
    fn real_sample(&self, modality: Modality, tuple: &Tuple) -> Option<usize> {
        tuple.real[modality as usize].filter(|_| self.real.contains(modality))
    }

    /// Every tuple's photograph as the sketch generator draws it; empty without one.
    fn sketches(&self, tuples: &[Tuple]) -> Result<Vec<Picture>> {
        let Some(generator) = &self.sketch_generator else { return Ok(Vec::new()) };
        let held: Option<Vec<Picture>> =
            tuples.iter().map(|tuple| self.store.sketch(tuple.rgb)).collect();
        if let Some(sketches) = held {
            return Ok(sketches);
        }
        let photographs: Vec<Picture> =
            tuples.par_iter().map(|tuple| self.store.picture(tuple.rgb)).collect::<Result<_>>()?;
        Ok(generator.draw(&photographs.iter().collect::<Vec<_>>()))
    }

    /// The augmented picture of one tuple in one modality.
    fn picture(
        &self,
        modality: Modality,
        tuple: &Tuple,
        sketch: Option<&Picture>,
        stream: &mut ChaCha8Rng,
    ) -> Result<Picture> {
        let mut picture = match self.real_sample(modality, tuple) {
            _ if modality == Modality::Rgb => self.store.picture(tuple.rgb)?,
            Some(number) => self.store.picture(number)?,
            None => {
                let photograph = self.store.picture(tuple.rgb)?;
                tuple::synthesised(modality, photograph, sketch, stream)
            }
        };
        tuple::augment(&self.augmentation, modality, &mut picture, stream);
        Ok(picture)
    }
}
