use super::*;
use crate::StartingPoint;
use crate::config::{DataConfig, ModelConfig, TrainConfig, TrainingConfig};
use aio_encoder::EncoderConfig;
use aio_heads::Masked;
use aio_model::{
    AbsentUse, AdapterUse, FusionUse, LossWeights, Origin, TextUse, TrainCaption, TrainPicture,
    TrainTuple,
};
use aio_types::{Picture, PictureSize};

/// Photographs and captions; no combination, no attribute head.
fn config() -> TrainingConfig {
    TrainingConfig {
        seed: 0,
        data: DataConfig::default(),
        model: ModelConfig {
            modalities: [Modality::Rgb, Modality::Text].into_iter().collect(),
            ..ModelConfig::default()
        },
        train: TrainConfig { combinations: 0, ..TrainConfig::default() },
        losses: LossWeights { attribute: 0.0, ..LossWeights::default() },
    }
}

/// Two people with a photograph; one has a caption of 20 ids, in which one word is masked.
fn batch() -> TrainBatch {
    let tuple = |class, caption| {
        let size = PictureSize { height: 1, width: 1 };
        let picture = Picture { size, pixels: vec![0; 3] };
        let origin = Origin::Photograph;
        let pictures = vec![TrainPicture { modality: Modality::Rgb, picture, origin }];
        TrainTuple { class, photograph: class, pictures, caption }
    };
    let ids = vec![1; 20];
    let masked = Masked { ids: ids.clone(), places: vec![3], targets: vec![(3, 5)] };
    let tuples = vec![tuple(0, None), tuple(1, Some(TrainCaption { ids, masked }))];
    TrainBatch { tuples, combinations: Vec::new(), sampled_classes: None }
}

fn estimate(config: &TrainingConfig, classes: usize) -> FlopEstimate {
    let _alone = crate::test_data::exclusive();
    let start = StartingPoint::open(&config.model).expect("the embedded weights");
    let batch = batch();
    let sizes = HeadSizes { classes, attributes: 40 };
    predict(&Workload::new(config, &start, &batch), &batch, sizes)
}

/// Multiplications of a block of the embedded encoder for a sequence of `n` tokens of width 128 with an MLP of 512.
fn block(n: f64) -> (f64, f64) {
    (n * (4.0 * 128.0 * 128.0 + 2.0 * 128.0 * 512.0), 2.0 * n * n * 128.0)
}

#[test]
fn the_encoder_takes_what_is_counted_by_hand() {
    // Pictures are 18 tokens and captions are padded to 24; [CLS] goes before each. Two photographs, one caption, four blocks.
    let (linear, attention) = [(2.0, 19.0), (1.0, 25.0)]
        .map(|(rows, n)| (rows * block(n).0, rows * block(n).1))
        .into_iter()
        .fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let frozen = estimate(&config(), 10);
    assert_eq!(frozen.encoder_forward, 2.0 * 30_623_744.0 + 40_601_600.0);
    assert_eq!(frozen.encoder_forward, 4.0 * 2.0 * (linear + attention));
    assert_eq!(frozen.encoder_backward, 4.0 * 2.0 * (linear + 2.0 * attention));
    let mut trained = config();
    trained.model.encoder = EncoderUse::Trained;
    let trained = estimate(&trained, 10);
    assert_eq!(trained.encoder_backward, 4.0 * 2.0 * (2.0 * linear + 2.0 * attention));
    let mut again = config();
    again.train.activation_checkpointing = true;
    assert_eq!(
        estimate(&again, 10).encoder_backward,
        frozen.encoder_backward + frozen.encoder_forward
    );
}

#[test]
fn what_is_frozen_or_left_out_takes_less_and_more_batches_take_more() {
    let whole = estimate(&config(), 10);
    let mut frozen = config();
    frozen.model.frozen_tokenizers = vec![Modality::Text];
    frozen.model.shared = Shared::Frozen;
    let frozen = estimate(&frozen, 10);
    // The caption's pass has no backward pass, and the table's projection from 32 to 128 only its forward one.
    let (linear, attention) = block(25.0);
    assert_eq!(whole.encoder_backward - frozen.encoder_backward, 8.0 * (linear + 2.0 * attention));
    assert_eq!((whole.text, frozen.text), (3.0 * frozen.text, 2.0 * 24.0 * 32.0 * 128.0));
    assert_eq!(whole.stems, frozen.stems);
    let mut twice = config();
    twice.train.accumulation_steps = 2;
    assert_eq!(estimate(&twice, 10), whole * 2.0);
}

