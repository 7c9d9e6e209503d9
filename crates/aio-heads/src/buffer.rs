//! Parameters that automatic differentiation does not see: a checkpoint holds them, no optimiser changes them.

use burn::module::{Param, ParamId, Parameter};
use burn::tensor::Tensor;
use burn::tensor::kind::Autodiff;

/// A parameter that automatic differentiation does not see, on the device of `value`.
pub(crate) fn buffer<const D: usize, K: Autodiff>(value: Tensor<D, K>) -> Param<Tensor<D, K>>
where
    Tensor<D, K>: Parameter,
{
    Param::initialized(ParamId::new(), value)
}

/// The same parameter with another value, which `change` makes of the old one outside the autodiff graph. Nothing else holds the old one, so that
/// assignments to its rows happen in place.
pub(crate) fn changed<const D: usize, K: Autodiff>(
    param: Param<Tensor<D, K>>,
    change: impl FnOnce(Tensor<D, K>) -> Tensor<D, K>,
) -> Param<Tensor<D, K>>
where
    Tensor<D, K>: Parameter,
{
    param.map(|value| {
        let is_autodiff = value.is_autodiff();
        let value = change(value.without_autodiff());
        if is_autodiff { value.autodiff() } else { value }
    })
}
