use crate::{Backbone, BackboneConfig, Shapes, pictures, token_ids};
use aio_encoder::weights::{Preprocessing, Shipped, WeightsError};
use aio_tokenize::{ModalityInput, SentenceTokenizer};
use aio_types::{Modality, ModalitySet, Observation, Picture};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Why an input cannot be embedded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// An input without any modality.
    #[error("input {0} holds no modality")]
    Empty(usize),
    /// A modality the model has no tokenizer for.
    #[error("input {index} holds {modality}, but the model was made for {known}")]
    Unknown {
        /// Position of the input.
        index: usize,
        /// The modality.
        modality: Modality,
        /// What the model can embed.
        known: ModalitySet,
    },
}

/// Embeds any non-empty set of modalities.
///
/// ```
/// use aio_model::{Extractor, Shipped};
/// use aio_types::Observation;
/// use burn::tensor::Device;
///
/// let extractor = Extractor::shipped(Shipped::Default, &Device::flex())?;
/// let caption = "A woman in a red coat with a black backpack.".to_owned();
/// let query = Observation { caption: Some(caption), ..Observation::default() };
/// let embeddings = extractor.embed(&[query])?;
/// assert_eq!(embeddings[0].len(), extractor.width());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Extractor {
    backbone: Backbone,
    sentences: SentenceTokenizer,
    preprocessing: Preprocessing,
    width: usize,
    device: Device,
    /// Sentences that were too long.
    cut: AtomicUsize,
}

/// Inputs embedded at once.
const BATCH: usize = 64;

/// What is added to the variance of a response.
const SMALLEST_VARIANCE: f64 = 1e-12;

impl Extractor {
    /// An extractor around a backbone; it is taken out of training mode.
    #[must_use]
    pub fn new(
        backbone: &Backbone,
        config: &BackboneConfig,
        preprocessing: Preprocessing,
        device: &Device,
    ) -> Self {
        Self {
            backbone: backbone.valid(),
            sentences: backbone.sentences(),
            preprocessing,
            width: config.embedding_width(),
            device: device.clone().inner(),
            cut: AtomicUsize::new(0),
        }
    }

    /// A model that is compiled into the program: the trained one, or the encoder before training, which knows RGB and text only.
    ///
    /// # Errors
    /// [`WeightsError`] if its file was damaged before the program was compiled.
    pub fn shipped(shipped: Shipped, device: &Device) -> Result<Self, WeightsError> {
        let (backbone, config, preprocessing) = Backbone::load(&shipped.weights()?, device)?;
        Ok(Self::new(&backbone, &config, preprocessing, device))
    }

