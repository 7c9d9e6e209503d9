//! Loss functions over plain tensors. Labels are dense class numbers.

use burn::tensor::{Int, Tensor, activation};

/// Cross-entropy with label smoothing, averaged over the batch.
///
/// ```text
/// q = (1 − ε)·onehot(y) + ε / K      L = mean_batch( −Σ_k q_k · log softmax(z)_k )
/// ```
///
/// This is torchreid's and reid-strong-baseline's form (ε/K on every class). fast-reid puts ε/(K − 1) on the wrong
/// classes only, which gives other numbers.
///
/// # Shapes
/// - logits: `[batch, classes]`
/// - labels: `[batch]`
/// - output: `[1]`
#[must_use]
pub fn smoothed_cross_entropy(
    logits: Tensor<2>,
    labels: Tensor<1, Int>,
    smoothing: f64,
) -> Tensor<1> {
    let [batch, _] = logits.dims();
    let log_p = activation::log_softmax(logits, 1);
    let of_label = log_p.clone().gather(1, labels.reshape([batch, 1])).mean();
    of_label.mul_scalar(smoothing - 1.0) - log_p.mean().mul_scalar(smoothing)
}

/// Squared Euclidean distances between the rows of `a` and of `b`; rounding can make those of nearly equal rows slightly negative.
fn squared_distances(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let [n, _] = a.dims();
    let [m, _] = b.dims();
    let norms = |t: &Tensor<2>| (t.clone() * t.clone()).sum_dim(1);
    let (na, nb) = (norms(&a).expand([n, m]), norms(&b).transpose().expand([n, m]));
    na + nb - a.matmul(b.transpose()).mul_scalar(2.0)
}

/// Batch-hard triplet loss (Hermans et al. 2017), averaged over the anchors.
///
/// ```text
/// d = √max(‖x_i − x_j‖², 1e−12)     L = mean max(0, max_{y_j = y_i} d − min_{y_j ≠ y_i} d + m)
/// ```
///
/// The anchor itself counts as a positive, as in reid-strong-baseline and torchreid. With `margin = None` the soft
/// form `log(1 + exp(ap − an))` is used.
///
/// # Shapes
/// - features: `[batch, width]`
/// - labels: `[batch]`
/// - output: `[1]`
#[must_use]
pub fn batch_hard_triplet(
    features: Tensor<2>,
    labels: Tensor<1, Int>,
    margin: Option<f64>,
) -> Tensor<1> {
    let [n, _] = features.dims();
    let distances = squared_distances(features.clone(), features).clamp_min(1e-12).sqrt();
    let same = same_label(labels.clone(), labels);
    let far = 1e6;
    let hardest_positive = (distances.clone() * same.clone()).max_dim(1);
    let hardest_negative = (distances + same.mul_scalar(far)).min_dim(1);
    let gap = hardest_positive - hardest_negative;
    match margin {
        Some(margin) => (gap + margin).clamp_min(0.0).reshape([n]).mean(),
        None => activation::softplus(gap, 1.0).reshape([n]).mean(),
    }
}

/// 1 where the labels of `a` (rows) and `b` (columns) agree, else 0.
///
/// # Shapes
/// - a: `[n]`, b: `[m]`, output: `[n, m]`
#[must_use]
pub fn same_label(a: Tensor<1, Int>, b: Tensor<1, Int>) -> Tensor<2> {
    let ([n], [m]) = (a.dims(), b.dims());
    a.reshape([n, 1]).expand([n, m]).equal(b.reshape([1, m]).expand([n, m])).float()
}

/// Rows scaled to unit Euclidean length.
///
/// # Shapes
/// - features and output: `[batch, width]`
#[must_use]
pub fn normalise(features: Tensor<2>) -> Tensor<2> {
    let length = (features.clone() * features.clone()).sum_dim(1).clamp_min(1e-12).sqrt();
    features / length
}

/// Symmetric contrastive loss of paired rows (CLIP; Radford et al. 2021).
///
/// ```text
/// S = normalise(a)·normalise(b)ᵀ / τ      L = ½·( mean_i CE(S_i, i) + mean_i CE(Sᵀ_i, i) )
/// ```
///
/// # Shapes
/// - a, b: `[batch, width]`
/// - output: `[1]`
#[must_use]
pub fn paired_contrastive(a: Tensor<2>, b: Tensor<2>, temperature: f64) -> Tensor<1> {
    let [n, _] = a.dims();
    let scores = normalise(a).matmul(normalise(b).transpose()).div_scalar(temperature);
    let labels = Tensor::<1, Int>::arange(0..n as i64, &scores.device().inner());
    let forward = smoothed_cross_entropy(scores.clone(), labels.clone(), 0.0);
    (forward + smoothed_cross_entropy(scores.transpose(), labels, 0.0)).mul_scalar(0.5)
}
