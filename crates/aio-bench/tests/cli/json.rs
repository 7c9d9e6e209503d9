//! `--json`: one document on standard output, with the values of the text.

use crate::harness::{Desk, checkpoint, coloured, features};
use aio_encoder::weights::Shipped;
use serde_json::Value;

#[test]
fn data_sets_are_listed_as_values() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("data/Market-1501-v15.09.15/bounding_box_train"))
        .expect("create");
    let list = desk.json(&["data", "list", "--data-root", "data", "--json"]);
    assert_eq!(list["root"], "data");
    let datasets = list["datasets"].as_array().expect("data sets");
    let market = datasets.iter().find(|d| d["name"] == "market1501").expect("Market-1501");
    assert_eq!(market["directory"], "data/Market-1501-v15.09.15");
    assert_eq!(market["modalities"][0], "rgb");
    assert!(datasets.iter().any(|d| d["directory"] == Value::Null));
    assert_eq!(desk.json(&["data", "list", "--root", "data", "--json"]), list, "the old flag");
}

#[test]
fn weights_are_listed_inspected_and_converted_as_values() {
    let desk = Desk::new();
    let list = desk.json(&["weights", "list", "--json"]);
    for shipped in Shipped::ALL {
        assert_eq!(list[shipped.name()]["sha256"], shipped.sha256());
    }
    let published = list["published"].as_array().expect("published");
    assert!(published.len() >= 13 && published.iter().all(|w| w["sha256"] == Value::Null));
    let file = checkpoint("open-clip.safetensors");
    let inspected = desk.json(&["weights", "inspect", &file, "--heads", "2", "--json"]);
    assert_eq!(inspected["kind"], "checkpoint");
    assert_eq!(inspected["layout"], "clip");
    assert_eq!(
        (&inspected["encoder"]["width"], &inspected["encoder"]["heads"]),
        (&32.into(), &2.into())
    );
    let unused = inspected["coverage"]["unused"].as_array().expect("unused");
    assert!(unused.contains(&"logit_scale".into()));
    let small = ["--height", "64", "--width", "32", "--heads", "2", "--json"];
    let convert = ["weights", "convert", &file, "--output", "own.safetensors"];
    let converted = desk.json(&[&convert[..], &small].concat());
    let bytes = std::fs::read(desk.path("own.safetensors")).expect("written");
    assert_eq!(converted["sha256"], aio_encoder::weights::sha256(&bytes));
    let own = desk.json(&["weights", "inspect", "own.safetensors", "--json"]);
    assert_eq!((&own["kind"], &own["config"]["encoder"]["heads"]), (&"own".into(), &2.into()));
}

#[test]
fn a_packed_model_is_half_as_large_and_embeds_nearly_the_same() {
    let desk = Desk::new();
    coloured(&desk, "gallery", 3);
    let file = checkpoint("open-clip.safetensors");
    let small = ["--height", "64", "--width", "32", "--heads", "2"];
    let convert = ["weights", "convert", &file, "--output", "own.safetensors"];
    desk.succeed(&[&convert[..], &small].concat());
    let pack = ["weights", "pack", "own.safetensors", "--output", "small.safetensors"];
    let stated = ["--licence", "CC BY 4.0", "--json"];
    let packed = desk.json(&[&pack[..], &stated].concat());
    let bytes = std::fs::read(desk.path("small.safetensors")).expect("written");
    assert_eq!(packed["sha256"], aio_encoder::weights::sha256(&bytes));
    let whole = std::fs::metadata(desk.path("own.safetensors")).expect("there").len();
    assert!((bytes.len() as u64) < whole * 6 / 10, "{} of {whole} bytes", bytes.len());
    let weights = aio_encoder::weights::Weights::from_bytes("small", bytes);
    assert_eq!(weights.metadata::<String>("licence").expect("stated"), "CC BY 4.0");
    let origin = |name: &str| {
        let weights = aio_encoder::weights::Weights::open(&desk.path(name)).expect("opens");
        weights.metadata::<String>("origin").expect("stated")
    };
    assert_eq!(origin("small.safetensors"), origin("own.safetensors"));
    for model in ["own", "small"] {
        let (weights, output) = (format!("{model}.safetensors"), format!("{model}-f.safetensors"));
        desk.succeed(&["embed", "gallery", "--model", &weights, "--output", &output]);
    }
    let (own, small) =
        (features(&desk, "own-f.safetensors"), features(&desk, "small-f.safetensors"));
    let scale = own.iter().map(|v| v.abs()).fold(0.0f32, f32::max);
    for (a, b) in own.iter().zip(&small) {
        assert!((a - b).abs() < 0.02 * scale, "{a} {b}");
    }
    assert!(
        desk.refused(2, &["weights", "pack", &file, "--output", "x.safetensors"])
            .contains("is not a weights file of this project")
    );
}

#[test]
fn embedding_says_what_it_wrote() {
    let desk = Desk::new();
    coloured(&desk, "gallery", 3);
    let embedded = desk.json(&["embed", "gallery", "--output", "g.safetensors", "--json"]);
    assert_eq!((&embedded["rows"], &embedded["width"]), (&3.into(), &128.into()));
    assert_eq!(embedded["manifest"], "g.json");
    assert_eq!(embedded["weights"], Shipped::Default.sha256());
    assert!(desk.path("g.json").is_file());
}

#[test]
fn finished_runs_are_reported_as_values() {
    let desk = Desk::new();
    let results = format!("{}/../../results", env!("CARGO_MANIFEST_DIR"));
    let name = "zero-shot";
    let report = desk.json(&["report", name, "--runs", &results, "--json"]);
    let cells = report.as_array().expect("tables");
    assert!(!cells.is_empty());
    for cell in cells {
        assert_eq!(cell["kind"], "cell");
        for run in cell["results"].as_array().expect("results") {
            assert!(run["metrics"].is_object() && run["cell"] == cell["config_id"]);
        }
    }
    let heads =
        desk.json(&["report", "experiments/sweeps/heads.toml", "--runs", &results, "--json"]);
    assert_eq!(heads[0]["kind"], "sweep");
    let rows = heads[0]["rows"].as_array().expect("rows");
    assert!(rows.len() > 1 && rows.iter().all(|row| row["results"].is_array()), "{heads}");
    let both = desk.run(&["report", name, "--json", "--format", "csv"]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn a_sweep_is_planned_and_followed_as_values() {
    let desk = Desk::new();
    let sweep = "base = \"experiments/smoke.toml\"\nseeds = [0, 1]\n[axes]\n\"losses.binding\" = [1.0, 0.5]\n";
    std::fs::write(desk.path("sweep.toml"), sweep).expect("write");
    let plan = desk.json(&["sweep", "plan", "sweep.toml", "--json"]);
    assert_eq!((&plan["cells"], &plan["seeds"]), (&2.into(), &2.into()));
    let runs = plan["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 4);
    for (number, run) in runs.iter().enumerate() {
        assert_eq!((&run["number"], &run["state"]), (&number.into(), &"fresh".into()), "{run}");
    }
    assert_eq!(plan["remaining_seconds"], Value::Null, "nothing is known yet");
    let status = desk.json(&["sweep", "status", "sweep.toml", "--json"]);
    assert_eq!(status["runs"][3]["label"], "losses.binding=0.5");
    assert_eq!(status["runs"][3]["seed"], 1);
    let slurm = desk.json(&["sweep", "slurm", "sweep.toml", "--dry-run", "--json"]);
    assert_eq!(slurm["submission"], "dry-run");
}
