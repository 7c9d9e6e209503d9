//! Fitting the statistics of a modality.

use super::linear::Covariance;
use super::{Moments, OfModality, polar, score};

/// The features of a picture, and the style that it was rendered in.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) features: Vec<f32>,
    pub(super) style: usize,
}

/// Fewest pictures of a style.
const FEWEST_OF_STYLE: usize = 20;

/// Fits the statistics of pictures of two styles or more. Distances and threshold are those of the pictures of one style to the others, so that a
/// style that was never seen does not count as unlike; mean and covariance are those of all.
///
/// # Errors
/// What is missing, in words.
pub(super) fn fit(samples: &[Sample], share: f64) -> Result<OfModality, String> {
    let styles = samples.iter().map(|sample| sample.style + 1).max().unwrap_or(0);
    if styles < 2 {
        return Err("pictures of two styles are needed".into());
    }
    let (directions, lengths): (Vec<Vec<f64>>, Vec<f64>) =
        samples.iter().map(|sample| polar(&sample.features)).unzip();
    let of = |wanted: &dyn Fn(usize) -> bool| -> Vec<&[f64]> {
        let chosen = samples.iter().zip(&directions).filter(|(sample, _)| wanted(sample.style));
        chosen.map(|(_, direction)| &direction[..]).collect()
    };
    let degenerate = || "features do not differ".to_owned();
    let mut distances = vec![0.0; samples.len()];
    for style in 0..styles {
        let (own, others) = (of(&|s| s == style), of(&|s| s != style));
        if own.len() < FEWEST_OF_STYLE || others.len() < FEWEST_OF_STYLE {
            return Err(format!(
                "a style has {} pictures and the others {}, expected at least {FEWEST_OF_STYLE} each",
                own.len(),
                others.len()
            ));
        }
        let covariance = Covariance::of(&others);
        let whitening = covariance.whitening().ok_or_else(degenerate)?;
        for (index, _) in samples.iter().enumerate().filter(|(_, s)| s.style == style) {
            distances[index] = whitening.length_of(&less(&directions[index], &covariance.mean));
        }
    }
    let (distance, length) = (Moments::of(&distances), Moments::of(&lengths));
    if distance.deviation <= 0.0 || length.deviation <= 0.0 {
        return Err(degenerate());
    }
    let pairs = distances.iter().zip(&lengths);
    let mut scores: Vec<f64> = pairs.map(|(d, l)| score(*d, *l, distance, length)).collect();
    scores.sort_by(f64::total_cmp);
    let place = ((1.0 - share) * (scores.len() - 1) as f64).ceil() as usize;
    let threshold = scores[place.min(scores.len() - 1)];
    if threshold <= 0.0 {
        return Err(format!("a share of {share} has no threshold above the mean"));
    }
    let all = Covariance::of(&of(&|_| true));
    Ok(OfModality {
        pictures: samples.len(),
        shrinkage: all.shrinkage as f32,
        distance: distance.stored(),
        length: length.stored(),
        threshold: threshold as f32,
        mean: all.mean.iter().map(|v| *v as f32).collect(),
        whitening: all.whitening().ok_or_else(degenerate)?,
    })
}

fn less(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    /// Features around a direction, in two styles that differ a little.
    fn samples(rng: &mut ChaCha8Rng, count: usize) -> Vec<Sample> {
        let one = |index: usize| {
            let style = index % 2;
            let value = |place: usize| {
                let centre = if place < 4 { 3.0 } else { 0.0 };
                let shift = if place == 5 { 0.2 * style as f32 } else { 0.0 };
                centre + shift + rng.random_range(-1.0..1.0f32)
            };
            Sample { features: (0..16).map(value).collect(), style }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn new_pictures_of_a_known_style_are_flagged_as_often_as_stated_and_others_always() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let fitted = fit(&samples(&mut rng, 1000), 0.05).expect("fitted");
        let flagged = |samples: &[Sample]| {
            let unlike = samples.iter().filter(|s| fitted.novelty(&s.features).is_unlike);
            unlike.count() as f64 / samples.len() as f64
        };
        let same = flagged(&samples(&mut rng, 1000));
        assert!((0.02..0.08).contains(&same), "{same}");
        let mut turned = samples(&mut rng, 100);
        turned.iter_mut().for_each(|s| s.features.rotate_right(8));
        assert_eq!(flagged(&turned), 1.0, "another direction");
        let mut short = samples(&mut rng, 100);
        short.iter_mut().flat_map(|s| &mut s.features).for_each(|v| *v *= 0.2);
        assert_eq!(flagged(&short), 1.0, "short features");
        let mut long = samples(&mut rng, 100);
        long.iter_mut().flat_map(|s| &mut s.features).for_each(|v| *v *= 5.0);
        assert!(flagged(&long) < 0.1, "long ones are not unlike");
    }

    #[test]
    fn too_few_pictures_and_equal_ones_are_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let few = samples(&mut rng, 30);
        assert!(fit(&few, 0.05).is_err_and(|problem| problem.contains("expected at least 20")));
        let equal = vec![few[0].clone(); 100];
        assert!(fit(&equal, 0.05).is_err());
        let mut one_style = samples(&mut rng, 100);
        one_style.iter_mut().for_each(|sample| sample.style = 0);
        for samples in [&one_style[..], &[]] {
            assert!(fit(samples, 0.05).is_err_and(|problem| problem.contains("two styles")));
        }
    }
}
