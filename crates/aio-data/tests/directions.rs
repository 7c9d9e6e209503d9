//! Tasks whose scores are computed by hand: features are points of a circle, and the cosine orders them by their angles.

mod tree;

use aio_data::task::{Task, TaskData};
use aio_data::{Content, DatasetName};
use aio_eval::{
    EvalOptions, Features, LabelledFeatures, Protocol, Scores, Unmatched, evaluate,
    mean_over_trials,
};
use aio_types::{Clothes, Identity, Modality, SourcePhoto};
use serde_json::json;
use std::collections::BTreeSet;
use tree::Tree;

fn data(tree: &Tree, task: &str) -> TaskData {
    let task = Task::parse(task).expect(task).remove(0);
    task.data(&task.dataset.open(tree.root()).expect("read")).expect("a test")
}

/// Unit vectors at these angles, in degrees.
fn at(degrees: &[f32]) -> Features {
    let values = degrees.iter().flat_map(|angle| {
        let (sine, cosine) = angle.to_radians().sin_cos();
        [cosine, sine]
    });
    Features::new("angles", degrees.len(), 2, values.collect()).expect("finite")
}

/// Scores of a task, the mean over its trials, with queries and gallery at these angles.
fn scores(data: &TaskData, queries: &[f32], gallery: &[f32]) -> Scores {
    let (queries, gallery) = (at(queries), at(gallery));
    let of_trial = |trial| {
        let (asked, shown): (_, Vec<_>) = (data.query_entries(trial), data.gallery_entries(trial));
        let (q, g) = (queries.select(&trial.query), gallery.select(&trial.gallery));
        let q = LabelledFeatures { features: &q, entries: &asked };
        let g = LabelledFeatures { features: &g, entries: &shown };
        evaluate(q, g, data.protocol, EvalOptions::default(), |_, _| {}).expect("scores")
    };
    mean_over_trials(&data.trials.iter().map(of_trial).collect::<Vec<_>>())
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, expected {expected}");
}

/// The rows of a test part in the form of CUHK-PEDES: a photograph each, with its person and its captions.
fn annotations(photos: &[(&str, i64, &[&str])]) -> String {
    let item = |(path, id, captions): &(&str, i64, &[&str])| json!({"split": "test", "captions": captions, "file_path": path, "id": id});
    json!(photos.iter().map(item).collect::<Vec<_>>()).to_string()
}

#[test]
fn photographs_are_searched_among_all_captions_and_any_of_the_person_is_a_match() {
    let tree = Tree::new(&[
        "CUHK-PEDES/imgs/a.png",
        "CUHK-PEDES/imgs/b.png",
        "CUHK-PEDES/imgs/c.png",
        "RSTPReid/imgs/a.png",
        "ICFG-PEDES/imgs/a.png",
    ]);
    let rows =
        annotations(&[("a.png", 1, &["A1", "A2"]), ("b.png", 1, &["B1"]), ("c.png", 2, &["C1"])]);
    tree.write("CUHK-PEDES/reid_raw.json", &rows);
    let found = data(&tree, "cuhk-pedes.rgb-text");
    let captions: Vec<_> =
        found.gallery.iter().map(|item| item.caption().expect("words")).collect();
    assert_eq!(captions, ["A1", "A2", "B1", "C1"]);
    assert!(found.queries.iter().all(|query| query.pictures().count() == 1));
    assert_eq!((found.protocol, found.queries.len()), (Protocol::Text, 3));
    // a: C1 B1 A1 A2, b: B1 A1 C1 A2, c: C1 first. The captions of a photograph are matches of itself and of the person's other one.
    let of = scores(&found, &[0.0, 24.0, 12.0], &[30.0, 90.0, 20.0, 10.0]);
    assert_near(of.map, (23.0 / 36.0 + 33.0 / 36.0 + 1.0) / 3.0);
    assert_near(of.minp, (0.75 + 0.75 + 1.0) / 3.0);
    assert_near(of.cmc[0], 2.0 / 3.0);
    assert_near(of.cmc[1], 1.0);

    let one = annotations(&[("a.png", 1, &["A."])]);
    tree.write("RSTPReid/data_captions.json", &one.replace("file_path", "img_path"));
    tree.write("ICFG-PEDES/ICFG-PEDES.json", &one);
    for task in ["rstpreid.rgb-text", "icfg-pedes.rgb-text"] {
        assert_eq!(data(&tree, task).gallery[0].content, Content::Caption("A.".into()), "{task}");
    }
}

