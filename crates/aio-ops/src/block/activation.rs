use crate::arithmetic::exp;
use aio_simd::wide;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// The non-linearity of a block's perceptron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// Exact GELU, `x·Φ(x)` with the standard normal distribution function Φ, as in timm, open_clip
    /// and Meta-Transformer. Hendrycks and Gimpel, "Gaussian Error Linear Units (GELUs)", 2016,
    /// section 2.
    #[default]
    Gelu,
    /// `x·σ(1.702·x)`, as in OpenAI's CLIP.
    QuickGelu,
    /// The tanh form of GELU, `x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))`, as in SigLIP; the same section.
    GeluTanh,
}

/// The factor of [`Activation::QuickGelu`].
const QUICK: f32 = 1.702;

/// The factor of the cube in [`Activation::GeluTanh`].
const CUBE: f32 = 0.044_715;

/// 2·√(2/π): `(1 + tanh(u))/2` is `σ(2·u)`.
const TANH: f32 = 1.595_769;

/// Φ(x) and φ(x) of the standard normal distribution.
///
/// Φ through erf by Abramowitz and Stegun 7.1.26, whose absolute error is below 1.5e-7; it shares
/// the exponential with φ.
#[inline(always)]
fn normal(x: f32) -> (f32, f32) {
    let density = exp(-0.5 * x * x);
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = t
        * (0.254_829_6
            + t * (-0.284_496_74 + t * (1.421_413_7 + t * (-1.453_152 + t * 1.061_405_4))));
    let tail = 0.5 * poly * density;
    let cdf = if x >= 0.0 { 1.0 - tail } else { tail };
    (cdf, density * 0.398_942_3)
}

/// σ(x).
#[inline(always)]
fn logistic(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn map(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    wide(
        #[inline(always)]
        || {
            for (y, x) in y.iter_mut().zip(x) {
                *y = f(*x);
            }
        },
    );
}

/// Multiplies `dy` by the derivative at `x`.
#[inline(always)]
fn scale(x: &[f32], dy: &mut [f32], derivative: impl Fn(f32) -> f32) {
    wide(
        #[inline(always)]
        || {
            for (dy, x) in dy.iter_mut().zip(x) {
                *dy *= derivative(*x);
            }
        },
    );
}

impl Activation {
    /// Writes the activation of `x` to `y`, on the calling thread.
    pub(super) fn apply(self, x: &[f32], y: &mut [f32]) {
        match self {
            Self::Gelu => map(
                x,
                y,
                #[inline(always)]
                |x| x * normal(x).0,
            ),
            Self::QuickGelu => map(
                x,
                y,
                #[inline(always)]
                |x| x * logistic(QUICK * x),
            ),
            Self::GeluTanh => map(
                x,
                y,
                #[inline(always)]
                |x| x * logistic(TANH * (x + CUBE * x * x * x)),
            ),
        }
    }

    /// Turns the gradient with respect to the output into that with respect to `x`, in place.
    pub(super) fn backward(self, x: &[f32], gradient: &mut [f32]) {
        match self {
            Self::Gelu => scale(
                x,
                gradient,
                #[inline(always)]
                |x| {
                    let (cdf, density) = normal(x);
                    cdf + x * density
                },
            ),
            Self::QuickGelu => scale(
                x,
                gradient,
                #[inline(always)]
                |x| {
                    let share = logistic(QUICK * x);
                    share * (1.0 + QUICK * x * (1.0 - share))
                },
            ),
            Self::GeluTanh => scale(
                x,
                gradient,
                #[inline(always)]
                |x| {
                    let square = x * x;
                    let share = logistic(TANH * (x + CUBE * x * square));
                    let slope = TANH * (1.0 + 3.0 * CUBE * square);
                    share * (1.0 + x * slope * (1.0 - share))
                },
            ),
        }
    }

    /// The activation of every value, with Burn's own operations.
    #[must_use]
    pub fn portable(self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Gelu => activation::gelu(x),
            Self::QuickGelu => x.clone() * activation::sigmoid(x * f64::from(QUICK)),
            Self::GeluTanh => {
                let cube = x.clone().powi_scalar(3).mul_scalar(CUBE);
                x.clone() * activation::sigmoid((x + cube).mul_scalar(TANH))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f32; 10] = [-30.0, -6.0, -3.0, -1.0, -1e-3, 0.0, 0.5, 2.0, 6.0, 30.0];

    fn check(activation: Activation, expected: [f64; 10]) {
        let mut y = [0.0; 10];
        activation.apply(&X, &mut y);
        for (y, e) in y.into_iter().zip(expected) {
            assert!((f64::from(y) - e).abs() < 1e-6, "{y} {e}");
        }
    }

    #[test]
    fn gelu_matches_the_error_function_at_its_tails() {
        // x·Φ(x) in double precision, from Python's math.erf.
        check(
            Activation::Gelu,
            [
                0.0,
                -5.919526e-9,
                -0.00404969,
                -0.15865525,
                -0.00049960106,
                0.0,
                0.34573123,
                1.9544997,
                6.0,
                30.0,
            ],
        );
    }

    #[test]
    fn quick_gelu_matches_its_formula() {
        check(
            Activation::QuickGelu,
            X.map(|x| f64::from(x) / (1.0 + (-1.702 * f64::from(x)).exp())),
        );
    }

    #[test]
    fn the_tanh_form_matches_its_formula() {
        let of = |x: f64| {
            let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            0.5 * x * (1.0 + inner.tanh())
        };
        check(Activation::GeluTanh, X.map(|x| of(f64::from(x))));
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        for activation in [Activation::Gelu, Activation::QuickGelu, Activation::GeluTanh] {
            let x: Vec<f32> = (-40..=40).map(|i| i as f32 / 10.0).collect();
            let mut gradient = vec![1.0; x.len()];
            activation.backward(&x, &mut gradient);
            let at = |shift: f32| {
                let x: Vec<f32> = x.iter().map(|x| x + shift).collect();
                let mut y = vec![0.0; x.len()];
                activation.apply(&x, &mut y);
                y
            };
            let (above, below) = (at(0.01), at(-0.01));
            for i in 0..x.len() {
                let slope = (above[i] - below[i]) / 0.02;
                assert!((slope - gradient[i]).abs() < 2e-4, "{} {slope} {}", x[i], gradient[i]);
            }
        }
    }
}
