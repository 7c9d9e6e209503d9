//! Pictures of which a data set says what they were made from, and what a stage warns of.

use super::*;
use crate::config::{Batches, StageConfig};
use aio_data::sampler::{BatchPlan, IdentitySampler};
use aio_model::Origin;

/// A table of rows `<identity> <modality> <source>` with rendered pictures, and a configuration of one stage that trains on it.
fn table(directory: &Path, rows: &[String]) -> TrainingConfig {
    let mut library = Library::new(test_data::root());
    let rendered = &library.get(DatasetName::SynthPedes).expect("rendered").train;
    let picture = rendered.iter().find_map(|sample| sample.path()).expect("a picture");
    let mut text = "path,identity,camera,modality,split,caption,source\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let [identity, modality, source] = row.split(' ').collect::<Vec<_>>()[..] else {
            panic!("three words: {row}");
        };
        let source = if source == "-" { "" } else { source };
        if modality == "text" {
            text += &format!(",{identity},,text,train,Somebody in red {number}.,{source}\n");
            continue;
        }
        let file = format!("{number}.jpg");
        std::fs::copy(picture, directory.join(&file)).expect("copied");
        text += &format!("{file},{identity},,{modality},train,,{source}\n");
    }
    std::fs::write(directory.join("own.csv"), text).expect("write");
    let mut config = test_data::config(directory);
    config.data.validation_fraction = 0.0;
    config.train.stages = vec![StageConfig {
        datasets: vec!["table:own".parse().expect("a table")],
        real: vec![Modality::Sketch, Modality::Text],
        ..config.train.stages[0].clone()
    }];
    config
}

/// Four people with two photographs each. Every photograph has a sketch and a caption, with their source if it is `told`.
fn drawn(told: bool) -> Vec<String> {
    let mut rows = Vec::new();
    for identity in 1..=4 {
        for photograph in 2 * identity..2 * identity + 2 {
            let source = if told { photograph.to_string() } else { "-".to_owned() };
            let row = |modality: &str| format!("{identity} {modality} {source}");
            rows.extend([row("rgb"), row("sketch"), row("text")]);
        }
    }
    rows
}

const SKETCH: usize = Modality::Sketch as usize;

#[test]
fn a_tuple_shows_the_sketch_that_was_made_from_its_photograph() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let config = table(directory.path(), &drawn(true));
    let loader = loader(directory.path(), &config, 0);
    for epoch in 0..6 {
        for tuples in loader.epoch(epoch) {
            // Rows follow one another: photograph, sketch, caption.
            assert!(tuples.iter().all(|tuple| tuple.real[SKETCH] == Some(tuple.rgb + 1)));
            let batch = loader.batch_without_pixels(&tuples, epoch).expect("a batch");
            for tuple in &batch.tuples {
                let sketch = tuple.picture(Modality::Sketch).expect("a sketch");
                assert_eq!(sketch.origin, Origin::Photograph);
            }
        }
    }
}

#[test]
fn a_sketch_of_another_photograph_is_known_as_such() {
    let directory = tempfile::tempdir().expect("temporary directory");
    // The first photograph of each person has no sketch; the sketch of the second is shown with both. Person 3's sketch belongs to neither.
    let rows: Vec<String> = (1..=3)
        .flat_map(|identity: usize| {
            let source = if identity == 3 { 99 } else { 10 * identity + 1 };
            let photograph = |n: usize| format!("{identity} rgb {}", 10 * identity + n);
            [photograph(0), photograph(1), format!("{identity} sketch {source}")]
        })
        .collect();
    let config = table(directory.path(), &rows);
    let loader = loader(directory.path(), &config, 0);
    let mut seen = BTreeSet::new();
    for epoch in 0..12 {
        for tuples in loader.epoch(epoch) {
            for tuple in loader.batch_without_pixels(&tuples, epoch).expect("a batch").tuples {
                let sketch = tuple.picture(Modality::Sketch).expect("a sketch");
                let first = tuple.photograph / 3 * 3;
                let expected = match (tuple.photograph - first, first) {
                    (_, 6) => Origin::Itself { sample: 8 },
                    (0, _) => Origin::OtherPhotograph { sample: first + 1 },
                    _ => Origin::Photograph,
                };
                assert_eq!(sketch.origin, expected, "photograph {}", tuple.photograph);
                seen.insert(tuple.photograph);
            }
        }
    }
    assert_eq!(seen.len(), 6, "every photograph was drawn");
}

