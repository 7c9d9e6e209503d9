//! Stages: what they need, how long they are, and keys of a single one.

use super::*;
use aio_train::config::{StageConfig, StageLength};
use aio_types::Modality;

#[test]
fn a_stage_needs_its_data_sets_and_nothing_else() {
    let text = "[[train.stages]]\ndatasets = [\"table:shop\"]\n[[train.stages]]\ndatasets = [\"llcm\"]\nname = \"more\"\n";
    let stages = load(text, &[]).expect("valid").train.stages;
    assert_eq!(stages.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["stage 1", "more"]);
    assert_eq!((stages[0].epochs, stages[0].learning_rate), (Some(1), 2e-4));
}

#[test]
fn a_stage_is_as_long_as_its_epochs_or_its_steps_say() {
    let of =
        |length: &str| load(&format!("[[train.stages]]\ndatasets = [\"llcm\"]\n{length}"), &[]);
    let steps = of("steps = 500\n").expect("valid");
    assert_eq!(steps.train.stages[0].length(), StageLength::Steps(500));
    let written = steps.to_toml().expect("TOML");
    assert!(written.contains("steps = 500") && !written.contains("epochs ="), "{written}");
    assert_eq!(load(&written, &[]).expect("valid"), steps, "it is read back");
    let error = of("epochs = 3\nsteps = 500\n").expect_err("both").to_string();
    let both =
        "`train.stages[0].steps` is 500 and `train.stages[0].epochs` is 3; a stage has one of them";
    assert!(error.contains("experiment.toml") && error.contains(both), "{error}");
    assert!(of("steps = 0\n").expect_err("none").to_string().contains("train.stages[0].steps"));
    // Ids: one epoch is one epoch however it is written; steps are another length.
    let id = |length: &str| of(length).expect("valid").config_id(&Checksums::default());
    assert_eq!(id(""), id("epochs = 1\n"));
    assert!(id("steps = 1\n") != id("") && id("steps = 1\n") != id("steps = 2\n"));
}

#[test]
fn a_key_of_one_stage_is_set_by_its_place() {
    let text = "[[train.stages]]\ndatasets = [\"llcm\"]\n[[train.stages]]\ndatasets = [\"llcm\"]\nsteps = 7\nlearning_rate = 0.5\n";
    let set = |settings: &[&str]| load(text, settings);
    let changed = set(&[
        "train.stages[0].steps=3",
        "train.stages[1].epochs=2",
        "train.stages[1].synthesise=[\"sketch\"]",
        "train.stages[1].rate=0.25",
    ]);
    let stages = changed.expect("valid").train.stages;
    let lengths = [StageLength::Steps(3), StageLength::Epochs(2)];
    assert_eq!([stages[0].length(), stages[1].length()], lengths);
    assert_eq!((stages[0].learning_rate, stages[1].learning_rate), (2e-4, 0.25));
    assert_eq!(stages[1].synthesise, [Modality::Sketch]);
    assert_eq!(stages[0].synthesise, StageConfig::synthesised());
    // Set as a whole and then in part: the later option wins.
    let whole = "train.stages=[{ datasets = [\"llcm\"] }]";
    let stages = set(&[whole, "train.stages[0].steps=3"]).expect("valid").train.stages;
    assert_eq!((stages.len(), stages[0].length()), (1, StageLength::Steps(3)));
    for (setting, said) in [
        (
            "train.stages[2].steps=3",
            "--set train.stages[2].steps=3: there is no `train.stages[2]`: the list has 2 stages, which are counted from 0",
        ),
        ("train.stages[1].stepps=3", "unknown key `train.stages[1].stepps`"),
        (
            "train.stages[1].steps=0",
            "--set train.stages[1].steps=0: `train.stages[1].steps` is 0; expected",
        ),
        ("train.stages[-1].steps=3", "unknown key `train.stages[-1]`"),
        ("train.stages[1]=3", "unknown key `train.stages[1]`"),
    ] {
        let error = set(&[setting]).expect_err(setting).to_string();
        assert!(error.contains(said), "{error}");
    }
}
