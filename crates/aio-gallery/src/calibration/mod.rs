//! Calibration: from the cosine of two rows to the probability that both show the same person.

mod curve;
mod pairs;

pub use curve::{Curve, Method, expected_calibration_error};
pub use pairs::Labelled;

use crate::error::{GalleryError, Result};
use pairs::{Pairs, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A curve with what it was fitted on and how wrong it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// From similarity to probability.
    pub curve: Curve,
    /// The labelled features, by name and hash.
    pub data: String,
    /// Pairs that it was fitted on.
    pub pairs: usize,
    /// Those of them that show the same person. The probability holds where their share is the same.
    pub same_person: usize,
    /// Pairs of other people, that the error was measured on.
    pub test_pairs: usize,
    /// Those of them that show the same person.
    pub test_same_person: usize,
    /// Expected calibration error on the test pairs, with 15 bins of equal width (Guo et al., ICML 2017).
    pub expected_calibration_error: f64,
}

impl Calibration {
    /// Stands for queries of any modalities.
    pub const ANY: &'static str = "any";

    /// The calibration for queries of these modalities (`sketch`, `infrared+text`), or the one for any.
    pub(crate) fn of<'a>(all: &'a BTreeMap<String, Self>, modalities: &str) -> Option<&'a Self> {
        all.get(modalities).or_else(|| all.get(Self::ANY))
    }

    /// Probability that two rows of this similarity show the same person.
    #[must_use]
    pub fn probability(&self, similarity: f32) -> f64 {
        self.curve.probability(f64::from(similarity))
    }
}

/// Fits a curve on labelled features. People are split into two halves: the curve is fitted on pairs of people of the first half, and its
/// error is measured on pairs of people of the second.
///
/// `gallery` is the other side of the pairs, which holds none of the queries; without it the queries are compared with each other, and none with itself.
/// Pairs of one person and one camera are left out where cameras are known, since such pictures are often nearly the same.
///
/// # Errors
/// [`GalleryError::Request`] if there are too few people, or the features do not tell people apart at all.
pub fn calibrate(
    queries: &Labelled,
    gallery: Option<&Labelled>,
    method: Method,
    data: String,
) -> Result<Calibration> {
    let few = |problem: &str| {
        GalleryError::request(
            format!("{data}: {problem}"),
            "a calibration needs two pictures each of four people or more, from different cameras",
        )
    };
    let [fit, test] = Side::BOTH.map(|side| Pairs::of(queries, gallery, side));
    for (pairs, half) in [(&fit, "first"), (&test, "second")] {
        let same = pairs.same_person();
        if same == 0 || same == pairs.same.len() {
            let kind = if same == 0 { "the same person" } else { "different people" };
            return Err(few(&format!("the {half} half of the people has no pair of {kind}")));
        }
    }
    let curve = Curve::fit(method, &fit.similarities, &fit.same);
    if !curve.rises() {
        return Err(GalleryError::request(
            format!("{data}: pairs of one person are not more similar than pairs of two"),
            "check the identities, and that the features are of a trained model",
        ));
    }
    let probabilities: Vec<f64> =
        test.similarities.iter().map(|similarity| curve.probability(*similarity)).collect();
    Ok(Calibration {
        data,
        pairs: fit.same.len(),
        same_person: fit.same_person(),
        test_pairs: test.same.len(),
        test_same_person: test.same_person(),
        expected_calibration_error: expected_calibration_error(&probabilities, &test.same),
        curve,
    })
}
