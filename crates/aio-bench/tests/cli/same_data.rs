//! Numbers belong to the data, the configuration and the seed that they were computed with.

#![cfg(unix)]

use crate::harness::{Desk, coloured};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// An experiment on a table, of so many steps.
fn desk(steps: usize) -> Desk {
    let desk = Desk::new();
    let pictures = coloured(&desk, "data/p", 40);
    let path = |number: usize| format!("p/{}", name(&pictures[number]));
    let mut rows = String::from("path,identity,camera,modality,split,caption,source\n");
    let mut number = 0;
    let mut row = |identity: usize, modality: &str, split: &str, source: usize| {
        rows += &format!("{},{identity},,{modality},{split},,{source}\n", path(number));
        number += 1;
    };
    for person in 0..6 {
        row(person, "rgb", "train", 10 * person);
        row(person, "rgb", "train", 10 * person + 1);
        row(person, "sketch", "train", 10 * person);
    }
    for person in 6..10 {
        row(person, "rgb", "gallery", 10 * person);
        row(person, "rgb", "gallery", 10 * person + 1);
        row(person, "sketch", "query", 10 * person);
    }
    std::fs::write(desk.path("data/t.csv"), rows).expect("write");
    let experiment = format!(
        "claim = \"a table\"\n[data]\nroot = \"data\"\nsynthetic = false\nvalidation_fraction = 0.0\n[train]\nidentities = 4\n[[train.stages]]\nname = \"a\"\ndatasets = [\"table:t\"]\nsteps = {steps}\nreal = [\"sketch\"]\nlearning_rate = 1e-3\n[evaluation]\ntasks = [\"table:t.sketch-rgb.tri\"]\nranked_lists = 1\nchance_draws = 2\n"
    );
    std::fs::write(desk.path("t.toml"), experiment).expect("write");
    desk
}

fn name(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

const RUN: [&str; 2] = ["experiment", "t.toml"];

fn edit(desk: &Desk, file: &str, from: &str, to: &str) -> String {
    let before = std::fs::read_to_string(desk.path(file)).expect("read");
    assert!(before.contains(from), "{before}");
    std::fs::write(desk.path(file), before.replacen(from, to, 1)).expect("write");
    before
}

fn restore(desk: &Desk, file: &str, text: &str) {
    std::fs::write(desk.path(file), text).expect("write");
}

#[test]
fn a_finished_run_is_printed_for_the_same_data_alone() {
    let desk = desk(1);
    let table = desk.succeed(&RUN);
    assert_eq!(desk.succeed(&RUN), table);
    let changed = "the contents of table:t have changed since the run in";

    // The photograph that a query was drawn from: the protocol `tri` hides it.
    let whole = edit(&desk, "data/t.csv", ",6,,sketch,query,,60", ",6,,sketch,query,,61");
    assert!(desk.refused(2, &RUN).contains(changed));
    restore(&desk, "data/t.csv", &whole);
    assert_eq!(desk.succeed(&RUN), table);

    // Data that cannot be read are no data that are gone.
    let text = whole.clone() + "p/000.png,x,,drawing,gallery,,1\n";
    std::fs::write(desk.path("data/t.csv"), text).expect("write");
    let text = desk.refused(2, &RUN);
    assert!(text.contains("t.csv, row 32") && text.contains("`modality`"), "{text}");
    restore(&desk, "data/t.csv", &whole);
    let picture = desk.path("data/p/020.png");
    std::fs::rename(&picture, desk.path("kept.png")).expect("moved");
    assert!(desk.refused(2, &RUN).contains("020.png"));

    // Another picture of the same length and time.
    let bytes = std::fs::read(desk.path("kept.png")).expect("a picture");
    let time = std::fs::metadata(desk.path("kept.png")).and_then(|m| m.modified()).expect("a time");
    let mut other = bytes.clone();
    other[bytes.len() / 2] ^= 1;
    std::fs::write(&picture, other).expect("write");
    let file = std::fs::File::options().write(true).open(&picture).expect("opened");
    file.set_modified(time).expect("the time of before");
    assert!(desk.refused(2, &RUN).contains(changed));
    std::fs::rename(desk.path("kept.png"), &picture).expect("restored");
    assert_eq!(desk.succeed(&RUN), table);

    // Results are kept longer than data.
    for gone in ["data/t.csv", "data"] {
        std::fs::rename(desk.path(gone), desk.path("elsewhere")).expect("moved");
        let output = desk.run(&RUN);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{gone}: {text}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), table);
        assert!(text.contains("cannot be compared: table:t is not below data"), "{text}");
        std::fs::rename(desk.path("elsewhere"), desk.path(gone)).expect("moved back");
    }

    // Without its notes, the result itself says on which data it was measured.
    let run = desk.cell("runs", "t");
    std::fs::rename(run.join("data.json"), desk.path("data.json")).expect("moved");
    assert_eq!(desk.succeed(&RUN), table);
    edit(&desk, "data/t.csv", ",6,,sketch,query,,60", ",6,,sketch,query,,61");
    assert!(desk.refused(2, &RUN).contains(changed));

    // And a run that is not finished is not continued without them.
    std::fs::rename(run.join("result.json"), desk.path("result.json")).expect("moved");
    let text = desk.refused(2, &RUN);
    assert!(text.contains("no data.json that says on which data"), "{text}");
    std::fs::rename(desk.path("data.json"), run.join("data.json")).expect("moved back");
    assert!(desk.refused(2, &RUN).contains(changed));
    restore(&desk, "data/t.csv", &whole);
    assert_eq!(desk.succeed(&RUN), table);
}

