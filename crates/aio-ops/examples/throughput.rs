//! Times every operation against its portable form, alternating: `just bench`.
//!
//! One measurement is a forward pass and a backward pass to the main input, with all parameters
//! frozen. Prints medians in milliseconds and their ratio, for a batch as the embedded encoder
//! trains on.

use aio_ops::{IbnSplit, Precision, Window, portable};
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
    let (w, bias) = (random([width, 4 * width]), random([4 * width]));
    let (gamma, beta) = (random([width]), random([width]));
    let pixels = || random([batch, 48 * 24, 16]);
    let window = Window { kernel: 3, stride: 1, padding: 1 };
    let kernel = random([9 * 16, 16]);
    let split = IbnSplit { instance_channels: 8 };
    let mut table = format!(
        "{batch} sequences of {tokens} × {width}; forward and backward, median of {ROUNDS}, ms\n\
         operation        kernel portable  ratio\n"
    );
    table += &compare("gelu", random([batch, tokens, 4 * width]), aio_ops::gelu, portable::gelu);
    let norm = (gamma, beta);
    table += &compare(
        "layer norm",
        rows(),
        |x| aio_ops::layer_norm(x, norm.0.clone(), norm.1.clone(), 1e-5),
        |x| portable::layer_norm(x, norm.0.clone(), norm.1.clone(), 1e-5),
    );
    table += &compare(
        "attention",
        random([batch, tokens, 3 * width]),
        |x| aio_ops::attention(x, attention_mask.clone(), heads, Precision::F32),
        |x| portable::attention(x, attention_mask.clone(), heads, Precision::F32),
    );
    table += &compare(
        "linear",
        rows(),
        |x| aio_ops::linear(x, w.clone(), bias.clone(), Precision::F32),
        |x| portable::linear(x, w.clone(), bias.clone(), Precision::F32),
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
