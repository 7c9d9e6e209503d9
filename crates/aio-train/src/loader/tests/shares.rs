//! How many people of each data set a batch has, and what is said where there are too few.

use super::*;
use crate::config::Batches;
use aio_heads::AttributeVocabulary;
use aio_tokenize::SentenceTokenizer;

#[test]
fn batches_of_one_data_set_count_the_people_of_their_stage_alone() {
    let root = test_data::root();
    let of_llcm = |all_splits: bool| {
        let mut config = test_data::config(root);
        config.data.validation_fraction = 0.0;
        // The stage before it trains on the people whom LLCM tests, too, or does not.
        config.train.stages[0].datasets = vec![DatasetName::Llcm];
        config.train.stages[0].all_splits = all_splits;
        config.train.stages[1].batches = Batches::OneDataSet;
        let (loader, classes, _) = for_tests::opened(root, &config, 1, PICTURES);
        let llcm = classes.of_data_set(DatasetName::Llcm);
        loader.epoch(0).iter().filter(|batch| llcm.contains(&batch[0].class)).count()
    };
    assert_eq!(of_llcm(false), 2, "of six batches of eight people and five");
    assert_eq!(of_llcm(true), 2);
}

#[test]
fn what_leaves_too_few_people_for_a_batch_is_named() {
    let root = test_data::root();
    // Eight people of SYNTH-PEDES.
    let refused = |validation_fraction: f64, identity_fraction: f64| {
        let mut config = test_data::config(root);
        config.train.identities = 6;
        config.data.validation_fraction = validation_fraction;
        config.data.identity_fraction = identity_fraction;
        let mut library = Library::new(root);
        let classes = Classes::new(&config, &mut library).expect("classes");
        let settings = LoaderSettings {
            config: &config,
            classes: &classes,
            attributes: &AttributeVocabulary::default(),
            sentences: &SentenceTokenizer::default(),
            picture_size: PICTURES,
            sketch_generator: None,
        };
        let checked = StageLoader::check(&settings, &config.train.stages[0], &mut library);
        let error = checked.expect_err("too few");
        format!("{error} ({})", error.hint().expect("a hint"))
    };
    for (said, expected) in [
        (
            refused(0.0, 0.25),
            "only 2 have an RGB photograph; data.identity_fraction = 0.25 leaves others out (lower train.identities, add people, or raise data.identity_fraction)",
        ),
        (
            refused(0.25, 0.5),
            "only 3 have an RGB photograph; 2 more are held out for validation; data.identity_fraction = 0.5 leaves others out (",
        ),
        (
            refused(0.5, 1.0),
            "only 4 have an RGB photograph; 4 more are held out for validation (lower train.identities, add people, or set data.validation_fraction = 0)",
        ),
    ] {
        assert!(said.contains(expected), "{said}");
    }
}