#[test]
fn tables_hold_runs_of_the_same_data_at_their_own_places() {
    let desk = desk(1);
    desk.succeed(&RUN);
    edit(&desk, "data/t.csv", ",6,,sketch,query,,60", ",6,,sketch,query,,61");
    desk.succeed(&[&RUN[..], &["--set", "seed=1"]].concat());
    let first = desk.cell("runs", "t");
    let cell = first.parent().expect("a cell").to_path_buf();
    let id = name(&cell);
    std::fs::write(
        desk.path("s.toml"),
        "base = \"t.toml\"\nseeds = [0, 1]\n[axes]\n\"losses.binding\" = [1.0]\n",
    )
    .expect("write");
    for report in [&["report", "t"][..], &["report", "t", "--json"], &["report", "s.toml"]] {
        let text = desk.refused(2, report);
        assert!(text.contains("the contents of table:t differ"), "{text}");
        for seed in [0, 1] {
            assert!(text.contains(&format!("t/{id}/seed-{seed}")), "{text}");
        }
    }
    std::fs::remove_dir_all(cell.join("seed-1")).expect("removed");

    let copy = |to: &str| copy_all(&first, &cell.join(to));
    copy("seed-0-backup");
    let output = desk.run(&["report", "t"]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 seed ·"), "{text}");
    assert!(text.contains("seed-0-backup is passed over"), "{text}");
    copy("seed-5");
    let place = format!("is the result of t/{id}/seed-0; expected the result of t/{id}/seed-5");
    assert!(desk.refused(2, &["report", "t"]).contains(&place));
    assert!(desk.refused(2, &[&RUN[..], &["--set", "seed=5"]].concat()).contains(&place));
    std::fs::remove_dir_all(cell.join("seed-5")).expect("removed");

    // Runs of two versions of the program share a table that says so.
    edit(&desk, "data/t.csv", ",6,,sketch,query,,61", ",6,,sketch,query,,60");
    desk.succeed(&[&RUN[..], &["--set", "seed=1"]].concat());
    assert!(!desk.succeed(&["report", "t"]).contains("Versions of the program"));
    std::fs::write(cell.join("seed-1/manifest.json"), "{\"version\": \"0.0.9\"}").expect("write");
    let text = desk.succeed(&["report", "t"]);
    assert!(text.contains("Versions of the program, with their runs: 0.0.9 (1), "), "{text}");

    // The lists of the report state their checksum, as the result does.
    let lists = first.join("rankings.json");
    let text = std::fs::read_to_string(&lists).expect("read");
    let (before, _) = text.rsplit_once(",\n  \"checksum\"").expect("a checksum");
    std::fs::write(&lists, format!("{before}\n}}\n")).expect("write");
    let text = desk.refused(2, &["report", "t", "--redraw"]);
    assert!(text.contains("rankings.json") && text.contains("`checksum` is gone"), "{text}");
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("created");
    for entry in std::fs::read_dir(from).expect("listed").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn checkpoints_of_another_run_are_not_continued() {
    let desk = desk(1);
    desk.succeed(&RUN);
    let first = desk.cell("runs", "t");
    let cell = first.parent().expect("a cell").to_path_buf();
    // What a run that was stopped at its end leaves.
    std::fs::remove_file(first.join("result.json")).expect("removed");
    copy_all(&first, &cell.join("seed-1"));
    let text = desk.refused(2, &[&RUN[..], &["--set", "seed=1"]].concat());
    let place = format!("{}/seed-1 has the checkpoints of another run", name(&cell));
    assert!(text.contains(&place) && text.contains("another run: seed: 0 → 1"), "{text}");

    let sweep = "base = \"t.toml\"\n[axes]\n\"losses.binding\" = [1.0, 0.5]\n";
    std::fs::write(desk.path("s.toml"), sweep).expect("write");
    let planned = desk.json(&["sweep", "plan", "s.toml", "--json"]);
    let other = planned["runs"][1]["config_id"].as_str().expect("an id").to_owned();
    copy_all(&first, &cell.with_file_name(&other).join("seed-0"));
    let status = desk.succeed(&["sweep", "status", "s.toml"]);
    assert!(status.contains("| resumable (step 1) |"), "{status}");
    assert!(status.contains("| incompatible (losses.binding: 1.0 → 0.5) |"), "{status}");
    let text = desk.refused(2, &["sweep", "run", "s.toml", "--only", &other]);
    assert!(text.contains("checkpoints of another run: losses.binding: 1.0 → 0.5"), "{text}");
    // In its own place it is continued, and the directory may be moved as a whole.
    std::fs::remove_dir_all(desk.path("elsewhere")).ok();
    std::fs::rename(desk.path("runs"), desk.path("elsewhere")).expect("moved");
    let output = desk.run(&[&RUN[..], &["--runs", "elsewhere"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_sweep_checks_and_refuses_what_an_experiment_refuses() {
    let desk = desk(1);
    let sweep = "base = \"t.toml\"\n[axes]\n\"losses.binding\" = [1.0]\n";
    std::fs::write(desk.path("s.toml"), sweep).expect("write");
    let refused = |said: &str| {
        for command in [&RUN[..], &["sweep", "check", "s.toml"], &["sweep", "run", "s.toml"]] {
            let text = desk.refused(2, command);
            assert!(text.contains(said), "{command:?}: {text}");
        }
    };
    // A test person with a row for training.
    let whole = edit(
        &desk,
        "data/t.csv",
        "sketch,query,,60",
        "sketch,query,,60\np/039.png,6,,rgb,train,,91",
    );
    refused("1 people of table:t have rows of the split `train` and of the split `query`");
    restore(&desk, "data/t.csv", &whole);
    // The test pictures under other names of people, as a second table.
    let tests = whole.lines().filter(|row| !row.contains(",train,"));
    let renamed =
        tests.map(|row| row.replace(",query,", ",train,").replace(",gallery,", ",train,"));
    let renamed: Vec<String> = renamed.collect();
    std::fs::write(desk.path("data/again.csv"), renamed.join("\n") + "\n").expect("write");
    edit(&desk, "t.toml", "[\"table:t\"]", "[\"table:t\", \"table:again\"]");
    refused("12 pictures in the training of table:again are tested by table:t, the first of them");
    edit(&desk, "t.toml", "synthetic = false", "synthetic = false\nallow_leakage = true");
    let output = desk.run(&RUN);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && text.contains("data.allow_leakage is set: 12"), "{text}");
}

#[test]
fn a_damaged_test_picture_is_named_before_training_and_can_be_mended() {
    let desk = desk(1);
    // The second photograph in the gallery.
    let picture = desk.path("data/p/019.png");
    let bytes = std::fs::read(&picture).expect("a picture");
    std::fs::write(&picture, &bytes[..bytes.len() / 2]).expect("write");
    let text = desk.refused(2, &RUN);
    assert!(text.contains("cannot decode the image") && text.contains("019.png"), "{text}");
    let run = desk.cell("runs", "t");
    assert!(!run.join("metrics.jsonl").exists() && !run.join("checkpoint").exists());
    std::fs::copy(desk.path("data/p/038.png"), &picture).expect("mended");
    desk.succeed(&RUN);
}

#[test]
fn a_modality_that_training_does_not_see_is_named_once_for_each_task() {
    let desk = desk(1);
    let mut rows = std::fs::read_to_string(desk.path("data/t.csv")).expect("read");
    for person in 6..10 {
        rows += &format!(
            "p/{}.png,{person},,sketch,gallery,,{person}\n",
            format_args!("0{}", 24 + person)
        );
    }
    std::fs::write(desk.path("data/t.csv"), rows).expect("write");
    edit(&desk, "t.toml", "real = [\"sketch\"]", "real = []\nsynthesise = []");
    edit(&desk, "t.toml", "sketch-rgb.tri", "sketch-sketch.tri");
    let output = desk.run(&RUN);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    assert_eq!(text.matches("tests sketch, of which training has no sample").count(), 1, "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_runs_of_one_process_have_peaks_of_their_own() {
    let desk = desk(1);
    let sweep =
        "base = \"t.toml\"\n[[zip]]\n\"model.height\" = [384, 64]\n\"model.width\" = [192, 32]\n";
    std::fs::write(desk.path("s.toml"), sweep).expect("write");
    let done = desk.json(&["sweep", "run", "s.toml", "--json"]);
    let peak = |run: usize| {
        let id = done["runs"][run]["config_id"].as_str().expect("an id");
        let manifest = desk.path(&format!("runs/t/{id}/seed-0/manifest.json"));
        let text = std::fs::read_to_string(manifest).expect("a manifest");
        let manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(manifest["device"], "cpu", "the device that `auto` chose");
        manifest["peak_memory"].as_u64()
    };
    let (large, small) = (peak(0).expect("the first is always known"), peak(1));
    assert!(small.is_none_or(|small| small < large), "{small:?} MiB after {large}");
}

#[test]
fn data_that_change_while_a_run_is_computed_give_no_result() {
    let desk = desk(30);
    let mut command = desk.command(&RUN);
    let messages = std::fs::File::create(desk.path("stderr")).expect("created");
    let mut child = command.stderr(messages).stdout(Stdio::null()).spawn().expect("starts");
    let metrics = || -> Option<PathBuf> {
        let mut cells = std::fs::read_dir(desk.path("runs/t")).ok()?.flatten();
        Some(cells.next()?.path().join("seed-0/metrics.jsonl"))
    };
    let begun = Instant::now();
    while !metrics().is_some_and(|path| std::fs::metadata(path).is_ok_and(|m| m.len() > 0)) {
        assert!(begun.elapsed() < Duration::from_secs(300), "no step within five minutes");
        std::thread::sleep(Duration::from_millis(5));
    }
    let picture = desk.path("data/p/020.png");
    let bytes = std::fs::read(&picture).expect("a picture");
    std::fs::copy(desk.path("data/p/021.png"), &picture).expect("copied");
    let code = child.wait().expect("ends").code();
    let text = std::fs::read_to_string(desk.path("stderr")).expect("messages");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("the contents of table:t changed while the run in"), "{text}");
    let run = desk.cell("runs", "t");
    assert!(!run.join("result.json").exists());
    // What was trained is of neither data.
    std::fs::write(&picture, bytes).expect("restored");
    assert!(desk.refused(2, &RUN).contains("changed while the run in"));
    std::fs::remove_dir_all(&run).expect("removed");
    desk.succeed(&RUN);
}

#[test]
fn an_index_that_is_built_after_a_run_is_no_other_data() {
    let desk = desk(1);
    // People 0 to 5 as SYNTH-PEDES writes them; the table is tested alone.
    let mut items = Vec::new();
    for number in 0..12 {
        let (person, path) = (number / 2, format!("Part1/{}/{number}.png", number / 2));
        let target = desk.path(&format!("data/SYNTH-PEDES/{path}"));
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("created");
        std::fs::copy(desk.path(&format!("data/p/{number:03}.png")), target).expect("copied");
        let captions = [format!("A man, number {person}.")];
        items.push(serde_json::json!({"id": person, "file_path": path, "attributes": [], "captions": captions}));
    }
    let list = desk.path("data/SYNTH-PEDES/synthpedes_dataset.json");
    std::fs::write(&list, serde_json::json!(items).to_string()).expect("written");
    edit(&desk, "t.toml", "datasets = [\"table:t\"]", "datasets = [\"synth-pedes\"]");
    edit(&desk, "t.toml", "real = [\"sketch\"]", "real = [\"text\"]");
    let table = desk.succeed(&RUN);
    desk.succeed(&["data", "prepare", "synth-pedes", "--data-root", "data"]);
    let output = desk.run(&RUN);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), table);
    assert!(text.contains("the contents of synth-pedes cannot be compared"), "{text}");
    // With the index on both sides another sentence is seen.
    let run = desk.cell("runs", "t");
    std::fs::remove_dir_all(run).expect("removed");
    desk.succeed(&RUN);
    edit(&desk, "data/SYNTH-PEDES/synthpedes_dataset.json", "A man, number 0.", "A cat, number 0.");
    assert!(desk.refused(2, &RUN).contains("the contents of synth-pedes have changed"));
}