    /// How pictures must be prepared.
    #[must_use]
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.preprocessing
    }

    /// What makes token ids of captions.
    #[must_use]
    pub fn sentences(&self) -> &SentenceTokenizer {
        &self.sentences
    }

    /// How many of the sentences that were embedded so far had more token ids than [`Self::sentences`] gives, and were cut off.
    #[must_use]
    pub fn cut_sentences(&self) -> usize {
        self.cut.load(Ordering::Relaxed)
    }

    /// Width of an embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Embeds people. Their pictures have the size of the extractor's [`Preprocessing`]. An embedding does not depend on what else is in the
    /// list.
    ///
    /// # Errors
    /// [`ExtractError`] naming the input that is empty or holds a modality the model does not know.
    pub fn embed(&self, inputs: &[Observation<Picture>]) -> Result<Vec<Vec<f32>>, ExtractError> {
        let mut groups: BTreeMap<ModalitySet, Vec<usize>> = BTreeMap::new();
        for (index, input) in inputs.iter().enumerate() {
            groups.entry(self.checked_modalities(index, input)?).or_default().push(index);
        }
        let mut result = vec![Vec::new(); inputs.len()];
        for (set, members) in groups {
            for chunk in members.chunks(BATCH) {
                let mut chosen: Vec<_> = chunk.iter().map(|i| &inputs[*i]).collect();
                // Embeddings of what is added are not read.
                chosen.resize(Shapes::of(&self.device).padded(chunk.len()), &inputs[chunk[0]]);
                let embedded = self.backbone.embed(&self.tensors(set, &chosen, chunk.len()));
                let values: Vec<f32> = embedded.into_data().iter::<f32>().collect();
                for (index, row) in chunk.iter().zip(values.chunks_exact(self.width)) {
                    result[*index] = row.to_vec();
                }
            }
        }
        Ok(result)
    }

    /// How the first convolution of a modality's stem responds to pictures, which have the size of the extractor's [`Preprocessing`]: per picture the mean of
    /// every channel, then the natural logarithm of the standard deviation of every channel. It says what edges and colours are there, before a layer has
    /// interpreted them.
    ///
    /// # Errors
    /// [`ExtractError::Unknown`] with the position 0 if the modality has no stem.
    pub fn responses(
        &self,
        modality: Modality,
        images: &[&Picture],
    ) -> Result<Vec<Vec<f32>>, ExtractError> {
        let known = self.backbone.modalities();
        let stem = self.backbone.tokenizers.image(modality);
        let stem = stem.ok_or(ExtractError::Unknown { index: 0, modality, known })?;
        let mut found = Vec::with_capacity(images.len());
        for chunk in images.chunks(BATCH) {
            let mut chosen = chunk.to_vec();
            chosen.resize(Shapes::of(&self.device).padded(chunk.len()), chunk[0]);
            let tensor = pictures(chosen, &self.preprocessing, &self.device);
            let responses = stem.first_responses(tensor);
            let means = responses.clone().mean_dim(1);
            let variances = (responses - means.clone()).square().mean_dim(1);
            // Half the logarithm of a variance is that of the deviation. A flat channel has no logarithm.
            let deviations = (variances + SMALLEST_VARIANCE).log() * 0.5;
            let both = Tensor::cat(vec![means, deviations], 2);
            let [_, _, width] = both.dims();
            let values: Vec<f32> = both.into_data().iter::<f32>().collect();
            found.extend(values.chunks_exact(width).take(chunk.len()).map(<[f32]>::to_vec));
        }
        Ok(found)
    }

    /// Whether an input can be embedded.
    ///
    /// # Errors
    /// As [`Extractor::embed`], with the position 0.
    pub fn check(&self, input: &Observation<Picture>) -> Result<(), ExtractError> {
        self.checked_modalities(0, input).map(|_| ())
    }

    /// How much each token of an input contributes to its embedding: attention roll-out ([`aio_encoder::Encoder::rollout`]), the row of `[CLS]` or, with an
    /// attention pooling, the rows that it takes.
    ///
    /// One list per picture, row by row of its token grid, in the order of [`Modality::ALL`]; then one for the caption, if there is one. In a text
    /// tower it is the row of the token that is taken, and pictures are rolled out without the caption. Modalities that are combined behind the encoder are
    /// rolled out alone.
    ///
    /// # Errors
    /// As [`Extractor::embed`].
    pub fn rollout(&self, input: &Observation<Picture>) -> Result<Vec<Vec<f32>>, ExtractError> {
        let set = self.checked_modalities(0, input)?;
        let mut inputs = self.tensors(set, &[input], 0);
        let caption = self.split_caption(&mut inputs);
        let together = if self.backbone.fusion.is_late() { 1 } else { inputs.len().max(1) };
        let sequences = inputs.chunks(together);
        let mut parts: Vec<Vec<f32>> =
            sequences.flat_map(|sequence| self.roll_out_sequence(sequence)).collect();
        parts.extend(caption);
        Ok(parts)
    }

    /// Takes the caption out of the inputs of one person, and rolls it out, if text has a tower.
    fn split_caption(&self, inputs: &mut Vec<ModalityInput>) -> Option<Vec<f32>> {
        let tower = self.backbone.text_tower.as_ref()?;
        let place = inputs.iter().position(|input| matches!(input, ModalityInput::Text(_)))?;
        let ModalityInput::Text(ids) = inputs.remove(place) else { return None };
        Some(tower.rollout(ids).into_data().iter::<f32>().collect())
    }

    /// One list per input: how much each of its tokens reaches `[CLS]`.
    fn roll_out_sequence(&self, inputs: &[ModalityInput]) -> Vec<Vec<f32>> {
        let tokenizers = &self.backbone.tokenizers;
        let lengths: Vec<usize> = inputs.iter().map(|part| tokenizers.length(part)).collect();
        let shares = self.backbone.rollout(tokenizers.sequence(inputs));
        let [_, count] = shares.dims();
        let cls: Vec<f32> = shares.into_data().iter::<f32>().collect();
        // [CLS], the registers and what stands for absent modalities are in front.
        let mut rest = &cls[count - lengths.iter().sum::<usize>()..];
        let mut parts = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (part, behind) = rest.split_at(length);
            parts.push(part.to_vec());
            rest = behind;
        }
        parts
    }

    /// The modalities of an input; the model has a tokenizer for each of them.
    fn checked_modalities(
        &self,
        index: usize,
        input: &Observation<Picture>,
    ) -> Result<ModalitySet, ExtractError> {
        let known = self.backbone.modalities();
        let set = input.modalities();
        if let Some(modality) = set.iter().find(|m| !known.contains(*m)) {
            return Err(ExtractError::Unknown { index, modality, known });
        }
        if set.is_empty() { Err(ExtractError::Empty(index)) } else { Ok(set) }
    }

    /// The tensors of inputs that all have the modalities of `set`. Of the first `counted`, sentences that are cut are counted.
    fn tensors(
        &self,
        set: ModalitySet,
        inputs: &[&Observation<Picture>],
        counted: usize,
    ) -> Vec<ModalityInput> {
        set.iter().map(|modality| self.tensor(modality, inputs, counted)).collect()
    }

    fn tensor(
        &self,
        modality: Modality,
        inputs: &[&Observation<Picture>],
        counted: usize,
    ) -> ModalityInput {
        if modality == Modality::Text {
            let captions = inputs.iter().filter_map(|input| input.caption.as_deref());
            let (ids, is_cut): (Vec<Vec<u32>>, Vec<bool>) =
                captions.map(|caption| self.sentences.ids(caption)).unzip();
            let cut = is_cut.into_iter().take(counted).filter(|is_cut| *is_cut).count();
            self.cut.fetch_add(cut, Ordering::Relaxed);
            return ModalityInput::Text(token_ids(ids.iter().map(Vec::as_slice), &self.device));
        }
        let chosen = inputs.iter().filter_map(|input| {
            let (_, picture) = input.pictures.iter().find(|(found, _)| *found == modality)?;
            Some(picture)
        });
        ModalityInput::Pictures(modality, pictures(chosen, &self.preprocessing, &self.device))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scripts/golden/responses.py: PyTorch's convolution with the weights of the embedded encoder.
    const MEANS: [f32; 16] = [
        -0.00815, -0.02286, 0.003, -0.00156, 0.01423, -0.01032, -0.00207, 0.00368, -0.00762,
        -0.00604, 0.00799, -0.01417, 0.00358, 0.00978, -0.00864, -0.0046,
    ];
    const LOGARITHMS: [f32; 16] = [
        -1.13249, 0.24775, -0.64486, -0.70237, -0.23186, -0.4742, -0.98314, -0.62036, -0.27327,
        -0.23347, -0.27327, -0.5318, -0.86786, -0.30342, -0.47102, -0.73191,
    ];

    #[test]
    fn responses_are_those_of_pytorch_and_belong_to_their_picture() {
        let extractor = Extractor::shipped(Shipped::Embedded, &Device::flex()).expect("loads");
        let size = extractor.preprocessing().size();
        let mut pixels = Vec::new();
        for y in 0..size.height {
            for x in 0..size.width {
                pixels.extend((0..3).map(|c| ((y * 7 + x * 13 + c * 31) % 256) as u8));
            }
        }
        let picture = Picture { size, pixels };
        let flat = Picture { size, pixels: vec![128; picture.pixels.len()] };
        let images: Vec<&Picture> =
            (0..70).map(|i| if i == 66 { &picture } else { &flat }).collect();
        let found = extractor.responses(Modality::Rgb, &images).expect("a stem");
        assert_eq!(found.len(), 70);
        for (value, expected) in found[66].iter().zip(MEANS.iter().chain(&LOGARITHMS)) {
            assert!((value - expected).abs() < 2e-4, "{value}, expected {expected}");
        }
        assert_eq!(found[66].len(), 32);
        assert_eq!(found[65], found[67]);
        let unknown = extractor.responses(Modality::Sketch, &images);
        assert!(matches!(unknown, Err(ExtractError::Unknown { modality: Modality::Sketch, .. })));
    }
}
