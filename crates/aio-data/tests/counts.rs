//! Copies of the published sizes: `aio data check` accepts them, and says what a smaller one lacks.

mod tree;

use aio_data::DatasetName;
use aio_data::check::{Check, Report};
use aio_data::readers::{LeftOut, synth_pedes};
use serde_json::json;
use std::ops::ControlFlow;
use tree::Tree;

/// Compares a tree with what was published; no picture is decoded.
fn check(tree: &Tree, dataset: DatasetName) -> Report {
    check_with(tree, dataset, 0)
}

/// As [`check`], with so many pictures decoded.
fn check_with(tree: &Tree, dataset: DatasetName, pictures: usize) -> Report {
    let check = Check {
        dataset,
        root: tree.root(),
        pictures,
        is_rendered: &|_| false,
        progress: &|_, _| {},
        poll: &|| ControlFlow::Continue(()),
    };
    check.run().expect("read")
}

fn accepts(tree: &Tree, dataset: DatasetName) {
    let report = check(tree, dataset);
    assert!(report.is_right(), "{}", report.text());
}

fn lacks(tree: &Tree, dataset: DatasetName, expected: &str) {
    let report = check(tree, dataset);
    assert!(report.problems.iter().any(|p| p.contains(expected)), "{}", report.text());
    assert!(report.text().contains(expected));
}

/// Lines of lists by the name of the file.
#[derive(Default)]
struct Lists(std::collections::BTreeMap<String, String>);

impl Lists {
    fn add(&mut self, file: String, line: &str) {
        *self.0.entry(file).or_default() += &format!("{line}\n");
    }

    fn write(&self, tree: &Tree) {
        self.0.iter().for_each(|(file, text)| tree.write(file, text));
    }
}

#[test]
fn a_correct_copy_of_regdb_is_accepted_with_all_splits_and_with_one() {
    let tree = Tree::new(&[]);
    let mut lists = Lists::default();
    for person in 1..=412 {
        for (kind, folder) in [("visible", "Visible"), ("thermal", "Thermal")] {
            for picture in 0..10 {
                let path = format!("{folder}/{person}/male_back_{picture}_{person}.bmp");
                tree.write(&format!("RegDB/{path}"), "x");
                for split in 1..=10 {
                    let part = if (person + split) % 2 == 0 { "test" } else { "train" };
                    let list = format!("RegDB/idx/{part}_{kind}_{split}.txt");
                    lists.add(list, &format!("{path} {}", person / 2));
                }
            }
        }
    }
    lists.write(&tree);
    accepts(&tree, DatasetName::RegDb(0));
    accepts(&tree, DatasetName::RegDb(3));
    let list = "RegDB/idx/test_visible_3.txt".to_owned();
    let text = lists.0[&list].split_once('\n').expect("lines").1;
    tree.write(&list, text);
    lacks(
        &tree,
        DatasetName::RegDb(3),
        "gallery rgb: 2059 samples of 206 people; published are 2060 of 206 people",
    );
    // A split has its own number, and shares people with all others.
    lacks(
        &tree,
        DatasetName::RegDb(3),
        "gallery pictures of test split 3 of 10: 2059; published are 2060",
    );
    let overlaps = check(&tree, DatasetName::RegDb(3)).overlaps;
    assert_eq!(overlaps.len(), 10, "{overlaps:?}");
    assert!(["regdb", "regdb-1", "regdb-10"].iter().all(|name| overlaps.contains(name)));
    assert!(!overlaps.contains(&"regdb-3"));
    // In the ten splits together nobody is missing: the split itself is compared.
    lacks(
        &tree,
        DatasetName::RegDb(0),
        "gallery pictures of test split 3 of 10: 2059; published are 2060",
    );
    accepts(&tree, DatasetName::RegDb(4));
}

