//! Losses and gradients against PyTorch (`scripts/golden/heads.py`).

use aio_heads::{
    AnchorGradient, AnchorQueue, AnchorRows, AttributeHead, BindingKind, BindingOptions,
    IdentityHead, Labelled, attribute_accuracy, attribute_loss, binding_loss, loss, not_partners,
    part_hinge,
};
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::Value;

fn matrix(value: &Value) -> (Vec<f32>, [usize; 2]) {
    let rows: Vec<Vec<f32>> = value
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| {
            r.as_array().expect("row").iter().map(|v| v.as_f64().expect("number") as f32).collect()
        })
        .collect();
    let shape = [rows.len(), rows[0].len()];
    (rows.into_iter().flatten().collect(), shape)
}

/// Runs `f` on the case's inputs and compares value and gradients.
fn check(name: &str, f: impl Fn(&[Tensor<2>]) -> Tensor<1>) {
    let golden: Value =
        serde_json::from_str(include_str!("golden/losses.json")).expect("golden file");
    let case =
        golden["cases"].as_array().expect("cases").iter().find(|c| c["name"] == name).expect(name);
    let device = Device::flex().autodiff();
    let inputs: Vec<Tensor<2>> = case["inputs"]
        .as_array()
        .expect("inputs")
        .iter()
        .map(|i| {
            let (values, shape) = matrix(i);
            Tensor::from_data(TensorData::new(values, shape), &device).require_grad()
        })
        .collect();
    let value = f(&inputs);
    let found: f32 = value.clone().into_scalar();
    let expected = case["value"].as_f64().expect("value") as f32;
    assert!(
        (found - expected).abs() < 2e-5 * expected.abs().max(1.0),
        "{name}: {found}, PyTorch {expected}"
    );
    let grads = value.backward();
    for (i, input) in inputs.iter().enumerate() {
        if case["grads"][i].is_null() {
            assert!(input.grad(&grads).is_none(), "{name}, gradient {i}: it is a constant");
            continue;
        }
        let found = input.grad(&grads).expect("a gradient").into_data();
        let (expected, _) = matrix(&case["grads"][i]);
        for (f, e) in found.iter::<f32>().zip(expected) {
            assert!((f - e).abs() < 2e-4, "{name}, gradient {i}: {f}, PyTorch {e}");
        }
    }
}

fn labels(values: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &Device::flex())
}

#[test]
fn label_smoothing_matches_pytorch() {
    check("smoothed_cross_entropy", |x| {
        loss::smoothed_cross_entropy(x[0].clone(), labels(&[0, 2]), 0.1)
    });
}

#[test]
fn batch_hard_triplet_matches_pytorch() {
    check("triplet_margin", |x| {
        loss::batch_hard_triplet(x[0].clone(), labels(&[0, 0, 1, 1, 2, 2]), Some(0.3))
    });
    check("triplet_soft", |x| {
        loss::batch_hard_triplet(x[0].clone(), labels(&[0, 0, 1, 1, 2, 2]), None)
    });
}

fn labelled(features: Tensor<2>, labels: Tensor<1, Int>) -> Labelled {
    Labelled { features, labels }
}

/// Anchors that are trained.
fn options(temperature: f64, kind: BindingKind) -> BindingOptions {
    BindingOptions { kind, temperature, anchors: AnchorGradient::Moving }
}

#[test]
fn binding_matches_pytorch() {
    let bound = |x: &[Tensor<2>], skip, kind| {
        let anchors = labels(&[0, 0, 1, 1, 2, 2]);
        binding_loss(
            labelled(x[0].clone(), labels(&[0, 1, 1, 2])),
            labelled(x[1].clone(), anchors),
            skip,
            options(0.07, kind),
        )
    };
    let own = loss::same_label(labels(&[0, 2, 3, 5]), labels(&[0, 1, 2, 3, 4, 5]));
    for (kind, name) in [(BindingKind::Supcon, "binding"), (BindingKind::Sdm, "binding_sdm")] {
        check(name, |x| bound(x, None, kind));
        check(&format!("{name}_without_own_photo"), |x| bound(x, Some(own.clone()), kind));
    }
}

#[test]
fn both_directions_of_distribution_matching_are_irras() {
    let classes = || labels(&[0, 0, 1, 1, 2, 2]);
    let direction = |from: &Tensor<2>, to: &Tensor<2>| {
        let of = |features: &Tensor<2>| labelled(features.clone(), classes());
        binding_loss(of(from), of(to), None, options(0.02, BindingKind::SdmPairs))
    };
    check("irra_sdm", |x| direction(&x[0], &x[1]) + direction(&x[1], &x[0]));
}

