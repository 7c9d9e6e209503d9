//! Batches of the rendered corpus, as pure functions of the recipe and the step.

use super::recipe::Recipe;
use crate::error::{Result, TrainError};
use crate::progress::Progress;
use crate::signals::StopFlag;
use aio_data::augment::Augmentation;
use aio_synth::corpus::{self, Company, Depictions, Item, Together};
use aio_synth::tags;
use aio_tokenize::bpe::Bpe;
use aio_types::{Picture, PictureSize, rng};
use rand::seq::SliceRandom;
use rayon::prelude::*;

/// Tags of an item, each with its class where something is known.
pub(super) type Tags = [Option<usize>; tags::CLASSES.len()];

/// A picture with its caption and tags.
pub(super) struct CaptionedPicture {
    pub(super) picture: Picture,
    /// Token ids of the caption.
    pub(super) caption: Vec<u32>,
    pub(super) tags: Tags,
}

/// Several inputs of one person that are embedded in one sequence.
pub(super) struct CombinedInputs {
    /// One picture or two.
    pub(super) pictures: Vec<Picture>,
    /// Token ids of a caption, where there is one.
    pub(super) caption: Option<Vec<u32>>,
    /// What all inputs together show.
    pub(super) tags: Tags,
}

/// What a step embeds.
pub(super) struct CorpusBatch {
    /// Pictures with captions, those with short captions first.
    pub(super) captioned: Vec<CaptionedPicture>,
    /// People of whom several inputs are embedded together; all have the same kinds of inputs.
    pub(super) combined: Vec<CombinedInputs>,
}

/// Parts of a batch: captions are split into so many groups of like length, and one such part is also embedded from several inputs.
pub(super) const PARTS: usize = 4;

/// Which further inputs people have, by turns from step to step.
const COMPANIES: [Company; 3] = [
    Company { second: false, witness: true },
    Company { second: true, witness: false },
    Company { second: true, witness: true },
];

/// The augmentation of pre-training.
fn augmentation() -> Augmentation {
    Augmentation { jitter: 0.15, erase: 0.15, ..Augmentation::default() }
}

/// The rendered corpus with the recipe that orders it.
pub(super) struct Corpus<'a> {
    recipe: &'a Recipe,
    items: Vec<Item>,
    /// Order of the items in the current pass, and that pass.
    order: Option<(usize, Vec<usize>)>,
}

impl<'a> Corpus<'a> {
    /// Renders the corpus.
    ///
    /// # Errors
    /// [`TrainError::Interrupted`] if `stop` is raised.
    pub(super) fn render(recipe: &'a Recipe, size: PictureSize, stop: &StopFlag) -> Result<Self> {
        let progress = Progress::new("rendering the corpus", recipe.corpus, "pictures");
        let mix = Depictions { drawn: recipe.drawn, infrared: recipe.infrared };
        let tick = || {
            progress.inc(1);
            stop.poll()
        };
        let items = corpus::render(recipe.seed, recipe.corpus, size, mix, &tick)
            .ok_or(TrainError::Interrupted { phase: "rendering the corpus" })?;
        progress.finish();
        Ok(Self { recipe, items, order: None })
    }

    /// Steps of a pass over the corpus.
    pub(super) fn steps_per_pass(&self) -> usize {
        self.items.len() / self.recipe.batch
    }

    /// What a step embeds.
    pub(super) fn batch(&mut self, step: usize) -> CorpusBatch {
        let (pass, position) = (step / self.steps_per_pass(), step % self.steps_per_pass());
        let of_step = position * self.recipe.batch..(position + 1) * self.recipe.batch;
        let chosen = self.order(pass)[of_step].to_vec();
        let combined = if step < self.recipe.steps {
            Vec::new()
        } else {
            let company = COMPANIES[step % COMPANIES.len()];
            self.combined(&chosen[..self.recipe.batch / PARTS], pass, company)
        };
        CorpusBatch { captioned: self.captioned(&chosen, pass), combined }
    }

