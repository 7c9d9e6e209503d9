use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData, activation};

/// Predicts tags of a picture (this garment is a coat, that one is red) as a linear map of its embedding: one softmax per tag.
///
/// Only pre-training uses it. A contrastive loss over small batches is satisfied by the few words that distinguish the
/// people of a batch, mostly colours; here every tag has its own gradient.
#[derive(Module, Debug)]
pub struct TagHead {
    classifier: Linear,
    #[module(skip)]
    classes: Vec<usize>,
}

impl TagHead {
    /// Builds a head for embeddings of `width` and tags with so many `classes` each.
    #[must_use]
    pub fn new(width: usize, classes: &[usize], device: &Device) -> Self {
        Self {
            classifier: LinearConfig::new(width, classes.iter().sum()).init(device),
            classes: classes.to_vec(),
        }
    }

    /// One-hot targets of a batch; a tag that is not known is all zeros.
    ///
    /// # Shapes
    /// - output: `[pictures, Σ classes]`
    ///
    /// # Panics
    /// If a picture has another number of tags than the head, or a tag is no class of its.
    #[must_use]
    pub fn targets<'a>(
        &self,
        pictures: impl IntoIterator<Item = &'a [Option<usize>]>,
        device: &Device,
    ) -> Tensor<2> {
        let columns: usize = self.classes.iter().sum();
        let mut values = Vec::new();
        for tags in pictures {
            assert_eq!(tags.len(), self.classes.len(), "one entry per tag");
            for (tag, classes) in tags.iter().zip(&self.classes) {
                let first = values.len();
                values.resize(first + classes, 0.0f32);
                if let Some(class) = tag {
                    assert!(class < classes, "class {class} of {classes}");
                    values[first + class] = 1.0;
                }
            }
        }
        let rows = values.len() / columns;
        Tensor::from_data(TensorData::new(values, [rows, columns]), device)
    }

    /// Cross-entropy, summed over the known tags of a picture and averaged over the pictures.
    ///
    /// ```text
    /// L = −mean_pictures Σ_tags Σ_classes y · log softmax_tag(W·f + b)
    /// ```
    ///
    /// # Shapes
    /// - embeddings: `[batch, width]`, targets: `[batch, Σ classes]`, output: `[1]`
    #[must_use]
    pub fn loss(&self, embeddings: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
        let [batch, _] = embeddings.dims();
        let logits = self.classifier.forward(embeddings);
        let mut first = 0;
        let log_p = self.classes.iter().map(|classes| {
            let tag = logits.clone().narrow(1, first, *classes);
            first += classes;
            activation::log_softmax(tag, 1)
        });
        (Tensor::cat(log_p.collect(), 1) * targets).sum().neg() / batch as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zeros(classes: &[usize]) -> TagHead {
        let mut head = TagHead::new(3, classes, &Device::flex());
        head.classifier.weight = head.classifier.weight.map(|w| w.zeros_like());
        head.classifier.bias = head.classifier.bias.map(|b| b.map(|b| b.zeros_like()));
        head
    }

    #[test]
    fn a_head_of_zeros_costs_the_logarithm_of_every_known_tags_classes() {
        let device = Device::flex();
        let head = zeros(&[2, 5, 3]);
        let targets =
            head.targets([&[Some(1), Some(4), None][..], &[None, Some(0), None]], &device);
        assert_eq!(targets.dims(), [2, 10]);
        let loss: f32 = head.loss(Tensor::ones([2, 3], &device), targets).into_scalar();
        assert!((loss - (2.0f32.ln() + 2.0 * 5.0f32.ln()) / 2.0).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn a_bias_towards_the_right_class_costs_less_and_other_tags_nothing() {
        let device = Device::flex();
        let mut head = zeros(&[2, 3]);
        head.classifier.bias = head
            .classifier
            .bias
            .map(|b| b.map(|_| Tensor::from_data([2.0f32, 0.0, 7.0, 7.0, 7.0], &device)));
        let targets = head.targets([&[Some(0), Some(2)][..]], &device);
        let loss: f32 = head.loss(Tensor::ones([1, 3], &device), targets).into_scalar();
        // −log(e²/(e²+1)) − log(1/3)
        assert!((loss - (0.126_928 + 3.0f32.ln())).abs() < 1e-5, "{loss}");
    }
}
