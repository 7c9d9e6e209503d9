//! `aio search`.

use crate::harness::{Desk, checkpoint, coloured};

#[test]
fn a_gallery_is_searched_with_any_combination() {
    let desk = Desk::new();
    let files = coloured(&desk, "gallery", 6);
    let same = files[3].display().to_string();
    let search = |more: &[&str]| desk.succeed(&[&["search", "gallery", "--json"], more].concat());
    let json: serde_json::Value =
        serde_json::from_str(&search(&["--rgb", &same, "--top", "3"])).expect("JSON");
    assert_eq!(json["results"].as_array().map(Vec::len), Some(3));
    assert_eq!(json["results"][0]["path"], "gallery/003.png");
    assert!((json["results"][0]["similarity"].as_f64().expect("a number") - 1.0).abs() < 1e-4);
    let mixed = search(&[
        "--sketch",
        &same,
        "--text",
        "A man in a yellow shirt.",
        "--infrared",
        &same,
        "--picture",
        "list.png",
    ]);
    assert!(
        mixed.contains("\"text\": \"A man in a yellow shirt.\"")
            && mixed.contains("\"gallery\": 6"),
        "{mixed}"
    );
    assert!(image::open(desk.path("list.png")).is_ok_and(|p| p.width() > 400));
    desk.succeed(&["embed", "gallery", "--output", "g.safetensors"]);
    let stored = desk.succeed(&["search", "g.safetensors", "--rgb", &same]);
    assert!(stored.contains("| 1 | 1.0000 | gallery/003.png |"), "{stored}");
    assert!(desk.refused(2, &["search", "gallery"]).contains("nothing to look for"));
    let weights = checkpoint("open-clip.safetensors");
    desk.succeed(&[
        "weights",
        "convert",
        &weights,
        "--output",
        "own.safetensors",
        "--height",
        "64",
        "--width",
        "32",
        "--heads",
        "2",
    ]);
    let other =
        desk.refused(2, &["search", "g.safetensors", "--rgb", &same, "--model", "own.safetensors"]);
    assert!(other.contains("the gallery was embedded with `default`"), "{other}");
}

#[test]
fn a_gallery_that_does_not_exist_is_named_as_such() {
    let desk = Desk::new();
    let text = desk.refused(2, &["search", "/no/such/folder", "--text", "a man"]);
    assert!(text.contains("the gallery /no/such/folder does not exist"), "{text}");
    assert!(text.contains("a gallery, or a postgres:// address"), "{text}");
    std::fs::create_dir(desk.path("empty")).expect("create");
    let text = desk.refused(2, &["search", "empty", "--text", "a man"]);
    assert!(text.contains("no pictures in empty"), "{text}");
}

#[test]
fn a_gallery_is_searched_with_the_settings_that_embedded_it() {
    let desk = Desk::new();
    coloured(&desk, "gallery", 3);
    let weights = checkpoint("open-clip.safetensors");
    let model = ["--model", &weights];
    let hints = ["--layout", "clip", "--heads", "2", "--normalisation", "half"];
    let embed = ["embed", "gallery", "--output", "g.safetensors"];
    desk.succeed(&[&embed[..], &model, &hints].concat());
    let search = ["search", "g.safetensors", "--rgb", "gallery/001.png"];
    let table = desk.succeed(&[&search[..], &model, &hints].concat());
    assert!(table.contains("| 1 | 1.0000 | gallery/001.png |"), "{table}");
    let other = ["--heads", "4", "--normalisation", "half"];
    let text = desk.refused(2, &[&search[..], &model, &other].concat());
    assert!(text.contains("g.json: the gallery's model was read with other settings"), "{text}");
    let text = desk.refused(2, &["search", "gallery", "--text", "a man", "--heads", "4"]);
    assert!(text.contains("do not apply to the models of the program"), "{text}");
}

