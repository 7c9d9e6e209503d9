//! Detections of trackers and detectors.

use aio_gallery::{BoundingBox, Detected, Detection, Source, coco, mot};
use std::path::Path;

fn folder(frames: &[&str], name: &str, text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("temporary directory");
    for frame in frames {
        let path = directory.path().join("img").join(frame);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, "").expect("written");
    }
    std::fs::write(directory.path().join(name), text).expect("written");
    directory
}

fn read(
    directory: &tempfile::TempDir,
    name: &str,
    with: impl Fn(&Source) -> aio_gallery::Result<Detected>,
) -> aio_gallery::Result<Vec<Detection>> {
    let (file, frames) = (directory.path().join(name), directory.path().join("img"));
    let found = with(&Source { file: &file, frames: &frames, least_confidence: Some(0.4) });
    found.map(|found| found.wanted)
}

/// Rows, confidences and number of left out boxes of a file in MOTChallenge's form.
fn confidences(text: &str, least_confidence: Option<f64>) -> (Vec<(usize, Option<f64>)>, usize) {
    let directory = folder(&["1.jpg"], "boxes.txt", text);
    let (file, frames) = (directory.path().join("boxes.txt"), directory.path().join("img"));
    let found = mot(&Source { file: &file, frames: &frames, least_confidence }).expect("read");
    (found.wanted.iter().map(|d| (d.row, d.confidence)).collect(), found.left_out)
}

#[test]
fn no_box_is_left_out_for_its_confidence_unless_that_is_wanted() {
    // The first line is that of MOTChallenge's own example of a result; some detectors give scores below 0.
    let text = "1,1,794.27,247.59,71.245,174.88,-1,-1,-1,-1\n1,2,5,5,9,9,-0.7,-1,-1,-1\n1,3,5,5,9,9,0.2,-1,-1,-1\n";
    let all = vec![(1, None), (2, Some(-0.7)), (3, Some(0.2))];
    assert_eq!(confidences(text, None), (all, 0));
    assert_eq!(confidences(text, Some(0.0)), (vec![(1, None), (3, Some(0.2))], 1));
    assert_eq!(confidences(text, Some(0.5)), (vec![(1, None)], 2));
}

#[test]
fn ground_truth_says_which_boxes_to_ignore_and_has_no_confidence() {
    // As in MOT16 and later: a flag, a class and the visible share.
    let truth = "1,1,5,5,9,9,1,1,1\n1,2,5,5,9,9,0,3,0.25\n1,3,5,5,9,9,1,1,0\n";
    assert_eq!(confidences(truth, Some(0.5)), (vec![(1, None), (3, None)], 1));
    // One line that is none of ground truth, and all have confidences.
    for other in ["1,4,5,5,9,9,0.5,1,1\n", "1,4,5,5,9,9,1,-1,-1,-1\n", "1,4,5,5,9,9,1,-1,1\n"] {
        let (found, left_out) = confidences(&format!("{truth}{other}"), None);
        assert_eq!((found[1], found.len(), left_out), ((2, Some(0.0)), 4, 0), "{other}");
    }
}

