//! `aio encode`.

use crate::harness::{Desk, checkpoint};

#[test]
fn blocks_of_another_project_encode_tokens_as_its_own_code_does() {
    // scripts/golden/checkpoints.py
    let desk = Desk::new();
    let golden = std::fs::read(checkpoint("expected.safetensors")).expect("golden");
    let golden = safetensors::SafeTensors::deserialize(&golden).expect("safetensors");
    let tokens = golden.tensor("tokens").expect("tokens");
    std::fs::write(
        desk.path("tokens.safetensors"),
        safetensors::serialize([("tokens", tokens)], None).expect("serialise"),
    )
    .expect("write");
    let weights = checkpoint("meta-transformer.pth");
    let encode = [
        "encode",
        "--weights",
        &weights,
        "--input",
        "tokens.safetensors",
        "--output",
        "features.safetensors",
        "--heads",
    ];
    assert!(desk.succeed(&[&encode[..], &["2"]].concat()).contains("[2, 5, 32], 2 blocks"));
    let written = std::fs::read(desk.path("features.safetensors")).expect("features");
    let written = safetensors::SafeTensors::deserialize(&written).expect("safetensors");
    let floats = |bytes: &[u8]| {
        bytes
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect::<Vec<f32>>()
    };
    let (ours, theirs) = (
        written.tensor("features").expect("features"),
        golden.tensor("meta-transformer").expect("output"),
    );
    assert_eq!(ours.shape(), theirs.shape());
    assert!(
        floats(ours.data()).iter().zip(floats(theirs.data())).all(|(a, b)| (a - b).abs() < 1e-4)
    );
    assert!(
        desk.refused(2, &[&encode[..], &["5"]].concat())
            .contains("5 heads do not divide a width of 32")
    );
    let embedded = [
        "encode",
        "--weights",
        "embedded",
        "--input",
        "tokens.safetensors",
        "--output",
        "x.safetensors",
    ];
    assert!(desk.refused(2, &embedded).contains("has tokens of width 32"));
    let refused = desk.refused(2, &[&embedded[..], &["--pre-norm"]].concat());
    assert!(refused.contains("it has no ln_pre"), "{refused}");
    let refused = desk.refused(2, &[&embedded[..], &["--heads", "2"]].concat());
    assert!(refused.contains("leave --layout, --heads"), "{refused}");
    // There is nothing to inspect.
    for name in ["nowhere", "nowhere.pth", "experiments"] {
        let call = [
            "encode",
            "--weights",
            name,
            "--input",
            "tokens.safetensors",
            "--output",
            "x.safetensors",
        ];
        let refused = desk.refused(2, &call);
        assert!(refused.contains("hint: name a checkpoint, a weights file"), "{refused}");
    }
}

#[test]
fn a_value_that_is_not_finite_is_named_and_nothing_is_written() {
    let desk = Desk::new();
    let mut values = vec![0.1f32; 2 * 3 * 128];
    values[(3 + 2) * 128 + 7] = f32::NAN;
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let shape = vec![2, 3, 128];
    let tokens = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, &bytes);
    let tokens = [("tokens", tokens.expect("a tensor"))];
    let serialised = safetensors::serialize(tokens, None).expect("serialise");
    std::fs::write(desk.path("tokens.safetensors"), serialised).expect("write");
    let files = ["--input", "tokens.safetensors", "--output", "x.safetensors"];
    let said = desk.refused(2, &[&["encode", "--weights", "embedded"][..], &files].concat());
    assert!(said.contains("tokens.safetensors has NaN in `tokens` at [1, 2, 7]"), "{said}");
    assert!(!desk.path("x.safetensors").exists());
}
