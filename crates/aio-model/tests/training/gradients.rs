//! Gradients by the names of their parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// Every parameter's gradient, by name.
pub(crate) type ByName = BTreeMap<String, Vec<f32>>;

struct Collect<'a> {
    grads: &'a GradientsParams,
    path: Vec<String>,
    found: ByName,
}

impl ModuleVisitor for Collect<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.grads.get::<D>(param.id) {
            self.found.insert(self.path.join("."), gradient.into_data().iter::<f32>().collect());
        }
    }
}

pub(crate) fn by_name<M: Module>(module: &M, grads: &GradientsParams) -> ByName {
    let mut collect = Collect { grads, path: Vec::new(), found: ByName::new() };
    module.visit(&mut collect);
    collect.found
}

/// The larger of two differences, or NaN, which `f32::max` would pass over.
pub(crate) fn larger(m: f32, d: f32) -> f32 {
    if d.is_nan() { d } else { m.max(d) }
}

/// The largest difference of two gradients of one parameter, relative to the length of the first.
pub(crate) fn largest_difference(a: &ByName, b: &ByName) -> f32 {
    assert!(a.keys().eq(b.keys()), "{:?} and {:?}", a.keys(), b.keys());
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let relative = |(a, b): (&Vec<f32>, &Vec<f32>)| {
        norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>()) / norm(a).max(1e-3)
    };
    a.values().zip(b.values()).map(relative).fold(0.0, larger)
}