#[test]
fn heads_grow_with_identities_and_masked_words() {
    let (ten, thousand) = (estimate(&config(), 10), estimate(&config(), 1000));
    // Three embeddings of 128 numbers; forward, and gradients of embeddings and classifier.
    assert_eq!(thousand.heads - ten.heads, 3.0 * 2.0 * 3.0 * 128.0 * 990.0);
    let mut queued = config();
    queued.losses.queue = 1000;
    // Each of them is compared with a thousand anchors, which are constants.
    assert_eq!(estimate(&queued, 10).heads - ten.heads, 2.0 * 2.0 * 3.0 * 128.0 * 1000.0);
    let mut attribute = config();
    attribute.losses.attribute = 0.3;
    let attribute = estimate(&attribute, 10);
    // One masked word of 40, of width 128: queries and output, the inner layer of four times the width there and back, and the classifier. Keys and
    // values of every token of the sequence, and two products of the attention. Forward and backward with the photograph (43 tokens), forward without
    // it (25 tokens).
    let of_word = 2.0 * 128.0 * 128.0 + 2.0 * 4.0 * 128.0 * 128.0 + 128.0 * 128.0 + 128.0 * 40.0;
    let head = |tokens: f64| 2.0 * (of_word + tokens * 2.0 * 128.0 * 128.0 + tokens * 2.0 * 128.0);
    assert_eq!(attribute.heads - ten.heads, 3.0 * head(43.0) + head(25.0));
    let [with, without] = [43.0, 25.0].map(block).map(|(linear, attention)| linear + attention);
    assert_eq!(attribute.encoder_forward - ten.encoder_forward, 8.0 * (with + without));
    let (linear, attention) = block(43.0);
    let backward = attribute.encoder_backward - ten.encoder_backward;
    assert_eq!(backward, 8.0 * (linear + 2.0 * attention));
    assert_eq!(attribute.text, 2.0 * ten.text, "the caption and its masked form");
    let mut combined = config();
    combined.train.combinations = 1;
    let combined = estimate(&combined, 10);
    // The one combination there is.
    assert_eq!(combined.encoder_forward + 8.0 * without, attribute.encoder_forward);
}

#[test]
fn a_text_tower_takes_what_is_counted_by_hand_and_the_encoder_no_text() {
    let _alone = crate::test_data::exclusive();
    let mut config = config();
    let mut start = StartingPoint::open(&config.model).expect("the embedded weights");
    let tower = EncoderConfig { depth: 1, causal: true, ..start.config.encoder.clone() };
    start.config.text_tower = Some(tower);
    let batch = batch();
    let sizes = HeadSizes { classes: 10, attributes: 40 };
    let mut of = |text, combinations| {
        config.model.text = text;
        config.train.combinations = combinations;
        predict(&Workload::new(&config, &start, &batch), &batch, sizes)
    };
    let frozen = of(TextUse::Tower, 0);
    // One caption, padded to 24 tokens, through one block; then a map of 128 to 128 of the end token.
    let (linear, attention) = block(24.0);
    assert_eq!(frozen.text, 2.0 * (linear + attention) + 2.0 * 128.0 * 128.0);
    let trained = of(TextUse::TrainedTower, 0);
    let backward = 2.0 * (2.0 * linear + 2.0 * attention);
    assert_eq!(trained.text - frozen.text, backward + 2.0 * 2.0 * 128.0 * 128.0);
    // Two photographs through four blocks.
    let (linear, attention) = block(19.0);
    assert_eq!(frozen.encoder_forward, 4.0 * 2.0 * 2.0 * (linear + attention));
    let combined = of(TextUse::Tower, 1);
    // The photograph of the one tuple with a caption once more, and the caption not.
    let more = combined.encoder_forward - frozen.encoder_forward;
    assert_eq!(more, 4.0 * 2.0 * (linear + attention));
    assert_eq!(combined.text, frozen.text);
}

