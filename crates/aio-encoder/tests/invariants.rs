//! What the encoder must not know, checked in its sources.

use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn the_encoder_names_no_modality_and_reads_files_in_one_module_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = sources(&root);
    assert!(files.len() > 5);
    for file in files {
        let text = std::fs::read_to_string(&file).expect("source");
        for name in ["Modality", "rgb", "infrared", "sketch", "tokenizers."] {
            assert!(!text.contains(name), "{} names {name}", file.display());
        }
        if text.contains("std::fs") {
            assert!(file.starts_with(root.join("weights")), "{} reads files", file.display());
        }
    }
}
