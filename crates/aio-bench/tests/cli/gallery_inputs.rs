//! What `aio gallery` makes of bad pictures, of the boxes of a tracker, and of folders that are no galleries.

use crate::harness::{Desk, coloured, features};
use serde_json::Value;

#[test]
fn a_picture_that_cannot_be_read_loses_nothing() {
    let desk = Desk::new();
    let files = coloured(&desk, "g", 4);
    let whole = std::fs::read(&files[2]).expect("read");
    std::fs::write(&files[2], &whole[..30]).expect("written");
    assert!(desk.refused(2, &["gallery", "create", "people", "g"]).contains("002.png"));
    let info = desk.json(&["gallery", "info", "people", "--json"]);
    assert_eq!(
        (&info["rows"], &info["removed"]),
        (&2.into(), &0.into()),
        "those in front of it are there"
    );
    let added = desk.json(&["gallery", "add", "people", "g", "--on-error", "skip", "--json"]);
    assert_eq!((&added["added"], &added["known"]), (&1.into(), &2.into()));
    assert!(
        added["skipped"][0].as_str().is_some_and(|problem| problem.contains("002.png")),
        "{added}"
    );
    std::fs::write(&files[2], whole).expect("written");
    let added = desk.json(&["gallery", "add", "people", "g", "--json"]);
    assert_eq!((&added["added"], &added["total"]), (&1.into(), &4.into()));
}

#[cfg(target_os = "linux")]
#[test]
fn a_picture_whose_name_a_gallery_cannot_hold_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let files = coloured(&desk, "g", 2);
    let odd = desk.path("g").join(std::ffi::OsStr::from_bytes(b"odd-\xff.png"));
    std::fs::rename(&files[1], odd).expect("renamed");
    let text = desk.refused(2, &["gallery", "create", "people", "g"]);
    assert!(text.contains("odd-\\xFF.png") && text.contains("a gallery cannot hold it"), "{text}");
    let added = desk.json(&["gallery", "add", "people", "g", "--on-error", "skip", "--json"]);
    assert_eq!((&added["known"], &added["total"]), (&1.into(), &1.into()), "{added}");
    assert_eq!(added["skipped"].as_array().map(Vec::len), Some(1), "{added}");
}

#[test]
fn boxes_and_tracks_become_rows() {
    let desk = Desk::new();
    let frames = coloured(&desk, "img", 3);
    let text = "0,1,0,0,24,48,1\n0,2,24,0,24,96,1\n1,1,0,0,24,48,1\n2,1,-5,10,30,60,0.2\n2,-1,40,80,100,100,1\n";
    std::fs::write(desk.path("gt.txt"), text).expect("written");
    let boxes = ["--mot", "gt.txt", "--frames", "img"];
    let added = desk.json(&[&["gallery", "create", "boxes", "--json"][..], &boxes].concat());
    assert_eq!(added["added"], 5);
    desk.succeed(&["gallery", "export", "boxes", "--output", "boxes.jsonl", "--where", "track=2"]);
    let line = std::fs::read_to_string(desk.path("boxes.jsonl")).expect("exported");
    let line: Value = serde_json::from_str(&line).expect("one row");
    assert_eq!((&line["path"], &line["frame"]), (&"img/000.png".into(), &"0".into()));
    assert_eq!(
        line["crop"],
        serde_json::json!({"left": 24.0, "top": 0.0, "height": 96.0, "width": 24.0})
    );
    // The box alone, cut out by hand, is what was embedded.
    let picture = image::open(&frames[0]).expect("a frame").crop_imm(24, 0, 24, 96);
    picture.save(desk.path("crop.png")).expect("saved");
    let found = desk.json(&["search", "boxes", "--rgb", "crop.png", "--top", "1", "--json"]);
    assert_eq!(found["results"][0]["track"], "2");
    assert!(found["results"][0]["similarity"].as_f64().is_some_and(|s| s > 0.9999), "{found}");
    // A drawing shows the boxes also where no thumbnails are stored.
    desk.succeed(&[&["gallery", "create", "without", "--thumbnail", "0"][..], &boxes].concat());
    for gallery in ["boxes", "without"] {
        let picture = format!("{gallery}.png");
        desk.succeed(&["search", gallery, "--rgb", "crop.png", "--picture", &picture]);
    }
    let drawn = ["boxes.png", "without.png"].map(|name| image::open(desk.path(name)));
    let [with, without] = drawn.map(|picture| picture.expect("a picture").to_rgb8());
    assert!(with == without, "the same small pictures");

    let pool = ["--pool", "track", "--least-confidence", "0.5"];
    let added =
        desk.json(&[&["gallery", "create", "tracks", "--json"][..], &boxes, &pool].concat());
    assert_eq!(added["added"], 3, "two tracks, and a box without one");
    let again = desk.json(&[&["gallery", "add", "tracks", "--json"][..], &boxes, &pool].concat());
    assert_eq!((&again["added"], &again["known"]), (&0.into(), &3.into()));
    // Track 1 is the mean of its two boxes of length 1.
    desk.succeed(&[
        "gallery",
        "export",
        "tracks",
        "--output",
        "t.safetensors",
        "--where",
        "track=1",
    ]);
    desk.succeed(&[
        "gallery",
        "export",
        "boxes",
        "--output",
        "b.safetensors",
        "--where",
        "track=1",
    ]);
    let (track, boxes) = (features(&desk, "t.safetensors"), features(&desk, "b.safetensors"));
    let sum: Vec<f32> = (0..128).map(|i| boxes[i] + boxes[128 + i]).collect();
    let length = sum.iter().map(|v| v * v).sum::<f32>().sqrt();
    assert!(track.iter().zip(&sum).all(|(a, b)| (a - b / length).abs() < 1e-5));
    assert!(
        desk.refused(2, &["gallery", "add", "boxes", "--mot", "gt.txt", "--frames", "g"])
            .contains('g')
    );
}

