//! Which identities the softmax of a step distinguishes, where it does not distinguish all.

use crate::config::TrainingConfig;
use aio_types::rng;
use rand::seq::index;
use std::collections::BTreeSet;

/// Draws the classes of a step: those of its batches, and as many random others as the sample has room for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SoftmaxSample {
    seed: u64,
    classes: usize,
    size: usize,
}

impl SoftmaxSample {
    /// Samples of so many `classes`; `None` if the configuration distinguishes all of them in every step.
    pub(crate) fn new(config: &TrainingConfig, classes: usize) -> Option<Self> {
        let rate = config.losses.identity_sample;
        let size = ((classes as f64 * rate).ceil() as usize).clamp(1, classes.max(1));
        (rate < 1.0).then_some(Self { seed: config.seed, classes, size })
    }

    /// Classes in a sample. It has more where the batches of a step show more.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The classes of a step, rising: a pure function of the seed, the step and the classes that its batches show.
    pub(crate) fn draw(&self, step: usize, shown: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut sample: BTreeSet<usize> = shown.into_iter().collect();
        let stream = &mut rng(self.seed, "softmax sample", step as u64);
        for class in index::sample(stream, self.classes, self.size) {
            if sample.len() >= self.size {
                break;
            }
            sample.insert(class);
        }
        sample.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_data;

    fn sample(rate: f64, classes: usize) -> Option<SoftmaxSample> {
        let mut config = test_data::config(std::path::Path::new("nowhere"));
        config.losses.identity_sample = rate;
        SoftmaxSample::new(&config, classes)
    }

    #[test]
    fn a_sample_has_the_shown_classes_and_others_up_to_its_size() {
        let tenth = sample(0.1, 1000).expect("a sample");
        let drawn = tenth.draw(7, [999, 3, 3, 500]);
        assert_eq!((tenth.size(), drawn.len()), (100, 100));
        assert!([3, 500, 999].iter().all(|class| drawn.contains(class)));
        assert!(drawn.is_sorted_by(|a, b| a < b) && drawn.iter().all(|class| *class < 1000));
        assert_eq!(tenth.draw(7, [999, 3, 500]), drawn, "the same step");
        assert_ne!(tenth.draw(8, [999, 3, 500]), drawn, "another step");
        assert_eq!(
            tenth.draw(0, 0..200),
            (0..200).collect::<Vec<_>>(),
            "more than there is room for"
        );
        assert_eq!(sample(0.999, 5).expect("rounded up").draw(0, []), [0, 1, 2, 3, 4]);
        assert!(sample(1.0, 1000).is_none());
    }

    #[test]
    fn every_class_is_drawn_as_often_as_any_other() {
        let tenth = sample(0.1, 50).expect("a sample");
        let mut counts = [0_usize; 50];
        for step in 0..2000 {
            for class in tenth.draw(step, []) {
                counts[class] += 1;
            }
        }
        // 200 each on average, with a standard deviation of 13.4.
        assert!(counts.iter().all(|count| (140..260).contains(count)), "{counts:?}");
    }
}
