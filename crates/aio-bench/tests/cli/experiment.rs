//! `aio experiment`.

use crate::harness::{Desk, SHORT, checkpoint, leftovers, pictures};
use aio_encoder::weights::{Shipped, Weights};

#[test]
fn smoke_runs_to_its_report_and_a_second_call_reprints_it_at_once() {
    let desk = Desk::new();
    let output = desk.run(&["experiment", "smoke"]);
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{messages}");
    for said in [
        "protocol `market1501` (hidden from a query: entries of the same identity and camera): market1501.rgb-rgb, market1501.rgb-rgb.multi-query",
        "protocol `sysu-mm01` (hidden from a query: entries at the same place): sysu-mm01.infrared-rgb.all",
    ] {
        assert!(messages.contains(said), "{messages}");
    }
    let table = String::from_utf8(output.stdout).expect("UTF-8");
    for task in [
        "market1501.rgb-rgb",
        "sysu-mm01.infrared-rgb.all",
        "pku-sketch.sketch-rgb",
        "tri-cuhk-pedes.sketch+text-rgb",
    ] {
        assert!(table.contains(task), "{table}");
    }
    let run = desk.cell("runs", "smoke");
    for file in [
        "config.toml",
        "manifest.json",
        "metrics.jsonl",
        "result.json",
        "model/weights.safetensors",
        "model/README.md",
        "report/index.html",
        "report/table.md",
        "report/cmc.svg",
        "report/cmc.png",
        "report/loss.svg",
        "report/roc.svg",
        "report/tsne-identity.svg",
        "report/tsne-modality.png",
        "report/attention.png",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let weights = Weights::open(&run.join("model/weights.safetensors")).expect("weights");
    let started_from: serde_json::Value = weights.metadata("started_from").expect("named");
    assert_eq!(
        started_from,
        serde_json::json!({
            "name": "embedded",
            "sha256": Shipped::Embedded.sha256(),
            "origin": "aio pretrain, rendered data only",
            "licence": "MIT OR Apache-2.0",
        })
    );
    let page = std::fs::read_to_string(run.join("report/index.html")).expect("page");
    // Names of namespaces are no addresses; anything else would be loaded from the network.
    for scheme in ["http:", "https:", "=\"//", "=//", "url(//"] {
        for (at, _) in page.match_indices(scheme) {
            let address: String = page[at..].chars().take(40).collect();
            assert!(
                address.starts_with("http://www.w3.org/"),
                "the page needs the network: {address}"
            );
        }
    }
    assert!(page.matches("data:image/jpeg;base64,").count() >= 6);
    for kind in ["chosen", "best", "worst"] {
        assert!(
            page.contains(&format!("data-task=\"pku-sketch.sketch-rgb\" data-kind=\"{kind}\"")),
            "{kind}"
        );
    }
    assert!(page.contains("<h2>What every modality adds</h2>"));
    let added = desk.succeed(&["report", "smoke", "--added", "--format", "csv"]);
    let of_modality = |task: &str, modality: &str| {
        added.lines().any(|row| row.contains(&format!(",{task},{modality},")))
    };
    for modality in ["sketch", "text"] {
        assert!(of_modality("tri-cuhk-pedes.sketch+text-rgb", modality), "{added}");
        assert!(of_modality("orbench.infrared+sketch+text-rgb", modality), "{added}");
    }
    assert_eq!(added.lines().count(), 1 + 2 + 3, "queries of two and of three modalities: {added}");
    let manifest: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(run.join("manifest.json")).expect("manifest"),
    )
    .expect("JSON");
    for key in [
        "lock",
        "features",
        "seed",
        "data",
        "weights",
        "predicted_memory",
        "predicted_flops",
        "waiting_for_data",
        "peak_memory",
        "threads",
    ] {
        assert!(!manifest[key].is_null(), "{key}");
    }
    assert_eq!(
        manifest["data"].as_object().map(serde_json::Map::len),
        Some(9),
        "every data set that was read has a fingerprint"
    );
    assert!(std::fs::read_dir(run.join("tensorboard")).expect("events").count() >= 1);
    let computed = |file: &str| {
        let path = run.join(file);
        (std::fs::read(&path).expect(file), path.metadata().and_then(|m| m.modified()).expect(file))
    };
    let files = ["metrics.jsonl", "manifest.json", "result.json", "model/weights.safetensors"];
    let before = files.map(computed);
    assert_eq!(desk.succeed(&["experiment", "smoke"]), table);
    assert!(files.map(computed) == before, "nothing is computed or written again");
    let json: serde_json::Value =
        serde_json::from_str(&desk.succeed(&["experiment", "smoke", "--json"]))
            .expect("one JSON document");
    // What is printed is what is stored, and what is stored is the mean over the queries that are stored.
    let stored = |file: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(run.join(file)).expect(file)).expect("JSON")
    };
    let (result, queries) = (stored("result.json"), stored("queries.json"));
    for part in ["metrics", "baseline", "chance", "tasks", "data"] {
        assert!(json[part] == result[part] && !json[part].is_null(), "{part}");
    }
    for task in ["cuhk-pedes.text-rgb", "market1501.rgb-rgb", "tri-cuhk-pedes.sketch+text-rgb"] {
        for (measure, key) in [("map", "average_precision"), ("rank1", "rank1")] {
            let values = queries[task][key].as_array().expect("scores of queries");
            let sum: f64 = values.iter().map(|value| value.as_f64().expect("a number")).sum();
            let mean = json["metrics"][format!("{task}.{measure}")].as_f64().expect("a score");
            assert!((sum / values.len() as f64 - mean).abs() < 1e-6, "{task}.{measure}: {mean}");
        }
    }
    let csv = desk.succeed(&["report", "smoke", "--format", "csv"]);
    assert!(
        csv.lines().filter(|l| !l.is_empty()).count() == 10 && csv.starts_with("task,cell,seed,"),
        "{csv}"
    );
    assert!(leftovers(&desk.path("runs")).is_empty());
}

