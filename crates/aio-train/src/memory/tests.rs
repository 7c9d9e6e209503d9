use super::*;
use crate::StartingPoint;
use crate::config::{DataConfig, ModelConfig, TrainConfig, TrainingConfig};
use aio_model::{AbsentUse, AdapterUse, FusionUse, LossWeights, Shared, TextUse};
use aio_types::Modality;

fn config() -> TrainingConfig {
    TrainingConfig {
        seed: 0,
        data: DataConfig::default(),
        model: ModelConfig::default(),
        train: TrainConfig::default(),
        losses: LossWeights::default(),
    }
}

fn workload<'a>(config: &'a TrainingConfig, start: &'a StartingPoint) -> Workload<'a> {
    Workload { config, start, rows: 32, caption_tokens: 24 }
}

#[test]
fn a_step_has_the_passes_that_its_losses_need() {
    let _alone = crate::test_data::exclusive();
    let mut config = config();
    let start = StartingPoint::open(&config.model).expect("the embedded weights");
    let lengths = |config: &TrainingConfig| -> Vec<usize> {
        workload(config, &start).passes().iter().map(|pass| pass.tokens).collect()
    };
    // 96 × 48 pictures in patches of 16 are 18 tokens; one [CLS] goes before every sequence.
    let alone = [19, 19, 19, 25];
    let (all_four, attribute) = (1 + 3 * 18 + 24, 1 + 18 + 24);
    assert_eq!(lengths(&config), [&alone[..], &[all_four, attribute]].concat());
    config.train.combinations = 0;
    config.losses.attribute = 0.0;
    assert_eq!(lengths(&config), alone);
    config.model.shared = Shared::Frozen;
    config.model.frozen_tokenizers = vec![Modality::Text];
    assert_eq!(lengths(&config), alone[..3], "frozen text keeps nothing");
}

#[test]
fn every_stem_that_learns_counts_once_whatever_the_passes() {
    let _alone = crate::test_data::exclusive();
    let mut config = config();
    let start = StartingPoint::open(&config.model).expect("the embedded weights");
    let of_stems = |config: &TrainingConfig| {
        let workload = workload(config, &start);
        // Without a pass through the encoder, only the stems are left.
        workload.activations(&[])
    };
    let three = of_stems(&config);
    config.train.combinations = 5;
    assert_eq!(of_stems(&config), three, "combinations take the same tokens");
    config.model.frozen_tokenizers = vec![Modality::Text, Modality::Sketch];
    assert_eq!(3 * of_stems(&config), 2 * three, "a frozen stem keeps nothing");
    config.model.modalities = [Modality::Rgb, Modality::Text].into_iter().collect();
    assert_eq!(3 * of_stems(&config), three);
}

#[test]
fn a_text_tower_leaves_the_passes_without_text_and_keeps_something_if_it_learns() {
    let _alone = crate::test_data::exclusive();
    let mut config = config();
    let mut start = StartingPoint::open(&config.model).expect("the embedded weights");
    let tower = EncoderConfig { causal: true, ..EncoderConfig::embedded() };
    start.config.text_tower = Some(tower.clone());
    config.model.text = TextUse::Tower;
    let frozen = workload(&config, &start);
    let lengths: Vec<usize> = frozen.passes().iter().map(|pass| pass.tokens).collect();
    // Three kinds of pictures alone, and all of them together; a caption is in none.
    assert_eq!(lengths, [19, 19, 19, 1 + 3 * 18]);
    let without = frozen.activations(&frozen.passes());
    config.model.text = TextUse::TrainedTower;
    let trained = workload(&config, &start);
    let more = trained.activations(&trained.passes()) - without;
    assert_eq!(more, 4 * 4 * 32 * 24 * tower.activations_per_token(24, true));
}

/// Photographs and sentences alone, in tokenizers and a projection that are frozen.
fn frozen_rgb_and_text() -> TrainingConfig {
    let mut config = config();
    config.losses.attribute = 0.0;
    config.train.combinations = 0;
    config.model.modalities = [Modality::Rgb, Modality::Text].into_iter().collect();
    config.model.frozen_tokenizers = vec![Modality::Rgb, Modality::Text];
    config.model.shared = Shared::Frozen;
    config
}