#[test]
fn what_says_nothing_of_its_sources_is_drawn_as_by_the_sampler() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let rows = drawn(false);
    let config = table(directory.path(), &rows);
    let loader = loader(directory.path(), &config, 0);
    let numbered = rows.iter().enumerate().map(|(number, row)| {
        let modality = [Modality::Rgb, Modality::Sketch, Modality::Text][number % 3];
        (number, row[..1].parse::<usize>().expect("an identity") - 1, modality)
    });
    let plan = BatchPlan {
        identities: 2,
        instances_per_identity: 2,
        neighbours: 1,
        shares: Vec::new(),
        one_range: false,
        seed: config.seed,
    };
    let sampler = IdentitySampler::new(numbered, plan).expect("a sampler");
    for epoch in 0..6 {
        assert_eq!(loader.epoch(epoch), sampler.epoch(epoch));
        for tuple in
            loader.batch_without_pixels(&loader.epoch(epoch)[0], epoch).expect("a batch").tuples
        {
            let sketch = tuple.picture(Modality::Sketch).expect("a sketch");
            assert!(matches!(sketch.origin, Origin::Itself { .. }), "{:?}", sketch.origin);
        }
    }
}

/// What the stage of a table warns of.
fn warned(directory: &Path, rows: &[&str], change: impl Fn(&mut TrainingConfig)) -> Vec<String> {
    let rows: Vec<String> = rows.iter().map(|row| (*row).to_owned()).collect();
    let mut config = table(directory, &rows);
    change(&mut config);
    loader(directory, &config, 0).doubts
}

#[test]
fn a_stage_in_which_nobody_has_anything_to_be_bound_to_warns() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let singles = ["1 rgb 1", "1 sketch 1", "2 rgb 2", "2 sketch 2", "3 rgb -"];
    let keep = |_: &mut TrainingConfig| {};
    let doubts = warned(directory.path(), &singles, keep);
    let expected = "the 3 people have one photograph each";
    assert!(doubts.len() == 1 && doubts[0].contains(expected), "{doubts:?}");
    let none = |rows: &[&str], change: fn(&mut TrainingConfig)| {
        let doubts = warned(directory.path(), rows, change);
        assert!(doubts.is_empty(), "{rows:?}: {doubts:?}");
    };
    none(&singles, |config| config.losses.own_photo = aio_heads::OwnPhoto::Kept);
    none(&singles, |config| config.losses.binding = 0.0);
    // A second photograph, a sketch of something else, or a caption.
    for more in ["3 rgb -", "3 sketch -", "3 text -"] {
        none(&[&singles[..], &[more]].concat(), |_| {});
    }
    let unused = [&singles[..], &["3 text -"]].concat();
    let doubts = warned(directory.path(), &unused, |config| config.train.stages[0].real.clear());
    assert_eq!(doubts.len(), 1, "the stage does not use captions");
}

#[test]
fn a_stage_of_photographs_alone_warns_where_modalities_are_bound_to_each_other() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let photographs: Vec<String> =
        (1..=3).flat_map(|identity| vec![format!("{identity} rgb -"); 2]).collect();
    let photographs: Vec<&str> = photographs.iter().map(String::as_str).collect();
    let pairs = |config: &mut TrainingConfig| {
        config.losses.binding_kind = aio_heads::BindingKind::SdmPairs;
        config.train.stages[0].synthesise.clear();
    };
    let doubts = warned(directory.path(), &photographs, pairs);
    let expected = "losses.binding_kind = \"sdm-pairs\" binds photographs to other modalities, of which the stage has no sample";
    assert!(doubts.len() == 1 && doubts[0].contains(expected), "{doubts:?}");
    let none = |rows: &[&str], change: fn(&mut TrainingConfig)| {
        let both = |config: &mut TrainingConfig| {
            pairs(config);
            change(config);
        };
        let doubts = warned(directory.path(), rows, both);
        assert!(doubts.is_empty(), "{rows:?}: {doubts:?}");
    };
    none(&photographs, |config| config.losses.binding = 0.0);
    none(&photographs, |config| config.losses.binding_kind = aio_heads::BindingKind::Supcon);
    none(&photographs, |config| config.train.stages[0].synthesise = vec![Modality::Sketch]);
    none(&[&photographs[..], &["3 text -"]].concat(), |_| {});
}

#[test]
fn a_stage_warns_of_shares_that_whole_batches_do_not_meet() {
    let root = test_data::root();
    let mut config = test_data::config(root);
    // Six people and five, two in a batch: five batches of an epoch.
    let stage = &mut config.train.stages[1];
    stage.batches = Batches::OneDataSet;
    stage.shares = vec![1.0, 1.0];
    let doubts = loader(root, &config, 1).doubts;
    let expected = "all: every epoch has 5 batches, each of one data set, so that shares are rounded: synth-pedes has 2 in place of 2.5, llcm has 3 in place of 2.5;";
    assert!(doubts.len() == 1 && doubts[0].starts_with(expected), "{doubts:?}");
    config.train.stages[1].shares = vec![3.0, 2.0];
    assert!(loader(root, &config, 1).doubts.is_empty());
    config.train.stages[1].batches = Batches::Mixed;
    config.train.stages[1].shares = vec![1.0, 1.0];
    assert!(loader(root, &config, 1).doubts.is_empty(), "people of every batch");
}