#[test]
fn a_contrastive_loss_of_partners_matches_pytorch() {
    let (classes, anchors) = (labels(&[0, 1, 1, 2]), labels(&[0, 0, 1, 1, 2, 2]));
    // Feature i and anchor a are of the same tuple where these agree.
    let skip = not_partners(
        classes.clone(),
        labels(&[0, 2, 3, 5]),
        anchors.clone(),
        labels(&[0, 1, 2, 3, 4, 5]),
    );
    check("binding_itc", |x| {
        binding_loss(
            labelled(x[0].clone(), classes.clone()),
            labelled(x[1].clone(), anchors.clone()),
            Some(skip.clone()),
            options(0.07, BindingKind::Itc),
        )
    });
}

#[test]
fn anchors_of_earlier_steps_match_pytorch_and_get_no_gradient() {
    let (classes, anchors) = (labels(&[0, 1, 1, 2]), labels(&[0, 0, 1, 1, 2, 2]));
    let (of_features, of_anchors) = (labels(&[0, 2, 3, 5]), labels(&[0, 1, 2, 3, 4, 5]));
    for (kind, name) in [
        (BindingKind::Supcon, "queue_supcon"),
        (BindingKind::Sdm, "queue_sdm"),
        (BindingKind::Itc, "queue_itc"),
    ] {
        check(name, |x| {
            // One place of the queue is still empty.
            let queue = AnchorQueue::new(4, 5, &x[0].device()).push(AnchorRows {
                embedded: x[2].clone(),
                classes: labels(&[1, 3, 2]),
                shown: labels(&[16, AnchorRows::NOTHING, 18]),
                kinds: labels(&[1, 1, 2]),
            });
            let held = queue.rows();
            let (in_batch, in_queue) = if kind == BindingKind::Itc {
                let in_batch = not_partners(
                    classes.clone(),
                    of_features.clone(),
                    anchors.clone(),
                    of_anchors.clone(),
                );
                (in_batch, held.no_negatives(classes.clone(), 1))
            } else {
                let in_batch = loss::same_label(of_features.clone(), of_anchors.clone());
                (in_batch, held.own(labels(&[10, 16, 13, 18])))
            };
            binding_loss(
                labelled(x[0].clone(), classes.clone()),
                labelled(
                    Tensor::cat(vec![x[1].clone(), held.embedded.autodiff()], 0),
                    Tensor::cat(vec![anchors.clone(), held.classes], 0),
                ),
                Some(Tensor::cat(vec![in_batch, in_queue], 1)),
                options(0.07, kind),
            )
        });
    }
}

#[test]
fn the_hinge_against_the_best_part_matches_pytorch() {
    let mut positives = [[0.0f32; 6]; 4];
    for (row, column) in [(0, 0), (0, 1), (1, 2), (1, 3), (2, 3)] {
        positives[row][column] = 1.0;
    }
    check("part_hinge", |x| {
        let constant = x[0].clone().detach();
        let parts = vec![constant.clone().flip([1]), constant.flip([0])];
        let positives = Tensor::from_data(positives, &Device::flex().autodiff());
        part_hinge(x[0].clone(), parts, x[1].clone(), positives, 0.5)
    });
}

/// Fills parameter `n` of a module with 0.3·sin(0.7·i + 1.9·n + 0.2), in the order of its fields.
struct Formula(usize);

impl ModuleMapper for Formula {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let number = self.0 as f64;
        self.0 += 1;
        param.map(|old| {
            let value = |i| (0.3 * (0.7 * i as f64 + 1.9 * number + 0.2).sin()) as f32;
            let shape = old.dims();
            let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
            Tensor::from_data(TensorData::new(values, shape), &old.device()).require_grad()
        })
    }
}

#[test]
fn the_attribute_head_matches_pytorch() {
    let device = Device::flex().autodiff();
    let head = AttributeHead::new(6, 4, &device).map(&mut Formula(0));
    check("attribute", |x| {
        let mut padding = [[1.0f32; 5]; 2];
        padding[1][2] = 0.0;
        let logits = head.forward(
            x[0].clone().reshape([2, 5, 6]),
            Tensor::from_data(padding, &device),
            Tensor::from_data([[1, 3], [4, 0]], &device),
            // What is behind the three words is cut off.
            labels(&[0, 1, 2, 0]),
        );
        attribute_loss(logits, labels(&[2, 0, 3]))
    });
}

#[test]
fn the_accuracy_is_the_share_of_words_with_the_largest_logit() {
    let logits = [[0.1f32, 0.9, 0.0], [0.7, 0.2, 0.3], [0.0, 0.1, 0.2], [0.4, 0.3, 0.5]];
    let logits = Tensor::<2>::from_data(logits, &Device::flex());
    // The first, third and fourth rows are right; the fourth is padding where three words have a label.
    let accuracy = |of: &[i64]| attribute_accuracy(logits.clone(), labels(of)).into_scalar::<f32>();
    assert_eq!(accuracy(&[1, 2, 2, 2]), 0.75);
    assert!((accuracy(&[1, 2, 2]) - 2.0 / 3.0).abs() < 1e-6);
    assert_eq!(accuracy(&[0, 1, 1, 1]), 0.0);
}

