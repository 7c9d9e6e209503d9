//! The term of the attribute head: words that are masked in a caption and named from the photograph beside it.

use crate::inputs::{Inputs, MaskedCaptions};
use crate::{Aio, Backbone, LossTerm, LossWeights, Losses, Shapes, StepMeasure};
use aio_encoder::Activations;
use aio_heads::{AttributeHead, Masked, attribute_accuracy, attribute_loss};
use aio_tokenize::ModalityTokens;
use aio_types::Modality;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};

/// Where the masked words of captions are among the outputs of their sequences.
struct Places {
    /// `[captions, slots]`
    places: Tensor<2, Int>,
    /// Which of the `captions · slots` places are words, with what is added for the device: `[at least words]`.
    words: Tensor<1, Int>,
}

impl Places {
    /// The places in sequences of `length` tokens at whose end the captions stand, each padded to `caption_length`.
    fn new(captions: &[&Masked], length: usize, caption_length: usize, device: &Device) -> Self {
        let shapes = Shapes::of(device);
        let most = captions.iter().map(|caption| caption.targets.len()).max().unwrap_or(0);
        let slots = shapes.padded(most);
        let (mut places, mut words) = (vec![0; captions.len() * slots], Vec::new());
        for (number, caption) in captions.iter().enumerate() {
            for (slot, (position, _)) in caption.targets.iter().enumerate() {
                let word = number * slots + slot;
                places[word] = (length - caption_length + position) as i64;
                words.push(word as i64);
            }
        }
        // Their number differs in every step. What is added is cut off by the loss.
        words.resize(shapes.padded(words.len()), 0);
        let count = words.len();
        Self {
            places: Tensor::from_data(TensorData::new(places, [captions.len(), slots]), device),
            words: Tensor::from_data(TensorData::new(words, [count]), device),
        }
    }
}

impl Aio {
    /// Adds the loss of the masked words, and the shares of them that are named with the photograph and without it.
    pub(crate) fn attribute_term(
        &self,
        activations: &mut Activations,
        inputs: &Inputs,
        weights: &LossWeights,
        losses: &mut Losses,
    ) {
        let (Some(head), Some(masked)) = (&self.attribute, &inputs.masked) else { return };
        let Some(rgb) = inputs.select(Modality::Rgb, &masked.rows) else { return };
        let classes = masked.captions.iter().flat_map(|caption| &caption.targets);
        let labels = inputs.integers(classes.map(|(_, class)| *class));
        let backbone = &self.backbone;
        let named = |backbone: &Backbone, head: &AttributeHead, activations, tokens: &[_]| {
            name_words(backbone, head, activations, masked, tokens, inputs.device())
        };
        let logits = named(backbone, head, activations, &[rgb, masked.tokens.clone()]);
        losses.measure(
            StepMeasure::AttributeAccuracy,
            attribute_accuracy(logits.clone().without_autodiff(), labels.clone()),
        );
        let (plain, caption) = (&mut Activations::Stored, masked.tokens.constant());
        let alone = named(&backbone.valid(), &head.valid(), plain, &[caption]);
        losses.measure(
            StepMeasure::AttributeAccuracyWithoutPicture,
            attribute_accuracy(alone, labels.clone()),
        );
        losses.push(LossTerm::Attribute, weights.attribute, attribute_loss(logits, labels));
    }
}

/// Logits of the masked words of captions, which stand at the end of the sequences of `tokens`: `[at least words, classes]`.
fn name_words(
    backbone: &Backbone,
    head: &AttributeHead,
    activations: &mut Activations,
    masked: &MaskedCaptions,
    tokens: &[ModalityTokens],
    device: &Device,
) -> Tensor<2> {
    let sequence = backbone.tokenizers.join(tokens);
    let attention_mask = sequence.attention_mask.clone();
    let (_, outputs) = backbone.encode(activations, sequence);
    let [_, length, _] = outputs.dims();
    let Places { places, words } =
        Places::new(&masked.captions, length, masked.tokens.length(), device);
    head.forward(outputs, attention_mask, places, words)
}
