//! Outputs that would be written over an input, or over a file of somebody else.

use crate::harness::{Desk, checkpoint, coloured, refused};
use aio_encoder::weights::Shipped;
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
        ("notes.safetensors", "mine", "the file is there and is not a file of features"),
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
    // Nor by commands that are given no gallery.
    for output in ["people/f.safetensors", "people/segments/new/f.safetensors"] {
        let text = desk.refused(2, &["embed", "g", "--output", output]);
        let expected = format!("--output {output}: it would be written into the gallery people");
        assert!(text.contains(&expected), "{text}");
        assert!(!desk.path(output).with_extension("unfinished").exists(), "{output}");
    }
    let mut inside = desk.command(&["embed", "../g", "--output", "f.safetensors"]);
    let output = inside.current_dir(desk.path("people")).output().expect("starts");
    let text = crate::harness::refused(2, &output);
    assert!(
        text.contains("--output f.safetensors: it would be written into the gallery"),
        "{text}"
    );
    assert!(files.map(|file| fs::read(desk.path(file)).expect("read")) == before);
    desk.succeed(&["gallery", "verify", "people"]);
}

#[test]
fn a_manifest_of_features_that_is_called_as_that_of_a_gallery_stops_nothing() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    for output in ["gallery.safetensors", "other.safetensors"] {
        desk.succeed(&["embed", "g", "--output", output]);
    }
    assert!(desk.path("gallery.json").is_file());
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
fn a_drawn_list_is_not_written_among_the_photographs_that_are_searched() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    fs::create_dir(desk.path("g/lists")).expect("created");
    for (folder, picture) in
        [("g", "g/list.png"), ("g", "g/lists/list.png"), ("g/", "g/../g/list.png"), (".", "l.png")]
    {
        let text = desk.refused(2, &["search", folder, "--text", "a man", "--picture", picture]);
        let expected = format!(
            "--picture {picture}: it would be written into the folder {folder}, and the next search"
        );
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("hint: name a file outside of the folder"), "{text}");
        assert!(!desk.path(picture).exists(), "{picture}");
    }
    for _ in 0..2 {
        let search = ["search", "g", "--text", "a man", "--picture", "lists/list.png", "--json"];
        assert_eq!(desk.json(&search)["gallery"], 2);
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
    coloured(&desk, "others", 1);
    let kept = ["f.safetensors", "a.csv", "b.csv", "g/000.png", "others/000.png"];
    let read = || kept.map(|name| fs::read(desk.path(name)).expect("there"));
    let before = read();
    let score = ["score", "--query", "f.safetensors", "--gallery", "f.safetensors"];
    let novelty = ["weights", "novelty", "--list", "a.csv", "--list", "b.csv"];
    let compare = ["--compare", "others", "--output", "others/000.png"];
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
        [&novelty[..], &["--output", "b.csv"]].concat(),
        [&novelty[..], &["--output", "./g/000.png"]].concat(),
        [&novelty[..], &compare].concat(),
    ];
    for call in calls {
        let text = desk.refused(2, &call);
        assert!(text.contains("would be written over the input"), "{call:?}: {text}");
    }
    assert!(read() == before, "nothing was written");
}

/// Whether a refused call named `expected`, and left what it was to write over as it was.
fn keeps(desk: &Desk, name: &str, call: &[&str], expected: &str) {
    let before = fs::read(desk.path(name)).expect("there");
    let text = desk.refused(2, call);
    assert!(text.contains(expected), "{call:?}: {text}");
    assert!(text.contains("hint: "), "{call:?}: {text}");
    assert!(fs::read(desk.path(name)).expect("kept") == before, "{call:?}: {name} was changed");
}

#[test]
fn a_table_of_rows_is_written_over_tables_of_rows_alone() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    fs::write(desk.path("mine.csv"), "path,identity\ng/000.png,1\ng/001.png,2\n").expect("written");
    fs::write(desk.path("mine.jsonl"), "{\"rgb\": \"g/000.png\"}\n").expect("written");
    desk.succeed(&["gallery", "create", "people", "--list", "mine.csv"]);
    let export = ["gallery", "export", "people", "--output"];
    for name in ["mine.csv", "mine.jsonl"] {
        let expected = format!("--output {name}: the file is there and is not a table of rows");
        keeps(&desk, name, &[&export[..], &[name]].concat(), &expected);
    }
    // The lists of a search have the same columns behind others.
    let found = desk.succeed(&["search", "people", "--rgb", "g/000.png", "--csv"]);
    fs::write(desk.path("found.csv"), found).expect("written");
    let expected = "is not a table of rows";
    keeps(&desk, "found.csv", &[&export[..], &["found.csv"]].concat(), expected);
    // Its own tables it writes again, those without rows, too.
    for name in ["rows.csv", "rows.jsonl"] {
        for identity in ["identity=1", "identity=nobody", "identity=2"] {
            desk.succeed(&[&export[..], &[name, "--where", identity]].concat());
        }
        let text = fs::read_to_string(desk.path(name)).expect("exported");
        assert!(text.contains("g/001.png") && !text.contains("g/000.png"), "{text}");
    }
}