#[test]
fn paired_contrastive_matches_pytorch() {
    check("paired_contrastive", |x| loss::paired_contrastive(x[0].clone(), x[1].clone(), 0.07));
}

#[test]
fn fixed_anchors_get_no_gradient() {
    let device = Device::flex().autodiff();
    let make = |seed: f32| {
        let values: Vec<f32> = (0..12).map(|i| (seed + i as f32).sin()).collect();
        Tensor::<2>::from_data(TensorData::new(values, [3, 4]), &device).require_grad()
    };
    let (features, anchors) = (make(0.3), make(1.7));
    let grads = binding_loss(
        labelled(features.clone(), labels(&[0, 1, 2])),
        labelled(anchors.clone(), labels(&[0, 1, 2])),
        None,
        BindingOptions { anchors: AnchorGradient::Fixed, ..options(0.07, BindingKind::Supcon) },
    )
    .backward();
    assert!(features.grad(&grads).is_some());
    assert!(anchors.grad(&grads).is_none());
}

#[test]
fn a_feature_whose_only_anchor_is_skipped_does_not_count() {
    let device = Device::flex();
    let (features, anchors) = (Tensor::<2>::eye(3, &device), Tensor::<2>::eye(3, &device));
    let all = labels(&[0, 1, 1]);
    let skip = loss::same_label(labels(&[0, 1, 2]), labels(&[0, 1, 2]));
    let value: f32 = binding_loss(
        labelled(features, all.clone()),
        labelled(anchors, all),
        Some(skip),
        options(1.0, BindingKind::Supcon),
    )
    .into_scalar();
    // Rows 1 and 2 choose between anchor 0 and the other photograph of their identity, both at cosine 0.
    assert!((value - 2.0f32.ln()).abs() < 1e-6, "{value}");
}

#[test]
fn perfect_binding_costs_less_than_confusion() {
    let device = Device::flex();
    let eye = Tensor::<2>::eye(3, &device);
    let value = |order: &[i64]| {
        let loss: f32 = binding_loss(
            labelled(eye.clone(), labels(&[0, 1, 2])),
            labelled(eye.clone(), labels(order)),
            None,
            options(0.07, BindingKind::Supcon),
        )
        .into_scalar();
        loss
    };
    assert!(value(&[0, 1, 2]) < 1e-4 && value(&[1, 2, 0]) > 10.0);
}

#[test]
fn where_nobody_has_an_anchor_the_loss_is_zero_and_so_is_its_gradient() {
    let device = Device::flex().autodiff();
    let features = Tensor::<2>::eye(2, &device).require_grad();
    let (anchors, all) = (Tensor::<2>::eye(2, &device), labels(&[0, 1]));
    let skip = Some(loss::same_label(all.clone(), all.clone()));
    let value = binding_loss(
        labelled(features.clone(), all.clone()),
        labelled(anchors, all),
        skip,
        options(0.07, BindingKind::Supcon),
    );
    let number: f32 = value.clone().into_scalar();
    assert_eq!(number, 0.0);
    let gradient = features.grad(&value.backward()).expect("a gradient").into_data();
    assert!(gradient.iter::<f32>().all(|g| g == 0.0));
}

#[test]
fn the_identity_head_sees_an_offset_between_groups() {
    let device = Device::flex().autodiff();
    device.seed(5);
    let values: Vec<f32> = (0..24).map(|i| (0.7 + 1.3 * i as f32).sin()).collect();
    let group = Tensor::<2>::from_data(TensorData::new(values, [6, 4]), &device);
    let of = labels(&[0, 0, 1, 1, 2, 2]);
    let head = IdentityHead::new(4, 3, &device);
    let losses = |groups: Vec<Tensor<2>>| -> Vec<f32> {
        let targets = vec![of.clone(); groups.len()];
        let values = head.losses(groups, targets, None, 0.1);
        values.into_iter().map(|value| value.into_scalar()).collect()
    };
    let shifted = || group.clone().add_scalar(3.0);
    let close = |a: f32, b: f32| (a - b).abs() < 1e-6;
    // Alone, a group is centred by its own mean, wherever it lies.
    assert!(close(losses(vec![group.clone()])[0], losses(vec![shifted()])[0]));
    let together = losses(vec![group.clone(), group.clone()]);
    let apart = losses(vec![group.clone(), shifted()]);
    assert!(close(together[0], together[1]) && close(together[0], losses(vec![group.clone()])[0]));
    assert!(!close(together[0], apart[0]), "{together:?} {apart:?}");
}
