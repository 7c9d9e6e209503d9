//! Batches of the rendered corpus, as pure functions of the recipe and the step.

use super::recipe::Recipe;
use super::views::{Shown, augmentation, second_view, shown};
use crate::error::{Result, TrainError};
use crate::progress::Progress;
use crate::signals::StopFlag;
use aio_synth::street::corpus::{self, Item, Mix};
use aio_tokenize::bpe::Bpe;
use aio_types::{Picture, PictureSize, rng};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Which words of the vocabulary some captions of a person have: class 1 of each word that one of them has, 0 of the others.
pub(super) type Words = Vec<Option<usize>>;

/// A picture with its caption and the words in it.
pub(super) struct CaptionedPicture {
    pub(super) picture: Picture,
    /// Another view of the picture, which every second one has.
    pub(super) second: Option<Picture>,
    /// Token ids of the caption.
    pub(super) caption: Vec<u32>,
    pub(super) words: Words,
}

/// Several inputs of one person that are embedded in one sequence.
pub(super) struct CombinedInputs {
    /// One picture or two.
    pub(super) pictures: Vec<Picture>,
    /// Token ids of a caption, where there is one.
    pub(super) caption: Option<Vec<u32>>,
    /// Words of another caption of the person.
    pub(super) words: Words,
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

/// Which inputs of a person are embedded together beside the first picture.
#[derive(Debug, Clone, Copy)]
struct FurtherInputs {
    /// The other picture of the person.
    second: bool,
    /// A caption.
    caption: bool,
}

/// Which further inputs people have, by turns from step to step.
const FURTHER_INPUTS: [FurtherInputs; 3] = [
    FurtherInputs { second: false, caption: true },
    FurtherInputs { second: true, caption: false },
    FurtherInputs { second: true, caption: true },
];

/// The words that captions are searched for, in lower case.
fn vocabulary() -> &'static [String] {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(aio_synth::street::caption::vocabulary)
}

/// Classes of every word: it is in a caption, or it is not.
pub(super) fn word_classes() -> Vec<usize> {
    vec![2; vocabulary().len()]
}

/// Captions whose words a picture is to tell. One alone leaves out much and uses one of several words for the same.
const TOLD: usize = 5;

fn words_of(captions: &str) -> Words {
    let lower = captions.to_lowercase();
    let said: BTreeSet<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    vocabulary().iter().map(|word| Some(usize::from(said.contains(word.as_str())))).collect()
}

/// The words of several captions of a person who was seen with colours or without.
fn told(item: &Item, coloured: bool, rng: &mut ChaCha8Rng) -> Words {
    let captions: Vec<String> = (0..TOLD)
        .map(|_| if coloured { item.caption(rng) } else { item.caption_without_colours(rng) })
        .collect();
    words_of(&captions.join(" "))
}

/// Fraction of coloured pictures whose caption names no colour. Colours tell people apart so well that nothing else is learned where they always help.
const COLOURLESS: f64 = 0.3;

/// A caption of a person who was seen with colours or without.
fn described(item: &Item, coloured: bool, rng: &mut ChaCha8Rng) -> String {
    if coloured && !rng.random_bool(COLOURLESS) {
        item.caption(rng)
    } else {
        item.caption_without_colours(rng)
    }
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
        let progress = Progress::new("rendering the corpus", recipe.corpus, "people");
        let Recipe { infrared, sketch, colour_pencil, .. } = *recipe;
        let mix = Mix { infrared, sketch, colour_pencil };
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
            let further = FURTHER_INPUTS[step % FURTHER_INPUTS.len()];
            self.combined(&chosen[..self.recipe.batch / PARTS], pass, further)
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
        let augmentation = augmentation(self.recipe);
        let captioned = |(position, number): (usize, &usize)| {
            let stream = &mut self.stream("view", *number, pass);
            let item = &self.items[*number];
            let shown_shot = stream.random_range(0..item.shots.len());
            let Shown { picture, coloured } = shown(&item.shots[shown_shot], &augmentation, stream);
            let caption = described(item, coloured, stream);
            let words = told(item, coloured, stream);
            let second = position.is_multiple_of(2).then(|| {
                let stream = &mut self.stream("second", *number, pass);
                let other = stream.random_bool(self.recipe.pairs);
                second_view(
                    &item.shots[(shown_shot + usize::from(other)) % 2],
                    &augmentation,
                    stream,
                )
            });
            CaptionedPicture { picture, second, caption: Bpe::clip().ids(&caption).0, words }
        };
        let mut pictures: Vec<CaptionedPicture> =
            chosen.par_iter().enumerate().map(captioned).collect();
        pictures.sort_by_key(|picture| picture.caption.len());
        pictures
    }

    /// The same people with several inputs.
    fn combined(
        &self,
        chosen: &[usize],
        pass: usize,
        further: FurtherInputs,
    ) -> Vec<CombinedInputs> {
        let augmentation = augmentation(self.recipe);
        let combined = |number: &usize| {
            let stream = &mut self.stream("company", *number, pass);
            let item = &self.items[*number];
            let count = 1 + usize::from(further.second);
            let shown: Vec<Shown> =
                item.shots[..count].iter().map(|shot| shown(shot, &augmentation, stream)).collect();
            let coloured = shown.iter().any(|shown| shown.coloured);
            let caption = further.caption.then(|| described(item, true, stream));
            let words = told(item, coloured || further.caption, stream);
            CombinedInputs {
                pictures: shown.into_iter().map(|shown| shown.picture).collect(),
                caption: caption.map(|text| Bpe::clip().ids(&text).0),
                words,
            }
        };
        chosen.par_iter().map(combined).collect()
    }

    /// Random numbers for an item in a pass.
    fn stream(&self, what: &str, item: usize, pass: usize) -> ChaCha8Rng {
        rng(self.recipe.seed, &format!("pre-training {what} {item}"), pass as u64)
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
            let pixels = |c: &CaptionedPicture| {
                let second = c.second.iter().flat_map(|second| &second.pixels);
                c.picture.pixels.iter().chain(second).copied().collect()
            };
            batch.captioned.iter().map(|c| (pixels(c), c.caption.clone())).collect()
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
            let seconds: Vec<_> = batch
                .captioned
                .iter()
                .filter_map(|c| Some((&c.picture, c.second.as_ref()?)))
                .collect();
            assert_eq!(seconds.len(), 4, "every second of eight");
            assert!(seconds.iter().all(|(first, second)| first != second), "views differ");
            let further = FURTHER_INPUTS[step % 3];
            for inputs in &batch.combined {
                assert!(step >= recipe.steps);
                assert_eq!(inputs.pictures.len(), 1 + usize::from(further.second));
                assert_eq!(inputs.caption.is_some(), further.caption);
            }
        }
    }

    #[test]
    fn the_words_of_a_caption_are_found_whole() {
        let words = words_of("A man in RED, with dark-blue trousers.");
        let said: Vec<&str> = vocabulary()
            .iter()
            .zip(&words)
            .filter(|(_, class)| **class == Some(1))
            .map(|(word, _)| word.as_str())
            .collect();
        assert!(["red", "blue", "trousers"].iter().all(|word| said.contains(word)), "{said:?}");
        assert!(said.len() <= 5, "{said:?}");
    }
}
