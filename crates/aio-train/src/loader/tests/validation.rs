use super::*;

#[test]
fn people_who_cannot_be_searched_for_give_no_score_and_stop_no_training() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let score = |rows: &[&str]| {
        let (_, mut config) = own_table(directory.path(), rows);
        config.train.select = Select::Last;
        config.data.validation_fraction = 0.5;
        let mut library = Library::new(directory.path());
        let classes = Classes::new(&config, &mut library).expect("classes");
        let held_out = classes.validation(&mut library).expect("no error");
        held_out.into_iter().map(|of_set| of_set.asked).collect::<Vec<_>>()
    };
    let two = ["1 rgb train", "1 rgb train"];
    // The last person is held out, with one photograph and without a caption.
    assert_eq!(score(&[&two[..], &["2 rgb train"]].concat()), []);
    let asked = score(&[&two[..], &["2 rgb train", "2 rgb train"]].concat());
    assert_eq!(asked, [Modality::Rgb.into()]);
}

#[test]
fn whoever_is_not_known_is_not_held_out() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let chosen = |validated: &[&str]| {
        let trained = ["1 rgb train", "1 rgb train", "2 rgb train"];
        let (name, config) = own_table(directory.path(), &[&trained[..], validated].concat());
        held_out(directory.path(), &config).expect("people").0[&name].clone()
    };
    let unknown = ["-1 rgb validation", "-1 rgb validation"];
    let known = ["9 rgb validation", "9 rgb validation"];
    assert_eq!(chosen(&[&unknown[..], &known].concat()), people(&[9]));
    // Two pictures of nobody are no validation rows of one person.
    assert_eq!(chosen(&unknown), people(&[1]));
}

#[test]
fn captions_are_used_only_where_a_stage_names_text_among_its_real_samples() {
    let root = test_data::root();
    let mut config = test_data::config(root);
    let captions = |config: &TrainingConfig| {
        let loader = loader(root, config, 0);
        let batch = loader.batch(&loader.epoch(0)[0], 0).expect("a batch");
        batch.tuples.iter().filter(|tuple| tuple.caption.is_some()).count()
    };
    assert_eq!(captions(&config), 4);
    config.train.stages[0].real.retain(|modality| *modality != Modality::Text);
    assert_eq!(captions(&config), 0);
}

/// What is said of the modalities that a training on the benchmark does not validate.
fn said(config: &TrainingConfig) -> Option<String> {
    let mut library = Library::new(test_data::root());
    let classes = Classes::new(config, &mut library).expect("classes");
    let held_out = classes.validation(&mut library).expect("samples");
    unvalidated(config, &mut library, &held_out).expect("the data sets of the stages")
}

#[test]
fn modalities_of_later_data_sets_that_the_last_people_of_the_first_lack_are_named() {
    // Two stages. The first data set has photographs and captions, the second one infrared; sketches are made.
    let config = test_data::config(test_data::root());
    let text = said(&config).expect("a warning");
    assert!(text.contains("not validated: infrared, sketch; the people of synth-pedes"), "{text}");
    assert!(text.contains("train.select = \"best\""), "{text}");
    let mut without_captions = config.clone();
    without_captions.train.stages[0].datasets = vec![DatasetName::Llcm];
    let text = said(&without_captions).expect("a warning");
    assert!(text.contains("infrared, sketch, text; the people of llcm"), "{text}");
}

#[test]
fn nothing_is_said_where_everything_is_validated_or_nobody_is_held_out() {
    let config = test_data::config(test_data::root());
    let mut all = config.clone();
    all.model.modalities = "rgb+text".parse().expect("a set");
    assert_eq!(said(&all), None, "nothing else is trained");
    let mut off = config;
    off.data.validation_fraction = 0.0;
    assert_eq!(said(&off), None, "no validation");
}

#[test]
fn a_best_checkpoint_is_chosen_without_what_is_only_made_from_photographs() {
    let mut config = best(test_data::root(), 3, 0.25);
    let text = said(&config).expect("a warning");
    assert!(text.contains("not validated: sketch; all samples of it are made"), "{text}");
    for stage in &mut config.train.stages {
        stage.synthesise.clear();
    }
    assert_eq!(said(&config), None, "infrared has real samples");
}