#[test]
fn bad_requests_name_what_is_wrong() {
    let desk = Desk::new();
    let text = desk.refused(2, &["experiment", "zero-shto"]);
    assert!(text.contains("did you mean `zero-shot`?"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "train.identites=4"]);
    assert!(
        text.contains("unknown key `train.identites`") && text.contains("train.identities"),
        "{text}"
    );
    let text = desk.refused(2, &["experiment", "smoke", "--device", "cuda"]);
    assert!(text.contains("--features cuda"), "{text}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "train.tuples=many"]);
    assert!(text.contains("tuples"), "{text}");
    let text =
        desk.refused(2, &["experiment", "smoke", "--set", "model.weights=nowhere.safetensors"]);
    assert!(text.contains("nowhere.safetensors"), "{text}");
    std::fs::write(desk.path("occupied"), "a file").expect("write");
    let text = desk.refused(2, &["experiment", "smoke", "--runs", "occupied/runs"]);
    assert!(text.contains("occupied"), "{text}");
    let text = desk.refused(2, &["report", "never-run"]);
    assert!(text.contains("no runs of `never-run`"), "{text}");
    assert!(desk.run(&["experiment", "smoke", "--frobnicate"]).status.code() == Some(2));
}

#[cfg(unix)]
#[test]
fn environment_variables_that_are_not_utf_8_stop_nothing_but_their_own_keys() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let bytes = std::ffi::OsStr::from_bytes(b"caf\xe9");
    let plan = ["sweep", "plan", "experiments/sweeps/heads.toml"];
    let output = desk.command(&plan).env("LATIN", bytes).output().expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = desk.command(&plan).env("AIO__DATA__ROOT", bytes).output().expect("starts");
    let text = crate::harness::refused(2, &output);
    assert!(
        text.contains("environment variable AIO__DATA__ROOT") && text.contains("UTF-8"),
        "{text}"
    );
}

