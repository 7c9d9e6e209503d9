//! Exact t-SNE (van der Maaten and Hinton, JMLR 2008) of a few hundred points; the libraries there are draw their start from an unseeded
//! generator, and a figure must be the same every time.

use aio_types::rng;
use rand::RngExt;

const ITERATIONS: usize = 600;
/// Iterations in which attraction is exaggerated, and by how much.
const EARLY: usize = 150;
const EXAGGERATION: f64 = 12.0;

/// Squared Euclidean distances, row by row.
fn distances(points: &[Vec<f32>]) -> Vec<f64> {
    let of =
        |a: &Vec<f32>, b: &Vec<f32>| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    points.iter().flat_map(|a| points.iter().map(move |b| of(a, b))).collect()
}

/// Symmetric affinities whose rows have the given perplexity, found by bisection.
fn affinities(distances: &[f64], n: usize, perplexity: f64) -> Vec<f64> {
    let mut p = vec![0.0; n * n];
    for i in 0..n {
        let (row, target) = (&distances[i * n..(i + 1) * n], perplexity.ln());
        let (mut low, mut high, mut precision) = (0.0, f64::INFINITY, 1.0);
        let nearest = (0..n).filter(|j| *j != i).map(|j| row[j]).fold(f64::INFINITY, f64::min);
        for _ in 0..64 {
            let weight =
                |j: usize| if j == i { 0.0 } else { (-(row[j] - nearest) * precision).exp() };
            let sum: f64 = (0..n).map(weight).sum();
            let mean: f64 = (0..n).map(|j| weight(j) * (row[j] - nearest)).sum::<f64>() / sum;
            (0..n).for_each(|j| p[i * n + j] = weight(j) / sum);
            let entropy = sum.ln() + precision * mean;
            if (entropy - target).abs() < 1e-5 {
                break;
            }
            if entropy > target {
                low = precision;
                precision =
                    if high.is_finite() { f64::midpoint(low, high) } else { 2.0 * precision };
            } else {
                high = precision;
                precision = f64::midpoint(low, high);
            }
        }
    }
    (0..n * n).map(|at| ((p[at] + p[at % n * n + at / n]) / (2 * n) as f64).max(1e-12)).collect()
}

/// Places points of any width in the plane so that neighbours stay neighbours. The start is drawn with `seed`.
pub(super) fn embed(points: &[Vec<f32>], seed: u64) -> Vec<(f64, f64)> {
    let n = points.len();
    let perplexity = 30.0f64.min((n.max(4) - 1) as f64 / 3.0);
    let p = affinities(&distances(points), n, perplexity);
    let stream = &mut rng(seed, "t-SNE", 0);
    let mut y: Vec<[f64; 2]> =
        (0..n).map(|_| [0; 2].map(|_| 1e-4 * (2.0 * stream.random::<f64>() - 1.0))).collect();
    let (mut velocity, mut gain) = (vec![[0.0f64; 2]; n], vec![[1.0f64; 2]; n]);
    let rate = (n as f64 / EXAGGERATION).max(50.0);
    for iteration in 0..ITERATIONS {
        let near = |a: &[f64; 2], b: &[f64; 2]| {
            1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2))
        };
        let kernel: Vec<f64> = (0..n * n)
            .map(|at| if at / n == at % n { 0.0 } else { near(&y[at / n], &y[at % n]) })
            .collect();
        let total: f64 = kernel.iter().sum();
        let (exaggeration, momentum) =
            if iteration < EARLY { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        for i in 0..n {
            let mut slope = [0.0f64; 2];
            for j in 0..n {
                let force =
                    (exaggeration * p[i * n + j] - kernel[i * n + j] / total) * kernel[i * n + j];
                (0..2).for_each(|axis| slope[axis] += 4.0 * force * (y[i][axis] - y[j][axis]));
            }
            for axis in 0..2 {
                let same = slope[axis].signum() == velocity[i][axis].signum();
                gain[i][axis] =
                    if same { (gain[i][axis] * 0.8).max(0.01) } else { gain[i][axis] + 0.2 };
                velocity[i][axis] =
                    momentum * velocity[i][axis] - rate * gain[i][axis] * slope[axis];
            }
        }
        y.iter_mut().zip(&velocity).for_each(|(y, v)| (0..2).for_each(|axis| y[axis] += v[axis]));
    }
    y.into_iter().map(|[a, b]| (a, b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_stay_neighbours_and_a_seed_gives_one_figure() {
        // Four clusters of fifteen points in eight dimensions.
        let stream = &mut rng(3, "clusters", 0);
        let points: Vec<Vec<f32>> = (0..60)
            .map(|i| {
                (0..8)
                    .map(|axis| if axis == i / 15 { 4.0 } else { 0.0 } + stream.random::<f32>())
                    .collect()
            })
            .collect();
        let placed = embed(&points, 0);
        assert_eq!(placed, embed(&points, 0));
        assert_ne!(placed, embed(&points, 1));
        let apart = |i: usize, j: usize| {
            (placed[i].0 - placed[j].0).powi(2) + (placed[i].1 - placed[j].1).powi(2)
        };
        for i in 0..60 {
            let nearest = (0..60)
                .filter(|j| *j != i)
                .min_by(|a, b| apart(i, *a).total_cmp(&apart(i, *b)))
                .expect("others");
            assert_eq!(nearest / 15, i / 15, "point {i}");
        }
    }

    #[test]
    fn affinities_have_the_perplexity_that_was_asked_for() {
        let points: Vec<Vec<f32>> = (0..20).map(|i| vec![(i * i) as f32, i as f32]).collect();
        let p = affinities(&distances(&points), 20, 5.0);
        assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        assert!((0..400).all(|at| p[at] == p[at % 20 * 20 + at / 20]), "symmetric");
    }
}
