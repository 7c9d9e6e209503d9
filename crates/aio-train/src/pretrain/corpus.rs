//! Batches of the rendered corpus, as pure functions of the recipe and the step.

use super::recipe::{PARTS, Recipe};
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

/// A caption of a person.
struct Described {
    caption: String,
    /// Whether it may name colours.
    coloured: bool,
}

/// A caption of a person who was seen with colours or without.
fn described(item: &Item, coloured: bool, rng: &mut ChaCha8Rng) -> Described {
    let coloured = coloured && !rng.random_bool(COLOURLESS);
    let caption = if coloured { item.caption(rng) } else { item.caption_without_colours(rng) };
    Described { caption, coloured }
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
            let caption = described(item, coloured, stream).caption;
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
            let described = further.caption.then(|| described(item, true, stream));
            // Colours that no input shows or names cannot be told.
            let named = described.as_ref().is_some_and(|described| described.coloured);
            let words = told(item, coloured || named, stream);
            CombinedInputs {
                pictures: shown.into_iter().map(|shown| shown.picture).collect(),
                caption: described.map(|described| Bpe::clip().ids(&described.caption).0),
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
mod tests;
