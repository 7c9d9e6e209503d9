//! Embedding with a trained model.

use crate::fixtures::{config, model, picture, preprocessing};
use aio_model::{ExtractError, Extractor, Shipped};
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
        let mut pairs = alone[0].iter().zip(&together[i]);
        assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-5), "input {i} differs");
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
    let extractor =
        Extractor::shipped(Shipped::Embedded, &Device::flex()).expect("every tensor fits");
    assert_eq!(extractor.preprocessing().size(), PictureSize { height: 96, width: 48 });
    let bytes: usize = Shipped::ALL.iter().map(|shipped| shipped.file().len()).sum();
    assert!(bytes <= 16 << 20, "{bytes} bytes, at most 16 MiB for both files");
}

/// Observations of every kind, more than one block of the encoder holds.
fn observations() -> Vec<Observation<aio_types::Picture>> {
    let kinds: [&[Modality]; 4] =
        [&[Modality::Rgb], &[Modality::Infrared], &[Modality::Sketch, Modality::Rgb], &[]];
    let captions = ["a coat", "a man in a long blue coat with golden buttons and a hat"];
    (0..40)
        .map(|number| {
            let modalities = kinds[number % 4];
            let pictures = modalities.iter().map(|m| (*m, picture(number % 7)));
            let caption = (number % 4 > 1).then(|| captions[number % 2].to_owned());
            Observation { pictures: pictures.collect(), caption }
        })
        .collect()
}

#[test]
fn the_number_of_threads_changes_no_bit_of_an_embedding() {
    let device = Device::flex();
    let extractor =
        Extractor::new(&model(&device).backbone, &config().backbone, preprocessing(), &device);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| extractor.embed(&observations()).expect("embedded"))
    };
    let expected = on(1);
    for threads in [2, 3, 8] {
        assert!(on(threads) == expected, "{threads} threads");
    }
}

#[test]
fn embeddings_do_not_depend_on_the_size_of_the_batch() {
    let device = Device::flex();
    let extractor =
        Extractor::new(&model(&device).backbone, &config().backbone, preprocessing(), &device);
    let all = observations();
    let expected = extractor.embed(&all).expect("embedded");
    for size in [1, 3, 16] {
        let mut found = Vec::new();
        for batch in all.chunks(size) {
            found.extend(extractor.embed(batch).expect("embedded"));
        }
        let mut pairs = found.iter().flatten().zip(expected.iter().flatten());
        assert!(pairs.all(|(a, b)| (a - b).abs() < 1e-5), "batches of {size} differ");
    }
}
