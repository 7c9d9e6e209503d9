//! Captions with masked words.

use super::AttributeWord;

/// The token id in the place of a masked word. The embedding there is not that of the id but [`AttributeHead::mask`](super::AttributeHead::mask);
/// the id is the one that IRRA and UNIReID use, so that nothing of the word is left.
pub const MASK: u32 = 49_405;

/// A caption with masked attribute words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masked {
    /// Token ids, some of them [`MASK`] or random.
    pub ids: Vec<u32>,
    /// Positions of the pieces that the trained mask embedding stands for, rising.
    pub places: Vec<usize>,
    /// Positions to be predicted, with the class of the word that was there.
    pub targets: Vec<(usize, usize)>,
}

impl Masked {
    /// Masks attribute words of a tokenised caption.
    ///
    /// Each attribute word is chosen with `uniform() < rate`; of the chosen ones 80 % are masked, 10 % become random pieces and 10 % stay, as in
    /// UNIReID's `ImageTextMaskColorDataset`. A word of several pieces is masked as a whole and predicted at its first piece.
    ///
    /// `words` are those that [`AttributeVocabulary::find`](super::AttributeVocabulary::find) found in the caption; `uniform` yields values in 0..1.
    #[must_use]
    pub fn new(
        ids: &[u32],
        words: &[AttributeWord],
        rate: f64,
        mut uniform: impl FnMut() -> f64,
    ) -> Self {
        let mut masked = Self { ids: ids.to_vec(), ..Self::default() };
        for &AttributeWord { class, first, end } in words {
            if uniform() >= rate {
                continue;
            }
            masked.targets.push((first, class));
            let fate = uniform();
            for place in first..end {
                if fate < 0.8 {
                    masked.ids[place] = MASK;
                    masked.places.push(place);
                } else if fate < 0.9 {
                    // Ids below the mask and above the 512 single symbols are word pieces.
                    masked.ids[place] = 512 + (uniform() * f64::from(MASK - 512)) as u32;
                }
            }
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AttributeVocabulary;

    #[test]
    fn whole_words_are_masked_and_predicted_at_their_first_piece() {
        let vocabulary = AttributeVocabulary::new(["red", "backpack"].map(str::to_owned));
        let words: Vec<String> = ["a", "red", "backpack"].map(str::to_owned).to_vec();
        let (ids, word_of) =
            ([49406, 10, 20, 30, 31, 49407], [None, Some(0), Some(1), Some(2), Some(2), None]);
        let found = vocabulary.find(&word_of, &words);
        let masked = Masked::new(&ids, &found, 1.0, || 0.5);
        assert_eq!(masked.ids, [49406, 10, MASK, MASK, MASK, 49407]);
        assert_eq!(masked.places, [2, 3, 4]);
        assert_eq!(masked.targets, [(2, 1), (3, 0)]);
        let kept = Masked::new(&ids, &found, 0.0, || 0.5);
        assert_eq!((kept.ids, kept.targets), (ids.to_vec(), vec![]));
    }

    #[test]
    fn a_chosen_word_that_is_not_masked_is_predicted_all_the_same() {
        let (ids, words) = ([1, 2, 3], [AttributeWord { class: 4, first: 1, end: 2 }]);
        for (fate, is_same) in [(0.85, false), (0.95, true)] {
            let mut values = [0.0, fate, 0.5].into_iter();
            let masked = Masked::new(&ids, &words, 0.5, || values.next().expect("three values"));
            assert_eq!((masked.ids[1] == 2, masked.ids[1] == MASK), (is_same, false));
            assert_eq!((masked.places, masked.targets), (vec![], vec![(1, 4)]));
        }
    }
}
