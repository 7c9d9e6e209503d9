//! A mixer: one trained layer that combines features which were made apart, one in each of some slots.
//!
//! A slot is a number; what it stands for is known to the caller alone.
//!
//! Tolstikhin et al., "MLP-Mixer: An all-MLP Architecture for Vision" (NeurIPS 2021), equation 1: a layer mixes over the slots, and then over the
//! channels, each with a residual path. Here the output is the mean over the slots that are present, without the normalisation and the classifier of
//! the original. Learned vectors in the other slots are an idea of FlexiReID (Sun et al., ICML 2025), which combines features with attention instead.
//! How both come together here is a *reconstruction*.

use burn::module::{Initializer, Module, Param};
use burn::nn::{LayerNorm, LayerNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, TensorData, activation};

/// Epsilon of the normalisations, as in the original (flax) and in timm.
const EPSILON: f64 = 1e-6;

/// Sizes of a [`Mixer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MixerConfig {
    /// Number of slots.
    pub slots: usize,
    /// Width of a feature.
    pub width: usize,
    /// Inner width of the map over the slots.
    pub hidden_slots: usize,
    /// Inner width of the map over the channels.
    pub hidden_width: usize,
    /// Whether a slot without a feature has a learned vector. Without one it takes no part.
    pub learned: bool,
}

impl MixerConfig {
    /// A mixer that adds nothing yet: the second layers of both maps start at 0.
    #[must_use]
    pub fn init(&self, device: &Device) -> Mixer {
        let Self { slots, width, hidden_slots, hidden_width, learned } = *self;
        let norm = || LayerNormConfig::new(width).with_epsilon(EPSILON).init(device);
        let vector = || fresh_vector(width, device);
        Mixer {
            norm1: norm(),
            mlp_tokens: Mlp::new(slots, hidden_slots, device),
            norm2: norm(),
            mlp_channels: Mlp::new(width, hidden_width, device),
            absent: (0..slots).map(|_| learned.then(vector)).collect(),
        }
    }

    /// Numbers of its parameters.
    #[must_use]
    pub fn parameters(&self) -> usize {
        let Self { slots, width, hidden_slots, hidden_width, learned } = *self;
        let mlp = |width: usize, hidden: usize| 2 * width * hidden + hidden + width;
        let absent = if learned { slots * width } else { 0 };
        4 * width + mlp(slots, hidden_slots) + mlp(width, hidden_width) + absent
    }

    /// The slots that take part where `present` of them have a feature.
    fn held(&self, present: usize) -> usize {
        if self.learned { self.slots } else { present }
    }

    /// Floating-point operations of [`Mixer::forward`] for one row with so many features. Only matrix products count; the backward pass takes twice as
    /// many.
    #[must_use]
    pub fn forward_flops(&self, present: usize) -> f64 {
        let slots = self.width * self.hidden_slots * (self.held(present) + present);
        let channels = present * 2 * self.width * self.hidden_width;
        2.0 * (slots + channels) as f64
    }

    /// Numbers that a forward pass keeps of one row for the backward pass: inputs of the maps, of their activations and of the normalisations.
    #[must_use]
    pub fn activations_per_row(&self, present: usize) -> usize {
        let Self { width, hidden_slots, hidden_width, .. } = *self;
        let over_slots = 3 * self.held(present) * width + 2 * width * hidden_slots;
        let over_channels = present * (3 * width + 2 * hidden_width);
        over_slots + over_channels
    }
}

/// Numbers of the size that a feature of length `√width` has.
fn fresh_vector(width: usize, device: &Device) -> Param<Tensor<1>> {
    Initializer::Normal { mean: 0.0, std: 1.0 }.init([width], device)
}

/// Two linear maps with GELU between them.
#[derive(Module, Debug)]
struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Mlp {
    /// A map that gives 0 until its second layer has learned.
    fn new(width: usize, hidden: usize, device: &Device) -> Self {
        Self {
            fc1: LinearConfig::new(width, hidden).init(device),
            fc2: LinearConfig::new(hidden, width).with_initializer(Initializer::Zeros).init(device),
        }
    }

    /// The map of some rows of the first weight to some columns of the second one: `[rows, from]` to `[rows, to]`.
    fn forward_between(&self, x: Tensor<2>, from: &[usize], to: &[usize]) -> Tensor<2> {
        let device = x.device();
        let [from, to] = [from, to].map(|numbers| integers(numbers, &device));
        let (w1, b1) = (self.fc1.weight.val().select(0, from), self.fc1.bias.as_ref());
        let (w2, b2) = (self.fc2.weight.val().select(1, to.clone()), self.fc2.bias.as_ref());
        let hidden = linear(x, w1, b1.map(|bias| bias.val()));
        linear(activation::gelu(hidden), w2, b2.map(|bias| bias.val().select(0, to)))
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.fc2.forward(activation::gelu(self.fc1.forward(x)))
    }
}

fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let product = x.matmul(weight);
    match bias {
        Some(bias) => product + bias.unsqueeze::<2>(),
        None => product,
    }
}

fn integers(numbers: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = numbers.iter().map(|number| *number as i64).collect();
    Tensor::from_data(TensorData::new(values, [numbers.len()]), &device.clone().inner())
}

/// What a slot of a mixer starts from, where the slots become others ([`Mixer::for_slots`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlotFrom {
    /// It is the slot that had this number.
    Former(usize),
    /// It is new, and starts with the weights of the slot that had this number. It has no learned vector.
    CopyOf(usize),
}

