mod captions;
mod combinations;
mod numbering;
mod opening;
mod order;
mod shares;
mod sources;
mod validation;

use super::*;
use crate::config::{Select, TrainingConfig};
use crate::test_data;
use aio_data::DatasetName;
use aio_data::readers::{LeftOut, synth_pedes};
use aio_model::{TrainBatch, TrainTuple};
use aio_types::{Identity, Modality, ModalitySet, PictureSize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

const PICTURES: PictureSize = PictureSize { height: 48, width: 24 };

/// The loader of a stage on the benchmark below `root`, with small pictures.
fn loader(root: &Path, config: &TrainingConfig, stage: usize) -> StageLoader {
    for_tests::opened(root, config, stage, PICTURES).0
}

/// Everything in a batch. Photographs are numbered as they first appear: an index numbers them otherwise.
fn contents(batch: &TrainBatch) -> String {
    let mut batch = batch.clone();
    let mut seen = Vec::new();
    for tuple in &mut batch.tuples {
        let known = seen.iter().position(|photograph| *photograph == tuple.photograph);
        let number = known.unwrap_or_else(|| {
            seen.push(tuple.photograph);
            seen.len() - 1
        });
        tuple.photograph = number;
    }
    format!("{batch:?}")
}

#[test]
fn batches_are_a_pure_function_of_seed_and_step_whatever_the_threads() {
    let root = test_data::root();
    let config = test_data::config(root);
    let batch = |config: &TrainingConfig, step: u64| {
        let loader = loader(root, config, 1);
        contents(&loader.batch(&loader.epoch(0)[0], step).expect("a batch"))
    };
    let expected = batch(&config, 5);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        assert!(pool.install(|| batch(&config, 5)) == expected, "{threads} threads");
    }
    assert!(batch(&config, 6) != expected, "another step is augmented anew");
    let other_seed = TrainingConfig { seed: 4, ..config };
    assert!(batch(&other_seed, 5) != expected);
}

#[test]
fn an_indexed_data_set_gives_the_batches_of_a_data_set_that_is_read_whole() {
    let directory = tempfile::tempdir().expect("temporary directory");
    test_data::render(directory.path());
    let config = test_data::config(directory.path());
    let batches = || {
        let loader = loader(directory.path(), &config, 0);
        let epoch = loader.epoch(0);
        let batches = epoch.iter().map(|tuples| loader.batch(tuples, 1).expect("a batch"));
        (loader.decoded_bytes(), batches.map(|batch| contents(&batch)).collect::<Vec<_>>())
    };
    let (bytes, expected) = batches();
    assert!(bytes > 0 && bytes % (PICTURES.height * PICTURES.width * 3) == 0);
    let data_set = DatasetName::SynthPedes.locate(directory.path()).expect("rendered");
    synth_pedes::prepare(&data_set, &|_| {}).expect("indexed");
    let (bytes, indexed) = batches();
    assert_eq!(bytes, 0, "pictures of an index are decoded batch by batch");
    assert!(indexed == expected);
}

#[test]
fn validation_people_are_held_out_and_stages_share_classes() {
    let root = test_data::root();
    let config = test_data::config(root);
    let mut library = Library::new(root);
    let classes = Classes::new(&config, &mut library).expect("classes");
    // 8 people of SYNTH-PEDES, a quarter held out, and 5 of LLCM.
    assert_eq!(classes.len(), 6 + 5);
    let held_out = classes.validation(&mut library).expect("samples");
    assert!(held_out.len() == 1 && held_out[0].dataset == DatasetName::SynthPedes);
    let samples = &held_out[0].samples;
    let people: BTreeSet<_> = samples.iter().map(|s| s.identity).collect();
    assert_eq!(people.len(), 2);
    assert!(people.iter().all(|id| classes.get(DatasetName::SynthPedes, *id).is_none()));
    let seen = |stage: usize| -> BTreeSet<usize> {
        let loader = loader(root, &config, stage);
        loader.epoch(0).into_iter().flatten().map(|tuple| tuple.class).collect()
    };
    assert!(seen(0).len() == 6 && seen(1).len() >= 10);
    let half = TrainingConfig {
        data: crate::config::DataConfig { identity_fraction: 0.5, ..config.data.clone() },
        ..config.clone()
    };
    assert_eq!(Classes::new(&half, &mut library).expect("classes").len(), 3 + 3);
}

