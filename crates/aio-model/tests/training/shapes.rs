//! Padding rows and tokens to few shapes changes nothing but rounding.

use crate::fixtures::{batch, model, picture, preprocessing};
use crate::gradients::{ByName, by_name, largest_difference};
use aio_encoder::Activations;
use aio_model::{Backbone, Shapes, pictures, token_ids};
use aio_tokenize::ModalityInput;
use aio_types::Modality;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

/// Three people with a photograph and a caption each: 3 rows, and 1 + 2 + 8 tokens.
fn inputs() -> Vec<ModalityInput> {
    let device = Device::flex();
    let shown = [picture(1), picture(2), picture(3)];
    let ids: Vec<Vec<u32>> = batch()
        .tuples
        .into_iter()
        .filter_map(|tuple| tuple.caption)
        .map(|caption| caption.ids)
        .collect();
    vec![
        ModalityInput::Pictures(Modality::Rgb, pictures(&shown, &preprocessing(), &device)),
        ModalityInput::Text(token_ids(ids.iter().map(Vec::as_slice), &device)),
    ]
}

/// Embeddings, output tokens and the gradients of all parameters.
fn run(backbone: &Backbone, shapes: Shapes, recomputed: bool) -> (Tensor<2>, Tensor<3>, ByName) {
    let mut activations = Activations::new(recomputed);
    let sequence = backbone.tokenizers.sequence(&inputs());
    let (embedded, tokens) = backbone.encode_as(&mut activations, sequence, shapes);
    let count: usize = tokens.dims().iter().product();
    let weights: Vec<f32> = (0..count).map(|i| (i as f32 * 0.7).sin()).collect();
    let weights = Tensor::from_data(TensorData::new(weights, tokens.dims()), &Device::flex());
    let gradients = ((tokens.clone() * weights).sum() + embedded.clone().sum()).backward();
    let rest = activations.backward(&backbone.encoder, &gradients);
    let mut found = by_name(backbone, &GradientsParams::from_grads(gradients, backbone));
    if let Some(input_loss) = rest.input_loss {
        let in_front = GradientsParams::from_grads(input_loss.backward(), backbone);
        found.extend(by_name(backbone, &in_front));
    }
    (embedded, tokens, found)
}

#[test]
fn padded_rows_and_tokens_give_the_same_embeddings_and_gradients() {
    let backbone = model(&Device::flex()).backbone;
    for recomputed in [false, true] {
        let (embedded, tokens, gradients) = run(&backbone, Shapes::AsTheyAre, recomputed);
        let (padded, padded_tokens, of_padded) = run(&backbone, Shapes::Padded, recomputed);
        assert_eq!(padded_tokens.dims(), tokens.dims());
        let difference = (padded - embedded).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-5, "embeddings: {difference}");
        let difference = largest_difference(&gradients, &of_padded);
        assert!(gradients.len() > 15 && difference < 1e-5, "gradients: {difference}");
    }
}

#[test]
fn shapes_are_rounded_up_except_on_the_cpu() {
    let shapes = Shapes::of(&Device::flex());
    assert_eq!((shapes, shapes.padded(19)), (Shapes::AsTheyAre, 19));
    assert_eq!(Shapes::of(&Device::flex().autodiff()), Shapes::AsTheyAre);
    assert_eq!([1, 8, 9, 77].map(|n| Shapes::Padded.padded(n)), [8, 8, 16, 80]);
}
