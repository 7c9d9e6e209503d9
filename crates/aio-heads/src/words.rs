use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData, activation};
use std::collections::{BTreeMap, BTreeSet};

/// The words of a corpus of captions, and how much each one tells.
#[derive(Debug, Clone)]
pub struct WordVocabulary {
    classes: BTreeMap<String, usize>,
    weights: Vec<f32>,
}

impl WordVocabulary {
    /// Words that stand in at least `rare` of the captions; each is weighted by its inverse document frequency,
    /// `ln(captions / captions with the word)`, so that a word that stands everywhere counts nothing.
    ///
    /// `captions` are sequences of words, in which a word may come more than once.
    #[must_use]
    pub fn new<'a>(captions: impl IntoIterator<Item = &'a [String]>, rare: usize) -> Self {
        let (mut total, mut frequency) = (0, BTreeMap::<&str, usize>::new());
        for caption in captions {
            total += 1;
            for word in caption.iter().map(String::as_str).collect::<BTreeSet<_>>() {
                *frequency.entry(word).or_default() += 1;
            }
        }
        let kept: Vec<(&str, usize)> = frequency.into_iter().filter(|(_, n)| *n >= rare && *n < total).collect();
        Self {
            classes: kept.iter().map(|(word, _)| (*word).to_owned()).zip(0..).collect(),
            weights: kept.iter().map(|(_, n)| (total as f32 / *n as f32).ln()).collect(),
        }
    }

    /// Number of words.
    #[must_use]
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The distribution over the vocabulary that a caption asks for: the weights of its words, summing to one.
    /// A caption without a known word asks for nothing: all zeros.
    #[must_use]
    pub fn distribution(&self, caption: &[String]) -> Vec<f32> {
        let mut row = vec![0.0; self.len()];
        for class in caption.iter().filter_map(|word| self.classes.get(word)) {
            row[*class] = self.weights[*class];
        }
        let sum: f32 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|v| *v /= sum);
        }
        row
    }

    /// The distributions of many captions.
    ///
    /// # Shapes
    /// - output: `[captions, words]`
    #[must_use]
    pub fn distributions<'a>(&self, captions: impl IntoIterator<Item = &'a [String]>, device: &Device) -> Tensor<2> {
        let rows: Vec<f32> = captions.into_iter().flat_map(|caption| self.distribution(caption)).collect();
        let count = rows.len() / self.len().max(1);
        Tensor::from_data(TensorData::new(rows, [count, self.len()]), device)
    }
}

/// Predicts which words stand in a picture's caption, as a linear map of the embedding.
///
/// Source: SuperClass (Huang et al., "Classification Done Right for Vision-Language Pre-Training", NeurIPS 2024), with whole words
/// in place of subword pieces. A contrastive loss is satisfied by the few words that tell a batch apart, mostly
/// colours; here every word has a gradient of its own.
#[derive(Module, Debug)]
pub struct WordHead {
    classifier: Linear,
}

impl WordHead {
    /// Builds a head for embeddings of `width` and a vocabulary of `words`.
    #[must_use]
    pub fn new(width: usize, words: usize, device: &Device) -> Self {
        Self { classifier: LinearConfig::new(width, words).init(device) }
    }

    /// Cross-entropy between the captions' distributions and the predicted one.
    ///
    /// ```text
    /// L = −mean_batch Σ_w y_w · log softmax(W·f + b)_w
    /// ```
    ///
    /// # Shapes
    /// - embeddings: `[batch, width]`, distributions: `[batch, words]`, output: `[1]`
    #[must_use]
    pub fn loss(&self, embeddings: Tensor<2>, distributions: Tensor<2>) -> Tensor<1> {
        let log_p = activation::log_softmax(self.classifier.forward(embeddings), 1);
        (log_p * distributions).sum_dim(1).mean().neg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn rare_words_and_words_of_every_caption_are_left_out_and_the_others_weighted() {
        let captions = ["a red coat", "a red hat", "a blue coat", "a green coat"].map(words);
        let vocabulary = WordVocabulary::new(captions.iter().map(Vec::as_slice), 2);
        assert_eq!(vocabulary.len(), 2, "coat and red");
        let (coat, red) = ((4.0f32 / 3.0).ln(), 2.0f32.ln());
        let row = vocabulary.distribution(&words("a red red coat"));
        assert!((row[0] - coat / (coat + red)).abs() < 1e-6 && (row[1] - red / (coat + red)).abs() < 1e-6, "{row:?}");
        assert_eq!(vocabulary.distribution(&words("a blue hat")), [0.0, 0.0]);
    }

    #[test]
    fn a_head_of_zeros_costs_the_logarithm_of_the_vocabulary() {
        let device = Device::flex();
        let mut head = WordHead::new(3, 5, &device);
        head.classifier.weight = head.classifier.weight.map(|w| w.zeros_like());
        head.classifier.bias = head.classifier.bias.map(|b| b.map(|b| b.zeros_like()));
        let target = Tensor::from_data([[0.5f32, 0.0, 0.5, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0, 0.0]], &device);
        let loss: f32 = head.loss(Tensor::ones([2, 3], &device), target).into_scalar();
        assert!((loss - 5.0f32.ln()).abs() < 1e-6, "{loss}");
    }
}
