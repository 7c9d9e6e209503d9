use super::portable;
use super::*;
use crate::parity::{check, random};
use burn::tensor::{Device, TensorData};

/// Sizes of a block and its input.
#[derive(Clone, Copy)]
struct Sizes {
    tokens: usize,
    heads: usize,
    head_dim: usize,
    hidden: usize,
}

impl Sizes {
    fn width(self) -> usize {
        self.heads * self.head_dim
    }

    /// Lengths of the weights in their order: norms, layers, scales.
    fn lengths(self) -> [usize; 14] {
        let (width, hidden) = (self.width(), self.hidden);
        let layer = |from: usize, to: usize| [from * to, to];
        let [qkv, qkv_bias] = layer(width, 3 * width);
        let [proj, proj_bias] = layer(width, width);
        let [fc1, fc1_bias] = layer(width, hidden);
        let [fc2, fc2_bias] = layer(hidden, width);
        [
            width, width, qkv, qkv_bias, proj, proj_bias, width, width, fc1, fc1_bias, fc2,
            fc2_bias, width, width,
        ]
    }

    fn weights(self, flat: &[Tensor<1>]) -> BlockWeights {
        let (width, hidden) = (self.width(), self.hidden);
        let norm = |i: usize| NormWeights { gamma: flat[i].clone(), beta: flat[i + 1].clone() };
        let linear = |i: usize, from: usize, to: usize| LinearWeights {
            // Scaled as at initialisation, so that no sum is much larger than its terms.
            weight: flat[i].clone().reshape([from, to]) * (from as f32).powf(-0.5),
            bias: flat[i + 1].clone(),
        };
        BlockWeights {
            norm1: norm(0),
            qkv: linear(2, width, 3 * width),
            proj: linear(4, width, width),
            norm2: norm(6),
            fc1: linear(8, width, hidden),
            fc2: linear(10, hidden, width),
            scales: flat.get(12).zip(flat.get(13)).map(|(attention, mlp)| BranchScales {
                attention: attention.clone(),
                mlp: mlp.clone(),
            }),
        }
    }

    fn settings(self, activation: Activation) -> BlockSettings {
        BlockSettings {
            heads: self.heads,
            activation,
            epsilon: 1e-5,
            precision: Precision::F32,
            causal: false,
        }
    }

    /// Angles that differ between tokens and channels; the first tokens stay as they are.
    fn rotation(self, unturned: usize) -> Rotation {
        let half = self.head_dim / 2;
        let angle = |token: usize, channel: usize| match token.checked_sub(unturned) {
            Some(place) => (1.0 + place as f32) * 0.7f32.powi(channel as i32),
            None => 0.0,
        };
        let table = |f: fn(f32) -> f32| {
            let tokens = 0..self.tokens;
            let values = tokens.flat_map(|t| (0..half).map(move |c| f(angle(t, c)))).collect();
            let data = TensorData::new::<f32, _>(values, [self.tokens, half]);
            Tensor::from_data(data, &Device::flex())
        };
        Rotation { cosines: table(f32::cos), sines: table(f32::sin) }
    }

    fn mask(self, lengths: &[usize]) -> Tensor<2> {
        let mut values = vec![0.0f32; lengths.len() * self.tokens];
        for (row, length) in values.chunks_exact_mut(self.tokens).zip(lengths) {
            row[..*length].fill(1.0);
        }
        Tensor::from_data(TensorData::new(values, [lengths.len(), self.tokens]), &Device::flex())
    }

    /// Compares kernel and portable form for sequences of these lengths, with the first `N` weights.
    fn check<const N: usize>(self, tolerance: f32, activation: Activation, lengths: &[usize]) {
        self.check_with::<N>(tolerance, self.settings(activation), lengths);
    }

    fn check_with<const N: usize>(
        self,
        tolerance: f32,
        settings: BlockSettings,
        lengths: &[usize],
    ) {
        self.check_turned::<N>(tolerance, None, settings, lengths);
    }

