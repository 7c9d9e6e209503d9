//! Text with an encoder of its own: searching with a checkpoint as it is, training beside it, and what makes no sense with it.

use crate::harness::{Desk, checkpoint, coloured};

#[test]
fn a_checkpoint_with_a_text_tower_searches_and_trains_as_it_is() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    let weights = checkpoint("open-clip.safetensors");
    let model = ["--model", &weights, "--heads", "2"];
    let sentence = ["--text", "a man in a red jacket"];
    let found = desk.succeed(&[&["search", "g"][..], &sentence, &model].concat());
    assert!(found.contains("| 3 |"), "{found}");
    let table = [&["search", "g"][..], &sentence, &model, &["--text-encoder", "table"]].concat();
    assert_ne!(desk.succeed(&table), found, "the table is another model of text");
    desk.succeed(&[&["gallery", "create", "people", "g"][..], &model].concat());
    let stored = desk.succeed(&[&["search", "people"][..], &sentence, &model].concat());
    assert!(stored.contains("g/00"), "{stored}");

    let weights = format!("model.weights={weights}");
    let settings = [
        weights.as_str(),
        "model.attention_heads=2",
        "model.height=64",
        "model.width=32",
        "model.text=tower",
        "losses.attribute=0",
        "data.validation_fraction=0.0",
        "evaluation.tasks=[\"cuhk-pedes.text-rgb\",\"tri-cuhk-pedes.sketch+text-rgb\"]",
    ];
    let mut arguments = vec!["experiment", "smoke"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let output = desk.run(&arguments);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(!text.contains("tokenizers.text"), "no table is drawn: {text}");
    let cell = desk.cell("runs", "smoke").join("model");
    let cell = cell.to_str().expect("UTF-8");
    let trained = [&["search", "g"][..], &sentence, &["--model", cell]].concat();
    assert!(desk.succeed(&trained).contains("| 3 |"));
    let refused = desk.refused(2, &[&trained[..], &["--text-encoder", "table"]].concat());
    assert!(refused.contains("it has a text tower and no table"), "{refused}");
}

#[test]
fn a_text_tower_is_refused_with_what_it_makes_no_sense_with() {
    let desk = Desk::new();
    let tower = ["model.text=tower", "losses.attribute=0"];
    let trained = ["model.text=trained-tower", "losses.attribute=0"];
    for (settings, said) in [
        (vec!["model.text=tower"], "`losses.attribute` is not 0"),
        ([&tower[..], &["losses.neck=after"]].concat(), "`losses.neck` is `after`"),
        (
            [&tower[..], &["model.modalities=rgb+sketch"]].concat(),
            "`model.text` names a tower, but model.modalities holds no text",
        ),
        (
            [&trained[..], &["model.frozen_tokenizers=[\"text\"]"]].concat(),
            "`model.frozen_tokenizers` holds text",
        ),
        (tower.to_vec(), "embedded cannot be used: it has no text tower, only a table"),
    ] {
        let mut arguments = vec!["experiment", "smoke"];
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        let refused = desk.refused(2, &arguments);
        assert!(refused.contains(said), "{settings:?}: {refused}");
    }
}
