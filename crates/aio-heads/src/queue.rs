use crate::buffer::{buffer, changed};
use crate::loss::same_label;
use burn::module::{Module, Param};
use burn::tensor::kind::Basic;
use burn::tensor::{Device, Int, Tensor};

/// Anchors of the binding loss with what is known of each.
#[derive(Debug, Clone)]
pub struct AnchorRows {
    /// `[anchors, width]`
    pub embedded: Tensor<2>,
    /// Class of the identity, `[anchors]`; [`AnchorRows::EMPTY`] where there is no anchor.
    pub classes: Tensor<1, Int>,
    /// Number of the sample that an anchor shows, `[anchors]`; [`AnchorRows::NOTHING`] where it shows no single one.
    pub shown: Tensor<1, Int>,
    /// Number of the set of modalities that an anchor was made from, `[anchors]`.
    pub kinds: Tensor<1, Int>,
}

/// A cross-batch memory: the anchors of earlier steps, which are anchors of later ones as well.
///
/// Wang et al., "Cross-Batch Memory for Embedding Learning" (XBM, CVPR 2020): embeddings drift slowly, so that those of earlier steps are as good
/// as new ones, and cost no pass through the encoder. They are constants. The oldest make room for new ones. The paper fills the memory after 1000
/// steps, adds its loss to that within the batch, and puts the batch into the memory first; here the caller decides from which step on it is filled,
/// and both are anchors in one sum.
///
/// The entries lie in tensors that automatic differentiation does not see, so that a checkpoint of the model holds them.
#[derive(Module, Debug)]
pub struct AnchorQueue {
    /// `[size, width]`, the oldest first.
    embedded: Param<Tensor<2>>,
    /// `[size]`
    classes: Param<Tensor<1, Int>>,
    /// `[size]`
    shown: Param<Tensor<1, Int>>,
    /// `[size]`
    kinds: Param<Tensor<1, Int>>,
}

impl AnchorRows {
    /// The class of a place of the queue that holds no anchor yet.
    pub const EMPTY: i64 = -1;

    /// What an anchor shows that was made from several samples. No embedding is compared with it.
    pub const NOTHING: i64 = i32::MIN as i64;

    /// For embeddings that show the samples `shown`: the anchors that are no others. These are the empty places and those that show the same sample.
    ///
    /// # Shapes
    /// - shown: `[batch]`
    /// - output: `[batch, anchors]`, 1 or 0
    #[must_use]
    pub fn own(&self, shown: Tensor<1, Int>) -> Tensor<2> {
        let own = same_label(shown, self.shown.clone());
        let [batch, anchors] = own.dims();
        (own + row(self.classes.clone().equal_elem(Self::EMPTY).float(), [batch, anchors]))
            .clamp_max(1.0)
    }

    /// For embeddings of the classes `labels`: the anchors that are no negatives of the kind. These are the empty places, those of the same class,
    /// and those of other kinds.
    ///
    /// # Shapes
    /// - labels: `[batch]`
    /// - output: `[batch, anchors]`, 1 or 0
    #[must_use]
    pub fn no_negatives(&self, labels: Tensor<1, Int>, kind: i64) -> Tensor<2> {
        let same = same_label(labels, self.classes.clone());
        let [batch, anchors] = same.dims();
        let empty = self.classes.clone().equal_elem(Self::EMPTY).float();
        (same + row(empty, [batch, anchors]) + self.of_other_kinds(kind, batch)).clamp_max(1.0)
    }

    /// The anchors of other kinds, for each of `batch` embeddings.
    ///
    /// # Shapes
    /// - output: `[batch, anchors]`, 1 or 0
    #[must_use]
    pub fn of_other_kinds(&self, kind: i64, batch: usize) -> Tensor<2> {
        let other = self.kinds.clone().not_equal_elem(kind).float();
        let [anchors] = other.dims();
        row(other, [batch, anchors])
    }

    /// The same rows as constants outside the autodiff graph.
    fn constant(self) -> Self {
        Self {
            embedded: self.embedded.without_autodiff(),
            classes: self.classes.without_autodiff(),
            shown: self.shown.without_autodiff(),
            kinds: self.kinds.without_autodiff(),
        }
    }
}

/// The same row so many times.
fn row(values: Tensor<1>, [rows, columns]: [usize; 2]) -> Tensor<2> {
    values.reshape([1, columns]).expand([rows, columns])
}

impl AnchorQueue {
    /// An empty queue with so many places.
    #[must_use]
    pub fn new(size: usize, width: usize, device: &Device) -> Self {
        let numbers = |value: i64| buffer(Tensor::<1, Int>::full([size], value, device));
        Self {
            embedded: buffer(Tensor::<2>::zeros([size, width], device)),
            classes: numbers(AnchorRows::EMPTY),
            shown: numbers(AnchorRows::NOTHING),
            kinds: numbers(0),
        }
    }

