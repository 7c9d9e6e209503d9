//! Times every operation against its portable form, alternating: `just bench`.
//!
//! One measurement is a forward pass and a backward pass to the main input, with all parameters
//! frozen. Prints medians in milliseconds and their ratio, for a batch as the embedded encoder
//! trains on.

use aio_ops::{
    Activation, BlockSettings, BlockWeights, IbnSplit, LinearWeights, NormWeights, Precision,
    Window, portable,
};
use burn::tensor::{Device, Distribution, Tensor};
use std::time::Instant;

const ROUNDS: usize = 15;

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

/// Milliseconds of one forward and backward pass.
fn time<const D: usize, const O: usize>(x: &Tensor<D>, f: &dyn Fn(Tensor<D>) -> Tensor<O>) -> f64 {
    let x = x.clone().autodiff().require_grad();
    let begun = Instant::now();
    let grads = f(x.clone()).sum().backward();
    let largest: f32 = x.grad(&grads).map_or(f32::NAN, |g| g.abs().max().into_scalar());
    assert!(largest.is_finite());
    1e3 * begun.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare<const D: usize, const O: usize>(
    name: &str,
    x: Tensor<D>,
    kernel: impl Fn(Tensor<D>) -> Tensor<O>,
    portable: impl Fn(Tensor<D>) -> Tensor<O>,
) -> String {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(time(&x, &kernel));
        b.push(time(&x, &portable));
    }
    let (a, b) = (median(a), median(b));
    format!("{name:<14} {a:8.2} {b:8.2} {:6.2}\n", b / a)
}

fn main() {
    let (batch, tokens, width, heads) = (64, 65, 96, 3);
    let rows = || random([batch, tokens, width]);
    let attention_mask = Tensor::<2>::ones([batch, tokens], &Device::flex());
    let norm = || NormWeights { gamma: random([width]), beta: random([width]) };
    let linear = |from: usize, to: usize| LinearWeights {
        weight: random([from, to]) * (from as f64).powf(-0.5),
        bias: random([to]),
    };
    let weights = BlockWeights {
        norm1: norm(),
        qkv: linear(width, 3 * width),
        proj: linear(width, width),
        norm2: norm(),
        fc1: linear(width, 4 * width),
        fc2: linear(4 * width, width),
        scales: None,
    };
    let settings = BlockSettings {
        heads,
        activation: Activation::Gelu,
        epsilon: 1e-5,
        precision: Precision::F32,
        causal: false,
    };
    let pixels = || random([batch, 48 * 24, 16]);
    let window = Window { kernel: 3, stride: 1, padding: 1 };
    let kernel = random([9 * 16, 16]);
    let split = IbnSplit { instance_channels: 8 };
    let mut table = format!(
        "{batch} sequences of {tokens} × {width}; forward and backward, median of {ROUNDS}, ms\n\
         operation        kernel portable  ratio\n"
    );
    let block =
        |x| aio_ops::transformer_block(x, attention_mask.clone(), weights.clone(), None, settings);
    let portable_block =
        |x| portable::transformer_block(x, attention_mask.clone(), weights.clone(), None, settings);
    table += &compare("block", rows(), block, portable_block);
    let affine = norm();
    table += &compare(
        "layer norm",
        rows(),
        |x| aio_ops::layer_norm(x, affine.gamma.clone(), affine.beta.clone(), 1e-5),
        |x| portable::layer_norm(x, affine.gamma.clone(), affine.beta.clone(), 1e-5),
    );
    table += &compare(
        "convolution",
        random([batch, 48, 24, 16]),
        |x| aio_ops::convolve(x, kernel.clone(), window),
        |x| portable::convolve(x, kernel.clone(), window),
    );
    table += &compare(
        "standardise",
        pixels(),
        |x| aio_ops::standardise(x, split, 1e-5),
        |x| portable::standardise(x, split, 1e-5),
    );
    let affine = (random([16]), random([16]));
    table += &compare(
        "affine relu",
        pixels(),
        |x| aio_ops::affine_relu(x, affine.0.clone(), affine.1.clone()),
        |x| portable::affine_relu(x, affine.0.clone(), affine.1.clone()),
    );
    // An example is a program for a terminal: its table goes to standard output.
    #[allow(clippy::print_stdout)]
    {
        print!("{table}");
    }
}
