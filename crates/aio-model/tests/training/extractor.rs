//! Embedding with a trained model.

use crate::fixtures::{config, model, picture, preprocessing};
use aio_model::{ExtractError, Extractor};
use aio_types::{Modality, Observation, PictureSize};
use burn::tensor::Device;

#[test]
fn an_embedding_does_not_depend_on_what_else_is_embedded() {
    let device = Device::flex();
    let extractor =
        Extractor::new(&model(&device).backbone, &config().backbone, preprocessing(), &device);
    let mixed = Observation {
        pictures: vec![(Modality::Sketch, picture(3))],
        caption: Some("a red coat".into()),
    };
    let photo = Observation { pictures: vec![(Modality::Rgb, picture(4))], caption: None };
    let long = Observation {
        caption: Some(
            "a man wearing a very long and elaborate blue coat with many golden buttons".into(),
        ),
        ..Observation::default()
    };
    let together = extractor
        .embed(&[
            mixed.clone(),
            photo.clone(),
            long.clone(),
            Observation { caption: Some("a coat".into()), ..Observation::default() },
        ])
        .expect("embeds");
    for (i, input) in [mixed, photo, long].into_iter().enumerate() {
        let alone = extractor.embed(&[input]).expect("embeds");
        let difference =
            alone[0].iter().zip(&together[i]).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max);
        assert!(difference < 1e-5, "input {i} differs by {difference}");
    }
    assert_eq!(extractor.embed(&[Observation::default()]), Err(ExtractError::Empty(0)));
    let pencil =
        Observation { pictures: vec![(Modality::ColourPencil, picture(1))], caption: None };
    assert!(matches!(
        extractor.embed(&[pencil]),
        Err(ExtractError::Unknown { modality: Modality::ColourPencil, .. })
    ));
}

#[test]
fn the_embedded_weights_load_completely_and_state_their_preprocessing() {
    let extractor = Extractor::embedded(&Device::flex()).expect("every tensor fits");
    assert_eq!(extractor.preprocessing().size(), PictureSize { height: 96, width: 48 });
    assert!(aio_encoder::weights::EMBEDDED.len() <= 16 << 20, "at most 16 MiB");
}
