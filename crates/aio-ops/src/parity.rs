//! Compares an operation with its portable form, in values and in gradients.

use burn::tensor::{Device, Tensor, TensorData};

/// Roughly normal values that depend on the seed alone, in whatever order tests run.
pub(crate) fn random<const D: usize>(shape: [usize; D], seed: u64) -> TensorData {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut uniform = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    let count = shape.iter().product();
    let values: Vec<f32> =
        (0..count).map(|_| 2.0 * (uniform() + uniform() + uniform()) - 3.0).collect();
    TensorData::new(values, shape)
}

fn difference(a: &TensorData, b: &TensorData) -> f32 {
    assert_eq!(a.shape(), b.shape());
    // `f32::max` would pass over NaN.
    let larger = |m: f32, d: f32| if d.is_nan() { d } else { m.max(d) };
    a.iter::<f32>().zip(b.iter::<f32>()).map(|(a, b)| (a - b).abs()).fold(0.0, larger)
}

/// The value of a function and its gradients with respect to the inputs that are tracked.
struct Evaluation {
    value: TensorData,
    x_gradient: Option<TensorData>,
    parameter_gradients: Vec<Option<TensorData>>,
}

/// Evaluates `f` with autodiff, tracking `x` and the parameters as told.
fn evaluate<const D: usize, const N: usize, const O: usize>(
    f: &dyn Fn(Tensor<D>, [Tensor<1>; N]) -> Tensor<O>,
    (x, parameters): (&TensorData, &[TensorData; N]),
    track_x: bool,
    track_parameters: [bool; N],
) -> Evaluation {
    let device = Device::flex().autodiff();
    let mut x = Tensor::<D>::from_data(x.clone(), &device);
    if track_x {
        x = x.require_grad();
    }
    let mut parameters = parameters.clone().map(|data| Tensor::<1>::from_data(data, &device));
    for (parameter, track) in parameters.iter_mut().zip(track_parameters) {
        if track {
            *parameter = parameter.clone().require_grad();
        }
    }
    let y = f(x.clone(), parameters.clone());
    let weights = Tensor::<O>::from_data(random(y.dims(), 99), &device);
    let gradients = (y.clone() * weights).sum().backward();
    Evaluation {
        value: y.without_autodiff().into_data(),
        x_gradient: x.grad(&gradients).map(Tensor::into_data),
        parameter_gradients: parameters
            .iter()
            .map(|parameter| parameter.grad(&gradients).map(Tensor::into_data))
            .collect(),
    }
}

/// Asserts that two functions of a tensor and some one-dimensional parameters agree within
/// `tolerance`: in their values with and without autodiff and in the gradients of every input.
///
/// Also asserts that the gradient of `operation` with respect to an input is the same, to the last
/// bit, if that input alone is tracked.
pub(crate) fn check<const D: usize, const N: usize, const O: usize>(
    tolerance: f32,
    x: TensorData,
    parameters: [TensorData; N],
    operation: impl Fn(Tensor<D>, [Tensor<1>; N]) -> Tensor<O>,
    portable: impl Fn(Tensor<D>, [Tensor<1>; N]) -> Tensor<O>,
) {
    let inputs = (&x, &parameters);
    let ours = evaluate(&operation, inputs, true, [true; N]);
    let plain = evaluate(&portable, inputs, true, [true; N]);
    let assert_close = |name: &str, ours: &TensorData, plain: &TensorData| {
        let d = difference(ours, plain);
        assert!(d < tolerance, "{name} differs by {d}");
    };
    assert_close("value", &ours.value, &plain.value);
    let gradient = |g: &Option<TensorData>| g.clone().expect("a tracked input has a gradient");
    assert_close("gradient of x", &gradient(&ours.x_gradient), &gradient(&plain.x_gradient));
    for i in 0..N {
        let (ours, plain) = (&ours.parameter_gradients[i], &plain.parameter_gradients[i]);
        assert_close(&format!("gradient of parameter {i}"), &gradient(ours), &gradient(plain));
    }

    let alone = evaluate(&operation, inputs, true, [false; N]);
    assert_eq!(alone.x_gradient, ours.x_gradient);
    assert!(alone.parameter_gradients.iter().all(Option::is_none));
    for i in 0..N {
        let mut track = [false; N];
        track[i] = true;
        let alone = evaluate(&operation, inputs, false, track);
        assert_eq!(alone.parameter_gradients[i], ours.parameter_gradients[i]);
        assert!(alone.x_gradient.is_none());
    }

    let device = Device::flex();
    let without_autodiff = |f: &dyn Fn(Tensor<D>, [Tensor<1>; N]) -> Tensor<O>| {
        let parameters = parameters.clone().map(|data| Tensor::<1>::from_data(data, &device));
        f(Tensor::from_data(x.clone(), &device), parameters).into_data()
    };
    let (ours, plain) = (without_autodiff(&operation), without_autodiff(&portable));
    assert_close("value without autodiff", &ours, &plain);
}