    /// The anchors and the empty places, as constants.
    #[must_use]
    pub fn rows(&self) -> AnchorRows {
        AnchorRows {
            embedded: self.embedded.val(),
            classes: self.classes.val(),
            shown: self.shown.val(),
            kinds: self.kinds.val(),
        }
        .constant()
    }

    /// The queue after `new` anchors came in, of which the last are the newest. As many of the oldest leave it.
    #[must_use]
    pub fn push(self, new: AnchorRows) -> Self {
        let new = new.constant();
        Self {
            embedded: changed(self.embedded, |old| shifted(old, new.embedded)),
            classes: changed(self.classes, |old| shifted(old, new.classes)),
            shown: changed(self.shown, |old| shifted(old, new.shown)),
            kinds: changed(self.kinds, |old| shifted(old, new.kinds)),
        }
    }

    /// The queue without its anchors.
    #[must_use]
    pub fn cleared(self) -> Self {
        Self {
            embedded: changed(self.embedded, |old| old.zeros_like()),
            classes: changed(self.classes, |old| old.full_like(AnchorRows::EMPTY)),
            shown: changed(self.shown, |old| old.full_like(AnchorRows::NOTHING)),
            kinds: changed(self.kinds, |old| old.zeros_like()),
        }
    }
}

/// As many rows as `old` has: the last of `old`, then those of `new`.
fn shifted<const D: usize, K: Basic>(old: Tensor<D, K>, new: Tensor<D, K>) -> Tensor<D, K> {
    let (size, incoming) = (old.dims()[0], new.dims()[0]);
    Tensor::cat(vec![old, new], 0).narrow(0, incoming, size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AnchorGradient, BindingKind, BindingOptions, Labelled, binding_loss};
    use burn::tensor::TensorData;

    fn labels(values: &[i64]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &Device::flex())
    }

    #[test]
    fn the_queue_holds_the_last_anchors_in_their_order() {
        let device = Device::flex();
        let rows = |numbers: &[i64]| AnchorRows {
            embedded: Tensor::from_data(
                TensorData::new(numbers.iter().map(|n| *n as f32).collect(), [numbers.len(), 1]),
                &device,
            ),
            classes: labels(numbers),
            shown: labels(numbers),
            kinds: labels(numbers),
        };
        let held = |queue: &AnchorQueue| -> Vec<Vec<i64>> {
            let AnchorRows { embedded, classes, shown, kinds } = queue.rows();
            let embedded = embedded.into_data().iter::<f32>().map(|value| value as i64).collect();
            let numbers = [classes, shown, kinds].map(|t| t.into_data().iter::<i64>().collect());
            [vec![embedded], numbers.to_vec()].concat()
        };
        let all = |numbers: [i64; 3]| vec![numbers.to_vec(); 4];
        let (none, nothing) = (AnchorRows::EMPTY, AnchorRows::NOTHING);
        let queue = AnchorQueue::new(3, 1, &device);
        let empty = vec![vec![0; 3], vec![none; 3], vec![nothing; 3], vec![0; 3]];
        assert_eq!(held(&queue), empty);
        let queue = queue.push(rows(&[5, 6]));
        assert_eq!(held(&queue)[1], [none, 5, 6], "the newest are the last");
        let queue = queue.push(rows(&[7]));
        assert_eq!(held(&queue), all([5, 6, 7]));
        let queue = queue.push(rows(&[8, 9]));
        assert_eq!(held(&queue), all([7, 8, 9]));
        let queue = queue.push(rows(&[1, 2, 3, 4]));
        assert_eq!(held(&queue), all([2, 3, 4]), "more than there are places");
        assert_eq!(held(&queue.cleared()), empty);
    }

    #[test]
    fn an_empty_queue_adds_nothing() {
        let device = Device::flex();
        let (features, all) = (Tensor::<2>::eye(3, &device), labels(&[0, 1, 1]));
        let value = |queue: Option<AnchorQueue>| {
            let (mut embedded, mut classes) = (vec![features.clone()], vec![all.clone()]);
            let mut skip = vec![same_label(labels(&[0, 1, 2]), labels(&[0, 1, 2]))];
            if let Some(held) = queue.map(|queue| queue.rows()) {
                embedded.push(held.embedded.clone());
                classes.push(held.classes.clone());
                skip.push(held.own(labels(&[0, 1, 2])));
            }
            let own = Labelled { features: features.clone(), labels: all.clone() };
            let anchors =
                Labelled { features: Tensor::cat(embedded, 0), labels: Tensor::cat(classes, 0) };
            let options = BindingOptions {
                kind: BindingKind::Supcon,
                temperature: 0.07,
                anchors: AnchorGradient::Moving,
            };
            let skip = Some(Tensor::cat(skip, 1));
            let value: f32 = binding_loss(own, anchors, skip, options).into_scalar();
            value
        };
        assert!((value(None) - value(Some(AnchorQueue::new(64, 3, &device)))).abs() < 1e-6);
    }
}
