use crate::absent::AbsentTokens;
use crate::tokens::plain_unless_tracked;
use crate::{BatchNormMode, Grid, ImageTokenizer, StemConfig, TextConfig, TextTokenizer};
use crate::{ModalityInput, ModalityTokens, TokenSequence};
use aio_types::{Modality, ModalitySet};
use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Int, Tensor};
use rand::Rng;
use serde::{Deserialize, Serialize};

/// Sizes of all tokenizers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizersConfig {
    /// Modalities that get a tokenizer.
    pub modalities: ModalitySet,
    /// Rows of input pictures.
    pub height: usize,
    /// Columns of input pictures.
    pub width: usize,
    /// The image stems.
    pub stem: StemConfig,
    /// The text tokenizer.
    pub text: TextConfig,
    /// Learned tokens that follow `[CLS]` in every sequence (DINOv2's registers, DeiT's distillation token).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub registers: usize,
    /// Whether `[CLS]` is seen. Without, it keeps its place in front and nothing attends to it, as if it were not there (SigLIP).
    #[serde(default = "with_class_token", skip_serializing_if = "Clone::clone")]
    pub class_token: bool,
}

/// Weights files from before there was a choice.
fn with_class_token() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// One tokenizer per modality and the shared `[CLS]` token.
#[derive(Module, Debug)]
pub struct Tokenizers {
    /// `[1, width]`, with its position added.
    cls: Param<Tensor<2>>,
    /// `[registers, width]`
    registers: Option<Param<Tensor<2>>>,
    rgb: Option<ImageTokenizer>,
    infrared: Option<ImageTokenizer>,
    sketch: Option<ImageTokenizer>,
    colour_pencil: Option<ImageTokenizer>,
    text: Option<TextTokenizer>,
    #[module(skip)]
    class_token: bool,
    absent: Option<AbsentTokens>,
}

impl TokenizersConfig {
    /// The token grid of input pictures.
    #[must_use]
    pub fn grid(&self) -> Grid {
        self.stem.grid(self.height, self.width)
    }

    /// Builds tokenizers with random weights for an encoder of `width`.
    #[must_use]
    pub fn init(&self, width: usize, device: &Device) -> Tokenizers {
        let image =
            |m| self.modalities.contains(m).then(|| self.stem.init(self.grid(), width, device));
        Tokenizers {
            cls: Initializer::Normal { mean: 0.0, std: 0.02 }.init([1, width], device),
            registers: (self.registers > 0).then(|| {
                Initializer::Normal { mean: 0.0, std: 0.02 }.init([self.registers, width], device)
            }),
            rgb: image(Modality::Rgb),
            infrared: image(Modality::Infrared),
            sketch: image(Modality::Sketch),
            colour_pencil: image(Modality::ColourPencil),
            text: self.modalities.contains(Modality::Text).then(|| self.text.init(width, device)),
            class_token: self.class_token,
            absent: None,
        }
    }
}

impl Tokenizers {
    /// Tokenizers for the modalities of `config`, with pre-trained weights.
    ///
    /// Every visual modality (RGB, infrared, sketch, colour pencil) starts from the stem that `pretrained` has for it, and where there is none
    /// from its own copy of the **RGB** stem, with positions interpolated to the new grid. `[CLS]`, registers and the text tokenizer are
    /// taken over, and so are the tokens that stand for absent modalities; a new modality has none. No other function gives the stems of infrared, sketch and colour pencil their weights.
    #[must_use]
    pub fn from_pretrained(pretrained: &Self, config: &TokenizersConfig) -> Self {
        let image = |m| {
            let stem = pretrained.image(m).or(pretrained.rgb.as_ref());
            let stem = stem.filter(|_| config.modalities.contains(m));
            stem.map(|stem| stem.separate().regridded(config.grid()))
        };
        Self {
            cls: pretrained.cls.clone(),
            registers: pretrained.registers.clone(),
            rgb: image(Modality::Rgb),
            infrared: image(Modality::Infrared),
            sketch: image(Modality::Sketch),
            colour_pencil: image(Modality::ColourPencil),
            text: pretrained.text.clone().filter(|_| config.modalities.contains(Modality::Text)),
            class_token: pretrained.class_token,
            absent: pretrained.absent.clone().map(|absent| absent.only(config.modalities)),
        }
    }

