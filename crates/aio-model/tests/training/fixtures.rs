//! A small model and a batch for it.

use aio_encoder::EncoderConfig;
use aio_encoder::weights::Preprocessing;
use aio_heads::Masked;
use aio_model::{
    AbsentUse, Aio, AioConfig, Backbone, BackboneConfig, Extractor, Frozen, FusionUse, LossWeights,
    Origin, StepInput, TrainBatch, TrainCaption, TrainPicture, TrainTuple,
};
use aio_tokenize::{StemConfig, StemKind, TextConfig, TokenizersConfig};
use aio_types::{Modality, ModalitySet, Observation, Picture, PictureSize};
use burn::optim::AdamWConfig;
use burn::tensor::Device;
use burn::train::TrainStep;

pub(crate) fn config() -> AioConfig {
    let tokenizers = TokenizersConfig {
        modalities: [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text]
            .into_iter()
            .collect(),
        height: 32,
        width: 16,
        stem: StemConfig { kind: StemKind::TransreidSsl, channels: 4, patch: 8, ibn: true },
        registers: 0,
        class_token: true,
        text: TextConfig { width: 4 },
    };
    let encoder =
        EncoderConfig { depth: 2, embed_dim: 16, heads: 2, mlp: 32, ..EncoderConfig::embedded() };
    AioConfig {
        backbone: BackboneConfig {
            tokenizers,
            encoder,
            embedding: None,
            projection_bias: false,
            pooling: None,
            text_tower: None,
            text_context: None,
            text_pieces: None,
            fusion: FusionUse::Sequence,
            absent: AbsentUse::None,
        },
        classes: 4,
        samples_classes: false,
        attributes: 6,
        queue: 0,
        frozen: Frozen::default(),
    }
}

pub(crate) fn preprocessing() -> Preprocessing {
    Preprocessing {
        height: 32,
        width: 16,
        mean: [0.5; 3],
        std: [0.5; 3],
        interpolation: "bilinear".into(),
    }
}

pub(crate) fn picture(seed: usize) -> Picture {
    let pixels =
        (0..32 * 16 * 3).map(|i| ((i * 37 + seed * 101 + i * i % 17) % 256) as u8).collect();
    Picture { size: PictureSize { height: 32, width: 16 }, pixels }
}

pub(crate) fn batch() -> TrainBatch {
    let ids = |row: u32| vec![49406, 320 + row, 500, 49405, 49407];
    let modalities = [Modality::Rgb, Modality::Infrared, Modality::Sketch];
    let tuple = |(row, class): (usize, usize)| TrainTuple {
        class,
        photograph: row,
        pictures: modalities
            .into_iter()
            .zip(0..)
            .map(|(modality, i)| TrainPicture {
                modality,
                picture: picture(10 * i + row),
                origin: Origin::Photograph,
            })
            .collect(),
        caption: None,
    };
    let mut tuples: Vec<TrainTuple> =
        [0, 0, 1, 1, 2, 2].into_iter().enumerate().map(tuple).collect();
    for (number, row) in [0, 1, 3].into_iter().enumerate() {
        let ids = ids(number as u32);
        let masked = Masked { ids: ids.clone(), places: vec![3], targets: vec![(3, number)] };
        tuples[row].caption = Some(TrainCaption { ids, masked });
    }
    TrainBatch {
        tuples,
        combinations: ["rgb+sketch+text", "infrared+sketch"]
            .map(|set| set.parse::<ModalitySet>().expect("a set"))
            .to_vec(),
        sampled_classes: None,
    }
}

pub(crate) fn model(device: &Device) -> Aio {
    model_with(Frozen::default(), device)
}

pub(crate) fn model_with(frozen: Frozen, device: &Device) -> Aio {
    model_of(config().backbone, frozen, device)
}

/// A step on [`batch`].
pub(crate) fn step(activation_checkpointing: bool) -> StepInput {
    StepInput {
        batch: batch(),
        weights: LossWeights::default(),
        preprocessing: preprocessing(),
        accumulate: 1,
        activation_checkpointing,
        device: Device::flex(),
    }
}

/// A model after some steps.
pub(crate) fn after(steps: usize, mut model: Aio) -> Aio {
    let mut optimiser = AdamWConfig::new().init();
    for _ in 0..steps {
        let grads = model.step(step(false)).grads;
        model = optimiser.step(1e-2, model, grads);
    }
    model
}

/// A model in training, with this backbone.
pub(crate) fn model_of(backbone: BackboneConfig, frozen: Frozen, device: &Device) -> Aio {
    device.seed(1);
    let training = device.clone().autodiff();
    let config = AioConfig { backbone, frozen, ..config() };
    Aio::new(config.backbone.init(&training), &config, &training)
}

/// A person in some visual modalities, each with a picture of its own, and a caption.
pub(crate) fn shown(modalities: &[Modality], caption: Option<&str>) -> Observation<Picture> {
    let pictures = modalities.iter().map(|modality| (*modality, picture(*modality as usize)));
    Observation { pictures: pictures.collect(), caption: caption.map(str::to_owned) }
}

pub(crate) fn embedded(
    backbone: &Backbone,
    config: &BackboneConfig,
    inputs: &[Observation<Picture>],
) -> Vec<Vec<f32>> {
    let extractor = Extractor::new(backbone, config, preprocessing(), &Device::flex());
    extractor.embed(inputs).expect("embeds")
}