/// The layer. Its fields have the names of timm's `MixerBlock`.
#[derive(Module, Debug)]
pub struct Mixer {
    norm1: LayerNorm,
    mlp_tokens: Mlp,
    norm2: LayerNorm,
    mlp_channels: Mlp,
    /// `[width]` each, where the slot has one.
    absent: Vec<Option<Param<Tensor<1>>>>,
}

impl Mixer {
    /// Whether a slot without a feature may have a learned vector.
    #[must_use]
    pub fn is_learned(&self) -> bool {
        self.absent.iter().any(Option::is_some)
    }

    /// What the layer adds to the mean of some features, one in each of some slots. The order of the list does not matter.
    ///
    /// ```text
    /// U = X + W₂·gelu(W₁·LN(X′))      over the slots; X′ is X with the learned vectors of the other slots
    /// Y = U + gelu(LN(U)·W₃)·W₄       over the channels
    /// output: mean over the slots of Y − X
    /// ```
    ///
    /// # Shapes
    /// - features, output: `[batch, width]`; numbers of about 1 are expected, as in features of length `√width`
    ///
    /// # Panics
    /// If there is no feature, or no such slot.
    #[must_use]
    pub fn forward(&self, mut features: Vec<(usize, Tensor<2>)>) -> Tensor<2> {
        features.sort_by_key(|(slot, _)| *slot);
        let (present, features): (Vec<usize>, Vec<Tensor<2>>) = features.into_iter().unzip();
        let [batch, width] = features.first().expect("at least one feature").dims();
        let count = present.len();
        let mut held: Vec<(usize, Tensor<2>)> =
            present.iter().copied().zip(features.iter().cloned()).collect();
        for (slot, vector) in self.absent.iter().enumerate() {
            if let Some(vector) = vector.as_ref().filter(|_| !present.contains(&slot)) {
                held.push((slot, vector.val().unsqueeze::<2>().expand([batch, width])));
            }
        }
        held.sort_by_key(|(slot, _)| *slot);
        let (slots, held): (Vec<usize>, Vec<Tensor<2>>) = held.into_iter().unzip();
        let x: Tensor<3> = Tensor::stack(features, 1);
        let normed = self.norm1.forward(Tensor::stack::<3>(held, 1));
        let columns = normed.swap_dims(1, 2).reshape([batch * width, slots.len()]);
        let over_slots = self
            .mlp_tokens
            .forward_between(columns, &slots, &present)
            .reshape([batch, width, count])
            .swap_dims(1, 2);
        let rows = self.norm2.forward(x + over_slots.clone()).reshape([batch * count, width]);
        let over_channels = self.mlp_channels.forward(rows).reshape([batch, count, width]);
        (over_slots + over_channels).mean_dim(1).reshape([batch, width])
    }

    /// The same mixer for other slots. What it adds to features of slots that it had before does not change.
    ///
    /// # Panics
    /// If it had no such slot.
    #[must_use]
    pub fn for_slots(self, from: &[SlotFrom]) -> Self {
        let numbers: Vec<usize> = from
            .iter()
            .map(|from| match from {
                SlotFrom::Former(number) | SlotFrom::CopyOf(number) => *number,
            })
            .collect();
        let chosen = integers(&numbers, &self.mlp_tokens.fc1.weight.device());
        let absent = from
            .iter()
            .map(|from| match from {
                SlotFrom::Former(number) => self.absent[*number].clone(),
                SlotFrom::CopyOf(_) => None,
            })
            .collect();
        let Mlp { mut fc1, mut fc2 } = self.mlp_tokens;
        fc1.weight =
            Param::from_tensor(fc1.weight.val().detach().select(0, chosen.clone()).detach());
        fc2.weight =
            Param::from_tensor(fc2.weight.val().detach().select(1, chosen.clone()).detach());
        fc2.bias =
            fc2.bias.map(|bias| Param::from_tensor(bias.val().detach().select(0, chosen).detach()));
        Self { mlp_tokens: Mlp { fc1, fc2 }, absent, ..self }
    }

    /// The same mixer with a fresh learned vector in every slot that has none.
    #[must_use]
    pub fn with_learned(mut self, width: usize, device: &Device) -> Self {
        for vector in &mut self.absent {
            vector.get_or_insert_with(|| fresh_vector(width, device));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: MixerConfig =
        MixerConfig { slots: 3, width: 4, hidden_slots: 6, hidden_width: 8, learned: true };

    #[test]
    fn parameters_are_counted_as_they_are_made() {
        for learned in [false, true] {
            let config = MixerConfig { learned, ..SIZES };
            assert_eq!(config.init(&Device::flex()).num_params(), config.parameters());
        }
        // By hand: two normalisations of 4 factors and 4 summands; 3·6 + 6 and 6·3 + 3; 4·8 + 8 and 8·4 + 4; three vectors.
        assert_eq!(SIZES.parameters(), 16 + 24 + 21 + 40 + 36 + 12);
    }

    #[test]
    fn operations_are_those_that_are_counted_by_hand() {
        // Over the slots: 4 columns of three numbers to 6, and 6 to two. Over the channels: two rows of 4 to 8 and back.
        assert_eq!(SIZES.forward_flops(2), 2.0 * (4.0 * 6.0 * (3.0 + 2.0) + 2.0 * 2.0 * 32.0));
        let without = MixerConfig { learned: false, ..SIZES };
        assert_eq!(without.forward_flops(2), 2.0 * (4.0 * 6.0 * (2.0 + 2.0) + 2.0 * 2.0 * 32.0));
    }
}
