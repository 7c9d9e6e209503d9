//! Decoupled weight decay, for the parameters that it is meant for.

use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// Matrices that are no weights of a product: positions, `[CLS]` and what follows it, and prompts.
const NOT_WEIGHTS: [&str; 4] = ["positions", "cls", "registers", "prompts"];

/// The model with the weights that have a gradient multiplied by 1 − `decay`, as AdamW does before its step (Loshchilov and Hutter, ICLR 2019).
///
/// Vectors (biases, factors of normalisations), positions, prompts and `[CLS]` are left as they are, as usual for transformers (BERT, `timm`): they have no
/// scale that another layer could take over.
pub(crate) fn decayed<M: Module>(model: M, gradients: &GradientsParams, decay: f64) -> M {
    if decay == 0.0 {
        return model;
    }
    model.map(&mut Decay { gradients, kept: 1.0 - decay, path: Vec::new() })
}

struct Decay<'a> {
    gradients: &'a GradientsParams,
    kept: f64,
    path: Vec<String>,
}

impl ModuleMapper for Decay<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let is_weight =
            D > 1 && self.path.last().is_none_or(|n| !NOT_WEIGHTS.contains(&n.as_str()));
        if !is_weight || self.gradients.get::<D>(param.id).is_none() {
            return param;
        }
        param.map(|value| {
            let is_leaf = value.is_require_grad();
            let value = value.without_autodiff().mul_scalar(self.kept).autodiff();
            if is_leaf { value.require_grad() } else { value }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Module;
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Layer {
        weight: Param<Tensor<2>>,
        bias: Param<Tensor<1>>,
        positions: Param<Tensor<2>>,
        kernel: Param<Tensor<4>>,
        unused: Param<Tensor<2>>,
    }

    fn ones<const D: usize>(device: &Device) -> Param<Tensor<D>> {
        Param::from_tensor(Tensor::ones([2; D], device))
    }

    #[test]
    fn only_weights_with_a_gradient_decay_and_they_still_learn() {
        let device = Device::flex().autodiff();
        let layer = Layer {
            weight: ones(&device),
            bias: ones(&device),
            positions: ones(&device),
            kernel: ones(&device),
            unused: ones(&device),
        };
        let gradients = |layer: &Layer| {
            let sum = layer.weight.val().sum()
                + layer.bias.val().sum()
                + layer.positions.val().sum()
                + layer.kernel.val().sum();
            GradientsParams::from_grads(sum.backward(), layer)
        };
        let layer = decayed(layer.clone(), &gradients(&layer), 0.25);
        let first = |value: f32, found: Vec<f32>| assert!(found.iter().all(|v| *v == value));
        let read = |value: burn::tensor::TensorData| value.iter::<f32>().collect::<Vec<f32>>();
        first(0.75, read(layer.weight.val().into_data()));
        first(1.0, read(layer.bias.val().into_data()));
        first(1.0, read(layer.positions.val().into_data()));
        first(0.75, read(layer.kernel.val().into_data()));
        first(1.0, read(layer.unused.val().into_data()));
        assert!(gradients(&layer).get::<2>(layer.weight.id).is_some(), "it is still a leaf");
    }
}
