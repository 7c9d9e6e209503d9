use super::ibn::Ibn;
use super::layers::{Conv, Layer};
use super::{ImageTokenizer, StemConfig};
use burn::module::{Param, RunningState};
use burn::tensor::{Tensor, TensorData};
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use std::ops::Range;

/// The channels of a widened layer: which old channel each of them copies, and its share of what the next layer reads from that old channel. The
/// shares of all copies of a channel add up to 1.
struct Copies {
    of: Vec<usize>,
    share: Vec<f32>,
}

impl Copies {
    /// Every channel once.
    fn none(channels: usize) -> Self {
        Self { of: (0..channels).collect(), share: vec![1.0; channels] }
    }

    /// `count` channels for those of `old`: each equally often, and random ones once more.
    fn draw(old: Range<usize>, count: usize, rng: &mut impl Rng) -> Self {
        let mut again: Vec<usize> = old.clone().collect();
        again.shuffle(rng);
        let whole = count - count % old.len();
        let of: Vec<usize> = old.clone().cycle().take(whole).chain(again).take(count).collect();
        let parts: Vec<f32> = of.iter().map(|_| rng.random_range(0.5..1.5)).collect();
        let sum = |channel| {
            let parts = of.iter().zip(&parts).filter(|(copied, _)| **copied == channel);
            parts.map(|(_, part)| part).sum::<f32>()
        };
        let share = of.iter().zip(&parts).map(|(channel, part)| part / sum(*channel)).collect();
        Self { of, share }
    }

    fn followed_by(mut self, other: Self) -> Self {
        self.of.extend(other.of);
        self.share.extend(other.share);
        self
    }
}

impl ImageTokenizer {
    /// The stem of `wide` that computes what this one, the stem of `narrow`, computes.
    ///
    /// Every new channel is a copy of an old one. What reads a channel that is copied reads its copies, with weights that add up to the old ones
    /// (Net2WiderNet: Chen, Goodfellow and Shlens, "Net2Net: Accelerating Learning via Knowledge Transfer", ICLR 2016). Copies of the same channel
    /// would stay alike in training, so their weights get uniform noise, whose deviation is `noise` times the root mean square of the channel's weights; with 0 the
    /// function is the same but for rounding.
    ///
    /// # Panics
    /// If the two differ in more than their channels, or `wide` has fewer; callers compare them.
    #[must_use]
    pub fn widened(
        &self,
        narrow: &StemConfig,
        wide: &StemConfig,
        noise: f32,
        rng: &mut impl Rng,
    ) -> Self {
        assert_eq!(*wide, StemConfig { channels: wide.channels, ..*narrow }, "channels alone");
        assert!(wide.channels >= narrow.channels, "a stem is widened");
        let mut read = Copies::none(3);
        let mut layers = Vec::with_capacity(self.layers.len());
        for (layer, (old, new)) in self.layers.iter().zip(narrow.plan().iter().zip(wide.plan())) {
            // Channels of instance normalisation come first and stay so.
            let instance = match old.instance {
                0 => Copies::none(0),
                channels => Copies::draw(0..channels, new.instance, rng),
            };
            let batch = Copies::draw(old.instance..old.channels, new.channels - new.instance, rng);
            let written = instance.followed_by(batch);
            layers.push(Layer {
                conv: layer.conv.copied(&read, &written, noise, rng),
                norm: layer.norm.copied(&written, new.instance),
            });
            read = written;
        }
        let [width, ..] = self.proj.weight.dims();
        let proj = self.proj.copied(&read, &Copies::none(width), noise, rng);
        Self { layers, proj, ..self.separate() }
    }
}

impl Conv {
    /// The convolution between copied channels.
    fn copied(&self, read: &Copies, written: &Copies, noise: f32, rng: &mut impl Rng) -> Self {
        let [_, inputs, height, width] = self.weight.dims();
        let (window, old) = (height * width, values(self.weight.val()));
        let mut new = Vec::with_capacity(written.of.len() * read.of.len() * window);
        for (output, share) in written.of.iter().zip(&written.share) {
            let start = new.len();
            for (input, part) in read.of.iter().zip(&read.share) {
                let from = (output * inputs + input) * window;
                new.extend(old[from..from + window].iter().map(|weight| weight * part));
            }
            if *share < 1.0 {
                let channel = &mut new[start..];
                let squares: f32 = channel.iter().map(|weight| weight * weight).sum();
                // The deviation of a uniform number between -a and a is a / √3.
                let largest = noise * (3.0 * squares / channel.len() as f32).sqrt();
                for weight in channel {
                    *weight += largest * rng.random_range(-1.0..1.0);
                }
            }
        }
        let shape = [written.of.len(), read.of.len(), height, width];
        let weight = Tensor::from_data(TensorData::new(new, shape), &self.weight.val().device());
        Self { weight: Param::from_tensor(weight), window: self.window }
    }
}

impl Ibn {
    /// The normalisation of copied channels, the first `instance` of which are normalised picture by picture.
    fn copied(&self, written: &Copies, instance: usize) -> Self {
        let device = self.weight.val().device();
        let pick = |old: Vec<f32>, channels: &[usize], before: usize| {
            let new: Vec<f32> = channels.iter().map(|channel| old[channel - before]).collect();
            let length = new.len();
            Tensor::<1>::from_data(TensorData::new(new, [length]), &device)
        };
        let parameter =
            |old: &Param<Tensor<1>>| Param::from_tensor(pick(values(old.val()), &written.of, 0));
        let state = |old: &RunningState<Tensor<1>>| {
            let (of, before) = (&written.of[instance..], self.instance);
            RunningState::new(pick(values(old.value_sync()), of, before))
        };
        Self {
            weight: parameter(&self.weight),
            bias: parameter(&self.bias),
            running_mean: state(&self.running_mean),
            running_var: state(&self.running_var),
            instance,
            batch_norm_mode: self.batch_norm_mode,
        }
    }
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}