#[test]
fn a_box_outside_its_frame_is_named_with_its_line() {
    let desk = Desk::new();
    coloured(&desk, "img", 2);
    std::fs::write(desk.path("gt.txt"), "0,1,0,0,24,48,1\n1,1,5000,0,24,48,1\n").expect("written");
    let boxes = ["--mot", "gt.txt", "--frames", "img"];
    let text = desk.refused(2, &[&["gallery", "create", "boxes"][..], &boxes].concat());
    let problem = "gt.txt, row 2: the box 5000,0,24,48 lies outside img/001.png, which has ";
    assert!(text.contains(problem) && !text.contains("damaged"), "{text}");
    let skip = [&["gallery", "create", "some", "--on-error", "skip", "--json"][..], &boxes];
    let added = desk.json(&skip.concat());
    assert_eq!((&added["added"], added["skipped"].as_array().map(Vec::len)), (&1.into(), Some(1)));
    std::fs::write(desk.path("l.csv"), "path,crop\nimg/000.png,\"-50,0,9,9\"\n").expect("written");
    let text = desk.refused(2, &["gallery", "create", "list", "--list", "l.csv"]);
    assert!(text.contains("l.csv, row 2: the box -50,0,9,9 lies outside"), "{text}");
    // Shares of the picture where pixels are expected.
    std::fs::write(desk.path("l.csv"), "path,crop\nimg/000.png,\"0.1,0.1,0.3,0.3\"\n")
        .expect("written");
    let text = desk.refused(2, &["gallery", "create", "people", "--list", "l.csv"]);
    assert!(text.contains("the box 0.1,0.1,0.3,0.3 holds no whole pixel of img/000.png"), "{text}");
}

#[test]
fn a_creation_that_ended_early_continues_when_the_same_call_is_repeated() {
    let desk = Desk::new();
    let pictures = coloured(&desk, "g", 9);
    let whole = std::fs::read(&pictures[7]).expect("read");
    std::fs::write(&pictures[7], &whole[..30]).expect("written");
    let create = ["gallery", "create", "people", "g", "--label", "camera=gate", "--json"];
    assert!(desk.refused(2, &create).contains("007.png"));
    let rows = || desk.json(&["gallery", "info", "people", "--json"])["rows"].clone();
    assert_eq!(rows(), 7, "what came before is kept");
    // Another call is not the one that began.
    let other = desk.refused(2, &["gallery", "create", "people", "g"]);
    assert!(other.contains("did not finish") && other.contains("aio gallery add"), "{other}");
    let other = desk.refused(2, &[&create[..], &["--storage", "f16"]].concat());
    assert!(other.contains("did not finish"), "{other}");
    std::fs::write(&pictures[7], whole).expect("written");
    let created = desk.json(&create);
    assert_eq!(
        (&created["added"], &created["known"], &created["total"]),
        (&2.into(), &7.into(), &9.into())
    );
    // A gallery that is filled is made by no call.
    let text = desk.refused(2, &create);
    assert!(
        text.contains("people is a gallery already") && text.contains("aio gallery add"),
        "{text}"
    );
    assert!(!desk.path("people/creating").exists());
    assert_eq!(rows(), 9);
}

#[test]
fn boxes_without_a_confidence_are_added_and_what_is_left_out_is_counted() {
    let desk = Desk::new();
    coloured(&desk, "img", 2);
    // Minus one is "no confidence" in the results of trackers.
    let text =
        "0,1,0,0,24,48,-1,-1,-1,-1\n1,1,0,0,24,48,-0.5,-1,-1,-1\n1,2,9,9,24,48,0.9,-1,-1,-1\n";
    std::fs::write(desk.path("t.txt"), text).expect("written");
    let boxes = ["--mot", "t.txt", "--frames", "img"];
    let output = desk.run(&[&["gallery", "create", "all"][..], &boxes].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("left out"), "{said}");
    assert_eq!(desk.json(&["gallery", "info", "all", "--json"])["rows"], 3);
    let least = ["--least-confidence", "0"];
    let output = desk.run(&[&["gallery", "create", "some"][..], &boxes, &least].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("t.txt: 1 boxes left out"), "{said}");
    assert_eq!(desk.json(&["gallery", "info", "some", "--json"])["rows"], 2);
}