#[test]
fn a_drawn_list_is_written_over_no_picture_of_a_row_that_it_does_not_show() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    coloured(&desk, "s", 1);
    fs::write(desk.path("pairs.csv"), "rgb,sketch\ng/000.png,s/000.png\n").expect("written");
    desk.succeed(&["embed", "g", "--output", "f.safetensors"]);
    desk.succeed(&["gallery", "create", "people", "g"]);
    desk.succeed(&["gallery", "create", "pairs", "--list", "pairs.csv"]);
    for (gallery, picture) in
        [("people", "g/002.png"), ("f.safetensors", "g/002.png"), ("pairs", "s/000.png")]
    {
        let search = ["search", gallery, "--rgb", "g/000.png", "--top", "1", "--picture"];
        let expected = format!("--picture {picture}: it would be written over the input {picture}");
        keeps(&desk, picture, &[&search[..], &[picture]].concat(), &expected);
        for name in ["list.jpg", "list"] {
            let text = desk.refused(2, &[&search[..], &[name]].concat());
            let expected = format!("--picture {name}: expected a name that ends in .png");
            assert!(text.contains(&expected), "{text}");
            assert!(!desk.path(name).exists(), "{name}");
        }
    }
    // From another folder the paths of the rows lead nowhere.
    let before = fs::read(desk.path("g/002.png")).expect("there");
    desk.succeed(&["gallery", "create", "parts", "g", "--label", "crop=1,1,9,9"]);
    for gallery in ["../people", "../parts"] {
        let search = ["search", gallery, "--text", "a man", "--top", "1", "--picture", "002.png"];
        let output = desk.command(&search).current_dir(desk.path("g")).output().expect("starts");
        let text = refused(2, &output);
        assert!(text.contains("--picture 002.png: it would be written over the picture"), "{text}");
        assert!(text.contains("knows as g/002.png"), "{text}");
        assert!(fs::read(desk.path("g/002.png")).expect("kept") == before, "{gallery}");
    }
    let text = desk.refused(2, &["data", "synth", "--output", "world", "--sheet", "sheet.jpg"]);
    assert!(text.contains("--sheet sheet.jpg: expected a name that ends in .png"), "{text}");
    assert!(!desk.path("sheet.jpg").exists() && !desk.path("world").exists());
}

#[test]
fn scores_of_queries_are_written_over_scores_alone() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    let list = "rgb,identity\ng/000.png,1\ng/001.png,1\n";
    fs::write(desk.path("people.csv"), list).expect("written");
    desk.succeed(&["embed", "--list", "people.csv", "--output", "f.safetensors"]);
    let features = ndarray::array![[1.0f32, 0.0], [0.5, 1.0]];
    ndarray_npy::write_npy(desk.path("q.npy"), &features).expect("written");
    ndarray_npy::write_npy(desk.path("q.ids.npy"), &ndarray::array![1i64, 1]).expect("written");
    fs::create_dir(desk.path("photos")).expect("created");
    for (file, beside) in [("f.safetensors", "f.json"), ("q.npy", "q.ids.npy")] {
        let score = ["score", "--query", file, "--gallery", file, "--protocol", "none"];
        let written = |output: &'static str| [&score[..], &["--per-query", output]].concat();
        let expected = format!("--per-query {beside}: it would be written over the input {beside}");
        keeps(&desk, beside, &written(beside), &expected);
        let expected = "people.csv: the file is there and is not a table of scores of queries";
        keeps(&desk, "people.csv", &written("people.csv"), expected);
        let text = desk.refused(2, &written("photos"));
        assert!(text.contains("--per-query photos: this is a folder"), "{text}");
        for _ in 0..2 {
            desk.succeed(&written("queries.csv"));
        }
    }
    desk.succeed(&["search", "f.safetensors", "--rgb", "g/000.png"]);
}