    fn check_turned<const N: usize>(
        self,
        tolerance: f32,
        rotation: Option<&Rotation>,
        settings: BlockSettings,
        lengths: &[usize],
    ) {
        let mask = self.mask(lengths);
        let of_lengths = self.lengths();
        let parameters = std::array::from_fn(|i| random([of_lengths[i]], 40 + i as u64));
        check::<3, N, 3>(
            tolerance,
            random([lengths.len(), self.tokens, self.width()], 39),
            parameters,
            |x, flat| {
                let (mask, weights) = (mask.clone(), self.weights(&flat));
                transformer_block(x, mask, weights, rotation.cloned(), settings)
            },
            |x, flat| {
                let (mask, weights) = (mask.clone(), self.weights(&flat));
                portable::transformer_block(x, mask, weights, rotation.cloned(), settings)
            },
        );
    }
}

const SMALL: Sizes = Sizes { tokens: 9, heads: 4, head_dim: 6, hidden: 50 };

#[test]
fn agrees_with_the_portable_form() {
    SMALL.check::<12>(2e-3, Activation::Gelu, &[9, 9, 9]);
    SMALL.check::<12>(2e-3, Activation::QuickGelu, &[9, 9, 9]);
    SMALL.check::<12>(2e-3, Activation::GeluTanh, &[9, 9, 9]);
}

#[test]
fn agrees_with_padding() {
    SMALL.check::<12>(2e-3, Activation::Gelu, &[9, 6, 1]);
}

#[test]
fn agrees_with_scaled_branches() {
    SMALL.check::<14>(2e-3, Activation::Gelu, &[9, 4]);
    SMALL.check::<14>(2e-3, Activation::QuickGelu, &[5, 9]);
}

#[test]
fn agrees_where_no_token_sees_a_later_one() {
    let causal = |activation| BlockSettings { causal: true, ..SMALL.settings(activation) };
    SMALL.check_with::<12>(2e-3, causal(Activation::Gelu), &[9, 6, 1]);
    SMALL.check_with::<14>(2e-3, causal(Activation::QuickGelu), &[9, 9, 4]);
    let sizes = Sizes { tokens: 70, heads: 2, head_dim: 20, hidden: 96 };
    let settings = BlockSettings { causal: true, ..sizes.settings(Activation::Gelu) };
    sizes.check_with::<12>(1e-2, settings, &[70, 30, 70, 70, 2, 70, 55]);
}

#[test]
fn agrees_where_queries_and_keys_are_turned() {
    let rotation = SMALL.rotation(2);
    let check = |activation, lengths: &[usize]| {
        let settings = SMALL.settings(activation);
        SMALL.check_turned::<12>(2e-3, Some(&rotation), settings, lengths);
        SMALL.check_turned::<14>(2e-3, Some(&rotation), settings, lengths);
    };
    check(Activation::Gelu, &[9, 6, 1]);
    check(Activation::QuickGelu, &[9, 9]);
    let sizes = Sizes { tokens: 70, heads: 2, head_dim: 20, hidden: 96 };
    let settings = sizes.settings(Activation::Gelu);
    let lengths = [70, 30, 70, 70, 2, 70, 55];
    sizes.check_turned::<12>(1e-2, Some(&sizes.rotation(1)), settings, &lengths);
}

/// Turning both by the same angle changes no product: attention depends on differences of places.
#[test]
fn attention_depends_on_the_differences_of_angles_alone() {
    let sizes = Sizes { tokens: 6, heads: 2, head_dim: 8, hidden: 1 };
    let device = Device::flex();
    let qkv = Tensor::<3>::from_data(random([2, 6, 48], 27), &device);
    let attention = |rotation: Option<&Rotation>| {
        let settings = sizes.settings(Activation::Gelu);
        attention_weights(qkv.clone(), sizes.mask(&[6, 6]), rotation, settings)
    };
    let table = |f: &dyn Fn(f32) -> f32| {
        let values = (0..6 * 4).map(|i| f((i / 4) as f32 * 0.3)).collect();
        Tensor::from_data(TensorData::new::<f32, _>(values, [6, 4]), &device)
    };
    let turned = |shift: f32| Rotation {
        cosines: table(&|angle| (angle + shift).cos()),
        sines: table(&|angle| (angle + shift).sin()),
    };
    let difference = |a: Tensor<4>, b: Tensor<4>| (a - b).abs().max().into_scalar::<f32>();
    let (here, elsewhere) = (turned(0.0), turned(1.1));
    let here = attention(Some(&here));
    assert!(difference(here.clone(), attention(Some(&elsewhere))) < 1e-5);
    assert!(difference(here, attention(None)) > 1e-2);
}

