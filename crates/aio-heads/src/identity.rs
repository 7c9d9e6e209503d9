use crate::{Centres, loss};
use burn::module::{Initializer, Module};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};

/// Bottleneck and classifier over the training identities.
///
/// BNNeck of Luo et al., "Bag of Tricks" (CVPRW 2019): batch normalisation, then a linear classifier without bias
/// (standard deviation 0.001). The paper says "bottleneck + classifier"; that it is this one is a reconstruction.
///
/// The classifier is over all identities in every step ([`IdentityHead::new`]), or over a sample of them ([`IdentityHead::sampled`]).
#[derive(Module, Debug)]
pub struct IdentityHead {
    bottleneck: BatchNorm,
    classifier: Option<Linear>,
    centres: Option<Centres>,
}

impl IdentityHead {
    /// Builds a head for features of `width` and `classes` identities, all of which are distinguished in every step.
    #[must_use]
    pub fn new(width: usize, classes: usize, device: &Device) -> Self {
        let initializer = Initializer::Normal { mean: 0.0, std: 0.001 };
        let classifier = LinearConfig::new(width, classes)
            .with_bias(false)
            .with_initializer(initializer)
            .init(device);
        Self {
            bottleneck: BatchNormConfig::new(width).init(device),
            classifier: Some(classifier),
            centres: None,
        }
    }

    /// Builds a head whose steps distinguish a sample of the identities that have a row in `centres`.
    #[must_use]
    pub fn sampled(width: usize, centres: Centres, device: &Device) -> Self {
        Self {
            bottleneck: BatchNormConfig::new(width).init(device),
            classifier: None,
            centres: Some(centres),
        }
    }

    /// The centres of the identities, if steps distinguish a sample of them.
    #[must_use]
    pub fn centres(&self) -> Option<&Centres> {
        self.centres.as_ref()
    }

    /// The same head with other centres, if it has centres.
    #[must_use]
    pub fn map_centres(self, change: impl FnOnce(Centres) -> Centres) -> Self {
        Self { centres: self.centres.map(change), ..self }
    }

    /// Cross-entropy with label smoothing over the identities, or over those whose centres are `rows` ([`Centres::rows`]).
    ///
    /// # Shapes
    /// - features: `[batch, width]`, output: `[1]`
    /// - labels: `[batch]`, numbers of identities, or positions among `rows`
    /// - rows: `[sample, width]`
    ///
    /// # Panics
    /// Without `rows`, if the head was built for samples.
    #[must_use]
    pub fn loss(
        &self,
        features: Tensor<2>,
        labels: Tensor<1, Int>,
        rows: Option<Tensor<2>>,
        smoothing: f64,
    ) -> Tensor<1> {
        let features = self.bottleneck.forward(features);
        let logits = match rows {
            Some(rows) => features.matmul(rows.transpose()),
            None => {
                let all = self.classifier.as_ref().expect("a head for samples is given one");
                all.forward(features)
            }
        };
        loss::smoothed_cross_entropy(logits, labels, smoothing)
    }
}