#[test]
fn a_correct_copy_of_pku_sketch_is_accepted_and_a_missing_photograph_is_counted() {
    let tree = Tree::new(&[]);
    let mut lists = Lists::default();
    let mut person = 0;
    for (artist, count, style) in
        [('a', 46, 1), ('b', 20, 2), ('c', 79, 3), ('d', 33, 4), ('e', 22, 4)]
    {
        for _ in 0..count {
            person += 1;
            let annotation = format!("PKUSketchRE-ID_V1/styleAnnotation/{artist}_{count}.txt");
            lists.add(annotation, &person.to_string());
            let photos = [4, 6].map(|camera| (format!("photo/{person}_0{camera}_30.jpg"), camera));
            let sketch = format!("sketch/{person}.jpg");
            photos
                .iter()
                .for_each(|(photo, _)| tree.write(&format!("PKUSketchRE-ID_V1/{photo}"), "x"));
            tree.write(&format!("PKUSketchRE-ID_V1/{sketch}"), "x");
            for split in 1..=10 {
                let part = if (person + split) % 4 == 0 { "test" } else { "train" };
                let list = |kind| format!("PKUSketchRE-ID_V1/idx/{part}_{kind}_{split}.txt");
                for (photo, camera) in &photos {
                    lists.add(list("visible"), &format!("{photo} {person} 0{camera} 0"));
                }
                lists.add(list("sketch"), &format!("{sketch} {person} 0 {style}"));
            }
        }
    }
    lists.write(&tree);
    assert_eq!(person, 200);
    accepts(&tree, DatasetName::PkuSketch(0));
    accepts(&tree, DatasetName::PkuSketch(7));
    let dataset = DatasetName::PkuSketch(0).open(tree.root()).expect("read");
    let drawn = |artist| dataset.query.iter().filter(|s| s.artist == Some(artist)).count();
    assert_eq!(['a', 'b', 'c', 'd', 'e'].map(drawn), [46, 20, 79, 33, 22]);
    tree.write("PKUSketchRE-ID_V1/photo/201_04_30.jpg", "x");
    lacks(&tree, DatasetName::PkuSketch(0), "files in photo/: 401; published are 400");
    lacks(&tree, DatasetName::PkuSketch(7), "people in photo/: 201; published are 200");
    std::fs::remove_dir_all(tree.root().join("PKUSketchRE-ID_V1/styleAnnotation")).expect("remove");
    let artists = "people with an artist in styleAnnotation/: 0; published are 200";
    lacks(&tree, DatasetName::PkuSketch(0), artists);
}

#[test]
fn a_correct_copy_of_market_sketch_1k_is_accepted_and_a_missing_sketch_is_counted() {
    let tree = Tree::new(&[]);
    // How many people of the training and of the query part each artist drew: 4,763 sketches, of F as published.
    let drawn = [
        ("A", [498, 498]),
        ("B", [498, 498]),
        ("C", [498, 498]),
        ("D", [350, 350]),
        ("E", [43, 42]),
        ("F", [497, 493]),
    ];
    for (part, place) in [("train", 0), ("query", 1)] {
        for person in 0..498 {
            let name = format!("{:04}", 2 * person + place + 1);
            tree.write(&format!("MaSk1K/photo/{part}/{name}_c1s1_000451_03.jpg"), "x");
            for (artist, counts) in drawn {
                if person < counts[place] {
                    tree.write(&format!("MaSk1K/sketch/{artist}/{part}/{name}.jpg"), "x");
                }
            }
        }
    }
    accepts(&tree, DatasetName::MarketSketch1k(LeftOut::Nobody));
    std::fs::remove_file(tree.path("MaSk1K/sketch/F/query/0002.jpg")).expect("remove");
    lacks(
        &tree,
        DatasetName::MarketSketch1k(LeftOut::Nobody),
        "sketches of both parts: 4762; published are 4763",
    );
}

