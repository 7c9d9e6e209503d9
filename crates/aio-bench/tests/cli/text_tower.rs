//! Text with an encoder of its own: searching with a checkpoint as it is, with CLIP's or SigLIP's tower, training beside it, and what makes no sense
//! with it.

use crate::harness::{Desk, checkpoint, coloured};

/// Runs the experiment `smoke` with the text tower of a checkpoint; its messages.
fn experiment(desk: &Desk, weights: &str, text: &str) -> String {
    let settings = [
        &format!("model.weights={weights}"),
        "model.attention_heads=2",
        "model.height=64",
        "model.width=32",
        &format!("model.text={text}"),
        "losses.attribute=0",
        "data.validation_fraction=0.0",
        "evaluation.tasks=[\"cuhk-pedes.text-rgb\",\"tri-cuhk-pedes.sketch+text-rgb\"]",
    ];
    let mut arguments = vec!["experiment", "smoke"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let output = desk.run(&arguments);
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{messages}");
    messages
}

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

    let text = experiment(&desk, &weights, "tower");
    assert!(!text.contains("tokenizers.text"), "no table is drawn: {text}");
    let cell = desk.cell("runs", "smoke").join("model");
    let cell = cell.to_str().expect("UTF-8");
    let trained = [&["search", "g"][..], &sentence, &["--model", cell]].concat();
    assert!(desk.succeed(&trained).contains("| 3 |"));
    let refused = desk.refused(2, &[&trained[..], &["--text-encoder", "table"]].concat());
    assert!(refused.contains("it has a text tower and no table"), "{refused}");
}

/// A SigLIP checkpoint with its tokenizer, copied to a desk.
fn siglip(desk: &Desk) -> (String, std::path::PathBuf) {
    let (weights, tokenizer) = (desk.path("siglip.safetensors"), desk.path("tokenizer.json"));
    let name = "siglip-text-hugging-face";
    std::fs::copy(checkpoint(&format!("{name}.safetensors")), &weights).expect("copy");
    std::fs::copy(checkpoint(&format!("{name}.tokenizer.json")), &tokenizer).expect("copy");
    (weights.to_str().expect("UTF-8").to_owned(), tokenizer)
}

#[test]
fn a_siglip_checkpoint_with_its_tokenizer_searches_and_trains_as_it_is() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    let (weights, tokenizer) = siglip(&desk);
    let model = ["--model", &weights, "--heads", "2"];
    let sentence = ["--text", "a man in a red jacket"];
    let search = [&["search", "g"][..], &sentence, &model].concat();
    let found = desk.succeed(&search);
    assert!(found.contains("| 3 |"), "{found}");
    desk.succeed(&[&["gallery", "create", "people", "g"][..], &model].concat());
    let in_gallery = [&["search", "people"][..], &sentence, &model].concat();
    assert!(desk.succeed(&in_gallery).contains("g/00"));
    let convert = ["weights", "convert", &weights, "--heads", "2", "--output", "own.safetensors"];
    let converted = desk.succeed(&convert);
    assert!(converted.contains("with its tokenizer.json, sha256 "), "{converted}");
    let inspected = desk.succeed(&["weights", "inspect", &weights, "--heads", "2"]);
    assert!(inspected.contains("needs its tokenizer.json with 80 ids"), "{inspected}");

    // Another tokenizer makes another model of the same weights.
    let json = std::fs::read_to_string(&tokenizer).expect("read");
    std::fs::write(&tokenizer, json.replace("\"▁jacket\"", "\"▁cloak\"") + "\n").expect("write");
    let refused = desk.refused(2, &in_gallery);
    assert!(refused.contains("people") && refused.contains("sha256"), "{refused}");
    std::fs::remove_file(&tokenizer).expect("removed");
    let refused = desk.refused(2, &search);
    assert!(refused.contains("needs its tokenizer") && refused.contains("neither"), "{refused}");
    let table = [&search[..], &["--text-encoder", "table"]].concat();
    let refused = desk.refused(2, &table);
    assert!(refused.contains("holds text, but the model was made for rgb"), "{refused}");
    std::fs::write(&tokenizer, json).expect("write");

    // What the program has written needs no file beside it.
    experiment(&desk, &weights, "trained-tower");
    std::fs::remove_file(&tokenizer).expect("removed");
    let cell = desk.cell("runs", "smoke").join("model");
    let cell = cell.to_str().expect("UTF-8");
    desk.succeed(&["weights", "pack", cell, "--output", "packed.safetensors"]);
    for model in [cell, "own.safetensors", "packed.safetensors"] {
        let arguments = [&["search", "g"][..], &sentence, &["--model", model]].concat();
        assert!(desk.succeed(&arguments).contains("| 3 |"), "{model}");
        let mut command = desk.command(&["tokenize", "--json", "--model", model]);
        let ids = piped(&mut command, "a man in a red jacket\n");
        assert_eq!(ids, "[4,3,31,26,3,13,4,3,48,19,56,1,1,1,1,1]\n", "{model}");
    }
}

/// What a command writes that is given `input`.
fn piped(command: &mut std::process::Command, input: &str) -> String {
    use std::process::Stdio;
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), input.as_bytes())
        .expect("write");
    let output = child.wait_with_output().expect("exits");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
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
