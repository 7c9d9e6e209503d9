//! Trainings in which modalities are combined behind the encoder, or something stands for absent ones.

use super::*;
use aio_encoder::weights::Weights;
use aio_model::{AbsentUse, FusionUse};

/// Every fusion with something that learns, and the mean.
const KINDS: [(FusionUse, AbsentUse); 4] = [
    (FusionUse::Mean, AbsentUse::None),
    (FusionUse::Mixer, AbsentUse::None),
    (FusionUse::Sequence, AbsentUse::Learned),
    (FusionUse::Mixer, AbsentUse::Learned),
];

#[test]
fn a_training_of_every_fusion_continues_to_the_same_weights_and_starts_another_one() {
    let _alone = crate::test_data::exclusive();
    for (fusion, absent) in KINDS {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut config = test_data::config(test_data::root());
        (config.model.fusion, config.model.absent) = (fusion, absent);
        config.train.activation_checkpointing = absent == AbsentUse::Learned;
        config.train.stages[1] =
            StageConfig { epochs: None, steps: Some(2), ..config.train.stages[1].clone() };
        let Continued { model: trained, .. } = Continued::below(directory.path(), &config);
        assert_eq!((trained.config.fusion, trained.config.absent), (fusion, absent));

        // The model is a starting point for the same fusion, which it goes on with.
        let file = directory.path().join("trained.safetensors");
        std::fs::write(&file, bytes(&trained)).expect("write");
        config.model.weights = file.display().to_string();
        let again = test_data::start(&config);
        assert_eq!(again.config, trained.config);
        let backbone = again.backbone(&Device::flex()).expect("a backbone");
        let found = backbone.to_bytes(&again.config, &trained.preprocessing, &[]);
        assert!(found.expect("serialises") == bytes(&trained), "{fusion:?}, {absent:?}");

        // Trained parts fit no other one; a mean has none.
        (config.model.fusion, config.model.absent) = (FusionUse::Sequence, AbsentUse::None);
        let other = crate::StartingPoint::open(&config.model);
        if fusion == FusionUse::Mean {
            let other = other.expect("a mean has no weights");
            assert_eq!(other.backbone(&Device::flex()).expect("fits").fusion, FusionUse::Sequence);
        } else {
            let said = other.map(|_| ()).expect_err("others").to_string();
            let of = |key: &str, word: String| format!("model.{key} = \"{}\"", word.to_lowercase());
            assert!(said.contains(&of("fusion", format!("{fusion:?}"))), "{said}");
            assert!(said.contains(&of("absent", format!("{absent:?}"))), "{said}");
        }
    }
}

#[test]
fn another_training_drops_the_slots_of_modalities_and_draws_those_of_new_ones() {
    let _alone = crate::test_data::exclusive();
    for fusion in [FusionUse::Sequence, FusionUse::Mixer] {
        let directory = tempfile::tempdir().expect("temporary directory");
        let mut config = test_data::config(test_data::root());
        (config.model.fusion, config.model.absent) = (fusion, AbsentUse::Learned);
        config.train.stages.truncate(1);
        let trained = train_into(directory.path(), &config, &StopFlag::default()).expect("trains");
        let file = directory.path().join("trained.safetensors");
        std::fs::write(&file, bytes(&trained)).expect("write");
        config.model.weights = file.display().to_string();
        config.model.modalities =
            [Modality::Rgb, Modality::ColourPencil, Modality::Text].into_iter().collect();
        let other = directory.path().join("other");
        let again = train_into(&other, &config, &StopFlag::default()).expect("trains");
        // All that a file of three modalities needs, and nothing else.
        let weights = Weights::from_bytes("a model", bytes(&again));
        let (_, sizes, _) =
            aio_model::Backbone::load(&weights, &Device::flex()).expect("every tensor fits");
        assert_eq!(sizes, again.config);
        let absent = weights.shapes().expect("shapes").into_keys();
        assert_eq!(absent.filter(|name| name.contains("absent.")).count(), 3, "{fusion:?}");
    }
}