#[test]
fn the_papers_experiment_names_every_file_it_misses() {
    let text = Desk::new().refused(2, &["experiment", "paper/zero-shot"]);
    for part in [
        "weights/open_clip_model.safetensors",
        "datasets/SYNTH-PEDES",
        "bounding_box_train/",
        "imgs-sketch2/",
        "exp/test_id.txt",
        "idx/{train_vis",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_damaged_picture_is_named_before_anything_is_trained_on_it() {
    let desk = Desk::new();
    desk.succeed(&[
        "experiment",
        "smoke",
        "--runs",
        "first",
        SHORT[0],
        SHORT[1],
        SHORT[2],
        SHORT[3],
    ]);
    let picture = desk.path("datasets/synthetic-smoke/SYNTH-PEDES/Part1/0/0.jpg");
    let whole = std::fs::read(&picture).expect("rendered");
    std::fs::write(&picture, &whole[..200]).expect("truncate");
    let text = desk.refused(
        2,
        &["experiment", "smoke", "--runs", "second", SHORT[0], SHORT[1], SHORT[2], SHORT[3]],
    );
    assert!(text.contains("Part1/0/0.jpg"), "{text}");
    assert!(
        !desk
            .path("second")
            .join("smoke")
            .read_dir()
            .expect("runs")
            .flatten()
            .any(|c| c.path().join("seed-0/result.json").exists())
    );
}

#[test]
fn an_experiment_starts_from_a_checkpoint_of_another_project() {
    let desk = Desk::new();
    let weights = format!("model.weights={}", checkpoint("open-clip.safetensors"));
    let settings = [
        "--set",
        &weights,
        "--set",
        "model.heads=2",
        "--set",
        "model.height=64",
        "--set",
        "model.width=32",
    ];
    let output = desk.run(&[&["experiment", "smoke"][..], &SHORT, &settings].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("layout clip") && text.contains("fresh      tokenizers.text.positions"),
        "{text}"
    );
    let wrong = desk.refused(
        2,
        &[&["experiment", "smoke"][..], &settings, &["--set", "model.width=30"]].concat(),
    );
    assert!(wrong.contains("64 × 30"), "{wrong}");
}

#[test]
fn testing_on_people_of_the_training_data_is_refused_unless_it_is_wanted() {
    let desk = Desk::new();
    let file = "[data]\nsynthetic = false\n[[train.stages]]\nname = \"a\"\ndatasets = [\"market-sketch-1k\"]\nepochs = 1\nreal = []\nrate = 1e-3\nwarmup = 1\nfloor = 0.1\n[evaluation]\ntasks = [\"market1501.rgb-rgb\"]\n";
    std::fs::write(desk.path("leak.toml"), file).expect("write");
    let refused = desk.refused(2, &["experiment", "leak.toml"]);
    assert!(
        refused.contains("market-sketch-1k shows people of market1501")
            && refused.contains("data.allow_leakage = true"),
        "{refused}"
    );
    // A variant without the people who are tested is no leak: all that is missing are its own files and those of the test.
    let variant = file.replace("market-sketch-1k", "market-sketch-1k-without-market-tests");
    std::fs::write(desk.path("variant.toml"), &variant).expect("write");
    let missing = desk.refused(2, &["experiment", "variant.toml"]);
    assert!(
        missing.contains("2 required files or data sets are missing")
            && missing.contains("MaSk1K")
            && missing.contains("Market-1501-v15.09.15")
            && !missing.contains("shows people of"),
        "{missing}"
    );
    let other = variant.replace("market1501.rgb-rgb", "cuhk-pedes.text-rgb");
    std::fs::write(desk.path("other.toml"), other).expect("write");
    let refused = desk.refused(2, &["experiment", "other.toml"]);
    assert!(
        refused.contains("market-sketch-1k-without-market-tests shows people of cuhk-pedes"),
        "{refused}"
    );
    // Another split of the same people, rendered or not.
    let split = file
        .replace("market-sketch-1k", "pku-sketch-1")
        .replace("market1501.rgb", "pku-sketch-2.sketch");
    std::fs::write(desk.path("split.toml"), split.replace("synthetic = false", "")).expect("write");
    let refused = desk.refused(2, &["experiment", "split.toml"]);
    assert!(refused.contains("pku-sketch-1 shows people of pku-sketch-2"), "{refused}");
    // A table of one's own that trains on a person whom it tests.
    let rows = "path,identity,camera,modality,split\na.jpg,1,,rgb,train\nb.jpg,2,,rgb,train\nc.jpg,2,,rgb,query\nd.jpg,2,,rgb,gallery\n";
    pictures(&desk, &["own/a.jpg", "own/b.jpg", "own/c.jpg", "own/d.jpg"]);
    std::fs::write(desk.path("own/shop.csv"), rows).expect("write");
    let own = file.replace("market-sketch-1k", "table:shop").replace("market1501", "table:shop");
    std::fs::write(desk.path("own.toml"), own).expect("write");
    let refused = desk.refused(2, &["experiment", "own.toml", "--set", "data.root=own"]);
    assert!(
        refused.contains("1 people of table:shop have rows of the split `train` and of the split `query`, the first of them 2")
            && refused.contains("data.allow_leakage = true"),
        "{refused}"
    );
    let allowed = desk.refused(2, &["experiment", "leak.toml", "--set", "data.allow_leakage=true"]);
    assert!(
        allowed.contains("warning: data.allow_leakage is set")
            && allowed.contains("Market-1501-v15.09.15"),
        "{allowed}"
    );
}

#[test]
fn a_file_that_is_named_without_its_ending_is_pointed_at() {
    let desk = Desk::new();
    std::fs::write(desk.path("mine.toml"), "seed = 1\n").expect("write");
    let refused = desk.refused(2, &["experiment", "mine"]);
    let hint = "hint: a path ends in .toml: aio experiment mine.toml; known experiments: ";
    assert!(refused.contains(hint), "{refused}");
}