    /// The tokenizers of `wide`, whose stems compute what those of `narrow` compute with fewer channels ([`ImageTokenizer::widened`]). Everything else is
    /// taken over.
    ///
    /// # Panics
    /// As [`ImageTokenizer::widened`].
    #[must_use]
    pub fn widened(
        &self,
        narrow: &StemConfig,
        wide: &StemConfig,
        noise: f32,
        rng: &mut impl Rng,
    ) -> Self {
        self.clone().map_stems(|_, stem| stem.widened(narrow, wide, noise, rng))
    }

    /// The same tokenizers with those of `modalities` outside the gradient. Their batch normalisations use the stored statistics and never move them
    /// ([`BatchNormMode::Pretrained`]).
    #[must_use]
    pub fn frozen(self, modalities: ModalitySet) -> Self {
        let freeze =
            |t: ImageTokenizer| t.no_grad().with_batch_norm_mode(BatchNormMode::Pretrained);
        let text = |t: TextTokenizer| {
            if modalities.contains(Modality::Text) { t.no_grad() } else { t }
        };
        let frozen =
            self.map_stems(|m, stem| if modalities.contains(m) { freeze(stem) } else { stem });
        Self { text: frozen.text.map(text), ..frozen }
    }

    /// The same tokenizers with another mode of the stems' batch normalisations, those of frozen ones included: [`Self::frozen`] comes after it.
    #[must_use]
    pub fn with_batch_norm_mode(self, mode: BatchNormMode) -> Self {
        self.map_stems(|_, stem| stem.with_batch_norm_mode(mode))
    }

    fn map_stems(self, mut change: impl FnMut(Modality, ImageTokenizer) -> ImageTokenizer) -> Self {
        let mut image =
            |tokenizer: Option<ImageTokenizer>, m| tokenizer.map(|stem| change(m, stem));
        Self {
            rgb: image(self.rgb, Modality::Rgb),
            infrared: image(self.infrared, Modality::Infrared),
            sketch: image(self.sketch, Modality::Sketch),
            colour_pencil: image(self.colour_pencil, Modality::ColourPencil),
            ..self
        }
    }

    /// The same tokenizers with the `[CLS]` token and what follows it outside the gradient.
    #[must_use]
    pub fn with_frozen_cls(self) -> Self {
        Self { cls: self.cls.no_grad(), registers: self.registers.map(Module::no_grad), ..self }
    }

    /// The same tokenizers with a learned token for each modality, which stands in every sequence that lacks the modality. It is fresh where there
    /// is none yet.
    #[must_use]
    pub fn with_absent_tokens(self, device: &Device) -> Self {
        let [_, width] = self.cls.dims();
        let absent = self.absent.clone().unwrap_or_default();
        Self { absent: Some(absent.with(self.modalities(), width, device)), ..self }
    }

    /// Whether learned tokens stand for absent modalities.
    #[must_use]
    pub fn has_absent_tokens(&self) -> bool {
        self.absent.is_some()
    }

    /// The stem that reads pictures of a modality, if there is one.
    #[must_use]
    pub fn image(&self, modality: Modality) -> Option<&ImageTokenizer> {
        match modality {
            Modality::Rgb => self.rgb.as_ref(),
            Modality::Infrared => self.infrared.as_ref(),
            Modality::Sketch => self.sketch.as_ref(),
            Modality::ColourPencil => self.colour_pencil.as_ref(),
            Modality::Text => None,
        }
    }

    /// The modalities that have a tokenizer.
    #[must_use]
    pub fn modalities(&self) -> ModalitySet {
        let known = |m: &Modality| {
            if *m == Modality::Text { self.text.is_some() } else { self.image(*m).is_some() }
        };
        Modality::ALL.into_iter().filter(known).collect()
    }

    /// Concatenates `[CLS]` and the tokens of `inputs`, in the given order: [`Self::tokens`] and [`Self::join`] in one.
    ///
    /// # Panics
    /// As [`Self::tokens`] and [`Self::join`].
    #[must_use]
    pub fn sequence(&self, inputs: &[ModalityInput]) -> TokenSequence {
        let parts: Vec<ModalityTokens> = inputs.iter().map(|input| self.tokens(input)).collect();
        self.join(&parts)
    }

