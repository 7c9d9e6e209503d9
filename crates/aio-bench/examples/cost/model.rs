//! Encoders of random weights, and the default model.

use crate::Outcome;
use crate::time::milliseconds;
use aio_bench::report::CostCurve;
use aio_encoder::{Encoder, EncoderConfig};
use aio_model::{Extractor, Shipped};
use aio_types::{Modality, Observation, Picture, PictureSize};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BATCHES: [usize; 5] = [1, 4, 16, 64, 256];
const TOKENS: [usize; 6] = [8, 32, 128, 512, 1_024, 2_048];
/// Tokens of a sequence where batches are compared.
const SEQUENCE: usize = 33;
/// Queries of the default model.
const QUERIES: usize = 32;

fn encoder(embed_dim: usize, heads: usize) -> Encoder {
    let mlp = 4 * embed_dim;
    let config = EncoderConfig { depth: 4, embed_dim, heads, mlp, ..EncoderConfig::embedded() };
    config.init(&Device::flex().autodiff())
}

/// Milliseconds per sequence of a forward pass, and of a forward and a backward pass through frozen blocks.
fn passes(encoder: &Encoder, [batch, tokens, width]: [usize; 3]) -> (f64, f64) {
    let x = Tensor::<3>::random(
        [batch, tokens, width],
        Distribution::Normal(0.0, 1.0),
        &Device::flex(),
    );
    let mask = Tensor::<2>::ones([batch, tokens], &Device::flex());
    let step = |encoder: &Encoder| {
        let input = x.clone().autodiff().require_grad();
        let output = encoder.forward(input.clone(), mask.clone().autodiff());
        let gradients = output.sum().backward();
        assert!(input.grad(&gradients).is_some());
    };
    // Parameters are made at their first use, and only then can be frozen.
    step(encoder);
    let (frozen, plain) = (encoder.clone().no_grad(), encoder.valid());
    let each = |milliseconds: f64| milliseconds / batch as f64;
    let forward = milliseconds(|| drop(plain.forward(x.clone(), mask.clone())));
    (each(forward), each(milliseconds(|| step(&frozen))))
}

/// Batches of 1 to 256 sequences.
pub(crate) fn by_batch() -> Outcome<Vec<CostCurve>> {
    let encoder = encoder(128, 4);
    let (mut forward, mut backward) = (Vec::new(), Vec::new());
    for batch in BATCHES {
        let (of_forward, of_both) = passes(&encoder, [batch, SEQUENCE, 128]);
        forward.push((batch as f64, of_forward));
        backward.push((batch as f64, of_both));
    }
    Ok(vec![
        CostCurve { name: "forward".into(), points: forward },
        CostCurve { name: "forward and backward, frozen".into(), points: backward },
    ])
}

/// Sequences of 8 to 2,048 tokens, in two widths.
pub(crate) fn by_tokens() -> Outcome<Vec<CostCurve>> {
    let curve = |(embed_dim, heads)| {
        let encoder = encoder(embed_dim, heads);
        let point = |tokens: usize| {
            let (forward, _) = passes(&encoder, [4, tokens, embed_dim]);
            (tokens as f64, forward)
        };
        CostCurve { name: format!("forward, width {embed_dim}"), points: TOKENS.map(point).into() }
    };
    Ok([(128, 4), (384, 6)].map(curve).into())
}

/// Queries of noise in the first modalities of a list, and a sentence.
fn queries(modalities: usize, size: PictureSize) -> Vec<Observation<Picture>> {
    const PICTURES: [Modality; 3] = [Modality::Rgb, Modality::Infrared, Modality::Sketch];
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut picture = |modality: &Modality| {
        let mut pixels = vec![0; size.bytes()];
        rng.fill_bytes(&mut pixels);
        (*modality, Picture { size, pixels })
    };
    let mut query = || Observation {
        pictures: PICTURES.iter().take(modalities).map(&mut picture).collect(),
        caption: (modalities > PICTURES.len())
            .then(|| "A woman in a long red coat with a grey backpack.".to_owned()),
    };
    (0..QUERIES).map(|_| query()).collect()
}

/// Queries of one to four modalities: as one sequence, and every part alone (late fusion).
pub(crate) fn by_modalities() -> Outcome<Vec<CostCurve>> {
    let extractor = Extractor::shipped(Shipped::Default, &Device::flex())?;
    let size = extractor.preprocessing().size();
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for modalities in 1..=4 {
        let whole = queries(modalities, size);
        let parts: Vec<_> = whole.iter().flat_map(Observation::parts).collect();
        // Errors would be errors of every call.
        extractor.embed(&whole)?;
        let cost = |inputs: &[_]| milliseconds(|| drop(extractor.embed(inputs))) / QUERIES as f64;
        together.push((modalities as f64, cost(&whole)));
        alone.push((modalities as f64, cost(&parts)));
    }
    Ok(vec![
        CostCurve { name: "one sequence".into(), points: together },
        CostCurve { name: "every part alone".into(), points: alone },
    ])
}

/// A forward pass and a step, for the comparison of numbers of threads.
pub(crate) fn work() -> Vec<CostCurve> {
    let (forward, both) = passes(&encoder(128, 4), [64, SEQUENCE, 128]);
    let curve = |name: &str, cost| CostCurve { name: name.to_owned(), points: vec![(1.0, cost)] };
    vec![
        curve("encoder, forward, per sequence", forward),
        curve("encoder, forward and backward, per sequence", both),
    ]
}