#[test]
fn orbench_searches_every_picture_among_the_captions_of_the_test() {
    let tree = Tree::new(&["ORBench/vis/0601/a.jpg", "ORBench/sk/0601/s.jpg"]);
    tree.write("ORBench/train_annos.json", "[]");
    let lists = json!({
        "RGB_GALLERY": [[601, "vis/0601/a.jpg"]],
        "TEXT": [[601, "A."], [602, "B."], [601, "A."]],
        "SK": [[601, "sk/0601/s.jpg"]],
    });
    tree.write("ORBench/test_gallery_and_queries.json", &lists.to_string());
    for task in ["orbench.rgb-text", "orbench.sketch-text"] {
        let found = data(&tree, task);
        assert_eq!((found.queries.len(), found.gallery.len()), (1, 2), "{task}");
        // B. before A.: the match is second.
        assert_near(scores(&found, &[0.0], &[20.0, 10.0]).map, 0.5);
    }
}

#[test]
fn every_task_of_orbench_evaluates_a_list_of_its_own() {
    let tree = Tree::new(&["ORBench/vis/0601/a.jpg", "ORBench/x/0601/x.jpg"]);
    tree.write("ORBench/train_annos.json", "[]");
    let names = ["NIR", "CP", "SK", "TEXT"];
    let mut lists =
        serde_json::Map::from_iter([("RGB_GALLERY".to_owned(), json!([[601, "vis/0601/a.jpg"]]))]);
    // The nth list has n queries.
    for bits in 1u8..16 {
        let members: Vec<&str> = (0..4).filter(|i| bits >> i & 1 == 1).map(|i| names[i]).collect();
        for first in &members {
            let others = members.iter().filter(|name| *name != first);
            let key: Vec<&str> = [first].into_iter().chain(others).copied().collect();
            let row: Vec<_> =
                [json!(601)].into_iter().chain(key.iter().map(|_| json!("x/0601/x.jpg"))).collect();
            lists.insert(key.join("+"), json!(vec![row; lists.len()]));
        }
    }
    let expected: BTreeSet<usize> = (1..=32).collect();
    tree.write("ORBench/test_gallery_and_queries.json", &json!(lists).to_string());
    let dataset = DatasetName::OrBench.open(tree.root()).expect("read");
    let tasks = Task::parse("orbench.*-rgb").expect("all");
    let sizes = tasks.iter().map(|task| task.data(&dataset).expect("a list").queries.len());
    assert_eq!(sizes.collect::<BTreeSet<_>>(), expected);
    // The first modality in the name of a task is the first in the key of its list.
    let queries = |task: &str| {
        let task = Task::parse(task).expect(task).remove(0);
        task.data(&dataset).expect("a list").queries.len()
    };
    let list = |key: &str| lists[key].as_array().expect("rows").len();
    assert_eq!(queries("orbench.sketch+colour-pencil-rgb"), list("SK+CP"));
    assert_eq!(queries("orbench.sketch+colour-pencil-rgb.colour-pencil-first"), list("CP+SK"));
}

#[test]
fn infrared_of_another_photograph_hides_both() {
    let files = ["a", "b", "c", "d", "e", "f"];
    let tree = Tree::new(&[]);
    for file in files {
        tree.write(&format!("CUHK-PEDES/imgs/{file}.png"), "x");
        tree.write(&format!("CUHK-PEDES/imgs-sketch2/{file}.png"), "x");
    }
    // Three photographs of 1, two of 2, one of 3.
    let people = [1, 2, 1, 3, 2, 1];
    let names = files.map(|file| format!("{file}.png"));
    let photos: Vec<(&str, i64, &[&str])> = names
        .iter()
        .zip(people)
        .map(|(name, person)| (name.as_str(), person, &["A."][..]))
        .collect();
    tree.write("CUHK-PEDES/reid_raw.json", &annotations(&photos));

    let usual = data(&tree, "tri-cuhk-pedes.infrared+text-rgb");
    assert_eq!(usual.queries.len(), 6);
    assert!(usual.queries.iter().all(|query| query.entry.second_source.is_none()));
    let other = data(&tree, "tri-cuhk-pedes.infrared+text-rgb.other-photo");
    // 3 has no other photograph. The next of a is c, of c is f, of f is a; b and e are each other's.
    let expected =
        [(0, "c.png", 2), (1, "e.png", 4), (2, "f.png", 5), (4, "b.png", 1), (5, "a.png", 0)];
    assert_eq!(other.queries.len(), expected.len());
    for (query, (source, file, second)) in other.queries.iter().zip(expected) {
        assert_eq!(query.entry.source, Some(SourcePhoto(source)));
        assert_eq!(query.entry.second_source, Some(SourcePhoto(second)));
        let (modality, picture) = query.pictures().next().expect("a picture");
        assert_eq!((modality, picture.synthesised), (Modality::Infrared, Some(second as u64)));
        assert!(picture.path.ends_with(file), "{}", picture.path.display());
    }
    // Of 2 the protocol hides both photographs.
    assert_eq!(other.unmatched(), [Unmatched { absent: 0, only_junk: 2 }]);
    // Query a at 0°: a and c are hidden; b, then f, the match: 1/2. Query c at 40°: c and f are hidden; d, b, then a: 1/3.
    // Query f at 60°: f and a are hidden; c first: 1.
    let of = scores(&other, &[0.0, 0.0, 40.0, 0.0, 60.0], &[5.0, 15.0, 50.0, 42.0, 120.0, 20.0]);
    assert_near(of.map, (0.5 + 1.0 / 3.0 + 1.0) / 3.0);
    assert_eq!((of.queries, of.skipped), (5, 2));
}