#[test]
fn weights_are_written_over_weights_of_this_project_alone() {
    let desk = Desk::new();
    coloured(&desk, "place", 64);
    for name in ["clip.safetensors", "theirs.safetensors"] {
        fs::copy(checkpoint("open-clip.safetensors"), desk.path(name)).expect("copied");
    }
    let convert = ["weights", "convert", "clip.safetensors", "--heads", "2"];
    desk.succeed(&[&convert[..], &["--output", "own.safetensors"]].concat());
    desk.succeed(&["embed", "place/000.png", "--output", "f.safetensors"]);
    fs::write(desk.path("mine.csv"), "mine").expect("written");
    fs::create_dir(desk.path("folder.safetensors")).expect("created");
    let average = ["weights", "average", "own.safetensors", "own.safetensors"];
    for call in [
        &convert[..],
        &average,
        &["weights", "pack", "own.safetensors"],
        &["weights", "widen", "--channels", "28"],
        &["weights", "adapt", "place"],
    ] {
        let other = "the file is there and is not a weights file of this project";
        for (output, expected) in [
            ("mine.csv", "mine.csv: expected a name that ends in .safetensors"),
            ("f.safetensors", other),
            ("theirs.safetensors", other),
        ] {
            keeps(&desk, output, &[call, &["--output", output]].concat(), expected);
        }
        let text = desk.refused(2, &[call, &["--output", "folder.safetensors"]].concat());
        assert!(text.contains("folder.safetensors: this is a folder"), "{text}");
    }
    let encode = ["encode", "--weights", "embedded", "--input", "tokens.safetensors", "--output"];
    let other = "the file is there and is not a file of features";
    keeps(&desk, "theirs.safetensors", &[&encode[..], &["theirs.safetensors"]].concat(), other);
    let other = "expected a name that ends in .safetensors";
    keeps(&desk, "mine.csv", &[&encode[..], &["mine.csv"]].concat(), other);
    // Weights are written again, also over those that are damaged, and over an empty file.
    fs::write(desk.path("mean.safetensors"), "").expect("written");
    for _ in 0..2 {
        desk.succeed(&[&average[..], &["--output", "mean.safetensors"]].concat());
        let whole = fs::read(desk.path("mean.safetensors")).expect("written");
        fs::write(desk.path("mean.safetensors"), &whole[..whole.len() - 7]).expect("cut");
    }
}

#[test]
fn statistics_are_written_over_statistics_alone() {
    let desk = Desk::new();
    let pictures = coloured(&desk, "g", 40);
    for (list, pictures) in ["a.csv", "b.csv"].into_iter().zip(pictures.chunks(20)) {
        let rows: String =
            pictures.iter().map(|path| format!("{},rgb\n", path.display())).collect();
        fs::write(desk.path(list), format!("path,modality\n{rows}")).expect("written");
    }
    let novelty = ["weights", "novelty", "--list", "a.csv", "--list", "b.csv", "--output"];
    fs::write(desk.path("mine.tex"), "mine").expect("written");
    fs::write(desk.path("mine.json"), "{\"version\": 2, \"my\": \"notes\"}").expect("written");
    for name in ["mine.tex", "mine.json"] {
        let expected =
            format!("--output {name}: the file is there and is not a file of statistics");
        keeps(&desk, name, &[&novelty[..], &[name]].concat(), &expected);
    }
    for _ in 0..2 {
        desk.succeed(&[&novelty[..], &["n.json"]].concat());
    }
}

#[cfg(unix)]
#[test]
fn a_folder_in_the_place_of_a_picture_is_the_user_s_mistake() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    fs::create_dir(desk.path("list.png")).expect("created");
    let text = desk.refused(2, &["search", "g", "--text", "a man", "--picture", "list.png"]);
    assert!(text.contains("cannot write list.png"), "{text}");
    assert!(text.contains("hint: this is a folder: name a file"), "{text}");
}

#[test]
fn a_pre_training_is_written_over_no_weights_that_it_starts_from_and_no_files_of_others() {
    let desk = Desk::new();
    fs::create_dir(desk.path("place")).expect("created");
    let weights = "place/embedded.safetensors";
    let pretrain = ["pretrain", "--steps", "1", "--output", "place"];
    fs::write(desk.path(weights), Shipped::Embedded.file()).expect("written");
    let expected = "it would be written over the input place/embedded.safetensors";
    keeps(&desk, weights, &[&pretrain[..], &["--init", weights]].concat(), expected);
    fs::copy(checkpoint("open-clip.safetensors"), desk.path(weights)).expect("copied");
    let expected = "the file is there and is not a weights file of this project";
    keeps(&desk, weights, &pretrain, expected);
    fs::remove_file(desk.path(weights)).expect("removed");
    fs::write(desk.path("place/loss.csv"), "day,loss\n1,2\n").expect("written");
    let expected = "the file is there and is not the loss curve of a pre-training";
    keeps(&desk, "place/loss.csv", &pretrain, expected);
    fs::remove_file(desk.path("place/loss.csv")).expect("removed");
    fs::write(desk.path("place/SHA256SUMS"), "0123  photo.jpg\n").expect("written");
    let expected = "the file is there and is not the checksum of pre-trained weights";
    keeps(&desk, "place/SHA256SUMS", &pretrain, expected);
}
