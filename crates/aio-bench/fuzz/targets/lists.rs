#![no_main]
//! List and annotation files of every data set: the first byte chooses the data set and the file, the rest is its content.

use aio_data::DatasetName;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Data sets and the list file that is replaced. What the lists name does not exist, which the readers must say.
const FILES: [(&str, &str, &str); 12] = [
    ("sysu-mm01", "SYSU-MM01", "exp/test_id.txt"),
    ("regdb-1", "RegDB", "idx/test_visible_1.txt"),
    ("llcm", "LLCM", "idx/train_vis.txt"),
    ("pku-sketch-1", "PKUSketchRE-ID_V1", "idx/test_visible_1.txt"),
    ("msmt17", "MSMT17_V1", "list_train.txt"),
    ("cuhk03-classic-labeled", "cuhk03", "splits_classic_labeled.json"),
    ("cuhk-pedes", "CUHK-PEDES", "reid_raw.json"),
    ("icfg-pedes", "ICFG-PEDES", "ICFG-PEDES.json"),
    ("rstpreid", "RSTPReid", "data_captions.json"),
    ("synth-pedes", "SYNTH-PEDES", "synthpedes_dataset.json"),
    ("orbench", "ORBench", "test_gallery_and_queries.json"),
    ("omnireid", "OmniReID", "query.txt"),
];

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = aio_fuzz::directory();
    for (_, folder, file) in FILES {
        let path = root.path().join(folder).join(file);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        std::fs::write(path, "").expect("write");
    }
    for file in ["a.jpg", "1.jpg"] {
        FILES.iter().for_each(|(_, folder, _)| std::fs::write(root.path().join(folder).join(file), "").expect("write"));
    }
    std::fs::write(root.path().join("ORBench/train_annos.json"), "[]").expect("write");
    root
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    let (name, folder, file) = FILES[usize::from(*choice) % FILES.len()];
    std::fs::write(ROOT.path().join(folder).join(file), rest).expect("write");
    let name: DatasetName = name.parse().expect("a known data set");
    let _ = name.open(ROOT.path());
});
