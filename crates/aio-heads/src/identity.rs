use crate::{Centres, loss};
use burn::module::{Initializer, Module};
use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};

/// Bottleneck and classifier over the training identities.
///
/// BNNeck of Luo et al., "Bag of Tricks" (CVPRW 2019): batch normalisation, then a linear classifier without bias
/// (standard deviation 0.001). The paper says "bottleneck + classifier"; that it is this one is a reconstruction. Luo et al. keep the shift of the
/// normalisation at 0; here it is trained.
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

    /// Cross-entropy with label smoothing of several groups of features, over all identities or over those whose centres are `rows`
    /// ([`Centres::rows`]).
    ///
    /// The batch normalisation sees all groups at once. With statistics of each group alone, it would remove every offset between
    /// modalities, which is what retrieval across modalities has to close.
    ///
    /// # Shapes
    /// - features: groups of `[batch, width]`, labels: groups of `[batch]`, numbers of identities, or positions among `rows`
    /// - rows: `[sample, width]`
    /// - output: one `[1]` per group
    ///
    /// # Panics
    /// Without `rows`, if the head was built for samples. If there is no group.
    #[must_use]
    pub fn losses(
        &self,
        features: Vec<Tensor<2>>,
        labels: Vec<Tensor<1, Int>>,
        rows: Option<Tensor<2>>,
        smoothing: f64,
    ) -> Vec<Tensor<1>> {
        let counts: Vec<usize> = features.iter().map(|group| group.dims()[0]).collect();
        let features = self.bottleneck.forward(Tensor::cat(features, 0));
        // The forward pass moves the running statistics lazily; without this a checkpoint written now would miss this batch.
        let BatchNorm { running_mean, running_var, .. } = &self.bottleneck;
        let _ = (running_mean.value_sync(), running_var.value_sync());
        let logits = match rows {
            Some(rows) => features.matmul(rows.transpose()),
            None => {
                let all = self.classifier.as_ref().expect("a head for samples is given one");
                all.forward(features)
            }
        };
        let mut first = 0;
        let mut losses = Vec::new();
        for (count, labels) in counts.into_iter().zip(labels) {
            let of_group = logits.clone().narrow(0, first, count);
            losses.push(loss::smoothed_cross_entropy(of_group, labels, smoothing));
            first += count;
        }
        losses
    }

    /// What the batch normalisation does to features in evaluation: a factor and then a summand per channel, `[width]` each.
    #[must_use]
    pub fn neck(&self) -> (Tensor<1>, Tensor<1>) {
        let BatchNorm { gamma, beta, running_mean, running_var, epsilon, .. } = &self.bottleneck;
        let plain = Tensor::without_autodiff;
        let variance: Tensor<1> = plain(running_var.value_sync());
        let factor = plain(gamma.val()) / variance.add_scalar(*epsilon).sqrt();
        let summand = plain(beta.val()) - plain(running_mean.value_sync()) * factor.clone();
        (factor, summand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_of_this_moment_has_the_statistics_of_the_last_batch() {
        let device = Device::flex().autodiff();
        let head = IdentityHead::new(2, 3, &device);
        // What a file of the head holds, which does not wait for what is lazy.
        let stored = |head: &IdentityHead| {
            head.bottleneck.running_mean.value().into_data().iter::<f32>().collect::<Vec<f32>>()
        };
        assert_eq!(stored(&head), [0.0, 0.0]);
        let features = Tensor::from_data([[1.0, 2.0], [3.0, 6.0]], &device);
        let labels = Tensor::from_data([0, 2], &device);
        let _ = head.losses(vec![features], vec![labels], None, 0.1);
        // Momentum 0.1 of the means 2 and 4.
        let found = stored(&head);
        assert!((found[0] - 0.2).abs() < 1e-6 && (found[1] - 0.4).abs() < 1e-6, "{found:?}");
    }
}