#[test]
fn tracks_in_the_form_of_motchallenge_are_read() {
    let text = "\u{feff}2,7,10.5,20,30,60,0.9,-1,-1,-1\n1,7,9,19,30,60,0.8,-1,-1,-1\n\n1,-1,0,0,5,9\n1,8,0,0,5,9,0.1\n";
    let directory = folder(&["000001.jpg", "frame_2.png", "notes.txt"], "gt.txt", text);
    let found = read(&directory, "gt.txt", mot).expect("read");
    let names: Vec<_> =
        found.iter().map(|d| d.frame.file_name().expect("a name").to_owned()).collect();
    assert_eq!(names, ["000001.jpg", "000001.jpg", "frame_2.png"]);
    let tracks: Vec<_> = found.iter().map(|d| (d.number, d.track, d.confidence, d.row)).collect();
    assert_eq!(
        tracks,
        [(1, Some(7), Some(0.8), 2), (1, None, None, 4), (2, Some(7), Some(0.9), 1)]
    );
    assert_eq!(found[2].crop, BoundingBox { left: 10.5, top: 20.0, height: 60.0, width: 30.0 });
    for (text, problem) in [
        ("1,2,3,4,5\n", "row 1: 5 fields"),
        ("1,1,0,0,5,9\n1,x,0,0,5,9\n", "row 2: "),
        ("1,1,0,0,0,9\n", "a box of 0 × 9"),
        ("3,1,0,0,5,9\n", "no picture of frame 3"),
        ("1.5,1,0,0,5,9\n", "whole numbers"),
        ("1,1,0,0,5,9,0.1\n", "no detection that is wanted"),
    ] {
        let directory = folder(&["1.jpg"], "gt.txt", text);
        let error = read(&directory, "gt.txt", mot).expect_err(problem).to_string();
        assert!(error.contains(problem) && error.contains("gt.txt"), "{error}");
    }
    let twice = folder(&["1.jpg", "01.png"], "gt.txt", "1,1,0,0,5,9\n");
    let error = read(&twice, "gt.txt", mot).expect_err("two frames").to_string();
    assert!(error.contains("both frame 1"), "{error}");
}

#[test]
fn a_blank_field_does_not_move_those_behind_it() {
    for line in [
        "1,-1,5,6,9,8,,-1,-1,-1",
        "1,-1,5,6,9,8,,",
        "1, -1, 5, 6, 9, 8",
        "1 -1\t5  6 9 8",
        "1,-1,5,6,9,8,-1,",
    ] {
        assert_eq!(confidences(&format!("{line}\n"), None), (vec![(1, None)], 0), "{line}");
    }
    // Without the blank field the width would be 8, and the height 0.9.
    for line in ["1,,5,6,9,8,0.9", ",1,-1,5,6,9,8", "1,-1, ,5,6,9,8,0.9"] {
        let directory = folder(&["1.jpg"], "gt.txt", &format!("1,2,5,6,9,8\n{line}\n"));
        let error = read(&directory, "gt.txt", mot).expect_err(line).to_string();
        assert!(error.contains("gt.txt, row 2: a field is blank"), "{line}: {error}");
    }
}

#[test]
fn annotations_in_the_form_of_coco_are_read() {
    let text = "\u{feff}".to_owned()
        + r#"{"images": [{"id": 9, "file_name": "b/x.jpg"}, {"id": 4, "file_name": "y.jpg"}],
        "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}],
        "annotations": [
            {"image_id": 9, "bbox": [1, 2, 3, 4], "category_id": 1, "score": 0.5, "id": 1},
            {"image_id": 9, "bbox": [1, 2, 3, 4], "category_id": 2},
            {"image_id": 4, "bbox": [5, 6, 7, 8.5], "category_id": 1, "track_id": 3},
            {"image_id": 9, "bbox": [6, 2, 3, 4], "category_id": 1, "track_id": -1},
            {"image_id": 4, "bbox": [5, 6, 7, 8], "category_id": 1, "score": 0.3}]}"#;
    let directory = folder(&["b/x.jpg", "y.jpg"], "coco.json", &text);
    let found = read(&directory, "coco.json", |s| coco(s, "person")).expect("read");
    assert_eq!(found.len(), 3);
    assert_eq!((found[1].track, found[2].track, found[2].row), (None, None, 4));
    assert!(found[0].frame.ends_with(Path::new("img/y.jpg")));
    assert_eq!((found[0].track, found[0].confidence, found[0].row), (Some(3), None, 3));
    assert_eq!(found[0].crop, BoundingBox { left: 5.0, top: 6.0, height: 8.5, width: 7.0 });
    assert_eq!((found[1].number, found[1].confidence), (9, Some(0.5)));
    let error = read(&directory, "coco.json", |s| coco(s, "cat")).expect_err("no cats");
    assert!(error.hint().is_some_and(|hint| hint.contains("person, dog")));
    for (text, problem) in [
        ("{", "cannot parse"),
        (
            r#"{"images": [{"id": 1, "file_name": "../x.jpg"}], "annotations": []}"#,
            "outside the folder",
        ),
        (r#"{"images": [], "annotations": [{"image_id": 5, "bbox": [0, 0, 1, 1]}]}"#, "image 5"),
        (
            r#"{"images": [{"id": 1, "file_name": "x.jpg"}], "annotations": [{"image_id": 1, "bbox": [0, 0, -1, 1]}]}"#,
            "has the box 0,0,-1,1",
        ),
        (
            r#"{"images": [{"id": 1, "file_name": "x.jpg"}, {"id": 1, "file_name": "y.jpg"}], "annotations": [{"image_id": 1, "bbox": [0, 0, 1, 1]}]}"#,
            "are both image 1",
        ),
    ] {
        let directory = folder(&["x.jpg"], "coco.json", text);
        let error = read(&directory, "coco.json", |s| coco(s, "person")).expect_err(problem);
        assert!(error.to_string().contains(problem), "{error}");
    }
}

