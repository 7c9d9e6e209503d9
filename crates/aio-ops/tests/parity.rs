//! Every operation agrees with its plain composition, in values and in gradients.

use aio_ops::{IbnSplit, Precision, Window, reference};
use burn::tensor::{Device, Tensor, TensorData};

/// Roughly normal values that depend on the seed alone, whatever other tests run beside this one.
fn random<const D: usize>(shape: [usize; D], seed: u64) -> TensorData {
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
    a.iter::<f32>().zip(b.iter::<f32>()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Compares `ours` and `plain` on inputs of any ranks, flattened into tensors by the closures themselves.
fn check<const N: usize, const D: usize, const O: usize>(
    inputs: [TensorData; N],
    main: usize,
    tolerance: f32,
    ours: impl Fn([Tensor<1>; N], Tensor<D>) -> Tensor<O>,
    plain: impl Fn([Tensor<1>; N], Tensor<D>) -> Tensor<O>,
    x: TensorData,
) {
    let device = Device::flex();
    let tracked = device.clone().autodiff();
    let run = |f: &dyn Fn([Tensor<1>; N], Tensor<D>) -> Tensor<O>| {
        let vectors =
            inputs.clone().map(|data| Tensor::<1>::from_data(data, &tracked).require_grad());
        let x = Tensor::<D>::from_data(x.clone(), &tracked).require_grad();
        let y = f(vectors.clone(), x.clone());
        let weights = Tensor::<O>::from_data(random(y.dims(), 99), &device).autodiff();
        let grads = (y.clone() * weights).sum().backward();
        let mut results = vec![
            y.without_autodiff().into_data(),
            x.grad(&grads).expect("x has a gradient").into_data(),
        ];
        results.extend(
            vectors.iter().take(main).map(|v| v.grad(&grads).expect("a gradient").into_data()),
        );
        results
    };
    for (i, (a, b)) in run(&ours).iter().zip(&run(&plain)).enumerate() {
        let d = difference(a, b);
        assert!(
            d < tolerance,
            "result {i} (0 value, 1 gradient of x, then vectors) differs by {d}"
        );
    }
    // Without autodiff the same values come out.
    let vectors = inputs.clone().map(|data| Tensor::<1>::from_data(data, &device));
    let y = ours(vectors.clone(), Tensor::from_data(x.clone(), &device)).into_data();
    let z = plain(vectors, Tensor::from_data(x.clone(), &device)).into_data();
    assert!(difference(&y, &z) < tolerance);
}

#[test]
fn gelu_agrees() {
    check([], 0, 2e-6, |[], x| aio_ops::gelu(x), |[], x| reference::gelu(x), random([3, 7, 33], 1));
}

#[test]
fn gelu_matches_the_error_function_at_its_tails() {
    let x = [-30.0f32, -6.0, -3.0, -1.0, -1e-3, 0.0, 0.5, 2.0, 6.0, 30.0];
    // x·Φ(x) in double precision, from Python's math.erf.
    let expected = [
        0.0f32,
        -5.919526e-9,
        -0.00404969,
        -0.15865525,
        -0.00049960106,
        0.0,
        0.34573123,
        1.9544997,
        6.0,
        30.0,
    ];
    let y =
        aio_ops::gelu(Tensor::from_data(TensorData::new(x.to_vec(), [1, 1, 10]), &Device::flex()))
            .into_data();
    for (y, e) in y.iter::<f32>().zip(expected) {
        assert!((y - e).abs() < 1e-6, "{y} {e}");
    }
}

#[test]
fn layer_norm_agrees() {
    check(
        [random([48], 2), random([48], 3)],
        2,
        2e-4,
        |[g, b], x| aio_ops::layer_norm(x, g, b, 1e-5),
        |[g, b], x| reference::layer_norm(x, g, b, 1e-5),
        random([5, 11, 48], 4),
    );
}

#[test]
fn attention_agrees_with_and_without_padding() {
    for padded in [0.0f32, 1.0] {
        let keep = move || {
            let mut mask = vec![1.0f32; 3 * 9];
            mask[9 + 6..18].fill(1.0 - padded);
            mask[18 + 1..27].fill(1.0 - padded);
            Tensor::<2>::from_data(TensorData::new(mask, [3, 9]), &Device::flex())
        };
        check(
            [],
            0,
            2e-5,
            |[], x| aio_ops::attention(x, keep(), 4, Precision::F32),
            |[], x| reference::attention(x, keep(), 4, Precision::F32),
            random([3, 9, 96], 5),
        );
    }
}

#[test]
fn convolution_agrees() {
    for window in [
        Window { kernel: 3, stride: 1, padding: 1 },
        Window { kernel: 7, stride: 2, padding: 3 },
        Window { kernel: 4, stride: 4, padding: 0 },
    ] {
        let patch = window.kernel * window.kernel * 3;
        let kernel = move |v: Tensor<1>| v.reshape([patch, 5]);
        check(
            [random([patch * 5], 11)],
            1,
            2e-4,
            move |[v], x| aio_ops::convolve(x, kernel(v), window),
            move |[v], x| reference::convolve(x, kernel(v), window),
            random([10, 12, 8, 3], 6),
        );
    }
}

#[test]
fn standardisation_agrees_for_instance_batch_and_both() {
    for instance in [0, 3, 8] {
        let split = IbnSplit { instance };
        check(
            [],
            0,
            1e-4,
            |[], x| aio_ops::standardise(x, split, 1e-5),
            |[], x| reference::standardise(x, split, 1e-5),
            random([4, 10, 8], 7),
        );
    }
}

#[test]
fn affine_relu_agrees() {
    check(
        [random([8], 8), random([8], 9)],
        2,
        1e-4,
        |[g, b], x| aio_ops::affine_relu(x, g, b),
        |[g, b], x| reference::affine_relu(x, g, b),
        random([4, 10, 8], 10),
    );
}

#[test]
fn linear_agrees() {
    check(
        [random([70 * 30], 12), random([30], 13)],
        2,
        5e-4,
        |[w, b], x| aio_ops::linear(x, w.reshape([70, 30]), b, Precision::F32),
        |[w, b], x| reference::linear(x, w.reshape([70, 30]), b, Precision::F32),
        random([5, 61, 70], 14),
    );
}
