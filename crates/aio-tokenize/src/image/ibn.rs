use super::copies::Copies;
use aio_ops::IbnSplit;
use burn::module::{Module, Param, RunningState};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

/// Epsilon and momentum of the normalisations, PyTorch's defaults.
const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

/// Which statistics batch normalisation uses in training.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BatchNormMode {
    /// The statistics of the batch; the running statistics are updated.
    #[default]
    Batch,
    /// The running statistics of pre-training, which do not change. Training then computes the same function as evaluation.
    Pretrained,
}

/// Normalisation over pixels followed by ReLU: instance normalisation for the first channels, batch
/// normalisation for the others (IBN-a; all batch normalisation with `instance = 0`).
#[derive(Module, Debug)]
pub(super) struct Ibn {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: RunningState<Tensor<1>>,
    running_var: RunningState<Tensor<1>>,
    #[module(skip)]
    instance: usize,
    #[module(skip)]
    batch_norm_mode: BatchNormMode,
}

impl Ibn {
    pub(super) fn init(channels: usize, instance: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels - instance], device)),
            running_var: RunningState::new(Tensor::ones([channels - instance], device)),
            instance,
            batch_norm_mode: BatchNormMode::Batch,
        }
    }

    /// The same normalisation with running statistics of its own; a clone shares them with its origin.
    pub(super) fn separate(self) -> Self {
        let copy = |state: &RunningState<Tensor<1>>| RunningState::new(state.value_sync());
        Self {
            running_mean: copy(&self.running_mean),
            running_var: copy(&self.running_var),
            ..self
        }
    }

    /// The same normalisation in another mode.
    pub(super) fn with_mode(self, batch_norm_mode: BatchNormMode) -> Self {
        Self { batch_norm_mode, ..self }
    }

    /// The normalisation of copied channels, the first `instance` of which are normalised picture by picture. Running statistics are those of the old
    /// channels; noise on the weights makes them approximate.
    pub(super) fn copied(&self, written: &Copies, instance: usize) -> Self {
        let device = self.weight.val().device();
        let pick = |old: Tensor<1>, channels: &[usize], before: usize| {
            let old: Vec<f32> = old.into_data().iter::<f32>().collect();
            let new: Vec<f32> = channels.iter().map(|channel| old[channel - before]).collect();
            Tensor::<1>::from_floats(new.as_slice(), &device)
        };
        let parameter =
            |old: &Param<Tensor<1>>| Param::from_tensor(pick(old.val(), &written.of, 0));
        let state = |old: &RunningState<Tensor<1>>| {
            RunningState::new(pick(old.value_sync(), &written.of[instance..], self.instance))
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

    /// `[batch, pixels, channels]` to the same. In [`BatchNormMode::Batch`] with parameters on an autodiff device, statistics of the batch are
    /// used and the running statistics are updated; otherwise the running statistics are used.
    pub(super) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        if self.batch_norm_mode == BatchNormMode::Batch && self.weight.val().device().is_autodiff()
        {
            self.track(x.clone().without_autodiff());
            let standard =
                aio_ops::standardise(x, IbnSplit { instance_channels: self.instance }, EPSILON);
            return aio_ops::affine_relu(standard, self.weight.val(), self.bias.val());
        }
        self.with_running(x)
    }

    /// Moves the running statistics towards those of a batch.
    fn track(&self, x: Tensor<3>) {
        let [batch, pixels, channels] = x.dims();
        let shared = channels - self.instance;
        let n = (batch * pixels) as f64;
        let flat = x.narrow(2, self.instance, shared).reshape([batch * pixels, shared]);
        let mean = flat.clone().mean_dim(0);
        // Rounding may bring the difference of two large sums below 0.
        let variance =
            ((flat.clone() * flat).mean_dim(0) - mean.clone() * mean.clone()).clamp_min(0.0);
        let unbiased = variance * (n / (n - 1.0).max(1.0));
        let blend = |running: &RunningState<Tensor<1>>, new: Tensor<2>| {
            let old = running.value_sync().without_autodiff();
            running.update(old * (1.0 - MOMENTUM) + new.reshape([shared]) * MOMENTUM);
            // `update` is lazy; without this a checkpoint written now would miss it.
            running.value_sync();
        };
        blend(&self.running_mean, mean);
        blend(&self.running_var, unbiased);
    }

    /// Normalises by the running statistics. That is an affine map and so is the following one; both are applied as one.
    fn with_running(&self, x: Tensor<3>) -> Tensor<3> {
        let [_, _, channels] = x.dims();
        let mean = self.running_mean.value().without_autodiff();
        let inverse = (self.running_var.value().without_autodiff() + EPSILON).sqrt().recip();
        let shift = mean.neg() * inverse.clone();
        let (x, scale, shift) = if self.instance == 0 {
            (x, inverse, shift)
        } else {
            let device = inverse.device();
            let own = aio_ops::standardise(
                x.clone().narrow(2, 0, self.instance),
                IbnSplit { instance_channels: self.instance },
                EPSILON,
            );
            let shared = x.narrow(2, self.instance, channels - self.instance);
            (
                Tensor::cat(vec![own, shared], 2),
                Tensor::cat(vec![Tensor::ones([self.instance], &device), inverse], 0),
                Tensor::cat(vec![Tensor::zeros([self.instance], &device), shift], 0),
            )
        };
        let (gamma, beta) = (self.weight.val(), self.bias.val());
        aio_ops::affine_relu(x, gamma.clone() * scale, gamma * shift + beta)
    }
}
