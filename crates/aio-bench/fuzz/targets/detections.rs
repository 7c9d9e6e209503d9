#![no_main]
//! Boxes of trackers (MOTChallenge) and detectors (COCO).

use aio_gallery::Source;
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

static ROOT: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let root = aio_fuzz::directory();
    std::fs::create_dir(root.path().join("frames")).expect("create");
    for name in ["1.jpg", "2.jpg"] {
        std::fs::write(root.path().join("frames").join(name), "x").expect("write");
    }
    root
});

fuzz_target!(|input: &[u8]| {
    let file: PathBuf = aio_fuzz::write(&ROOT, "boxes", input);
    let frames = ROOT.path().join("frames");
    let source = Source { file: &file, frames: &frames, least_confidence: Some(0.1) };
    let found = if input.starts_with(b"{") {
        aio_gallery::coco(&source, "person")
    } else {
        aio_gallery::mot(&source)
    };
    for detection in found.map(|found| found.wanted).unwrap_or_default() {
        assert!(detection.frame.starts_with(&frames), "{}", detection.frame.display());
        assert!(detection.confidence.is_none_or(|confidence| confidence >= 0.1));
    }
});
