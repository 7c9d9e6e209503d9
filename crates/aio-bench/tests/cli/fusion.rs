//! A model whose modalities are combined behind the encoder, from its training to queries, and what is refused.

use crate::harness::{Desk, coloured, features};

#[test]
fn a_model_with_a_mixer_is_trained_scored_embeds_and_is_packed() {
    let desk = Desk::new();
    let pictures = coloured(&desk, "g", 3);
    let mixer = ["--set", "model.fusion=mixer", "--set", "model.absent=learned"];
    let tasks = ["--set", "evaluation.tasks=[\"tri-cuhk-pedes.sketch+text-rgb\"]"];
    let short = [&tasks[..], &["--set", "data.validation=0.0"]].concat();
    let result = desk.json(&[&["experiment", "smoke", "--json"][..], &mixer, &short].concat());
    let task = "tri-cuhk-pedes.sketch+text-rgb.map";
    assert!(result["metrics"][task].is_number() && result["late_fusion"][task].is_number());
    let model = desk.cell("runs", "smoke").join("model");
    let model = model.to_str().expect("UTF-8");
    let inspected = desk.succeed(&["weights", "inspect", &format!("{model}/weights.safetensors")]);
    for says in ["\"fusion\": \"mixer\"", "\"absent\": \"learned\""] {
        assert!(inspected.contains(says), "{inspected}");
    }
    // Pictures and sentences together, and a picture alone.
    let picture = pictures[0].display();
    let list = format!("rgb,sketch,text\n{picture},,\n{picture},{picture},a red coat\n");
    std::fs::write(desk.path("people.csv"), list).expect("write");
    desk.succeed(&["weights", "pack", model, "--output", "small.safetensors"]);
    let embed = |model: &str, output: &str| {
        desk.succeed(&["embed", "--list", "people.csv", "--output", output, "--model", model]);
        features(&desk, output)
    };
    let whole = embed(model, "whole.safetensors");
    let packed = embed("small.safetensors", "packed.safetensors");
    assert_eq!(whole.len(), packed.len());
    assert!(whole.iter().zip(&packed).all(|(a, b)| (a - b).abs() < 1e-2), "16 bits");
    let found = desk.succeed(&[
        "search",
        "g",
        "--text",
        "a red coat",
        "--rgb",
        &picture.to_string(),
        "--model",
        model,
    ]);
    assert!(found.contains("000.png"), "{found}");
    let weights = format!("model.weights={model}/weights.safetensors");
    let refused = desk.refused(2, &["experiment", "smoke", "--set", &weights]);
    assert!(
        refused.contains("trained with model.fusion = \"mixer\" and model.absent"),
        "{refused}"
    );
    let mean = ["--set", "model.fusion=mean", "--set", "model.absent=learned"];
    let refused = desk.refused(2, &[&["experiment", "smoke"][..], &mean].concat());
    assert!(refused.contains("`model.absent` is `learned`, but model.fusion"), "{refused}");
}
