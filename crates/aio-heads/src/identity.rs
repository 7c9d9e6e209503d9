use crate::loss;
use burn::module::{Initializer, Module};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};

/// Bottleneck and classifier over the training identities.
///
/// BNNeck of Luo et al., "Bag of Tricks" (CVPRW 2019): batch normalisation, then a linear classifier without bias
/// (standard deviation 0.001). The paper says "bottleneck + classifier"; that it is this one is a reconstruction.
#[derive(Module, Debug)]
pub struct IdentityHead {
    bottleneck: BatchNorm,
    classifier: Linear,
}

impl IdentityHead {
    /// Builds a head for features of `width` and `classes` identities.
    #[must_use]
    pub fn new(width: usize, classes: usize, device: &Device) -> Self {
        let initializer = Initializer::Normal { mean: 0.0, std: 0.001 };
        Self {
            bottleneck: BatchNormConfig::new(width).init(device),
            classifier: LinearConfig::new(width, classes)
                .with_bias(false)
                .with_initializer(initializer)
                .init(device),
        }
    }

    /// Identity logits.
    ///
    /// # Shapes
    /// - features: `[batch, width]`
    /// - output: `[batch, classes]`
    #[must_use]
    pub fn forward(&self, features: Tensor<2>) -> Tensor<2> {
        self.classifier.forward(self.bottleneck.forward(features))
    }

    /// Cross-entropy with label smoothing over the identities.
    ///
    /// # Shapes
    /// - features: `[batch, width]`, labels: `[batch]`, output: `[1]`
    #[must_use]
    pub fn loss(&self, features: Tensor<2>, labels: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
        loss::smoothed_cross_entropy(self.forward(features), labels, smoothing)
    }
}