#[test]
fn adapters_take_what_is_counted_by_hand_even_where_nothing_else_learns() {
    let mut config = config();
    config.model.frozen_tokenizers = vec![Modality::Rgb, Modality::Text];
    config.model.shared = Shared::Frozen;
    let mut of = |adapters| {
        config.model.adapters = adapters;
        estimate(&config, 10)
    };
    let (none, lora, prompts) =
        (of(AdapterUse::None), of(AdapterUse::Lora), of(AdapterUse::Prompts));
    assert_eq!(none.encoder_backward, 0.0);
    // Two photographs of 19 tokens and one caption of 25 through four blocks. The adapted weights of both passes: 128·8 and 8·512, four blocks.
    let [of_picture, of_caption] = [19.0, 25.0].map(block);
    let linear = 2.0 * of_picture.0 + of_caption.0;
    let attention = 2.0 * of_picture.1 + of_caption.1;
    let tokens = 2.0 * 19.0 + 25.0;
    let adapted = 2.0 * 4.0 * 2.0 * 128.0 * 8.0 * 512.0;
    assert_eq!(lora.encoder_forward - none.encoder_forward, adapted);
    let of_weights = tokens * 4.0 * 128.0 * 128.0;
    assert_eq!(
        lora.encoder_backward,
        8.0 * (linear + of_weights + 2.0 * attention) + 2.0 * adapted
    );
    // Eight prompts beside the tokens of each.
    let [of_picture, of_caption] = [27.0, 33.0].map(block);
    let linear = 2.0 * of_picture.0 + of_caption.0;
    let attention = 2.0 * of_picture.1 + of_caption.1;
    assert_eq!(prompts.encoder_forward, 8.0 * (linear + attention));
    assert_eq!(prompts.encoder_backward, 8.0 * (linear + 2.0 * attention));
}

#[test]
fn a_combination_behind_the_encoder_takes_the_mixer_alone() {
    let mut config = config();
    config.train.combinations = 1;
    let mut of = |fusion, absent| {
        (config.model.fusion, config.model.absent) = (fusion, absent);
        estimate(&config, 10)
    };
    let none = AbsentUse::None;
    let (sequence, mean, mixer) =
        (of(FusionUse::Sequence, none), of(FusionUse::Mean, none), of(FusionUse::Mixer, none));
    // Photographs and captions alone: two sequences of 19 tokens and one of 25. The one person with both has no third.
    let forward = |lengths: &[f64]| -> f64 {
        8.0 * lengths.iter().map(|n| block(*n).0 + block(*n).1).sum::<f64>()
    };
    assert_eq!(mean.encoder_forward, forward(&[19.0, 19.0, 25.0]));
    assert_eq!(sequence.encoder_forward, forward(&[19.0, 19.0, 25.0, 43.0]));
    assert_eq!(mixer.encoder_forward, mean.encoder_forward);
    // Three maps of 128 to 128 are not computed: the projection, and the gradients of its input and of its weights.
    assert_eq!(sequence.heads - mean.heads, 3.0 * 2.0 * 128.0 * 128.0);
    // One row of two parts. Over the slots 128 columns of 2 to 20 and back, over the channels two rows of 128 to 512 and back.
    let row = |held: f64, present: f64| {
        2.0 * (128.0 * 20.0 * (held + present) + present * 2.0 * 128.0 * 512.0)
    };
    assert_eq!(mixer.heads - mean.heads, 3.0 * row(2.0, 2.0));
    // Two photographs and one caption are mixed with the vector of what they lack.
    let learned = of(FusionUse::Mixer, AbsentUse::Learned);
    assert_eq!(learned.heads - mixer.heads, 3.0 * 3.0 * row(2.0, 1.0));
    // One more token where a modality is alone.
    let learned = of(FusionUse::Sequence, AbsentUse::Learned);
    assert_eq!(learned.encoder_forward, forward(&[20.0, 20.0, 26.0, 43.0]));
    config.losses.attribute = 0.3;
    config.model.absent = none;
    let mut with_words = |fusion| {
        config.model.fusion = fusion;
        estimate(&config, 10).encoder_forward
    };
    let [early, late] = [FusionUse::Sequence, FusionUse::Mean].map(&mut with_words);
    assert_eq!(early - sequence.encoder_forward, late - mean.encoder_forward, "a sequence of both");
}