    /// The order of a pass: the corpus shuffled anew.
    fn order(&mut self, pass: usize) -> &[usize] {
        if self.order.as_ref().is_some_and(|(of, _)| *of != pass) {
            self.order = None;
        }
        let (_, order) = self.order.get_or_insert_with(|| {
            let mut order: Vec<usize> = (0..self.items.len()).collect();
            order.shuffle(&mut rng(self.recipe.seed, "pre-training order", pass as u64));
            (pass, order)
        });
        order
    }

    fn captioned(&self, chosen: &[usize], pass: usize) -> Vec<CaptionedPicture> {
        let seed = self.recipe.seed;
        let captioned = |item: &usize| {
            let view = self.items[*item].view(&augmentation(), seed, *item as u64, pass as u64);
            CaptionedPicture {
                picture: view.picture,
                caption: Bpe::clip().ids(&view.caption).0,
                tags: view.tags,
            }
        };
        let mut pictures: Vec<CaptionedPicture> = chosen.par_iter().map(captioned).collect();
        pictures.sort_by_key(|picture| picture.caption.len());
        pictures
    }

    /// The people among the chosen items with further inputs.
    fn combined(&self, chosen: &[usize], pass: usize, company: Company) -> Vec<CombinedInputs> {
        let seed = self.recipe.seed;
        let combined = |item: &usize| {
            let Together { pictures, witness, tags } = self.items[*item].together(
                company,
                &augmentation(),
                seed,
                *item as u64,
                pass as u64,
            )?;
            let caption = witness.map(|text| Bpe::clip().ids(&text).0);
            Some(CombinedInputs { pictures, caption, tags })
        };
        chosen.par_iter().filter_map(combined).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe() -> Recipe {
        Recipe { steps: 4, company_steps: 4, batch: 8, corpus: 20, ..Recipe::default() }
    }

    const SIZE: PictureSize = PictureSize { height: 32, width: 16 };

    fn rendered(recipe: &Recipe) -> Corpus<'_> {
        Corpus::render(recipe, SIZE, &StopFlag::default()).expect("not stopped")
    }

    #[test]
    fn a_signal_stops_the_rendering() {
        let (recipe, stop) = (recipe(), StopFlag::default());
        stop.raise();
        let stopped = Corpus::render(&recipe, SIZE, &stop);
        assert!(matches!(stopped.map(drop), Err(TrainError::Interrupted { .. })));
    }

    #[test]
    fn a_batch_does_not_depend_on_the_steps_before_it_nor_on_the_threads() {
        let recipe = recipe();
        let pixels = |batch: &CorpusBatch| -> Vec<(Vec<u8>, Vec<u32>)> {
            batch.captioned.iter().map(|c| (c.picture.pixels.clone(), c.caption.clone())).collect()
        };
        let mut in_order = rendered(&recipe);
        let batches: Vec<_> = (0..6).map(|step| pixels(&in_order.batch(step))).collect();
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        let alone = one_thread.install(|| {
            let mut corpus = rendered(&recipe);
            pixels(&corpus.batch(5))
        });
        assert!(alone == batches[5]);
        assert!(alone != batches[1], "another pass augments anew");
    }

    #[test]
    fn captions_are_sorted_by_length_and_only_the_last_steps_combine_inputs() {
        let recipe = recipe();
        let mut corpus = rendered(&recipe);
        assert_eq!(corpus.steps_per_pass(), 2);
        for step in 0..recipe.total_steps() {
            let batch = corpus.batch(step);
            assert!(batch.captioned.is_sorted_by_key(|picture| picture.caption.len()));
            let company = COMPANIES[step % 3];
            for inputs in &batch.combined {
                assert!(step >= recipe.steps);
                assert_eq!(inputs.pictures.len(), 1 + usize::from(company.second));
                assert_eq!(inputs.caption.is_some(), company.witness);
            }
        }
    }
}
