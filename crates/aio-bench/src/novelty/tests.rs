//! Statistics of the shipped model, and what they flag.

use super::{SHIPPED, Statistics, novelties};
use crate::embed::{self, ImportSettings, ModelSource};
use aio_model::Shipped;
use aio_synth::benchmark::{self, Size};
use aio_types::{Modality, Observation, Picture};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::ControlFlow;

fn model(name: &str) -> crate::embed::Model {
    let import = ImportSettings::default();
    let source = ModelSource { name: name.into(), device: "cpu".into(), import };
    source.open().expect("a shipped model")
}

#[test]
fn the_file_in_the_program_is_that_of_its_trained_model() {
    Statistics::parsed(SHIPPED).expect("a file of this version");
    let known = Statistics::of(Shipped::Default.sha256()).expect("statistics");
    assert!(known.knows(Modality::Rgb) && known.knows(Modality::Sketch));
    assert!(!known.knows(Modality::ColourPencil), "read by the stem of photographs");
    assert!(Statistics::of(Shipped::Embedded.sha256()).is_none());
    let mut other: serde_json::Value = serde_json::from_str(SHIPPED).expect("JSON");
    other["version"] = 3.into();
    let refused = Statistics::parsed(&other.to_string());
    assert!(refused.is_err_and(|e| e.contains("version 3, expected 2")));
}

#[test]
fn noise_warns_and_rendered_people_do_not() {
    let directory = tempfile::tempdir().expect("temporary directory");
    // Another seed: people, places and cameras that the statistics have not seen.
    let size = Size {
        synth_pedes: 1,
        llcm: 1,
        market_sketch: 1,
        market: 1,
        test: 1,
        pku: 4,
        development: 6,
    };
    let go_on = |_, _| ControlFlow::Continue(());
    benchmark::write(directory.path(), 11, size, &go_on).expect("rendered");
    let model = model("default");
    let share = |inputs: &[Observation<Picture>]| {
        let judged: Vec<_> = inputs.iter().map(|input| (input, None)).collect();
        let found = novelties(&model.sha256, &model.extractor, &judged).expect("judged");
        let unlike = found.iter().flatten().flatten().filter(|(_, n)| n.is_unlike);
        unlike.count() as f64 / inputs.len() as f64
    };
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let size = model.extractor.preprocessing().size();
    for modality in [Modality::Rgb, Modality::Infrared, Modality::Sketch] {
        let folder = directory.path().join("dev-ordinary").join(modality.name());
        let rows = embed::pictures(&folder, modality).expect("pictures");
        let rows: Vec<&embed::Row> = rows.iter().collect();
        let rendered = share(&embed::inputs(&rows, &model.extractor).expect("opened"));
        assert!(rows.len() >= 6 && rendered <= 0.25, "{modality}: {rendered} of {}", rows.len());
        let mut noise = || {
            let pixels = (0..3 * size.height * size.width).map(|_| rng.random()).collect();
            let picture = Picture { size, pixels };
            Observation { pictures: vec![(modality, picture)], caption: None }
        };
        let noise: Vec<_> = (0..40).map(|_| noise()).collect();
        let found = share(&noise);
        assert!(found >= 0.8, "{modality}: {found} of the noise");
    }
}

#[test]
fn a_part_is_judged_alone_and_models_without_statistics_say_nothing() {
    let trained = model("default");
    let size = trained.extractor.preprocessing().size();
    let flat = Picture { size, pixels: vec![90; 3 * size.height * size.width] };
    let alone = Observation { pictures: vec![(Modality::Rgb, flat.clone())], caption: None };
    let pictures = vec![(Modality::Rgb, flat.clone()), (Modality::ColourPencil, flat)];
    let mixed = Observation { pictures, caption: Some("a red coat".into()) };
    let features = trained.extractor.embed(&[alone.clone(), mixed.clone()]).expect("embedded");
    let judged = [(&alone, Some(&features[0][..])), (&mixed, Some(&features[1][..]))];
    let found = novelties(&trained.sha256, &trained.extractor, &judged).expect("judged");
    let of = |index: usize| found[index].as_ref().expect("known");
    assert!(of(0)["rgb"].is_unlike, "{found:?}");
    assert_eq!(of(1).keys().collect::<Vec<_>>(), ["rgb"], "colour drawings are not judged");
    assert!((of(0)["rgb"].value - of(1)["rgb"].value).abs() < 1e-3, "{found:?}");
    let other = model("embedded");
    let found = novelties(&other.sha256, &other.extractor, &[(&alone, None)]).expect("judged");
    assert_eq!(found, vec![None]);
}
