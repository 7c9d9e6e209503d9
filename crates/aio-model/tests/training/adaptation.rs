//! Adaptation to the statistics of pictures.

use crate::fixtures::{config, model, picture, preprocessing};
use aio_model::{Adaptation, pictures};
use aio_tokenize::ModalityInput;
use aio_types::{Modality, Picture};
use burn::module::Module;
use burn::tensor::{Device, Tensor};

fn difference(a: Tensor<2>, b: Tensor<2>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn after_adaptation_a_model_computes_what_batch_statistics_give_and_nothing_else_changes() {
    let device = Device::flex();
    let trained = model(&device);
    let before = trained.backbone.valid();
    let batch: Vec<Picture> = (0..16).map(picture).collect();
    let embed = |backbone: &aio_model::Backbone, modality| {
        let batch = pictures(&batch, &preprocessing(), &device);
        backbone.embed(&[ModalityInput::Pictures(modality, batch)]).without_autodiff()
    };
    let unadapted = embed(&before, Modality::Infrared);
    let mut adaptation =
        Adaptation::new(&before, &config().backbone, preprocessing(), Modality::Infrared, &device);
    for _ in 0..2 * Adaptation::BATCHES {
        adaptation.show(&batch);
    }
    let after = adaptation.finish();
    let found = embed(&after, Modality::Infrared);
    let moved = difference(found.clone(), unadapted);
    // The model in training normalises by the statistics of its batch, which is the same.
    let left = difference(found, embed(&trained.backbone, Modality::Infrared));
    // Variances differ by n / (n − 1) of the pixels of 16 pictures.
    assert!(left < 0.02 * moved.max(0.1), "{left} of {moved}");
    assert!(moved > 1e-3, "{moved}");
    for modality in [Modality::Rgb, Modality::Sketch] {
        assert!(difference(embed(&after, modality), embed(&before, modality)) == 0.0);
    }
}
