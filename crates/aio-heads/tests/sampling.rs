//! The identity head over a sample of the identities: loss, gradients and updates against PyTorch (`scripts/golden/heads.py`).

use aio_heads::{Centres, IdentityHead, RowAdamW};
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::Value;

const RULE: RowAdamW =
    RowAdamW { learning_rate: 0.1, weight_decay: 0.02, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-5 };

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/losses.json")).expect("golden file")
}

fn rows_of(value: &Value) -> Vec<Vec<f32>> {
    let row = |row: &Value| {
        let numbers = row.as_array().expect("row").iter();
        numbers.map(|n| n.as_f64().expect("number") as f32).collect()
    };
    value.as_array().expect("rows").iter().map(row).collect()
}

fn tensor(rows: &[Vec<f32>], device: &Device) -> Tensor<2> {
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(rows.concat(), shape), device)
}

fn integers(values: &[usize]) -> Tensor<1, Int> {
    let values: Vec<i64> = values.iter().map(|value| *value as i64).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), &Device::flex())
}

fn values(tensor: Tensor<2>) -> Vec<f32> {
    tensor.without_autodiff().into_data().iter::<f32>().collect()
}

/// The rows of all identities.
fn all_rows(centres: &Centres, identities: usize) -> Vec<f32> {
    values(centres.rows(integers(&(0..identities).collect::<Vec<_>>())))
}

fn assert_close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() < tolerance, "{what}: {f}, expected {e}");
    }
}

/// The loss of one group of features.
fn loss_of(
    head: &IdentityHead,
    features: Tensor<2>,
    labels: &[usize],
    rows: Option<Tensor<2>>,
) -> Tensor<1> {
    head.losses(vec![features], vec![integers(labels)], rows, 0.1).remove(0)
}

/// Value of the loss over the centres of a sample, and its gradients with respect to features and these centres.
fn loss(case: &Value, sample: &[usize], labels: &[usize]) -> (f32, Vec<f32>, Vec<f32>) {
    let device = Device::flex().autodiff();
    let features = tensor(&rows_of(&case["inputs"][0]), &device).require_grad();
    let centres = Centres::from_rows(tensor(&rows_of(&case["inputs"][1]), &device));
    let head = IdentityHead::sampled(5, centres, &device);
    let rows = head.centres().expect("centres").rows(integers(sample));
    let value = loss_of(&head, features.clone(), labels, Some(rows.clone()));
    let number = value.clone().into_scalar();
    let gradients = value.backward();
    let gradient = |of: &Tensor<2>| values(of.grad(&gradients).expect("a gradient"));
    (number, gradient(&features), gradient(&rows))
}

#[test]
fn the_loss_over_all_identities_or_a_sample_matches_pytorch() {
    let golden = golden();
    for (name, sample, labels) in [
        ("identity_all", &[0, 1, 2, 3, 4, 5][..], [0, 2, 2, 5]),
        ("identity_sample", &[0, 2, 5], [0, 1, 1, 2]),
    ] {
        let cases = golden["cases"].as_array().expect("cases");
        let case = cases.iter().find(|case| case["name"] == name).expect(name);
        let (value, of_features, of_rows) = loss(case, sample, &labels);
        let expected = case["value"].as_f64().expect("value") as f32;
        assert!((value - expected).abs() < 2e-5, "{name}: {value}, PyTorch {expected}");
        let expected = rows_of(&case["grads"][0]).concat();
        assert_close(&of_features, &expected, 2e-4, &format!("{name}, features"));
        let all = rows_of(&case["grads"][1]);
        let expected: Vec<f32> = sample.iter().flat_map(|row| all[*row].clone()).collect();
        assert_close(&of_rows, &expected, 2e-4, &format!("{name}, centres"));
        let outside = (0..6).filter(|row| !sample.contains(row));
        assert!(outside.flat_map(|row| &all[row]).all(|g| *g == 0.0), "PyTorch's are 0 elsewhere");
    }
}