/// More sequences than one thread takes at a time, and a last group that is smaller.
#[test]
fn agrees_over_several_groups_of_sequences() {
    let sizes = Sizes { tokens: 70, heads: 2, head_dim: 20, hidden: 96 };
    sizes.check::<12>(1e-2, Activation::Gelu, &[70, 30, 70, 70, 2, 70, 55, 70, 70, 1, 70]);
}

/// Products are computed in blocks of up to 512 summed elements.
#[test]
fn agrees_over_several_blocks_of_the_matrix_products() {
    let sizes = Sizes { tokens: 261, heads: 2, head_dim: 20, hidden: 530 };
    sizes.check::<12>(2e-2, Activation::Gelu, &[261, 130]);
}

#[test]
fn a_sequence_does_not_depend_on_the_batch() {
    let sizes = Sizes { tokens: 33, heads: 3, head_dim: 16, hidden: 192 };
    let device = Device::flex();
    let flat: Vec<Tensor<1>> = sizes.lengths()[..12]
        .iter()
        .zip(60..)
        .map(|(length, seed)| Tensor::from_data(random([*length], seed), &device))
        .collect();
    let x = Tensor::<3>::from_data(random([40, 33, 48], 59), &device);
    let run = |x: Tensor<3>| {
        let mask = sizes.mask(&vec![33; x.dims()[0]]);
        transformer_block(x, mask, sizes.weights(&flat), None, sizes.settings(Activation::Gelu))
    };
    let all = run(x.clone());
    for (start, count) in [(0, 1), (7, 2), (20, 19)] {
        let part = run(x.clone().narrow(0, start, count));
        let same = all.clone().narrow(0, start, count);
        assert_eq!(part.into_data(), same.into_data(), "{count} sequences");
    }
}

#[test]
fn attention_weights_sum_to_one_and_leave_padding_out() {
    let qkv = Tensor::<3>::from_data(random([2, 7, 36], 29), &Device::flex());
    let sizes = Sizes { tokens: 7, heads: 3, head_dim: 4, hidden: 1 };
    let settings = sizes.settings(Activation::Gelu);
    let weights = attention_weights(qkv, sizes.mask(&[7, 4]), None, settings);
    assert_eq!(weights.dims(), [2, 3, 7, 7]);
    for total in weights.clone().sum_dim(3).into_data().iter::<f32>() {
        assert!((total - 1.0).abs() < 1e-6, "{total}");
    }
    let padding: f32 = weights.slice([1..2, 0..3, 0..7, 4..7]).abs().max().into_scalar();
    assert_eq!(padding, 0.0);
}

#[test]
fn a_causal_token_depends_on_the_tokens_up_to_it_alone() {
    let sizes = Sizes { tokens: 11, heads: 2, head_dim: 8, hidden: 40 };
    let device = Device::flex();
    let flat: Vec<Tensor<1>> = sizes.lengths()[..12]
        .iter()
        .zip(80..)
        .map(|(length, seed)| Tensor::from_data(random([*length], seed), &device))
        .collect();
    let settings = BlockSettings { causal: true, ..sizes.settings(Activation::Gelu) };
    let x = Tensor::<3>::from_data(random([2, 11, 16], 79), &device);
    let run = |x: Tensor<3>| {
        let [batch, tokens, _] = x.dims();
        let mask = Tensor::ones([batch, tokens], &device);
        transformer_block(x, mask, sizes.weights(&flat), None, settings)
    };
    let whole = run(x.clone());
    for length in [1, 4, 10] {
        let cut = run(x.clone().narrow(1, 0, length));
        let difference = (cut - whole.clone().narrow(1, 0, length)).abs().max();
        assert!(difference.into_scalar::<f32>() < 1e-5, "{length} tokens");
    }
    let qkv = Tensor::<3>::from_data(random([1, 5, 48], 78), &device);
    let mask = Tensor::ones([1, 5], &device);
    let weights = attention_weights(qkv, mask, None, settings);
    let later: f32 = weights.triu(1).abs().max().into_scalar();
    assert_eq!(later, 0.0);
}