#[test]
fn a_box_around_a_crowd_is_no_person() {
    let of = |crowd: &str| {
        let text = format!(
            r#"{{"images": [{{"id": 1, "file_name": "x.jpg"}}], "annotations": [
            {{"image_id": 1, "bbox": [0, 0, 3, 4]{crowd}}}, {{"image_id": 1, "bbox": [1, 0, 3, 4]}}]}}"#
        );
        let directory = folder(&["x.jpg"], "coco.json", &text);
        let (file, frames) = (directory.path().join("coco.json"), directory.path().join("img"));
        let source = Source { file: &file, frames: &frames, least_confidence: None };
        let found = coco(&source, "person").expect("read");
        (found.wanted.len(), found.left_out)
    };
    for crowd in [r#", "iscrowd": 1"#, r#", "iscrowd": true"#] {
        assert_eq!(of(crowd), (1, 1), "{crowd}");
    }
    for person in ["", r#", "iscrowd": 0"#, r#", "iscrowd": false"#, r#", "iscrowd": null"#] {
        assert_eq!(of(person), (2, 0), "{person}");
    }
}

#[test]
fn boxes_that_are_shares_of_their_pictures_are_refused() {
    let shares = "1,1,0.1,0.05,0.8,0.9\n1,2,0.5,0.5,0.51,0.5\n";
    let directory = folder(&["1.jpg"], "gt.txt", shares);
    let error = read(&directory, "gt.txt", mot).expect_err("shares");
    assert!(error.to_string().contains("gt.txt reaches beyond the second pixel"), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("in pixels")), "{error}");
    // One box that is none is enough.
    assert_eq!(confidences(&format!("{shares}1,3,0,0,9,9\n"), None).0.len(), 3);
}

#[test]
fn annotations_may_have_both_names_of_a_track_and_of_a_confidence() {
    let text = r#"{"images": [{"id": 1, "file_name": "x.jpg"}], "annotations": [
        {"image_id": 1, "bbox": [0, 0, 3, 4], "instance_id": 7, "confidence": 0.5},
        {"image_id": 1, "bbox": [1, 0, 3, 4], "track_id": 3, "instance_id": 8, "score": 0.6, "confidence": 0.1}]}"#;
    let directory = folder(&["x.jpg"], "coco.json", text);
    let found = read(&directory, "coco.json", |source| coco(source, "person")).expect("read");
    let found: Vec<_> = found.iter().map(|d| (d.track, d.confidence)).collect();
    assert_eq!(found, [(Some(7), Some(0.5)), (Some(3), Some(0.6))]);
}
