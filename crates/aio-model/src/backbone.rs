use crate::Shapes;
use aio_encoder::weights::{Preprocessing, Weights, WeightsError, module_bytes, to_bytes};
use aio_encoder::{Activations, Encoder, EncoderConfig};
use aio_tokenize::{ModalityInput, TokenSequence, Tokenizers, TokenizersConfig};
use burn::module::{Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Layer normalisation and linear map from the encoder's `[CLS]` output to the embedding.
///
/// CLIP's `ln_post` and `proj`, and Meta-Transformer's "LayerNorm + Linear on cls". The paper does not say
/// where the embedding is taken; this is a reconstruction (docs/fidelity.md).
#[derive(Module, Debug)]
pub struct Projection {
    norm: LayerNorm,
    linear: Linear,
}

impl Projection {
    fn new(config: &BackboneConfig, device: &Device) -> Self {
        let EncoderConfig { embed_dim, epsilon, .. } = config.encoder;
        let linear = LinearConfig::new(embed_dim, config.embedding_width());
        Self {
            norm: LayerNormConfig::new(embed_dim).with_epsilon(epsilon).init(device),
            linear: linear.with_bias(config.projection_bias).init(device),
        }
    }

    /// The same projection followed by a factor and then a summand per channel, `[embedding]` each. It has a bias.
    fn followed_by(self, factor: Tensor<1>, summand: Tensor<1>) -> Self {
        let weight = self.linear.weight.val().without_autodiff();
        let bias = self.linear.bias.map(|bias| bias.val().without_autodiff() * factor.clone());
        let bias = bias.map_or(summand.clone(), |bias| bias + summand);
        let linear = Linear {
            weight: Param::from_tensor(weight * factor.unsqueeze::<2>()),
            bias: Some(Param::from_tensor(bias)),
        };
        Self { linear, ..self }
    }

    /// `[batch, width]` to `[batch, embedding]`.
    #[must_use]
    pub fn forward(&self, cls: Tensor<2>) -> Tensor<2> {
        self.linear.forward(self.norm.forward(cls))
    }
}

/// Sizes of a [`Backbone`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackboneConfig {
    /// The tokenizers.
    pub tokenizers: TokenizersConfig,
    /// The encoder.
    pub encoder: EncoderConfig,
    /// Width of the embedding, if it is not the encoder's (CLIP projects 768 to 512).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<usize>,
    /// Whether the output projection has a bias. Those of pre-trained models have none; that of a model whose neck became a part of it has one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub projection_bias: bool,
}

/// Tokenizers, encoder and output projection: everything that is needed to embed.
#[derive(Module, Debug)]
pub struct Backbone {
    /// One tokenizer per modality.
    pub tokenizers: Tokenizers,
    /// The shared encoder.
    pub encoder: Encoder,
    /// The output projection.
    pub projection: Projection,
}

/// Largest size of a part that a weights file may state: far more than any published model has.
const LARGEST_SIZE: usize = 1 << 16;

/// Metadata keys of a weights file that holds a backbone.
const CONFIG: &str = "config";
const PREPROCESSING: &str = "preprocessing";

impl BackboneConfig {
    /// Builds a backbone with random weights.
    #[must_use]
    pub fn init(&self, device: &Device) -> Backbone {
        Backbone {
            tokenizers: self.tokenizers.init(self.encoder.embed_dim, device),
            encoder: self.encoder.init(device),
            projection: Projection::new(self, device),
        }
    }

    /// Width of an embedding.
    #[must_use]
    pub fn embedding_width(&self) -> usize {
        self.embedding.unwrap_or(self.encoder.embed_dim)
    }

    /// The sizes that a weights file of this project states, checked against its length before anything of these sizes is made.
    ///
    /// # Errors
    /// [`WeightsError::Metadata`] if they are missing, make no model, or need more parameters than the file holds.
    pub(crate) fn of(weights: &Weights) -> Result<Self, WeightsError> {
        let config: Self = weights.metadata(CONFIG)?;
        config
            .check(weights.bytes().len())
            .map_err(|problem| weights.malformed(CONFIG, problem))?;
        Ok(config)
    }

    fn check(&self, file: usize) -> Result<(), String> {
        let TokenizersConfig { height, width, stem, registers, text, .. } = &self.tokenizers;
        self.encoder.check()?;
        let EncoderConfig { depth, embed_dim, mlp, .. } = self.encoder;
        let embedding = self.embedding_width();
        let sizes = [
            ("height", *height),
            ("width", *width),
            ("stem.channels", stem.channels),
            ("stem.patch", stem.patch),
            ("registers", *registers),
            ("text.width", text.width),
            ("embedding", embedding),
        ];
        if let Some((name, size)) = sizes.into_iter().find(|(_, size)| *size > LARGEST_SIZE) {
            return Err(format!("{name} is {size}, expected at most {LARGEST_SIZE}"));
        }
        stem.check(*height, *width)?;
        // The large parts alone: every part is at least as large in the file.
        let block = 4 * embed_dim * embed_dim + 2 * embed_dim * mlp;
        let parameters =
            depth as u128 * block as u128 + (embed_dim * (embedding + registers)) as u128;
        if 4 * parameters > file as u128 {
            return Err(format!(
                "its sizes make at least {parameters} parameters of 4 bytes, the file holds {file} bytes"
            ));
        }
        Ok(())
    }
}

