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
            let written = samples.iter().filter(|s| s.source == photograph.source);
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