#[test]
fn a_correct_copy_of_cuhk03s_classic_splits_is_accepted_and_a_missing_split_is_counted() {
    let tree = Tree::new(&[]);
    let mut divisions = Vec::new();
    for split in 0..20 {
        let mut rows = Vec::new();
        for person in 1..=100 {
            for view in 1..=2 {
                let name = format!("1_{:03}_{view}_0{view}.png", split + person);
                tree.write(&format!("cuhk03/images_detected/{name}"), "x");
                rows.push(json!([name, person, view - 1]));
            }
        }
        divisions.push(json!({"train": [], "query": rows, "gallery": rows}));
    }
    let list = "cuhk03/splits_classic_detected.json";
    tree.write(list, &json!(divisions).to_string());
    accepts(&tree, DatasetName::Cuhk03ClassicDetected);
    let query = divisions[4]["query"].as_array_mut().expect("rows");
    query.truncate(198);
    tree.write(list, &json!(divisions).to_string());
    lacks(
        &tree,
        DatasetName::Cuhk03ClassicDetected,
        "test people of split 5: 99; published are 100",
    );
    tree.write(list, &json!(divisions[..19]).to_string());
    lacks(&tree, DatasetName::Cuhk03ClassicDetected, "test splits: 19; published are 20");
}

#[test]
fn the_queries_of_every_list_of_orbench_are_compared() {
    let tree = Tree::new(&["ORBench/vis/0601/1.jpg", "ORBench/nir/0601/1.jpg"]);
    tree.write("ORBench/train_annos.json", "[]");
    let lists = json!({
        "RGB_GALLERY": [[601, "vis/0601/1.jpg"]],
        "NIR": [[601, "nir/0601/1.jpg"]],
        "CP": [[601, "nir/0601/1.jpg"]], "SK": [[601, "nir/0601/1.jpg"]],
        "TEXT": [[601, "A man."]],
        "TEXT+NIR": [[601, "A man.", "nir/0601/1.jpg"], [601, "A tall man.", "nir/0601/1.jpg"]],
    });
    tree.write("ORBench/test_gallery_and_queries.json", &lists.to_string());
    let report = check(&tree, DatasetName::OrBench);
    assert_eq!(report.further.len(), 32, "every list");
    for expected in [
        "queries of NIR: 1; published are 10425",
        "queries of TEXT+NIR: 2; published are 18050",
        "queries of SK+CP+TEXT: 0; published are 7200",
    ] {
        assert!(report.problems.iter().any(|p| p == expected), "{expected}: {}", report.text());
    }
}

#[test]
fn photographs_that_are_read_by_an_index_are_decoded_as_well() {
    let tree = Tree::new(&["SYNTH-PEDES/Part1/2/1.png"]);
    for file in ["SYNTH-PEDES/Part1/1/1.png", "SYNTH-PEDES/Part1/3/1.png"] {
        tree.write(file, "");
        image::RgbImage::new(2, 4).save(tree.path(file)).expect("a picture");
    }
    let item = |person: i64| json!({"id": person, "file_path": format!("Part1/{person}/1.png"), "attributes": ["tall"], "captions": ["A man."]});
    let items = json!([item(1), item(2), item(3)]).to_string();
    tree.write("SYNTH-PEDES/synthpedes_dataset.json", &items);
    let decoded = |pictures: usize| {
        let report = check_with(&tree, DatasetName::SynthPedes, pictures);
        (report.decoded, report.unreadable)
    };
    let without_index = decoded(usize::MAX);
    assert_eq!((without_index.0, without_index.1.len()), (3, 1));
    let directory = tree.path("SYNTH-PEDES");
    assert_eq!(synth_pedes::prepare(&directory, &|_| ()).expect("an index"), 3);
    let with_index = decoded(usize::MAX);
    assert_eq!(with_index, without_index);
    assert!(with_index.1[0].contains("2/1.png"), "{with_index:?}");
    assert_eq!(decoded(1), (1, Vec::new()));
    // A photograph that is not there any more is missed.
    std::fs::remove_file(tree.path("SYNTH-PEDES/Part1/3/1.png")).expect("remove");
    let report = check_with(&tree, DatasetName::SynthPedes, 3);
    let said = "2 of 3 pictures cannot be decoded".to_owned();
    assert!(report.problems.contains(&said), "{}", report.text());
}