impl Backbone {
    /// The same backbone whose embeddings are followed by a factor and then a summand per channel, `[embedding]` each. Its projection has a bias.
    #[must_use]
    pub fn followed_by(self, factor: Tensor<1>, summand: Tensor<1>) -> Self {
        Self { projection: self.projection.followed_by(factor, summand), ..self }
    }

    /// Runs tokenizers and encoder; returns the embedding and all output tokens.
    ///
    /// # Shapes
    /// - embedding: `[batch, embedding]`
    /// - tokens: `[batch, 1 + tokens, width]`
    #[must_use]
    pub fn forward(&self, inputs: &[ModalityInput]) -> (Tensor<2>, Tensor<3>) {
        self.encode(&mut Activations::Stored, self.tokenizers.sequence(inputs))
    }

    /// Runs the encoder on joined tokens, with a choice of the activations that it stores; returns the embedding and all output tokens.
    ///
    /// # Shapes
    /// As [`Backbone::forward`].
    #[must_use]
    pub fn encode(
        &self,
        activations: &mut Activations,
        sequence: TokenSequence,
    ) -> (Tensor<2>, Tensor<3>) {
        let shapes = Shapes::of(&sequence.attention_mask.device());
        self.encode_as(activations, sequence, shapes)
    }

    /// [`Backbone::encode`] with a choice of the shapes that the encoder sees.
    ///
    /// # Shapes
    /// As [`Backbone::forward`], whatever the encoder sees.
    #[must_use]
    pub fn encode_as(
        &self,
        activations: &mut Activations,
        sequence: TokenSequence,
        shapes: Shapes,
    ) -> (Tensor<2>, Tensor<3>) {
        let [batch, length, width] = sequence.tokens.dims();
        let padded = shapes.pad(sequence);
        let mut tokens = activations.forward(&self.encoder, padded.tokens, padded.attention_mask);
        if tokens.dims() != [batch, length, width] {
            tokens = tokens.narrow(0, 0, batch).narrow(1, 0, length);
        }
        let cls = tokens.clone().narrow(1, 0, 1).reshape([batch, width]);
        (self.projection.forward(cls), tokens)
    }

    /// Embeddings alone.
    ///
    /// # Shapes
    /// - output: `[batch, embedding]`
    #[must_use]
    pub fn embed(&self, inputs: &[ModalityInput]) -> Tensor<2> {
        self.forward(inputs).0
    }

    /// Loads a backbone and its preprocessing from a weights file, checking every tensor.
    ///
    /// # Errors
    /// [`WeightsError`] naming the tensors or metadata that do not fit.
    pub fn load(
        weights: &Weights,
        device: &Device,
    ) -> Result<(Self, BackboneConfig, Preprocessing), WeightsError> {
        let config = BackboneConfig::of(weights)?;
        let backbone = config.init(device);
        let backbone = Self {
            tokenizers: weights.below("tokenizers.")?.load(backbone.tokenizers)?,
            encoder: weights.below("encoder.")?.load(backbone.encoder)?,
            projection: weights.below("projection.")?.load(backbone.projection)?,
        };
        Ok((backbone, config, weights.metadata(PREPROCESSING)?))
    }

    /// The weights file of this backbone.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if a tensor cannot be serialised.
    pub fn to_bytes(
        &self,
        config: &BackboneConfig,
        preprocessing: &Preprocessing,
        card: &[(&str, serde_json::Value)],
    ) -> Result<Vec<u8>, WeightsError> {
        let json = |value: Result<serde_json::Value, serde_json::Error>| {
            value.map_err(|e| WeightsError::Format {
                origin: "the metadata".into(),
                problem: e.to_string(),
            })
        };
        let mut metadata = BTreeMap::from([
            (CONFIG.to_owned(), json(serde_json::to_value(config))?),
            (PREPROCESSING.to_owned(), json(serde_json::to_value(preprocessing))?),
        ]);
        metadata.extend(card.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let modules = vec![
            ("tokenizers.", module_bytes(&self.tokenizers)?),
            ("encoder.", module_bytes(&self.encoder)?),
            ("projection.", module_bytes(&self.projection)?),
        ];
        to_bytes(modules, metadata)
    }
}
