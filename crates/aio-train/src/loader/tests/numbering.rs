//! Photographs whose numbers are not those of a whole data set: of one person, or of one part.

use super::*;
use aio_data::Sample;
use aio_tokenize::bpe::Bpe;
use std::path::PathBuf;

/// Copies of one picture below `directory`.
fn pictures(directory: &Path, files: &[String]) {
    let mut library = Library::new(test_data::root());
    let samples = &library.get(DatasetName::SynthPedes).expect("rendered").train;
    let picture: PathBuf = samples.iter().find_map(Sample::path).expect("a picture").to_path_buf();
    for file in files {
        let path = directory.join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::copy(&picture, path).expect("copied");
    }
}

/// Trains on a data set whose only caption of a picture is the name of its file; counts the tuples whose caption is another.
fn other_captions(directory: &Path, name: &str, all_splits: bool) -> (usize, usize) {
    let mut config = test_data::config(directory);
    config.data.validation_fraction = 0.0;
    config.train.stages.truncate(1);
    let stage = &mut config.train.stages[0];
    stage.datasets = vec![name.parse().expect("a data set")];
    stage.all_splits = all_splits;
    let loader = loader(directory, &config, 0);
    let (mut tuples, mut others) = (0, 0);
    for epoch in 0..6 {
        for drawn in loader.epoch(epoch) {
            let batch = loader.batch_without_pixels(&drawn, epoch).expect("a batch");
            for (tuple, drawn) in batch.tuples.iter().zip(&drawn) {
                let path = loader.store.sample_path(drawn.rgb);
                let own = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
                let ids = &tuple.caption.as_ref().expect("every picture has a caption").ids;
                tuples += 1;
                others += usize::from(*ids != Bpe::clip().ids(own).0);
            }
        }
    }
    (tuples, others)
}

#[test]
fn photographs_that_are_numbered_for_every_person_keep_their_captions() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut rows = "path,identity,camera,modality,split,caption,source\n".to_owned();
    let mut files = Vec::new();
    for person in ["anna", "ben", "carl", "dora"] {
        for (source, side) in [(1, "front"), (2, "back")] {
            let own = format!("{person} {side}");
            rows += &format!("{own}.jpg,{person},,rgb,train,,{source}\n");
            rows += &format!(",{person},,text,train,{own},{source}\n");
            files.push(format!("{own}.jpg"));
        }
    }
    pictures(directory.path(), &files);
    std::fs::write(directory.path().join("own.csv"), rows).expect("written");
    let (tuples, others) = other_captions(directory.path(), "table:own", false);
    assert!(tuples > 20 && others == 0, "{others} of {tuples}");
}

#[test]
fn photographs_that_are_numbered_for_every_part_keep_their_captions() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (mut items, mut files) = (Vec::new(), Vec::new());
    for (id, (split, person)) in
        (1..).zip([("train", "anna"), ("train", "ben"), ("val", "carl"), ("test", "dora")])
    {
        for side in ["front", "back"] {
            let own = format!("{person} {side}");
            items.push(format!(
                r#"{{"split":"{split}","captions":["{own}"],"file_path":"{own}.jpg","id":{id}}}"#
            ));
            files.push(format!("CUHK-PEDES/imgs/{own}.jpg"));
        }
    }
    pictures(directory.path(), &files);
    let list = format!("[{}]", items.join(","));
    std::fs::write(directory.path().join("CUHK-PEDES/reid_raw.json"), list).expect("written");
    let (tuples, others) = other_captions(directory.path(), "cuhk-pedes", true);
    assert!(tuples > 20 && others == 0, "{others} of {tuples}");
}
