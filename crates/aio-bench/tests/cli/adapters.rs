//! A model with adapters from its training to a small file, and what is refused.

use crate::harness::{Desk, SHORT, coloured, features};

#[test]
fn a_model_with_adapters_is_trained_embeds_and_is_packed() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    let lora = ["--set", "model.adapters=lora", "--set", "model.lora_rank=2"];
    desk.succeed(&[&["experiment", "smoke"][..], &lora, &SHORT].concat());
    let model = desk.cell("runs", "smoke").join("model");
    let model = model.to_str().expect("UTF-8");
    let inspected = desk.succeed(&["weights", "inspect", &format!("{model}/weights.safetensors")]);
    assert!(
        inspected.contains("\"rank\": 2") && inspected.contains("\"experts\": 4"),
        "{inspected}"
    );
    desk.succeed(&["weights", "pack", model, "--output", "small.safetensors"]);
    let embed = |model: &str, output: &str| {
        desk.succeed(&["embed", "g", "--output", output, "--model", model]);
        features(&desk, output)
    };
    let whole = embed(model, "whole.safetensors");
    let packed = embed("small.safetensors", "packed.safetensors");
    assert_eq!(whole.len(), packed.len());
    assert!(whole.iter().zip(&packed).all(|(a, b)| (a - b).abs() < 1e-2), "16 bits");
    let weights = format!("model.weights={model}/weights.safetensors");
    let refused = desk.refused(2, &["experiment", "smoke", "--set", &weights]);
    assert!(refused.contains("trained with model.adapters = \"lora\", lora_rank = 2"), "{refused}");
    let refused = desk.refused(
        2,
        &[&["experiment", "smoke"][..], &lora, &["--set", "model.encoder=trained"]].concat(),
    );
    assert!(refused.contains("`model.adapters` is `lora`, but model.encoder"), "{refused}");
}
