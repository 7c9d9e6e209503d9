//! Captions of photographs.

use super::*;
use aio_data::Sample;
use aio_tokenize::bpe::Bpe;
use std::path::PathBuf;

#[test]
fn a_caption_is_one_of_those_that_were_written_for_the_photograph() {
    let root = test_data::root();
    let config = test_data::config(root);
    let mut library = Library::new(root);
    let captions_of: BTreeMap<PathBuf, Vec<Vec<u32>>> = {
        let samples = &library.get(DatasetName::SynthPedes).expect("rendered").train;
        let of = |photograph: &Sample| {
            let is_of =
                |s: &&Sample| (s.identity, s.source) == (photograph.identity, photograph.source);
            let written = samples.iter().filter(is_of);
            let ids = written.filter_map(Sample::caption).map(|text| Bpe::clip().ids(text).0);
            Some((photograph.path()?.to_path_buf(), ids.collect()))
        };
        samples.iter().filter_map(of).collect()
    };
    let loader = loader(root, &config, 0);
    let (mut tuples, mut others) = (0, 0);
    for epoch in 0..6 {
        for drawn in loader.epoch(epoch) {
            let batch = loader.batch(&drawn, epoch).expect("a batch");
            for (tuple, drawn) in batch.tuples.iter().zip(&drawn) {
                let path = loader.store.sample_path(drawn.rgb);
                let ids = &tuple.caption.as_ref().expect("SYNTH-PEDES has captions").ids;
                assert!(captions_of[path].contains(ids), "{}", path.display());
                tuples += 1;
                others +=
                    usize::from(captions_of.values().filter(|of| of.contains(ids)).count() == 1);
            }
        }
    }
    assert!(2 * others > tuples, "most captions say which photograph they were written for");
}

#[test]
fn the_words_that_are_predicted_are_those_of_the_captions_at_hand() {
    let root = test_data::root();
    let mut config = test_data::config(root);
    let words = |config: &TrainingConfig| -> Vec<String> {
        let mut library = Library::new(root);
        let classes = Classes::new(config, &mut library).expect("classes");
        let words = attribute_words(config, &classes, &mut library).expect("words");
        words.words().map(str::to_owned).collect()
    };
    let all = words(&config);
    let mut library = Library::new(root);
    let classes = Classes::new(&config, &mut library).expect("classes");
    let samples = &library.get(DatasetName::SynthPedes).expect("rendered").train;
    let is_trained = |s: &&Sample| classes.get(DatasetName::SynthPedes, s.identity).is_some();
    let captions: Vec<Vec<String>> = samples
        .iter()
        .filter(is_trained)
        .filter_map(Sample::caption)
        .map(|text| Bpe::clip().words(text))
        .collect();
    let having = |word: &str| captions.iter().filter(|c| c.iter().any(|w| w == word)).count();
    assert!(all.len() > 5 && all.iter().all(|word| having(word) >= 3), "{all:?}");
    assert!(all.iter().all(|word| !["a", "the", "wearing", "person"].contains(&&**word)));
    config.losses.attribute_words = 3;
    let three = words(&config);
    let fewest = three.iter().map(|word| having(word)).min();
    let others = all.iter().filter(|word| !three.contains(word)).map(|word| having(word)).max();
    assert!(three.len() == 3 && fewest >= others, "{three:?}");
    config.losses.attribute = 0.0;
    assert!(words(&config).is_empty(), "nothing predicts them");
}
