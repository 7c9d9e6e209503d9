//! Outputs that would be written over an input, or over a file of somebody else.

use crate::harness::{Desk, checkpoint, coloured};
use std::fs;

#[test]
fn an_export_writes_over_no_file_that_holds_something_else() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let export = |output: &'static str| ["gallery", "export", "people", "--output", output];
    // The manifest beside the features has a name that nobody typed.
    for (name, mine, expected) in [
        ("notes.json", "{\"my\":\"notes\"}", "notes.json is there and is not a manifest"),
        ("notes.safetensors", "mine", "the file is there and holds no features"),
    ] {
        fs::write(desk.path(name), mine).expect("written");
        let text = desk.refused(2, &export("notes.safetensors"));
        assert!(text.contains(expected), "{text}");
        assert_eq!(fs::read_to_string(desk.path(name)).expect("kept"), mine);
        fs::remove_file(desk.path(name)).expect("removed");
    }
    // Its own files it writes again.
    for _ in 0..2 {
        desk.succeed(&export("notes.safetensors"));
    }
    assert!(desk.succeed(&["gallery", "export", "--help"]).contains("people.json beside it"));
}

#[test]
fn nothing_is_written_into_a_gallery() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let segment = fs::read_dir(desk.path("people/segments")).expect("listed").next();
    let segment = segment.expect("a segment").expect("listed").file_name();
    let features = format!("people/segments/{}/features.f32", segment.to_string_lossy());
    let files = ["people/gallery.json", &features];
    let before = files.map(|file| fs::read(desk.path(file)).expect("read"));
    let pictures = [files[0], files[1], "people/../people/list.png", "people/segments/new/x.png"];
    for picture in pictures {
        let search = ["search", "people", "--rgb", "g/000.png", "--picture", picture];
        let text = desk.refused(2, &search);
        let expected = format!("--picture {picture}: it would be written into the gallery people");
        assert!(text.contains(&expected), "{text}");
    }
    for output in ["people/gallery.safetensors", "people/rows.csv", "./people/segments/r.jsonl"] {
        let text = desk.refused(2, &["gallery", "export", "people", "--output", output]);
        let expected = format!("--output {output}: it would be written into the gallery people");
        assert!(text.contains(&expected), "{text}");
    }
    assert!(files.map(|file| fs::read(desk.path(file)).expect("read")) == before);
    desk.succeed(&["gallery", "verify", "people"]);
}

#[test]
fn a_drawn_list_is_written_over_nothing_that_the_search_reads() {
    let desk = Desk::new();
    let files = coloured(&desk, "g", 3);
    fs::copy(&files[1], desk.path("q.png")).expect("copied");
    fs::write(desk.path("q.jsonl"), "{\"rgb\": \"q.png\"}\n").expect("written");
    desk.succeed(&["embed", "g", "--output", "f.safetensors"]);
    desk.succeed(&["gallery", "create", "people", "g"]);
    #[cfg(unix)]
    std::os::unix::fs::symlink(desk.path("q.png"), desk.path("link.png")).expect("a link");
    let before: Vec<Vec<u8>> = ["q.png", "q.jsonl", "f.safetensors", "f.json", "g/002.png"]
        .map(|name| fs::read(desk.path(name)).expect("there"))
        .into();
    for (gallery, query, picture, input) in [
        ("people", ["--rgb", "q.png"], "q.png", "q.png"),
        ("g", ["--rgb", "q.png"], "./q.png", "q.png"),
        ("people", ["--queries", "q.jsonl"], "q.png", "q.png"),
        ("people", ["--queries", "q.jsonl"], "q.jsonl", "q.jsonl"),
        ("people", ["--text", "a man"], "g/002.png", "g/002.png"),
        ("g", ["--text", "a man"], "g/002.png", "g/002.png"),
        ("f.safetensors", ["--text", "a man"], "f.safetensors", "f.safetensors"),
        ("f.safetensors", ["--text", "a man"], "f.json", "f.json"),
        ("f.safetensors", ["--text", "a man"], "g/002.png", "g/002.png"),
        #[cfg(unix)]
        ("people", ["--rgb", "q.png"], "link.png", "q.png"),
    ] {
        let search = [&["search", gallery][..], &query, &["--picture", picture]].concat();
        let text = desk.refused(2, &search);
        assert!(text.contains(&format!("--picture {picture}: ")), "{text}");
        assert!(text.contains("would be written over the input"), "{text}");
        assert!(text.contains(input), "{text}");
    }
    let after: Vec<Vec<u8>> = ["q.png", "q.jsonl", "f.safetensors", "f.json", "g/002.png"]
        .map(|name| fs::read(desk.path(name)).expect("there"))
        .into();
    assert!(before == after, "nothing was written");
    for _ in 0..2 {
        desk.succeed(&["search", "people", "--rgb", "q.png", "--picture", "list.png"]);
    }
}

#[test]
fn an_adapted_model_is_written_over_no_input() {
    let desk = Desk::new();
    let files = coloured(&desk, "place", 64);
    let picture = fs::read(&files[5]).expect("a picture");
    let adapt = ["weights", "adapt", "place", "--output", "place/005.png"];
    let text = desk.refused(2, &adapt);
    assert!(text.contains("it would be written over the input place/005.png"), "{text}");
    assert_eq!(fs::read(&files[5]).expect("kept"), picture);
    fs::copy(checkpoint("open-clip.safetensors"), desk.path("m.safetensors")).expect("copied");
    let model = ["weights", "adapt", "place", "--model", "m.safetensors"];
    let text = desk.refused(2, &[&model[..], &["--output", "m.safetensors"]].concat());
    assert!(text.contains("it would be written over the input m.safetensors"), "{text}");
    for command in ["convert", "pack"] {
        let text =
            desk.refused(2, &["weights", command, "m.safetensors", "--output", "./m.safetensors"]);
        assert!(text.contains("it would be written over the input m.safetensors"), "{text}");
    }
}

#[test]
fn tables_features_and_statistics_are_written_over_no_input() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    desk.succeed(&["embed", "g", "--output", "f.safetensors"]);
    fs::write(desk.path("a.csv"), "path,modality\ng/000.png,rgb\n").expect("written");
    fs::write(desk.path("b.csv"), "path,modality\ng/001.png,rgb\n").expect("written");
    let kept = ["f.safetensors", "a.csv", "b.csv"];
    let read = || kept.map(|name| fs::read(desk.path(name)).expect("there"));
    let before = read();
    let score = ["score", "--query", "f.safetensors", "--gallery", "f.safetensors"];
    let calls = [
        [&score[..], &["--protocol", "none", "--per-query", "f.safetensors"]].concat(),
        vec![
            "encode",
            "--weights",
            "embedded",
            "--input",
            "f.safetensors",
            "--output",
            "f.safetensors",
        ],
        vec!["weights", "novelty", "--list", "a.csv", "--list", "b.csv", "--output", "b.csv"],
    ];
    for call in calls {
        let text = desk.refused(2, &call);
        assert!(text.contains("would be written over the input"), "{call:?}: {text}");
    }
    assert!(read() == before, "nothing was written");
}
