use crate::loss;
use burn::module::Module;
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};
use std::collections::BTreeMap;

/// Token id of a masked word. CLIP has no mask token; as IRRA and UNIReID do, the id of the last merge is used.
pub const MASK: u32 = 49_405;

/// The attribute words that may be masked, with their class numbers.
#[derive(Debug, Clone)]
pub struct AttributeVocabulary {
    classes: BTreeMap<String, usize>,
}

/// An attribute word of a tokenised caption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttributeWord {
    /// Its class.
    pub class: usize,
    /// Position of its first piece.
    pub first: usize,
    /// Position behind its last piece.
    pub end: usize,
}

/// A caption with masked attribute words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    /// Token ids, some of them [`MASK`] or random.
    pub ids: Vec<u32>,
    /// Positions to be predicted, with the class of the word that was there.
    pub targets: Vec<(usize, usize)>,
}

impl AttributeVocabulary {
    /// A vocabulary of lower-case words; classes follow their alphabetic order.
    #[must_use]
    pub fn new(words: impl IntoIterator<Item = String>) -> Self {
        let sorted: std::collections::BTreeSet<String> = words.into_iter().collect();
        Self { classes: sorted.into_iter().zip(0..).collect() }
    }

    /// Number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }

    /// The class of a lower-case word.
    #[must_use]
    pub fn class(&self, word: &str) -> Option<usize> {
        self.classes.get(word).copied()
    }

    /// The attribute words of a tokenised caption, from its start to its end.
    ///
    /// `word_of` has the position in `words` that each piece belongs to; `words` are the caption's words.
    #[must_use]
    pub fn find(&self, word_of: &[Option<usize>], words: &[String]) -> Vec<AttributeWord> {
        let (mut found, mut first) = (Vec::new(), 0);
        while first < word_of.len() {
            let word = word_of[first];
            let is_other = |position: &usize| word_of[*position] != word;
            let end = (first..word_of.len()).find(is_other).unwrap_or(word_of.len());
            if let Some(class) = word.and_then(|w| self.class(&words[w])) {
                found.push(AttributeWord { class, first, end });
            }
            first = end;
        }
        found
    }
}

impl Masked {
    /// Masks attribute words of a tokenised caption.
    ///
    /// Each attribute word is chosen with `uniform() < rate`; of the chosen ones 80 % become [`MASK`], 10 % a random
    /// piece and 10 % stay, as in UNIReID's `ImageTextMaskColorDataset`. A word of several pieces is masked as a
    /// whole and predicted at its first piece.
    ///
    /// `words` are those that [`AttributeVocabulary::find`] found in the caption; `uniform` yields values in 0..1.
    #[must_use]
    pub fn new(
        ids: &[u32],
        words: &[AttributeWord],
        rate: f64,
        mut uniform: impl FnMut() -> f64,
    ) -> Self {
        let mut masked = Self { ids: ids.to_vec(), targets: Vec::new() };
        for &AttributeWord { class, first, end } in words {
            if uniform() >= rate {
                continue;
            }
            masked.targets.push((first, class));
            let fate = uniform();
            for id in &mut masked.ids[first..end] {
                if fate < 0.8 {
                    *id = MASK;
                } else if fate < 0.9 {
                    // Ids below the mask and above the 512 single symbols are word pieces.
                    *id = 512 + (uniform() * f64::from(MASK - 512)) as u32;
                }
            }
        }
        masked
    }
}

/// Predicts masked attribute words from the encoder's outputs at their positions (VGMAM).
///
/// The sequence holds the RGB tokens of the same person and the masked caption, so that the picture shows the words. Reconstruction: the paper masks attribute keywords and predicts them from "concatenated" text and RGB
/// features; the predictor (linear, GELU, layer norm, linear) is UNIReID's and IRRA's.
#[derive(Module, Debug)]
pub struct AttributeHead {
    hidden: Linear,
    norm: LayerNorm,
    classifier: Linear,
}

impl AttributeHead {
    /// Builds a head for features of `width` and `classes` attribute words.
    #[must_use]
    pub fn new(width: usize, classes: usize, device: &Device) -> Self {
        Self {
            hidden: LinearConfig::new(width, width).init(device),
            norm: LayerNormConfig::new(width).init(device),
            classifier: LinearConfig::new(width, classes).init(device),
        }
    }

    /// Attribute logits of features at masked positions.
    ///
    /// # Shapes
    /// - features: `[masked, width]`, output: `[masked, classes]`
    #[must_use]
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        let hidden = burn::tensor::activation::gelu(self.hidden.forward(features));
        self.classifier.forward(self.norm.forward(hidden))
    }

    /// Cross-entropy over the masked words. Features behind these are padding.
    ///
    /// # Shapes
    /// - features: `[at least masked, width]`, labels: `[masked]`, output: `[1]`
    #[must_use]
    pub fn loss(&self, features: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
        let ([rows, _], [masked]) = (features.dims(), labels.dims());
        let logits = self.forward(features);
        let logits = if rows > masked { logits.narrow(0, 0, masked) } else { logits };
        loss::smoothed_cross_entropy(logits, labels, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_masked_and_predicted_at_their_first_piece() {
        let vocabulary = AttributeVocabulary::new(["red", "backpack"].map(str::to_owned));
        let words: Vec<String> = ["a", "red", "backpack"].map(str::to_owned).to_vec();
        let (ids, word_of) =
            ([49406, 10, 20, 30, 31, 49407], [None, Some(0), Some(1), Some(2), Some(2), None]);
        let found = vocabulary.find(&word_of, &words);
        let masked = Masked::new(&ids, &found, 1.0, || 0.5);
        assert_eq!(masked.ids, [49406, 10, MASK, MASK, MASK, 49407]);
        assert_eq!(masked.targets, [(2, 1), (3, 0)]);
        let kept = Masked::new(&ids, &found, 0.0, || 0.5);
        assert_eq!((kept.ids, kept.targets), (ids.to_vec(), vec![]));
    }
}
