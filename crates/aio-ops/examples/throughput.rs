//! Times every operation, forward and backward, against its plain composition, alternating: `just bench`.
//!
//! Prints medians in milliseconds and their ratio, for a batch as the embedded encoder trains on.

use aio_ops::{IbnSplit, Precision, Window, reference};
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
    ours: impl Fn(Tensor<D>) -> Tensor<O>,
    plain: impl Fn(Tensor<D>) -> Tensor<O>,
) -> String {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        a.push(time(&x, &ours));
        b.push(time(&x, &plain));
    }
    let (a, b) = (median(a), median(b));
    format!("{name:<14} {a:8.2} {b:8.2} {:6.2}\n", b / a)
}

fn main() {
    let (batch, tokens, width, heads) = (64, 65, 96, 3);
    let rows = || random([batch, tokens, width]);
    let keep = Tensor::<2>::ones([batch, tokens], &Device::flex());
    let (w, bias) = (random([width, 4 * width]), random([4 * width]));
    let (gamma, beta) = (random([width]), random([width]));
    let pixels = || random([batch, 48 * 24, 16]);
    let window = Window { kernel: 3, stride: 1, padding: 1 };
    let kernel = random([9 * 16, 16]);
    let split = IbnSplit { instance: 8 };
    let mut table = format!(
        "{batch} sequences of {tokens} × {width}; forward and backward, median of {ROUNDS}, ms\noperation          ours    plain  ratio\n"
    );
    table += &compare("gelu", random([batch, tokens, 4 * width]), aio_ops::gelu, reference::gelu);
    let norm = (gamma, beta);
    table += &compare(
        "layer norm",
        rows(),
        |x| aio_ops::layer_norm(x, norm.0.clone(), norm.1.clone(), 1e-5),
        |x| reference::layer_norm(x, norm.0.clone(), norm.1.clone(), 1e-5),
    );
    table += &compare(
        "attention",
        random([batch, tokens, 3 * width]),
        |x| aio_ops::attention(x, keep.clone(), heads, Precision::F32),
        |x| reference::attention(x, keep.clone(), heads, Precision::F32),
    );
    table += &compare(
        "linear",
        rows(),
        |x| aio_ops::linear(x, w.clone(), bias.clone(), Precision::F32),
        |x| reference::linear(x, w.clone(), bias.clone(), Precision::F32),
    );
    table += &compare(
        "convolution",
        random([batch, 48, 24, 16]),
        |x| aio_ops::convolve(x, kernel.clone(), window),
        |x| reference::convolve(x, kernel.clone(), window),
    );
    table += &compare(
        "standardise",
        pixels(),
        |x| aio_ops::standardise(x, split, 1e-5),
        |x| reference::standardise(x, split, 1e-5),
    );
    // An example is a program for a terminal: its table goes to standard output.
    #[allow(clippy::print_stdout)]
    {
        print!("{table}");
    }
}