#[test]
fn a_name_that_changes_the_normalisation_of_the_same_weights_is_no_name_of_the_model() {
    let desk = Desk::new();
    coloured(&desk, "photos", 3);
    // A published name tells what no tensor tells: the statistics of DINO's pictures.
    let [published, other] = ["dino_vitbase16_pretrain.pth", "mine.pth"];
    for name in [published, other] {
        std::fs::copy(checkpoint("dino.pth"), desk.path(name)).expect("copied");
    }
    let model = |name| ["--model", name, "--heads", "2"];
    let embed = ["embed", "photos", "--output", "g.safetensors"];
    desk.succeed(&[&embed[..], &model(published)].concat());
    desk.succeed(&[&["gallery", "create", "people", "photos"][..], &model(published)].concat());
    for (of, problem, hint) in [
        ("g.safetensors", "g.json: the gallery's pictures were prepared", "name it `dino_vit"),
        ("people", "the gallery holds features of `dino_vit", "the weights are the same"),
    ] {
        let search = ["search", of, "--rgb", "photos/001.png"];
        let table = desk.succeed(&[&search[..], &model(published)].concat());
        assert!(table.contains("photos/001.png"), "{table}");
        let text = desk.refused(2, &[&search[..], &model(other)].concat());
        assert!(text.contains(problem) && text.contains(hint), "{text}");
    }
    let add = ["gallery", "add", "people", "photos"];
    let text = desk.refused(2, &[&add[..], &model(other)].concat());
    assert!(text.contains("what is to be added is of `mine.pth`"), "{text}");
}

#[test]
fn names_of_files_reach_the_terminal_as_text_alone() {
    let desk = Desk::new();
    let file = coloured(&desk, "gallery", 1).remove(0);
    let name = desk.path("gallery/red\u{1b}[31m|x.png");
    std::fs::rename(file, name).expect("renamed");
    let table = desk.succeed(&["search", "gallery", "--text", "a man"]);
    assert!(!table.contains('\u{1b}') && table.contains("red [31m\\|x.png"), "{table:?}");
}

#[test]
fn a_folder_and_a_gallery_print_rows_of_one_form() {
    let desk = Desk::new();
    coloured(&desk, "photos", 3);
    desk.succeed(&["gallery", "create", "people", "photos"]);
    let rows = |of: &str| {
        let found = desk.json(&["search", of, "--rgb", "photos/001.png", "--json"]);
        let rows = found["results"].as_array().expect("results").clone();
        rows.into_iter().map(|row| (row["rank"].clone(), row["path"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(rows("people"), rows("photos"));
    assert_eq!(rows("people")[0], (1.into(), "photos/001.png".into()));
    desk.succeed(&["gallery", "create", "empty"]);
    assert_eq!(desk.succeed(&["search", "empty", "--text", "a man"]), "the gallery has no rows\n");
}

#[test]
fn a_picture_that_is_unlike_the_training_is_named_in_a_folder_as_in_a_gallery() {
    let desk = Desk::new();
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let picture = image::RgbImage::from_fn(64, 128, |_, _| image::Rgb([noise(), noise(), noise()]));
    picture.save(desk.path("noise.png")).expect("a picture");
    coloured(&desk, "photos", 2);
    desk.succeed(&["embed", "photos", "--output", "f.safetensors"]);
    desk.succeed(&["gallery", "create", "people", "photos"]);
    let expected = desk.json(&["search", "people", "--rgb", "noise.png", "--json"]);
    assert_eq!(expected["novelty"]["rgb"]["is_unlike"], true, "{expected}");
    for gallery in ["photos", "f.safetensors"] {
        let search = ["search", gallery, "--rgb", "noise.png", "--text", "a man"];
        let output = desk.run(&search);
        let text = String::from_utf8_lossy(&output.stderr);
        let warning = "warning: the rgb picture noise.png is unlike the rendered pictures";
        assert!(output.status.success() && text.contains(warning), "{text}");
        let found = desk.json(&[&search[..4], &["--json"]].concat());
        assert_eq!(found["novelty"], expected["novelty"], "{gallery}");
        let sentence = desk.json(&["search", gallery, "--text", "a man", "--json"]);
        assert_eq!(sentence["novelty"], serde_json::json!({}), "nothing is judged");
    }
    let other = ["search", "photos", "--rgb", "noise.png", "--json", "--model", "embedded"];
    assert_eq!(desk.json(&other)["novelty"], serde_json::Value::Null);
}
