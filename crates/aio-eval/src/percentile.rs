/// The level of every interval: the fraction of the draws that lies inside.
pub(crate) const LEVEL: f64 = 0.95;

/// Fewer draws leave less than one of them outside at each end.
const FEWEST_DRAWS: usize = 40;

/// Refuses a number of draws that is too small for [`LEVEL`]; the error says what is wrong.
pub(crate) fn check_draws(draws: usize) -> Result<(), String> {
    if draws < FEWEST_DRAWS {
        return Err(format!(
            "{draws} draws; an interval at {LEVEL} needs {FEWEST_DRAWS} or more, better 2000"
        ));
    }
    Ok(())
}

/// The percentile interval at [`LEVEL`] (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13): the
/// quantiles of `draws` at 0.025 and at 0.975.
///
/// # Panics
/// If there is no draw.
pub(crate) fn bounds(mut draws: Vec<f64>) -> (f64, f64) {
    draws.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    (quantile(&draws, tail), quantile(&draws, 1.0 - tail))
}

/// The quantile of ascending numbers at `p`: definition 7 of Hyndman and Fan (Sample Quantiles in Statistical Packages,
/// 1996), linear between the neighbours of the place `(n − 1)·p`. It is the default of NumPy and R.
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * p;
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (place - below as f64) * (sorted[above] - sorted[below])
}

/// Refuses a list that has not `length` values, one for each of `what`, or holds one that is no number; the error says
/// what is wrong.
pub(crate) fn check_values(
    name: &str,
    values: &[f64],
    length: usize,
    what: &str,
) -> Result<(), String> {
    if values.len() != length {
        return Err(format!("{name} hold {} values for {length} {what}", values.len()));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(format!("{name}: value {row}, counted from 0, is {}", values[row])),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16], [0, 0.025, 0.3, 0.5, 0.975, 1]).
        let sorted = [1.0, 2.0, 4.0, 8.0, 16.0];
        let found = [0.0, 0.025, 0.3, 0.5, 0.975, 1.0].map(|p| quantile(&sorted, p));
        for (found, expected) in found.iter().zip([1.0, 1.1, 2.4, 4.0, 15.2, 16.0]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(quantile(&[3.0], 0.975), 3.0);
    }
}