#[test]
fn only_the_modalities_of_a_stage_are_in_its_batches() {
    let root = test_data::root();
    let mut config = test_data::config(root);
    config.train.stages[0].synthesise = vec![Modality::Sketch];
    config.model.modalities =
        [Modality::Rgb, Modality::Infrared, Modality::Sketch].into_iter().collect();
    let loader = loader(root, &config, 0);
    let batch = loader.batch(&loader.epoch(0)[0], 0).expect("a batch");
    let rows = |modality| {
        let of = |tuple: &&TrainTuple| tuple.picture(modality).is_some();
        batch.tuples.iter().filter(of).count()
    };
    assert_eq!([Modality::Rgb, Modality::Infrared, Modality::Sketch].map(rows), [4, 0, 4]);
    assert!(batch.tuples.iter().all(|t| t.caption.is_none()), "the model knows no text");
    assert_eq!(batch.combinations.len(), config.train.combinations);
}

/// Who is held out of a training, by data set.
type HeldOutPeople = BTreeMap<DatasetName, BTreeSet<Identity>>;

/// Who is held out below `root`, and the modalities in which they are searched for.
fn held_out(root: &Path, config: &TrainingConfig) -> crate::Result<(HeldOutPeople, ModalitySet)> {
    let mut library = Library::new(root);
    let classes = Classes::new(config, &mut library)?;
    let (mut people, mut asked) = (HeldOutPeople::new(), ModalitySet::default());
    for of_set in classes.validation(&mut library)? {
        let shown: BTreeSet<Identity> = of_set.samples.iter().map(|s| s.identity).collect();
        assert!(shown.iter().all(|identity| classes.get(of_set.dataset, *identity).is_none()));
        asked = asked | of_set.asked;
        people.insert(of_set.dataset, shown);
    }
    Ok((people, asked))
}

/// The configuration of the other tests, with a checkpoint that is chosen by validation.
fn best(root: &Path, seed: u64, fraction: f64) -> TrainingConfig {
    let mut config = TrainingConfig { seed, ..test_data::config(root) };
    config.train.select = Select::Best;
    config.data.validation_fraction = fraction;
    config
}

#[test]
fn the_best_checkpoint_is_chosen_by_people_of_every_data_set_in_every_modality() {
    let root = test_data::root();
    let with_sketches = |seed: u64, fraction: f64| {
        let mut config = best(root, seed, fraction);
        let stage = &mut config.train.stages[1];
        stage.datasets.push(DatasetName::MarketSketch1k(LeftOut::Nobody));
        stage.real.push(Modality::Sketch);
        held_out(root, &config).expect("people")
    };
    // A hundredth of 8, 5 and 5 people is none, rounded down; one of each is held out all the same.
    let (people, asked) = with_sketches(3, 0.01);
    assert_eq!(people.values().map(BTreeSet::len).collect::<Vec<_>>(), [1, 1, 1]);
    assert_eq!(asked, "rgb+infrared+sketch+text".parse().expect("a set"));
    assert_eq!(with_sketches(3, 0.01).0, people, "the same seed draws the same people");
    let draws: BTreeSet<_> =
        (0..8).map(|seed| format!("{:?}", with_sketches(seed, 0.01))).collect();
    assert!(draws.len() > 2, "other seeds draw others: {draws:?}");
    let (more, _) = with_sketches(3, 0.4);
    let count = |name: DatasetName| more[&name].len();
    let sets =
        [DatasetName::SynthPedes, DatasetName::Llcm, DatasetName::MarketSketch1k(LeftOut::Nobody)];
    assert_eq!(sets.map(count), [3, 2, 2]);
    // The score of `last` is a line of the log: nobody else is held out than before.
    let mut last = best(root, 3, 0.01);
    last.train.select = Select::Last;
    assert!(held_out(root, &last).expect("nobody").0.is_empty());
}

/// A table of rows `<identity> <modality> <split>`, and a configuration that trains on it.
fn own_table(directory: &Path, rows: &[&str]) -> (DatasetName, TrainingConfig) {
    let mut text = "path,identity,camera,modality,split,caption,source\n".to_owned();
    for (number, row) in rows.iter().enumerate() {
        let [identity, modality, split] = row.split(' ').collect::<Vec<_>>()[..] else {
            panic!("three words: {row}");
        };
        let file = format!("{number}.jpg");
        std::fs::write(directory.join(&file), "x").expect("write");
        text += &format!("{file},{identity},,{modality},{split},,\n");
    }
    std::fs::write(directory.join("own.csv"), text).expect("write");
    let name: DatasetName = "table:own".parse().expect("a table");
    let mut config = best(directory, 0, 0.3);
    config.train.stages.truncate(1);
    config.train.stages[0].datasets = vec![name];
    config.train.stages[0].real = vec![Modality::Sketch, Modality::Text];
    (name, config)
}