#[test]
fn adapters_keep_adapted_weights_and_prompts_and_leave_no_pass_frozen() {
    let _alone = crate::test_data::exclusive();
    let config = frozen_rgb_and_text();
    let of = |adapters, checkpointed| {
        let mut config = config.clone();
        config.model.adapters = adapters;
        config.train.activation_checkpointing = checkpointed;
        let start = StartingPoint::open(&config.model).expect("the embedded weights");
        let workload = workload(&config, &start);
        let passes = workload.passes();
        let lengths: Vec<usize> = passes.iter().map(Pass::in_block).collect();
        (lengths, workload.activations(&passes) / BYTES_PER_NUMBER)
    };
    assert_eq!(of(AdapterUse::None, false), (Vec::new(), 0));
    // Width 128, four heads, GELU of 512 and four blocks, as the encoder is; 32 rows. Two more inputs of linear maps, and qkv and proj themselves.
    let per_token = |tokens: usize| 7 * 128 + 4 * tokens + 512;
    let in_block = |tokens: usize| 32 * tokens * per_token(tokens) + 4 * 128 * 128;
    let working = 32 * 25 * (2 * 512 + 4 * 128);
    let (lengths, lora) = of(AdapterUse::Lora, false);
    assert_eq!(lengths, [19, 25]);
    assert_eq!(lora, 4 * (in_block(19) + in_block(25)) + working);
    let (_, checkpointed) = of(AdapterUse::Lora, true);
    assert_eq!(checkpointed, 32 * 44 * 128 * 5 + in_block(25) + working);
    // Eight prompts for each modality.
    assert_eq!(of(AdapterUse::Prompts, false).0, [19 + 8, 25 + 8]);
}

#[test]
fn activation_checkpointing_takes_less_memory_and_a_trained_encoder_more() {
    let _alone = crate::test_data::exclusive();
    let plain = config();
    let start = StartingPoint::open(&plain.model).expect("the embedded weights");
    let bytes = |config: &TrainingConfig| {
        let workload = workload(config, &start);
        workload.activations(&workload.passes())
    };
    let mut checkpointed = plain.clone();
    checkpointed.train.activation_checkpointing = true;
    let mut trained = plain.clone();
    trained.model.encoder = EncoderUse::Trained;
    assert!(bytes(&checkpointed) < bytes(&plain) && bytes(&plain) < bytes(&trained));
}

#[test]
fn combinations_behind_the_encoder_have_no_pass_and_learned_tokens_lengthen_every_pass() {
    let _alone = crate::test_data::exclusive();
    let mut config = config();
    config.losses.attribute = 0.0;
    config.train.combinations = 2;
    let of = |fusion, absent| {
        let mut config = config.clone();
        (config.model.fusion, config.model.absent) = (fusion, absent);
        let start = StartingPoint::open(&config.model).expect("the embedded weights");
        let workload = workload(&config, &start);
        let lengths: Vec<usize> = workload.passes().iter().map(|pass| pass.tokens).collect();
        (lengths, workload.mixer_activations())
    };
    let alone = [19, 19, 19, 25];
    let (all_four, three) = (1 + 3 * 18 + 24, 1 + 2 * 18 + 24);
    assert_eq!(
        of(FusionUse::Sequence, AbsentUse::None),
        ([&alone[..], &[all_four, three]].concat(), 0)
    );
    assert_eq!(of(FusionUse::Mean, AbsentUse::None), (alone.to_vec(), 0));
    // Three tokens beside one modality, one beside three, none beside four.
    let longer = [22, 22, 22, 28, all_four, three + 1];
    assert_eq!(of(FusionUse::Sequence, AbsentUse::Learned), (longer.to_vec(), 0));
    // Width 128, inner widths of 20 and 512; combinations of four and of three, 32 rows.
    let row =
        |held: usize, present: usize| 3 * held * 128 + 2 * 128 * 20 + present * (3 * 128 + 2 * 512);
    let mixed = 32 * (row(4, 4) + row(3, 3));
    assert_eq!(of(FusionUse::Mixer, AbsentUse::None), (alone.to_vec(), mixed));
    // With learned vectors, single modalities are mixed with those.
    let mixed = 32 * (row(4, 4) + row(4, 3) + 4 * row(4, 1));
    assert_eq!(of(FusionUse::Mixer, AbsentUse::Learned), (alone.to_vec(), mixed));
}

#[test]
fn learned_tokens_leave_no_pass_frozen() {
    let _alone = crate::test_data::exclusive();
    let mut config = frozen_rgb_and_text();
    for (absent, passes) in [(AbsentUse::None, 0), (AbsentUse::Learned, 2)] {
        config.model.absent = absent;
        let start = StartingPoint::open(&config.model).expect("the embedded weights");
        assert_eq!(workload(&config, &start).passes().len(), passes);
    }
}