#[test]
fn people_in_other_clothes_are_searched_for() {
    let tree = Tree::new(&[
        "OmniReID/q.png",
        "OmniReID/a.png",
        "OmniReID/b.png",
        "OmniReID/c.png",
        "OmniReID/d.png",
    ]);
    tree.write("OmniReID/query.txt", "q.png any 12 3 1\n");
    // The same clothes at another camera, other clothes at the same camera, other clothes elsewhere, another person in clothes 3.
    let gallery = "a.png any 12 3 2\nb.png any 12 4 1\nc.png any 12 5 2\nd.png any 13 3 2\n";
    tree.write("OmniReID/gallery.txt", gallery);
    let usual = data(&tree, "omnireid.rgb-rgb");
    assert_eq!(usual.queries[0].entry.clothes, Some(Clothes(3)));
    let hidden = |data: &TaskData| -> Vec<bool> {
        let query = &data.queries[0].entry;
        data.gallery.iter().map(|item| data.protocol.is_junk(query, &item.entry)).collect()
    };
    assert_eq!(hidden(&usual), [false, true, false, false]);
    let changing = data(&tree, "omnireid.rgb-rgb.clothes-changing");
    assert_eq!(hidden(&changing), [true, true, false, false]);
    // In order: a, d, c. Usual: 1 and 2/3; without a: 1/2.
    let angles = ([0.0], [10.0, 0.0, 30.0, 20.0]);
    assert_near(scores(&usual, &angles.0, &angles.1).map, (1.0 + 2.0 / 3.0) / 2.0);
    assert_near(scores(&changing, &angles.0, &angles.1).map, 0.5);
    // Clothes may be words, and are not known where the number is negative.
    tree.write("OmniReID/query.txt", "q.png any 12 red-coat 1\n");
    tree.write(
        "OmniReID/gallery.txt",
        "a.png any 12 red-coat 2\nb.png any 12 -1 2\nc.png any 12 5 2\nd.png any 13 3 2\n",
    );
    assert_eq!(
        hidden(&data(&tree, "omnireid.rgb-rgb.clothes-changing")),
        [true, false, false, false]
    );
}

#[test]
fn scores_of_regdb_are_means_over_its_ten_splits() {
    let tree = Tree::new(&[]);
    for person in 1..=3 {
        tree.write(&format!("RegDB/Visible/{person}/v.bmp"), "x");
        tree.write(&format!("RegDB/Thermal/{person}/t.bmp"), "x");
    }
    for split in 1..=10 {
        // Odd splits test 1 and 2, even ones 2 and 3.
        let (tested, trained) = if split % 2 == 1 { ([1, 2], 3) } else { ([2, 3], 1) };
        for (list, folder, file) in [("visible", "Visible", "v"), ("thermal", "Thermal", "t")] {
            let line = |person: i32| format!("{folder}/{person}/{file}.bmp 0\n");
            let test = tested.map(line).concat();
            tree.write(&format!("RegDB/idx/test_{list}_{split}.txt"), &test);
            tree.write(&format!("RegDB/idx/train_{list}_{split}.txt"), &line(trained));
        }
    }
    let (thermal, visible) = ([0.0, 40.0, 80.0], [10.0, 75.0, 50.0]);
    let person = |data: &TaskData, row: usize| data.queries[row].entry.identity;
    // Odd: 1 finds itself at once, 2 second. Even: both second.
    let found = data(&tree, "regdb.infrared-rgb");
    assert_eq!((found.trials.len(), person(&found, 2)), (10, Identity(3)));
    let of = scores(&found, &thermal, &visible);
    assert_near(of.map, (0.75 + 0.5) / 2.0);
    assert_near(of.cmc[0], (0.5 + 0.0) / 2.0);
    // n − 1: ten values, half of them 0.125 above the mean and half below.
    assert_near(of.spread.expect("of ten").map, (10.0 * 0.125f64.powi(2) / 9.0).sqrt());
    // The other direction. Odd: both at once. Even: both second.
    let of = scores(&data(&tree, "regdb.rgb-infrared"), &visible, &thermal);
    assert_near(of.map, (1.0 + 0.5) / 2.0);
    // One split alone.
    let second = data(&tree, "regdb-2.infrared-rgb");
    assert_eq!((second.trials.len(), second.queries.len()), (1, 2));
    assert_near(scores(&second, &thermal[1..], &visible[1..]).map, 0.5);
}