fn people(of: &[i64]) -> BTreeSet<Identity> {
    of.iter().copied().map(Identity).collect()
}

#[test]
fn validation_rows_are_used_and_test_people_never_are() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let trained = ["1 rgb train", "1 rgb train", "2 rgb train", "2 rgb train"];
    let tested = ["2 rgb query", "7 rgb query", "7 rgb gallery"];
    let validated = ["9 rgb validation", "9 rgb validation"];
    let rows = [&trained[..], &tested, &validated].concat();
    let (name, config) = own_table(directory.path(), &rows);
    let (found, asked) = held_out(directory.path(), &config).expect("people");
    assert_eq!(found[&name], people(&[9]), "the rows of the split `validation`");
    assert_eq!(asked, Modality::Rgb.into());
    // Without them training people are drawn: 1 alone, for 2 is tested.
    let (name, config) = own_table(directory.path(), &[&trained[..], &tested].concat());
    for seed in 0..8 {
        let config = TrainingConfig { seed, ..config.clone() };
        let (found, _) = held_out(directory.path(), &config).expect("people");
        assert_eq!(found[&name], people(&[1]), "seed {seed}");
    }
    // Validation rows that show training people belong to those who are drawn (MSMT17's list_val).
    let more = ["1 rgb validation", "2 rgb validation"];
    let (_, config) = own_table(directory.path(), &[&trained[..], &tested, &more].concat());
    let mut library = Library::new(directory.path());
    let classes = Classes::new(&config, &mut library).expect("classes");
    let of_table = classes.validation(&mut library).expect("samples").remove(0);
    assert_eq!(
        of_table.samples.len(),
        3,
        "two of the training part and one of the validation part"
    );
    // The only person with a sketch is held out whatever the seed.
    let sketched = ["3 rgb train", "3 sketch train", "4 rgb train", "4 rgb train"];
    let (name, config) = own_table(directory.path(), &[&trained[..], &sketched].concat());
    for seed in 0..8 {
        let config = TrainingConfig { seed, ..config.clone() };
        let (found, asked) = held_out(directory.path(), &config).expect("people");
        assert!(found[&name].contains(&Identity(3)), "seed {seed}: {found:?}");
        assert_eq!(asked, "rgb+sketch".parse().expect("a set"));
    }
}

#[test]
fn a_best_checkpoint_that_nobody_can_choose_is_refused_before_training() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let refused = |rows: &[&str], fraction: f64| {
        let (_, mut config) = own_table(directory.path(), rows);
        config.data.validation_fraction = fraction;
        let error = held_out(directory.path(), &config).expect_err("impossible");
        format!("{error} ({})", error.hint().expect("a hint"))
    };
    let single = refused(&["1 rgb train", "2 rgb train"], 0.5);
    assert!(
        single.contains("nobody of table:own can be held out and searched for in rgb")
            && single.contains("two photographs")
            && single.contains("train.select = \"last\""),
        "{single}"
    );
    let none = refused(&["1 rgb train", "1 rgb train", "2 rgb train", "2 rgb train"], 0.0);
    assert!(none.contains("set data.validation_fraction above 0"), "{none}");
    let alone = refused(&["1 rgb train", "1 rgb train"], 0.5);
    assert!(alone.contains("nobody would be left to train on"), "{alone}");
    let rgb = ["1 rgb train", "1 rgb train", "2 rgb train", "2 rgb train"];
    let tested =
        refused(&[&rgb[..], &["3 rgb train", "3 sketch train", "3 rgb query"]].concat(), 0.5);
    assert!(tested.contains("searched for in sketch") && tested.contains("not tested"), "{tested}");
}

#[test]
fn a_data_set_without_rows_to_train_on_is_named() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (_, mut config) = own_table(directory.path(), &["1 rgb query", "1 rgb gallery"]);
    config.train.select = Select::Last;
    let error = held_out(directory.path(), &config).expect_err("nobody is trained on");
    assert!(error.to_string().contains("table:own has nobody to train on"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("split `train`")));
}
