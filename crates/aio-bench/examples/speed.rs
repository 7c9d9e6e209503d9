//! Sequences per second of the encoder: `just bench encoder`.
//!
//! Usage: `speed SHAPE…` with the shapes `vit-b`, `small` and `embedded`. For every shape it prints
//! one JSON line with the medians of three kinds of passes: `forward` without autodiff, `frozen`
//! (forward and backward to the tokens), and `trained` (the same with gradients of all weights).
//! `scripts/bench/encoder.py` times PyTorch beside this. The allocator is that of the program: with the system's, passes that
//! keep what a backward pass needs spend up to a quarter of their time in page faults.

use aio_encoder::{Encoder, EncoderConfig};
use burn::module::Module;
use burn::tensor::{Device, Distribution, Tensor};
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: aio_bench::allocator::Allocator = aio_bench::allocator::ALLOCATOR;

/// A shape of encoder and batch that is measured.
struct Shape {
    name: &'static str,
    depth: usize,
    embed_dim: usize,
    heads: usize,
    batch: usize,
    tokens: usize,
    /// Passes per measurement.
    passes: usize,
}

const SHAPES: [Shape; 3] = [
    Shape { name: "vit-b", depth: 12, embed_dim: 768, heads: 12, batch: 8, tokens: 129, passes: 1 },
    Shape { name: "small", depth: 12, embed_dim: 192, heads: 3, batch: 64, tokens: 33, passes: 2 },
    Shape {
        name: "embedded",
        depth: 4,
        embed_dim: 128,
        heads: 4,
        batch: 96,
        tokens: 19,
        passes: 10,
    },
];

const MEASUREMENTS: usize = 3;

impl Shape {
    fn encoder(&self, device: &Device) -> Encoder {
        let config = EncoderConfig {
            depth: self.depth,
            embed_dim: self.embed_dim,
            heads: self.heads,
            mlp: 4 * self.embed_dim,
            ..EncoderConfig::embedded()
        };
        config.init(device)
    }

    /// Median of sequences per second.
    fn rate(&self, pass: impl Fn()) -> f64 {
        pass();
        let mut rates: Vec<f64> = (0..MEASUREMENTS)
            .map(|_| {
                let begun = Instant::now();
                (0..self.passes).for_each(|_| pass());
                (self.batch * self.passes) as f64 / begun.elapsed().as_secs_f64()
            })
            .collect();
        rates.sort_by(f64::total_cmp);
        rates[MEASUREMENTS / 2]
    }

    fn measure(&self) -> String {
        let device = Device::flex().autodiff();
        let trained = self.encoder(&device);
        let shape = [self.batch, self.tokens, self.embed_dim];
        let x = Tensor::<3>::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex());
        let mask = Tensor::<2>::ones([self.batch, self.tokens], &Device::flex());
        let step = |encoder: &Encoder| {
            let tokens = x.clone().autodiff().require_grad();
            let output = encoder.forward(tokens.clone(), mask.clone().autodiff());
            let gradients = output.sum().backward();
            assert!(tokens.grad(&gradients).is_some());
        };
        // Parameters are made at their first use, and only then can be frozen.
        step(&trained);
        let (frozen, plain) = (trained.clone().no_grad(), trained.valid());
        let forward = self.rate(|| drop(plain.forward(x.clone(), mask.clone())));
        let (frozen, trained) = (self.rate(|| step(&frozen)), self.rate(|| step(&trained)));
        let name = self.name;
        format!(
            "{{\"shape\": \"{name}\", \"forward\": {forward:.1}, \"frozen\": {frozen:.1}, \
             \"trained\": {trained:.1}}}"
        )
    }
}

fn main() {
    aio_bench::allocator::keep_freed_memory();
    for name in std::env::args().skip(1) {
        let shape = SHAPES.iter().find(|shape| shape.name == name);
        // An example is a program for a terminal: its lines go to standard output.
        #[allow(clippy::print_stdout)]
        match shape {
            Some(shape) => println!("{}", shape.measure()),
            None => println!("no shape {name}; there are vit-b, small and embedded"),
        }
    }
}