#[test]
fn scores_of_pku_sketch_are_means_over_its_ten_splits() {
    let tree = Tree::new(&[]);
    for person in [1, 2] {
        tree.write(&format!("PKU-Sketch/sketch/{person}.jpg"), "x");
        for camera in ["04", "06"] {
            tree.write(&format!("PKU-Sketch/photo/{person}_{camera}_10.jpg"), "x");
        }
    }
    for split in 1..=10 {
        // The first split tests both people, all others the second alone.
        let tested: &[i32] = if split == 1 { &[1, 2] } else { &[2] };
        let photo = |person: &i32| {
            format!(
                "photo/{person}_04_10.jpg {person} 04 0\nphoto/{person}_06_10.jpg {person} 06 0\n"
            )
        };
        let sketch = |person: &i32| format!("sketch/{person}.jpg {person} 0 1\n");
        let lists = [
            ("test_visible", tested.iter().map(photo).collect::<String>()),
            ("test_sketch", tested.iter().map(sketch).collect()),
            ("train_visible", String::new()),
            ("train_sketch", String::new()),
        ];
        for (list, lines) in lists {
            tree.write(&format!("PKU-Sketch/idx/{list}_{split}.txt"), &lines);
        }
    }
    let found = DatasetName::PkuSketch(0).open(tree.root()).expect("read");
    assert_eq!(found.trials.len(), 10);
    // In the first split both sketches rank their photographs 1 and 3; in the others nobody else is shown.
    let found = data(&tree, "pku-sketch.sketch-rgb");
    let of = scores(&found, &[0.0, 50.0], &[5.0, 30.0, 20.0, 60.0]);
    let first = (1.0 + 2.0 / 3.0) / 2.0;
    assert_near(of.map, (first + 9.0) / 10.0);
}

#[test]
fn the_released_code_of_llcm_draws_infrared_queries_and_searches_all_photographs() {
    let tree = Tree::new(&["LLCM/idx/train_vis.txt", "LLCM/idx/train_nir.txt"]);
    tree.write("LLCM/idx/train_vis.txt", "");
    tree.write("LLCM/idx/train_nir.txt", "");
    tree.write("LLCM/idx/test_id.txt", "3,5\n");
    // Person 3 at cameras 1 and 2, person 5 at camera 1: so many infrared pictures and photographs.
    for (who, camera, infrared, photographs) in [(3, 1, 2, 3), (3, 2, 1, 2), (5, 1, 3, 1)] {
        for (kind, count) in [("nir", infrared), ("vis", photographs)] {
            for shot in 0..count {
                tree.write(
                    &format!(
                        "LLCM/test_{kind}/cam{camera}/{who:04}/{who:04}_c{camera:02}_s{shot}_f1_{kind}.jpg"
                    ),
                    "x",
                );
            }
        }
    }
    let sizes = |task: &str| {
        let data = data(&tree, task);
        let trials: Vec<_> = data.trials.iter().map(|t| (t.query.len(), t.gallery.len())).collect();
        assert_eq!(trials.len(), 10, "{task}");
        assert!(trials.iter().all(|sizes| *sizes == trials[0]), "{task}");
        (trials[0], data)
    };
    // The directions of the paper: every query, and one drawn picture of each person and camera.
    assert_eq!(sizes("llcm.infrared-rgb").0, (6, 3));
    assert_eq!(sizes("llcm.rgb-infrared").0, (6, 3));
    // "Visible to infrared" of the released code: drawn infrared pictures, and every photograph.
    let (of_trial, data) = sizes("llcm.infrared-rgb.released");
    assert_eq!(of_trial, (3, 6));
    let asked: Vec<Modality> =
        data.queries.iter().flat_map(|query| query.pictures().map(|(m, _)| m)).collect();
    assert_eq!(asked, [Modality::Infrared; 6]);
    assert!(data.gallery.iter().all(|item| {
        item.content.path().is_some_and(|path| path.to_string_lossy().contains("test_vis"))
    }));
}
