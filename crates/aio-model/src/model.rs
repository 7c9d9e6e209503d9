use crate::{Backbone, BackboneConfig, Neck, TextTower, TextUse};
use aio_encoder::Precision;
use aio_heads::{AnchorQueue, AttributeHead, Centres, IdentityHead};
use aio_tokenize::BatchNormMode;
use aio_types::ModalitySet;
use burn::module::Module;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// Sizes of an [`Aio`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AioConfig {
    /// The backbone.
    pub backbone: BackboneConfig,
    /// Training identities.
    pub classes: usize,
    /// Whether the identity head distinguishes a sample of the identities in each step ([`crate::TrainBatch::sampled_classes`]).
    #[serde(default)]
    pub samples_classes: bool,
    /// Words that the attribute head distinguishes; 0 for no such head.
    pub attributes: usize,
    /// Anchors of earlier steps that the binding loss has beside those of a batch.
    #[serde(default)]
    pub queue: usize,
    /// Which parts keep their pre-trained weights.
    pub frozen: Frozen,
}

/// Which parts of the model keep their pre-trained weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Modalities whose tokenizers keep them.
    pub tokenizers: ModalitySet,
    /// The parts that all modalities share.
    pub shared: Shared,
    /// Which statistics the batch normalisations of stems use in training; those of frozen tokenizers use the pre-trained ones.
    #[serde(rename = "statistics")]
    pub batch_norm_mode: BatchNormMode,
    /// The encoder.
    pub encoder: EncoderUse,
    /// What embeds text, and whether a text tower keeps its weights.
    #[serde(default)]
    pub text: TextUse,
}

/// How the encoder is used.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EncoderUse {
    /// It keeps its pre-trained weights, as in the paper.
    #[default]
    Frozen,
    /// It is trained with everything else.
    Trained,
    /// Its weights are random and not trained: the baseline that shows what pre-training is worth.
    Random,
}

/// The parts that all modalities share beside the encoder: the `[CLS]` token and the output projection.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Shared {
    /// They are trained.
    #[default]
    Trained,
    /// They keep their pre-trained weights.
    Frozen,
}

/// The model in training: tokenizers → frozen encoder → heads.
#[derive(Module, Debug)]
pub struct Aio {
    /// Everything that is needed to embed.
    pub backbone: Backbone,
    pub(crate) identity: IdentityHead,
    pub(crate) attribute: Option<AttributeHead>,
    pub(crate) queue: Option<AnchorQueue>,
}

impl Aio {
    /// Adds heads to a pre-trained backbone and freezes its encoder.
    #[must_use]
    pub fn new(backbone: Backbone, config: &AioConfig, device: &Device) -> Self {
        let width = config.backbone.embedding_width();
        let model = Self {
            backbone,
            identity: if config.samples_classes {
                IdentityHead::sampled(width, Centres::new(config.classes, width, device), device)
            } else {
                IdentityHead::new(width, config.classes, device)
            },
            attribute: (config.attributes > 0).then(|| {
                AttributeHead::new(config.backbone.encoder.embed_dim, config.attributes, device)
            }),
            queue: (config.queue > 0).then(|| AnchorQueue::new(config.queue, width, device)),
        };
        model.frozen(config.frozen)
    }

    /// What retrieval uses of the model: the backbone, followed by the neck where its output is compared.
    #[must_use]
    pub fn retrieval(&self, neck: Neck) -> Backbone {
        let backbone = self.backbone.clone();
        match neck {
            Neck::Before => backbone,
            Neck::After => {
                let (factor, summand) = self.identity.neck();
                backbone.followed_by(factor, summand)
            }
        }
    }

    /// The same model with the parts that `frozen` names excluded from training. Gradients flow through a frozen encoder, never to its own weights;
    /// its adapters learn.
    #[must_use]
    pub fn frozen(mut self, frozen: Frozen) -> Self {
        if frozen.encoder != EncoderUse::Trained {
            self.backbone.encoder = self.backbone.encoder.frozen();
        }
        self.backbone.tokenizers = self
            .backbone
            .tokenizers
            .with_batch_norm_mode(frozen.batch_norm_mode)
            .frozen(frozen.tokenizers);
        if frozen.text != TextUse::TrainedTower {
            self.backbone.text_tower = self.backbone.text_tower.map(TextTower::no_grad);
        }
        if frozen.shared == Shared::Frozen {
            self.backbone.tokenizers = self.backbone.tokenizers.with_frozen_cls();
            self.backbone.projection = self.backbone.projection.no_grad();
        }
        self
    }

    /// The same model whose encoders compute their large products in `precision`.
    #[must_use]
    pub fn with_precision(mut self, precision: Precision) -> Self {
        self.backbone.encoder = self.backbone.encoder.with_precision(precision);
        self.backbone.text_tower =
            self.backbone.text_tower.map(|tower| tower.with_precision(precision));
        self
    }
}
