//! Fitting the statistics of a modality.

use super::cloud::{Cloud, Unfit};
use super::{Evidence, Moments, OfModality, polar, score, wide};

/// What is known of a picture, and the style that it was rendered in.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) evidence: Evidence,
    pub(super) style: usize,
}

/// Fits the statistics of pictures of two styles or more. The threshold flags `share` of them, each at its distances to the pictures of other styles.
///
/// # Errors
/// What is missing.
pub(super) fn fit(samples: &[Sample], share: f64) -> Result<OfModality, Unfit> {
    let styles: Vec<usize> = samples.iter().map(|sample| sample.style).collect();
    let (directions, lengths): (Vec<Vec<f64>>, Vec<f64>) =
        samples.iter().map(|sample| polar(&sample.evidence.features)).unzip();
    let responses: Vec<Vec<f64>> =
        samples.iter().map(|sample| wide(&sample.evidence.responses)).collect();
    let (directions, turned) = Cloud::fit(&directions, &styles)?;
    let (responses, unusual) = Cloud::fit(&responses, &styles)?;
    let length = Moments::of(&lengths);
    if length.deviation <= 0.0 {
        return Err(Unfit::Alike);
    }
    let parts = turned.iter().zip(&lengths).zip(&unusual);
    let mut scores: Vec<f64> =
        parts.map(|((turned, own), unusual)| score(*turned, *own, length, *unusual)).collect();
    scores.sort_by(f64::total_cmp);
    let place = ((1.0 - share) * (scores.len() - 1) as f64).ceil() as usize;
    let threshold = scores[place.min(scores.len() - 1)];
    if threshold <= 0.0 {
        return Err(Unfit::NoThreshold);
    }
    Ok(OfModality {
        pictures: samples.len(),
        directions,
        length: length.stored(),
        responses,
        threshold: threshold as f32,
    })
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
            let features = (0..16).map(value).collect();
            let responses = (0..6).map(|_| rng.random_range(-1.0..1.0f32)).collect();
            Sample { evidence: Evidence { features, responses }, style }
        };
        (0..count).map(one).collect()
    }

    #[test]
    fn new_pictures_of_a_known_style_are_flagged_as_often_as_stated_and_others_always() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let fitted = fit(&samples(&mut rng, 1000), 0.05).expect("fitted");
        let flagged = |samples: &[Sample]| {
            let unlike = samples.iter().filter(|s| fitted.novelty(&s.evidence).is_unlike);
            unlike.count() as f64 / samples.len() as f64
        };
        let same = flagged(&samples(&mut rng, 1000));
        assert!((0.02..0.08).contains(&same), "{same}");
        let mut turned = samples(&mut rng, 100);
        turned.iter_mut().for_each(|s| s.evidence.features.rotate_right(8));
        assert_eq!(flagged(&turned), 1.0, "another direction");
        let mut short = samples(&mut rng, 100);
        short.iter_mut().flat_map(|s| &mut s.evidence.features).for_each(|v| *v *= 0.2);
        assert_eq!(flagged(&short), 1.0, "short features");
        let mut long = samples(&mut rng, 100);
        long.iter_mut().flat_map(|s| &mut s.evidence.features).for_each(|v| *v *= 5.0);
        assert!(flagged(&long) < 0.1, "long ones are not unlike");
        let mut other = samples(&mut rng, 100);
        other.iter_mut().for_each(|s| s.evidence.responses[3] += 4.0);
        assert_eq!(flagged(&other), 1.0, "other edges and colours");
    }

    #[test]
    fn too_few_pictures_and_equal_ones_are_refused() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let few = samples(&mut rng, 30);
        assert_eq!(fit(&few, 0.05).expect_err("few"), Unfit::Few { style: 0, pictures: 15 });
        let equal = vec![few[0].clone(); 100];
        assert_eq!(fit(&equal, 0.05).expect_err("one style"), Unfit::OneStyle);
        let blank = Evidence { features: vec![0.0; 16], responses: vec![0.0; 6] };
        let alike = (0..100).map(|index| Sample { evidence: blank.clone(), style: index % 2 });
        let alike: Vec<Sample> = alike.collect();
        assert_eq!(fit(&alike, 0.05).expect_err("equal ones"), Unfit::Alike);
        let mut one_style = samples(&mut rng, 100);
        one_style.iter_mut().for_each(|sample| sample.style = 0);
        for samples in [&one_style[..], &[]] {
            assert_eq!(fit(samples, 0.05).expect_err("one style"), Unfit::OneStyle);
        }
        // A list that has no picture of the modality is no style of it.
        let mut later = samples(&mut rng, 100);
        later.iter_mut().for_each(|sample| sample.style += 1);
        assert!(fit(&later, 0.05).is_ok());
        later.truncate(50);
        later.push(Sample { style: 3, ..later[0].clone() });
        assert_eq!(fit(&later, 0.05).expect_err("few"), Unfit::Few { style: 3, pictures: 1 });
    }
}