#[test]
fn what_boxes_cannot_be_asked_for_is_refused() {
    let desk = Desk::new();
    coloured(&desk, "img", 1);
    std::fs::write(desk.path("t.txt"), "0,1,0,0,24,48,0.9,-1,-1,-1\n").expect("written");
    let create = ["gallery", "create", "boxes", "--mot", "t.txt", "--frames", "img"];
    for (more, problem) in [
        (["--category", "dog"], "--category without --coco"),
        (["--category", "person"], "--category without --coco"),
        (["--least-confidence", "nan"], "expected a number"),
    ] {
        let text = desk.refused(2, &[&create[..], &more].concat());
        assert!(text.contains(problem), "{text}");
    }
    assert!(!desk.path("boxes").exists());
    let boxes = r#"{"images": [{"id": 1, "file_name": "000.png"}],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
        "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 24, 48]},
            {"image_id": 1, "category_id": 2, "bbox": [9, 9, 24, 48]},
            {"image_id": 1, "category_id": 2, "bbox": [3, 9, 24, 48]}]}"#;
    std::fs::write(desk.path("coco.json"), boxes).expect("written");
    let coco = ["--coco", "coco.json", "--frames", "img", "--json"];
    let none: [&str; 0] = [];
    for (gallery, category, rows) in [
        ("people", &none[..], 1),
        ("persons", &["--category", "person"], 1),
        ("dogs", &["--category", "dog"], 2),
    ] {
        let added = desk.json(&[&["gallery", "create", gallery][..], &coco, category].concat());
        assert_eq!(added["added"], rows, "{gallery}");
    }
}

#[test]
fn a_folder_of_photographs_called_segments_is_not_taken_for_a_gallery() {
    let desk = Desk::new();
    let photographs = coloured(&desk, "cam1/segments", 6);
    coloured(&desk, "g", 2);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let before: Vec<Vec<u8>> =
        photographs.iter().map(|path| std::fs::read(path).expect("read")).collect();
    for command in [["create", "cam1", "cam1/segments"], ["merge", "cam1", "people"]] {
        let text = desk.refused(2, &[&["gallery"][..], &command].concat());
        assert!(text.contains("cam1 is not empty: it holds segments/000.png"), "{text}");
    }
    // Names of the user's own that only begin as those of the program do.
    for name in ["lockers", "creating"] {
        std::fs::create_dir(desk.path("mine")).expect("created");
        std::fs::write(desk.path("mine").join(name), "mine").expect("written");
        let text = desk.refused(2, &["gallery", "create", "mine", "g"]);
        assert!(text.contains(&format!("mine is not empty: it holds {name}")), "{text}");
        std::fs::remove_dir_all(desk.path("mine")).expect("removed");
    }
    let names: Vec<_> = std::fs::read_dir(desk.path("cam1")).expect("listed").collect();
    assert_eq!(names.len(), 1, "nothing was written beside them");
    let after = photographs.iter().map(|path| std::fs::read(path).expect("kept"));
    assert!(after.eq(before));
}

#[test]
fn a_folder_of_pictures_with_features_called_gallery_is_no_gallery() {
    let desk = Desk::new();
    coloured(&desk, "photos", 3);
    desk.succeed(&["embed", "photos", "--output", "photos/gallery.safetensors"]);
    let found = desk.succeed(&["search", "photos", "--text", "a man", "--top", "3"]);
    assert!(found.contains("photos/002.png"), "{found}");
    // What is there stays.
    let text = desk.refused(2, &["gallery", "create", "photos", "photos"]);
    assert!(text.contains("photos is not empty"), "{text}");
    let before = std::fs::read(desk.path("photos/gallery.json")).expect("the manifest");
    coloured(&desk, "more", 1);
    for command in [
        &["info", "photos"][..],
        &["add", "photos", "more"],
        &["verify", "photos"],
        &["remove", "photos", "--row", "0"],
        &["export", "photos", "--output", "x.csv"],
        &["merge", "new", "photos"],
    ] {
        let text = desk.refused(2, &[&["gallery"][..], command].concat());
        let named = "`photos` is not a gallery: its gallery.json belongs to the features";
        assert!(text.contains(named) && !text.contains("damaged"), "{command:?}: {text}");
    }
    assert!(std::fs::read(desk.path("photos/gallery.json")).is_ok_and(|after| after == before));
    desk.succeed(&["search", "photos/gallery.safetensors", "--text", "a man"]);
}

#[test]
fn a_list_without_a_column_that_is_embedded_is_refused_at_its_names() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    let refused = |names: &str| {
        std::fs::write(desk.path("l.csv"), format!("{names}\ng/000.png,1\n")).expect("written");
        desk.refused(2, &["gallery", "create", "people", "--list", "l.csv"])
    };
    for names in ["Path,Identity", "filename,identity"] {
        let text = refused(names);
        let first = names.split(',').next().expect("a name");
        assert!(text.contains("row 1") && text.contains(&format!("found `{first}`")), "{text}");
        assert!(text.contains("with commas between columns"), "{text}");
    }
    let text = refused("path;identity");
    assert!(text.contains("row 1: the columns are separated by semicolons"), "{text}");
}
