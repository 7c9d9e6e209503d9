//! The data of one stage as training batches.

use super::doubts;
use super::library::Library;
use super::prefetch::WAITING;
use super::settings::LoaderSettings;
use super::shares::{shares, too_few};
use super::softmax::SoftmaxSample;
use super::store::SampleStore;
use super::tuple::{self, TupleSource};
use crate::config::{Batches, StageConfig};
use crate::error::Result;
use aio_data::augment::Augmentation;
use aio_data::sampler::{BatchPlan, IdentitySampler, Tuple};
use aio_data::synthesis::MadeInfrared;
use aio_model::{Origin, SketchGenerator, TrainBatch, TrainCaption, TrainPicture, TrainTuple};
use aio_types::{Modality, ModalitySet, Picture, PictureSize, rng};
use rand::{RngExt, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::borrow::Cow;

/// The data of one stage, ready to yield batches.
pub(crate) struct StageLoader {
    sampler: IdentitySampler,
    pub(super) store: SampleStore,
    seed: u64,
    tuples_per_batch: usize,
    modalities: ModalitySet,
    /// Combinations that a step embeds together.
    combinations_per_step: usize,
    /// Modalities of which real samples are used.
    real: ModalitySet,
    /// Modalities that are synthesised where there is no real sample.
    synthesised: ModalitySet,
    sketch_generator: Option<SketchGenerator>,
    made_infrared: MadeInfrared,
    mask_rate: f64,
    augmentation: Augmentation,
    /// Draws the classes of a step's softmax, where it does not have all.
    pub(super) softmax: Option<SoftmaxSample>,
    /// What it warned of when it was opened.
    #[cfg(test)]
    pub(super) doubts: Vec<String>,
}

/// The combinations of at least two of these modalities.
pub(crate) fn mixed_combinations(modalities: ModalitySet) -> Vec<ModalitySet> {
    let mut combinations = ModalitySet::combinations();
    combinations.retain(|set| set.len() > 1 && set.iter().all(|m| modalities.contains(m)));
    combinations
}

/// The combinations among which a step on `batch` draws: those of which it holds a tuple.
pub(crate) fn held_combinations(modalities: ModalitySet, batch: &TrainBatch) -> Vec<ModalitySet> {
    let mut combinations = mixed_combinations(modalities);
    combinations.retain(|set| batch.tuples_with(*set) > 0);
    combinations
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
        let (mut store, sampler, doubts) = Self::sampled(settings, stage, library)?;
        store.warn_of_long_captions(stage);
        doubts.iter().for_each(|doubt| log::warn!("{doubt}"));
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
            tuples_per_batch: config.train.identities * config.train.instances_per_identity,
            modalities,
            combinations_per_step: config.train.combinations,
            real: stage.real.iter().copied().collect(),
            synthesised: stage.synthesise.iter().copied().collect(),
            sketch_generator: sketch_generator.cloned(),
            made_infrared: config.data.made_infrared,
            mask_rate: config.losses.mask_rate,
            augmentation: config.train.augment,
            softmax: SoftmaxSample::new(config, classes.len()),
            #[cfg(test)]
            doubts,
        })
    }

    /// Refuses a stage of whose data no batches can be formed. No picture is decoded.
    ///
    /// # Errors
    /// As [`StageLoader::open`].
    pub(crate) fn check(
        settings: &LoaderSettings,
        stage: &StageConfig,
        library: &mut Library,
    ) -> Result<()> {
        Self::sampled(settings, stage, library).map(drop)
    }

    /// The samples of a stage, what forms batches of them, and what is doubtful about these.
    fn sampled(
        settings: &LoaderSettings,
        stage: &StageConfig,
        library: &mut Library,
    ) -> Result<(SampleStore, IdentitySampler, Vec<String>)> {
        let LoaderSettings { config, classes, .. } = *settings;
        let store = SampleStore::collect(settings, stage, library)?;
        let numbered = store.numbered(classes);
        let plan = BatchPlan {
            identities: config.train.identities,
            instances_per_identity: config.train.instances_per_identity,
            neighbours: config.train.neighbours,
            shares: shares(stage, classes, &numbered),
            one_range: stage.batches == Batches::OneDataSet,
            seed: config.seed,
        };
        let nothing_to_bind = doubts::nothing_to_bind(settings, stage, &store, &numbered);
        let no_partners = doubts::no_partners(settings, stage, &numbered);
        let sampler = IdentitySampler::new(numbered, plan.clone())
            .map_err(|error| too_few(error, config, classes))?;
        let rounded_shares = doubts::rounded_shares(stage, &plan, &sampler);
        let doubts = [rounded_shares, nothing_to_bind, no_partners];
        Ok((store, sampler, doubts.into_iter().flatten().collect()))
    }

    /// Bytes of the pictures that are held in memory for the whole stage.
    pub(crate) fn decoded_bytes(&self) -> usize {
        self.store.decoded_bytes()
    }

    /// Bytes of the pictures of batches: those that wait for their step, one in the making, and one in use.
    pub(crate) fn batch_bytes(&self) -> usize {
        let pictures = self.modalities.iter().filter(|m| m.is_visual()).count();
        (WAITING + 2) * self.tuples_per_batch * pictures * self.store.bytes_per_picture()
    }

    /// Batches in an epoch.
    pub(crate) fn batches_per_epoch(&self) -> usize {
        self.sampler.batches_per_epoch()
    }

    /// The tuples of every batch of an epoch.
    pub(crate) fn epoch(&self, epoch: u64) -> Vec<Vec<Tuple>> {
        let mut batches = self.sampler.epoch(epoch);
        let stream = &mut rng(self.seed, "pictures of photographs", epoch);
        for tuple in batches.iter_mut().flatten() {
            self.prefer_own(tuple, stream);
        }
        batches
    }

    /// Takes pictures that were made from the photograph of a tuple in place of other ones of the person. The samples of data sets that do not say what
    /// theirs were made from stay as they were drawn.
    fn prefer_own(&self, tuple: &mut Tuple, stream: &mut ChaCha8Rng) {
        for modality in Modality::ALL.into_iter().filter(|m| m.is_visual()) {
            let Some(drawn) = &mut tuple.real[modality as usize] else { continue };
            let own = self.store.made_from(tuple.rgb, modality);
            if !own.contains(drawn) {
                *drawn = own.choose(stream).copied().unwrap_or(*drawn);
            }
        }
    }

    /// Turns tuples into a batch. It is a pure function of the seed and the step, whatever the number of threads.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded, where they are not held in memory.
    pub(crate) fn batch(&self, tuples: &[Tuple], step: u64) -> Result<TrainBatch> {
        let mut batch = self.batch_without_pixels(tuples, step)?;
        let sources = self.sources(tuples)?;
        let decode = |(row, of_batch): (usize, &mut TrainTuple)| -> Result<()> {
            for TrainPicture { modality, picture, .. } in &mut of_batch.pictures {
                // Every picture has a stream of its own, so that threads do not share one.
                let stream = &mut rng(self.seed, &format!("augment {modality} {row}"), step);
                *picture = self.picture(*modality, &tuples[row], &sources[row], stream)?;
            }
            Ok(())
        };
        batch.tuples.par_iter_mut().enumerate().try_for_each(decode)?;
        Ok(batch)
    }

    /// The batch without its pixels: every picture is of size 0. No picture is decoded.
    ///
    /// Combinations, captions and masks have streams of their own, so that trainings that differ in one of them are paired in the others.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the index whose captions cannot be read.
    pub(crate) fn batch_without_pixels(&self, tuples: &[Tuple], step: u64) -> Result<TrainBatch> {
        let captions = &mut rng(self.seed, "captions", step);
        let masks = &mut rng(self.seed, "masked words", step);
        let of_batch = |tuple: &Tuple| {
            let caption = self.caption(tuple, captions, masks)?;
            let Tuple { class, rgb: photograph, .. } = *tuple;
            Ok(TrainTuple { class, photograph, pictures: self.without_pixels(tuple), caption })
        };
        let tuples = tuples.iter().map(of_batch).collect::<Result<_>>()?;
        let mut batch = TrainBatch { tuples, combinations: Vec::new(), sampled_classes: None };
        let held = held_combinations(self.modalities, &batch);
        let stream = &mut rng(self.seed, "combinations", step);
        batch.combinations = held.sample(stream, self.combinations_per_step).copied().collect();
        Ok(batch)
    }

    /// The pictures of one tuple, one per visual modality that it has, of size 0.
    fn without_pixels(&self, tuple: &Tuple) -> Vec<TrainPicture> {
        let mut pictures = Vec::new();
        for modality in self.modalities.iter().filter(|m| m.is_visual()) {
            if self.has_picture(modality, tuple) {
                let size = PictureSize { height: 0, width: 0 };
                let picture = Picture { size, pixels: Vec::new() };
                let real = self.real_sample(modality, tuple).filter(|_| modality != Modality::Rgb);
                let origin = real
                    .map_or(Origin::Photograph, |sample| self.origin(modality, sample, tuple.rgb));
                pictures.push(TrainPicture { modality, picture, origin });
            }
        }
        pictures
    }

    /// What a real sample was made from, in a tuple with this photograph.
    fn origin(&self, modality: Modality, sample: usize, photograph: usize) -> Origin {
        match self.store.photograph_of(sample) {
            // Several photographs may have one source.
            Some(_) if self.store.made_from(photograph, modality).contains(&sample) => {
                Origin::Photograph
            }
            Some(other) => Origin::OtherPhotograph { sample: other },
            None => Origin::Itself { sample },
        }
    }

    /// The caption of a tuple with attribute words masked, if it has one.
    fn caption(
        &self,
        tuple: &Tuple,
        captions: &mut ChaCha8Rng,
        masks: &mut ChaCha8Rng,
    ) -> Result<Option<TrainCaption>> {
        let real = self.real_sample(Modality::Text, tuple);
        let Some(of_person) = real.filter(|_| self.modalities.contains(Modality::Text)) else {
            return Ok(None);
        };
        // A caption says what its photograph shows; another photograph of the person may show the other side.
        let number =
            self.store.captions_of(tuple.rgb).choose(captions).copied().unwrap_or(of_person);
        let caption = self.store.caption(number)?;
        let masked = caption.masked(self.mask_rate, || masks.random());
        Ok(Some(TrainCaption { ids: caption.ids.to_vec(), masked }))
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

    /// What the pictures of every tuple are made from.
    fn sources(&self, tuples: &[Tuple]) -> Result<Vec<TupleSource<'_>>> {
        let photographs: Vec<Cow<Picture>> =
            tuples.par_iter().map(|tuple| self.store.picture(tuple.rgb)).collect::<Result<_>>()?;
        let mut sketches = self.sketches(tuples, &photographs).into_iter();
        let infrared = self.made_infrared;
        let source = |photograph| TupleSource { photograph, sketch: sketches.next(), infrared };
        Ok(photographs.into_iter().map(source).collect())
    }

    /// Every tuple's photograph as the sketch generator draws it; empty without one.
    fn sketches(&self, tuples: &[Tuple], photographs: &[Cow<Picture>]) -> Vec<Cow<'_, Picture>> {
        let Some(generator) = &self.sketch_generator else { return Vec::new() };
        let held: Option<Vec<Cow<Picture>>> =
            tuples.iter().map(|tuple| self.store.sketch(tuple.rgb).map(Cow::Borrowed)).collect();
        held.unwrap_or_else(|| {
            let photographs: Vec<&Picture> = photographs.iter().map(AsRef::as_ref).collect();
            generator.draw(&photographs).into_iter().map(Cow::Owned).collect()
        })
    }

    /// The augmented picture of one tuple in one modality.
    fn picture(
        &self,
        modality: Modality,
        tuple: &Tuple,
        source: &TupleSource,
        stream: &mut ChaCha8Rng,
    ) -> Result<Picture> {
        let mut picture = match self.real_sample(modality, tuple) {
            _ if modality == Modality::Rgb => source.photograph(),
            Some(number) => self.store.picture(number)?.into_owned(),
            None => source.synthesised(modality, stream),
        };
        tuple::augment(&self.augmentation, modality, &mut picture, stream);
        Ok(picture)
    }
}
