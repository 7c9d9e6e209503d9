//! Clipping of the gradients of a step by their common norm.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Added to the norm before a gradient is divided by it, as in PyTorch.
const EPSILON: f32 = 1e-6;

/// The gradients of `model`, scaled down together to an L2 norm of at most `largest`: `torch.nn.utils.clip_grad_norm_`.
///
/// The norm is that of all gradients as one vector (Pascanu et al., ICML 2013), so that their direction stays as it is. Gradients below the limit are
/// not changed.
///
/// # Errors
/// The norm, if it is NaN or infinite: such gradients would spoil all weights, as `error_if_nonfinite` of PyTorch refuses them.
pub(crate) fn clipped<M: Module>(
    model: &M,
    mut gradients: GradientsParams,
    largest: f64,
) -> Result<GradientsParams, f32> {
    let mut squares = Squares { gradients: &gradients, sums: Vec::new() };
    model.visit(&mut squares);
    if squares.sums.is_empty() {
        return Ok(gradients);
    }
    let norm = Tensor::cat(squares.sums, 0).sum().sqrt();
    let value: f32 = norm.clone().into_scalar();
    if !value.is_finite() {
        return Err(value);
    }
    let factor = norm.add_scalar(EPSILON).recip().mul_scalar(largest).clamp_max(1.0);
    model.visit(&mut Scale { gradients: &mut gradients, factor });
    Ok(gradients)
}

/// Collects the sum of squares of every gradient.
struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.sums.extend(self.gradients.get::<D>(param.id).map(|gradient| gradient.square().sum()));
    }
}

/// Multiplies every gradient by a factor of shape `[1]`, which stays on the device.
struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor.clone().unsqueeze());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Layer {
        weight: Param<Tensor<2>>,
        bias: Param<Tensor<1>>,
        frozen: Param<Tensor<1>>,
    }

    /// The gradients of weight and bias after clipping.
    fn after(weight: [[f32; 2]; 1], bias: [f32; 1], largest: f64) -> (Vec<f32>, Vec<f32>) {
        let device = Device::flex();
        let layer = Layer {
            weight: Param::from_tensor(Tensor::zeros([1, 2], &device)),
            bias: Param::from_tensor(Tensor::zeros([1], &device)),
            frozen: Param::from_tensor(Tensor::zeros([3], &device)),
        };
        let mut gradients = GradientsParams::new();
        gradients.register(layer.weight.id, Tensor::<2>::from_floats(weight, &device));
        gradients.register(layer.bias.id, Tensor::<1>::from_floats(bias, &device));
        let gradients = clipped(&layer, gradients, largest).expect("a finite norm");
        assert!(gradients.get::<1>(layer.frozen.id).is_none(), "it has no gradient");
        let read = |data: burn::tensor::TensorData| data.iter::<f32>().collect();
        let weight = gradients.get::<2>(layer.weight.id).expect("a gradient").into_data();
        let bias = gradients.get::<1>(layer.bias.id).expect("a gradient").into_data();
        (read(weight), read(bias))
    }

    #[test]
    fn gradients_are_scaled_down_together() {
        // The norms are 5 and 12, that of both together is 13.
        let (weight, bias) = after([[3.0, -4.0]], [12.0], 6.5);
        let close = |found: f32, expected: f32| assert!((found - expected).abs() < 1e-5, "{found}");
        close(weight[0], 1.5);
        close(weight[1], -2.0);
        close(bias[0], 6.0);
    }

    #[test]
    fn gradients_below_the_limit_keep_their_bits() {
        let (weight, bias) = after([[0.3, -0.4]], [0.123_456_79], 1.0);
        assert_eq!((weight, bias), (vec![0.3, -0.4], vec![0.123_456_79]));
    }

    #[test]
    fn gradients_of_zero_stay_zero() {
        assert_eq!(after([[0.0, 0.0]], [0.0], 1.0), (vec![0.0, 0.0], vec![0.0]));
    }

    #[test]
    fn a_norm_that_is_not_finite_is_refused() {
        let device = Device::flex();
        let layer = Layer {
            weight: Param::from_tensor(Tensor::zeros([1, 2], &device)),
            bias: Param::from_tensor(Tensor::zeros([1], &device)),
            frozen: Param::from_tensor(Tensor::zeros([3], &device)),
        };
        for value in [f32::NAN, f32::INFINITY, 1e30] {
            let mut gradients = GradientsParams::new();
            gradients.register(layer.bias.id, Tensor::<1>::from_floats([value], &device));
            let norm = clipped(&layer, gradients, 1.0).map(|_| ()).expect_err("not finite");
            assert!(!norm.is_finite(), "{value}: {norm}");
        }
    }
}
