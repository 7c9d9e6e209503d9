//! `aio pretrain`.

use crate::harness::Desk;

#[test]
fn encoders_of_other_sizes_and_stems_are_pre_trained_and_compared() {
    let desk = Desk::new();
    let short = [
        "pretrain",
        "--steps",
        "2",
        "--pictures-first",
        "1",
        "--company-steps",
        "1",
        "--corpus",
        "8",
        "--batch",
        "4",
    ];
    // Every form that the sweeps name, none at its size.
    for (name, recipe) in [
        ("reference", &["--depth", "1", "--width", "32"][..]),
        ("small", &["--depth", "1", "--width", "64"]),
        ("large", &["--depth", "2", "--width", "32"]),
        ("batch", &["--depth", "1", "--width", "32", "--stem", "batch"]),
        ("patch", &["--depth", "1", "--width", "32", "--stem", "patch"]),
    ] {
        desk.succeed(&[&short[..], recipe, &["--out", &format!("runs/pretrain/{name}")]].concat());
    }
    for name in ["size", "stem"] {
        let file = format!("experiments/sweeps/{name}.toml");
        let plan = desk.succeed(&["sweep", "plan", &file]);
        assert!(plan.contains(" of ") && plan.contains("| fresh |"), "{plan}");
    }
    let short_run =
        "\"evaluation.tasks\" = [[\"market1501.rgb-rgb\"]]\n\"data.validation\" = [0.0]\n";
    let weights = "\"model.weights\" = [\"runs/pretrain/patch/embedded.safetensors\", \"runs/pretrain/small/embedded.safetensors\"]\n";
    let two = format!(
        "base = \"experiments/smoke.toml\"\n[[zip]]\nlabel = [\"patch\", \"small\"]\n{weights}[axes]\n{short_run}"
    );
    std::fs::write(desk.path("two.toml"), two).expect("write");
    assert!(
        desk.succeed(&["sweep", "run", "two.toml", "--shard", "0/2"]).contains("1 of 2 runs done")
    );
    let with_weights = desk.succeed(&["report", "two.toml"]);
    assert!(
        with_weights.contains(" patch | 1 | ") && with_weights.contains(" small | 0 | – |"),
        "{with_weights}"
    );
    let other = desk.refused(
        2,
        &[&short[..], &["--depth", "1", "--width", "96", "--out", "runs/pretrain/small"]].concat(),
    );
    assert!(other.contains("runs/pretrain/small holds checkpoints of another recipe"), "{other}");
    let odd = desk.refused(2, &[&short[..], &["--width", "100", "--out", "runs/odd"]].concat());
    assert!(odd.contains("4 blocks of width 100"), "{odd}");
    for (options, expected) in [
        (&["--infrared", "3"][..], "--infrared 3, expected a fraction from 0 to 1"),
        (&["--sketch", "nan"], "--sketch NaN, expected a fraction from 0 to 1"),
        (&["--infrared", "0.7", "--sketch", "0.7"], "together, expected at most 1"),
        (&["--temperature", "0"], "--temperature 0, expected a number above 0"),
        (&["--learning-rate", "nan"], "--learning-rate NaN, expected a number above 0"),
        (&["--words=-1"], "--words -1, expected a weight of at least 0"),
        (&["--views", "nan"], "--views NaN, expected a weight of at least 0"),
        (&["--contrastive=-0.5"], "--contrastive -0.5, expected a weight of at least 0"),
        (&["--words=0", "--views=0", "--contrastive=0"], "nothing would be learned"),
        (&["--init", "w.safetensors", "--depth", "6"], "'--init <FILE>' cannot be used with"),
        (&["--init", "w.safetensors", "--width", "192"], "'--init <FILE>' cannot be used with"),
        (&["--init", "w.safetensors", "--stem", "patch"], "'--init <FILE>' cannot be used with"),
    ] {
        let refused = desk.refused(2, &[&short[..], options, &["--out", "runs/odd"]].concat());
        assert!(refused.contains(expected), "{refused}");
    }
    // A report needs results and the configurations beside them, and no weights; everything else names what is not there.
    std::fs::remove_dir_all(desk.path("runs/pretrain")).expect("remove");
    assert_eq!(desk.succeed(&["report", "two.toml"]), with_weights);
    let missing = desk.refused(2, &["sweep", "plan", "experiments/sweeps/size.toml"]);
    assert!(
        missing.contains("weights: runs/pretrain/small/embedded.safetensors")
            && missing.contains("docs/weights.md"),
        "{missing}"
    );
}