    /// Runs the tokenizer of one modality. Tokens that enter several sequences need it once.
    ///
    /// Tokens that no trained parameter reaches are outside the autodiff graph.
    ///
    /// # Panics
    /// If the modality has no tokenizer; callers check [`Self::modalities`].
    #[must_use]
    pub fn tokens(&self, input: &ModalityInput) -> ModalityTokens {
        let (tokens, attention_mask, modality, grid) = match input {
            ModalityInput::Pictures(modality, pictures) => {
                let tokenizer =
                    self.image(*modality).unwrap_or_else(|| panic!("no tokenizer for {modality}"));
                (tokenizer.forward(pictures.clone()), None, *modality, Some(tokenizer.grid()))
            }
            ModalityInput::Text(ids) => {
                let tokenizer = self.text.as_ref().expect("no tokenizer for text");
                let attention_mask = TextTokenizer::attention_mask(ids.clone());
                (tokenizer.forward(ids.clone()), Some(attention_mask), Modality::Text, None)
            }
        };
        ModalityTokens { tokens: plain_unless_tracked(tokens), attention_mask, modality, grid }
    }

    /// Runs the text tokenizer on ids with `mask` in the place of some embeddings ([`TextTokenizer::forward_masked`]).
    ///
    /// # Shapes
    /// - ids: `[batch, length]`, 0 where padded
    /// - masked: `[batch, length]`, 1 where `mask` stands and 0 elsewhere
    /// - mask: `[width]`
    ///
    /// # Panics
    /// If text has no tokenizer; callers check [`Self::modalities`].
    #[must_use]
    pub fn masked_text(
        &self,
        ids: Tensor<2, Int>,
        masked: Tensor<2, Int>,
        mask: Tensor<1>,
    ) -> ModalityTokens {
        let tokenizer = self.text.as_ref().expect("no tokenizer for text");
        let attention_mask = Some(TextTokenizer::attention_mask(ids.clone()));
        let tokens = plain_unless_tracked(tokenizer.forward_masked(ids, masked, mask));
        ModalityTokens { tokens, attention_mask, modality: Modality::Text, grid: None }
    }

    /// Concatenates `[CLS]`, the registers, the learned tokens of absent modalities, and the tokens of several modalities of the same rows, in the
    /// given order.
    ///
    /// # Panics
    /// If `parts` is empty.
    #[must_use]
    pub fn join(&self, parts: &[ModalityTokens]) -> TokenSequence {
        let first = parts.first().expect("a sequence holds at least one modality");
        let [batch, _, width] = first.tokens.dims();
        let device = plain(&first.tokens.device());
        let ones = |n: usize| Tensor::<2>::ones([batch, n], &device);
        let mut tokens = vec![self.cls.val().unsqueeze::<3>().expand([batch, 1, width])];
        let mut attention_mask = vec![ones(1).mul_scalar(f32::from(u8::from(self.class_token)))];
        let mut places = vec![None];
        if let Some(registers) = &self.registers {
            let [count, _] = registers.dims();
            tokens.push(registers.val().unsqueeze::<3>().expand([batch, count, width]));
            attention_mask.push(ones(count));
            places.resize(1 + count, None);
        }
        let modalities = parts.iter().map(|part| part.modality).collect();
        if let Some(absent) = self.absent.as_ref().and_then(|absent| absent.beside(modalities)) {
            let [count, _] = absent.dims();
            tokens.push(absent.unsqueeze::<3>().expand([batch, count, width]));
            attention_mask.push(ones(count));
            places.resize(places.len() + count, None);
        }
        for part in parts {
            let mask = part.attention_mask.clone();
            attention_mask.push(mask.unwrap_or_else(|| ones(part.length())));
            tokens.push(part.tokens.clone());
            places.extend(part.places());
        }
        TokenSequence {
            tokens: plain_unless_tracked(Tensor::cat(tokens, 1)),
            attention_mask: Tensor::cat(attention_mask, 1),
            modalities,
            places,
        }
    }

    /// Tokens that a modality takes in a sequence.
    ///
    /// # Panics
    /// As [`Self::sequence`].
    #[must_use]
    pub fn length(&self, input: &ModalityInput) -> usize {
        match input {
            ModalityInput::Pictures(modality, _) => {
                let Grid { rows, columns } = self
                    .image(*modality)
                    .unwrap_or_else(|| panic!("no tokenizer for {modality}"))
                    .grid();
                rows * columns
            }
            ModalityInput::Text(ids) => ids.dims()[1],
        }
    }
}

fn plain(device: &Device) -> Device {
    device.clone().inner()
}