#[test]
fn all_identities_in_the_sample_are_the_classifier_over_all() {
    let device = Device::flex().autodiff();
    let (golden, labels) = (golden(), [0, 2, 2, 5]);
    let cases = golden["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["name"] == "identity_all").expect("a case");
    let features = tensor(&rows_of(&case["inputs"][0]), &device).require_grad();
    let dense = IdentityHead::new(5, 6, &device);
    let weight = classifier(&dense);
    let head = IdentityHead::sampled(5, Centres::from_rows(weight.transpose()), &device);
    let rows = head.centres().expect("centres").rows(integers(&[0, 1, 2, 3, 4, 5]));
    let of_all = loss_of(&dense, features.clone(), &labels, None);
    let of_sample = loss_of(&head, features.clone(), &labels, Some(rows));
    let (a, b): (f32, f32) = (of_all.clone().into_scalar(), of_sample.clone().into_scalar());
    assert!((a - b).abs() < 1e-6, "{a} {b}");
    let gradient = |loss: Tensor<1>| values(features.grad(&loss.backward()).expect("a gradient"));
    assert_close(&gradient(of_all), &gradient(of_sample), 1e-7, "features");
}

/// The weight of the classifier over all identities, `[width, identities]`.
fn classifier(head: &IdentityHead) -> Tensor<2> {
    struct Largest(Option<Tensor<2>>);
    impl burn::module::ModuleVisitor for Largest {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D == 2 {
                let dims = param.val().dims();
                self.0 = Some(param.val().reshape([dims[0], dims[1]]));
            }
        }
    }
    let mut found = Largest(None);
    head.visit(&mut found);
    found.0.expect("one matrix").without_autodiff().autodiff()
}

#[test]
fn updates_of_samples_match_pytorchs_adamw_and_other_rows_do_not_change() {
    let golden = golden();
    let device = Device::flex().autodiff();
    let cases = golden["cases"].as_array().expect("cases");
    let case = cases.iter().find(|case| case["name"] == "identity_all").expect("a case");
    let mut centres = Centres::from_rows(tensor(&rows_of(&case["inputs"][1]), &device));
    let samples = golden["updates"]["samples"].as_array().expect("samples");
    let after = golden["updates"]["after"].as_array().expect("after");
    for (step, (sample, after)) in samples.iter().zip(after).enumerate() {
        let sample: Vec<usize> = sample
            .as_array()
            .expect("rows")
            .iter()
            .map(|row| row.as_u64().expect("a row") as usize)
            .collect();
        let gradient: Vec<Vec<f32>> = sample
            .iter()
            .map(|row| {
                let phase = 1.7 * step as f64 + 0.6 * *row as f64;
                (0..5).map(|j| (phase + 1.1 * f64::from(j)).sin() as f32).collect()
            })
            .collect();
        let before = all_rows(&centres, 6);
        centres = centres.update(&sample, tensor(&gradient, &Device::flex()), &RULE);
        let now = all_rows(&centres, 6);
        assert_close(&now, &rows_of(after).concat(), 2e-5, &format!("step {step}"));
        for row in 0..6 {
            let is_same = before[5 * row..5 * row + 5] == now[5 * row..5 * row + 5];
            assert_eq!(is_same, !sample.contains(&row), "step {step}, row {row}");
        }
    }
}

#[test]
fn with_all_identities_in_every_sample_updates_are_those_of_the_optimiser() {
    let device = Device::flex().autodiff();
    let mut linear: Linear = LinearConfig::new(6, 5).with_bias(false).init(&device);
    let mut centres = Centres::from_rows(linear.weight.val().without_autodiff().autodiff());
    let rule = RULE;
    let mut optimiser = AdamWConfig::new().with_weight_decay(rule.weight_decay).init();
    for step in 0..5 {
        let scale = if step % 2 == 0 { 1.0 } else { 0.05 };
        let gradient: Vec<Vec<f32>> = (0..6)
            .map(|row| (0..5).map(|j| scale * ((step * 7 + row * 5 + j) as f32).sin()).collect())
            .collect();
        let gradient = tensor(&gradient, &Device::flex());
        let mut gradients = GradientsParams::new();
        gradients.register(linear.weight.id, gradient.clone());
        linear = optimiser.step(rule.learning_rate, linear, gradients);
        centres = centres.update(&[0, 1, 2, 3, 4, 5], gradient, &rule);
        assert_eq!(all_rows(&centres, 6), values(linear.weight.val()), "step {step}, bit by bit");
    }
}
