//! Trainings of adapters in a frozen encoder.

use super::*;
use aio_encoder::weights::Weights;
use aio_model::{AdapterUse, Shared};

#[test]
fn a_training_of_adapters_continues_to_the_same_weights_and_starts_another_one() {
    let _alone = crate::test_data::exclusive();
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut config = test_data::config(test_data::root());
    config.model.adapters = AdapterUse::Lora;
    config.model.frozen_tokenizers = vec![Modality::Rgb, Modality::Text];
    config.model.shared = Shared::Frozen;
    config.train.activation_checkpointing = true;
    config.train.stages[1] =
        StageConfig { epochs: None, steps: Some(2), ..config.train.stages[1].clone() };
    let Continued { model: trained, .. } = Continued::below(directory.path(), &config);

    let tensors = |model: &aio_model::Backbone, sizes: &aio_model::BackboneConfig| {
        let bytes = model.to_bytes(sizes, &trained.preprocessing, &[]).expect("serialises");
        Weights::from_bytes("a model", bytes).tensors().expect("tensors")
    };
    let mut plain = config.clone();
    plain.model.adapters = AdapterUse::None;
    let start = test_data::start(&plain);
    let before = start.backbone(&Device::flex()).expect("a backbone");
    let before = tensors(&before, &start.config);
    let after = tensors(&trained.backbone, &trained.config);
    let is_own = |name: &&String| name.starts_with("encoder.");
    assert!(before.keys().filter(is_own).all(|name| before[name] == after[name]));
    let learned = after.iter().filter(|(name, _)| name.ends_with("lora_b.weight"));
    let learned = learned.filter(|(_, b)| b.values.iter().any(|value| *value != 0.0));
    assert_eq!(learned.count(), 4 * 4 * 2, "four blocks, four modalities, two products");

    // The model is a starting point for the same adapters, which it goes on with, and for no others.
    let file = directory.path().join("trained.safetensors");
    std::fs::write(&file, bytes(&trained)).expect("write");
    config.model.weights = file.display().to_string();
    let again = test_data::start(&config);
    assert_eq!(again.config, trained.config);
    let again = again.backbone(&Device::flex()).expect("a backbone");
    assert_eq!(tensors(&again, &trained.config), after);
    let open = |model: &crate::config::ModelConfig| {
        crate::StartingPoint::open(model).map(|_| ()).expect_err("others").to_string()
    };
    let said = "the weights have others, trained with model.adapters = \"lora\", lora_rank = 8 and lora_alpha = 8";
    config.model.lora_rank = 4;
    assert!(open(&config.model).contains(said));
    config.model.adapters = AdapterUse::None;
    assert!(open(&config.model).contains(said));
    plain.model.adapters = AdapterUse::Lora;
    plain.model.lora_rank = 129;
    assert!(open(&plain.model).contains("model.adapters: rank is 129, expected"));
}
