//! Data sets that the benchmark does not render, in the forms that their owners published: small trees written here, and broken ones.

mod tree;

use aio_data::DatasetName;
use aio_data::picture::FORMATS;
use aio_data::readers::synth_pedes;
use aio_data::task::Task;
use aio_types::{Camera, Identity, Modality, SourcePhoto};
use serde_json::json;
use tree::Tree;

fn refusal(tree: &Tree, name: DatasetName) -> String {
    let error = name.open(tree.root()).expect_err("broken");
    assert!(error.is_user(), "{error}");
    error.to_string()
}

#[test]
fn market_with_distractors_and_duke_with_eight_cameras() {
    let tree = Tree::new(&[
        "Market-1501-v15.09.15/bounding_box_train/0002_c1s1_000451_03.jpg",
        "Market-1501-v15.09.15/bounding_box_test/0001_c1s1_001051_00.jpg",
        "Market-1501-v15.09.15/bounding_box_test/-1_c3s1_000401_03.jpg",
        "Market-1501-v15.09.15/bounding_box_test/Thumbs.db",
        "Market-1501-v15.09.15/query/0001_c2s1_001051_00.jpg",
        "Market-1501-v15.09.15/images/0000_c4s1_000001_00.jpg",
        "Market-1501-v15.09.15/images/0000_c5s1_000001_00.jpg",
        "DukeMTMC-reID/bounding_box_train/0005_c2_f0046985.jpg",
        "DukeMTMC-reID/bounding_box_test/0001_c8_f0046182.jpg",
        "DukeMTMC-reID/query/0001_c2_f0046182.jpg",
    ]);
    let open = |name: DatasetName| name.open(tree.root()).expect("read");
    assert_eq!(open(DatasetName::Market1501).gallery.len(), 1);
    assert_eq!(open(DatasetName::Market1501Plus500k).gallery.len(), 3);
    assert_eq!(open(DatasetName::DukeMtmcReId).gallery[0].camera, Some(Camera(8)));
    // Whoever has data of their own in this layout may number people from 0.
    for file in ["bounding_box_train/0000_c1_f1.jpg", "query/0000_c3_f2.jpg"] {
        tree.write(&format!("DukeMTMC-reID/{file}"), "x");
    }
    let duke = open(DatasetName::DukeMtmcReId);
    let people = |samples: &[aio_data::Sample]| {
        samples.iter().map(|sample| sample.identity.0).collect::<Vec<_>>()
    };
    assert_eq!((people(&duke.train), people(&duke.query)), (vec![0, 5], vec![0, 1]));
    tree.write("Market-1501-v15.09.15/query/0001_c7s1_001051_00.jpg", "x");
    assert!(refusal(&tree, DatasetName::Market1501).contains("camera 7"));
}

#[test]
fn a_query_without_hand_drawn_boxes_is_named_where_all_are_asked_for_by_several_pictures() {
    let tree = Tree::new(&[
        "market1501/bounding_box_train/0002_c1s1_000451_03.jpg",
        "market1501/bounding_box_test/0001_c1s1_001051_00.jpg",
        "market1501/query/0001_c2s1_001051_00.jpg",
        "market1501/query/0001_c3s1_001051_00.jpg",
        "market1501/gt_bbox/0001_c2s1_001051_00.jpg",
        "market1501/gt_bbox/0001_c2s1_001076_00.jpg",
    ]);
    let task = Task::parse("market1501.rgb-rgb.multi-query").expect("a task").remove(0);
    let data = || task.data(&DatasetName::Market1501.open(tree.root()).expect("read"));
    let error = data().expect_err("a query has no boxes");
    assert!(error.is_user());
    let expected = "no picture of the person and camera of 1 of 2 queries, such as";
    let text = error.to_string();
    assert!(text.contains(expected) && text.ends_with("query/0001_c3s1_001051_00.jpg"), "{text}");
    tree.write("market1501/gt_bbox/0001_c3s1_001051_00.jpg", "x");
    let queries = data().expect("whole").queries;
    assert_eq!(queries.iter().map(|query| query.views.len()).collect::<Vec<_>>(), [2, 1]);
}

#[test]
fn a_caption_of_orbench_is_of_the_photograph_in_its_row() {
    let tree =
        Tree::new(&["ORBench/vis/0001/a.jpg", "ORBench/vis/0001/b.jpg", "ORBench/sk/0001/s.jpg"]);
    let row = |file: &str, caption: &str| json!({"id": 1, "file_path": format!("vis/0001/{file}.jpg"), "caption": caption});
    tree.write(
        "ORBench/train_annos.json",
        &json!([row("a", "front"), row("b", "back")]).to_string(),
    );
    let lists = json!({"RGB_GALLERY": [[601, "vis/0001/a.jpg"]]});
    tree.write("ORBench/test_gallery_and_queries.json", &lists.to_string());
    let train = DatasetName::OrBench.open(tree.root()).expect("read").train;
    let photograph = |file: &str| {
        let found = train.iter().find(|s| s.path().is_some_and(|path| path.ends_with(file)));
        found.expect(file).photograph()
    };
    let of_caption =
        |text: &str| train.iter().find(|s| s.caption() == Some(text)).expect(text).photograph();
    assert!(photograph("a.jpg").is_some() && photograph("a.jpg") != photograph("b.jpg"));
    assert_eq!(of_caption("front"), photograph("a.jpg"));
    assert_eq!(of_caption("back"), photograph("b.jpg"));
    assert_eq!(photograph("s.jpg"), None, "nobody says what it was drawn from");
}

#[test]
fn a_folder_without_pictures_is_named_with_every_form_that_is_read() {
    let tree = Tree::new(&[
        "market1501/bounding_box_train/0002_c1s1_000451_03.webp",
        "market1501/bounding_box_test/0001_c1s1_001051_00.tiff",
        "market1501/query/0001_c2s1_001051_00.gif",
    ]);
    let text = refusal(&tree, DatasetName::Market1501);
    assert!(text.contains(&format!("market1501: no images ({FORMATS}) in ")), "{text}");
}

#[test]
fn every_root_that_loaders_use_is_accepted() {
    for root in [
        "",
        "market1501/",
        "Market-1501-v15.09.15/",
        "market1501/Market-1501-v15.09.15/",
        "Market-1501/",
    ] {
        let files = [
            "bounding_box_train/0002_c1s1_1_0.jpg",
            "bounding_box_test/0001_c1s1_1_0.jpg",
            "query/0001_c2s1_1_0.jpg",
        ];
        let files = files.map(|f| format!("{root}{f}"));
        let tree = Tree::new(&files.each_ref().map(String::as_str));
        assert_eq!(DatasetName::Market1501.open(tree.root()).expect(root).query.len(), 1, "{root}");
    }
}

#[test]
fn msmt17_takes_the_camera_from_the_third_field_and_keeps_test_people_apart() {
    let tree = Tree::new(&[
        "MSMT17_V1/train/0000/0000_045_12_0303morning_0006_2.jpg",
        "MSMT17_V1/train/0000/0000_046_01_0303noon_0006_2_ex.jpg",
        "MSMT17_V1/test/0000/0000_000_15_0114morning_0008_0.jpg",
        "MSMT17_V1/test/0000/0000_001_03_0114morning_0008_0.jpg",
        "MSMT17_V2/mask_train_v2/0000/0000_045_12_0303morning_0006_2.jpg",
        "MSMT17_V2/mask_test_v2/0000/0000_000_15_0114morning_0008_0.jpg",
    ]);
    tree.write("MSMT17_V1/list_train.txt", "0000/0000_045_12_0303morning_0006_2.jpg 0\n");
    tree.write("MSMT17_V1/list_val.txt", "0000/0000_046_01_0303noon_0006_2_ex.jpg 0\n");
    tree.write("MSMT17_V1/list_query.txt", "0000/0000_000_15_0114morning_0008_0.jpg 0\n");
    tree.write("MSMT17_V1/list_gallery.txt", "0000/0000_001_03_0114morning_0008_0.jpg 0\n");
    for list in ["train", "val"] {
        tree.write(
            &format!("MSMT17_V2/list_{list}.txt"),
            "0000/0000_045_12_0303morning_0006_2.jpg 0\n",
        );
    }
    for list in ["query", "gallery"] {
        tree.write(
            &format!("MSMT17_V2/list_{list}.txt"),
            "0000/0000_000_15_0114morning_0008_0.jpg 0\n",
        );
    }
    let dataset = DatasetName::Msmt17.open(tree.root()).expect("read");
    assert_eq!(
        (dataset.train[0].camera, dataset.train[0].identity),
        (Some(Camera(12)), Identity(0))
    );
    assert_eq!(dataset.validation[0].camera, Some(Camera(1)));
    assert_eq!(
        (dataset.query[0].camera, dataset.query[0].identity),
        (Some(Camera(15)), Identity(1041))
    );
    assert_eq!(DatasetName::Msmt17V2.open(tree.root()).expect("read").gallery.len(), 1);
    tree.write(
        "MSMT17_V1/list_query.txt",
        "0000/0000_000_15_0114morning_0008_0.jpg 0\n0000/0000_000_15_0114morning_0008_0.jpg 0\n",
    );
    let twice = refusal(&tree, DatasetName::Msmt17);
    assert!(
        twice.contains("list_query.txt, row 2") && twice.contains("listed already in row 1"),
        "{twice}"
    );
    tree.write("MSMT17_V1/list_query.txt", "0000/0000_000_16_0114morning_0008_0.jpg 0\n");
    assert!(refusal(&tree, DatasetName::Msmt17).contains("names no camera from 1 to 15"));
    // Test people are numbered from 1,041 on: a training person of that number would be one of them.
    for (list, identity, expected) in [
        ("train", 1041, "row 1: the identity is 1041, expected 0 to 1040"),
        ("val", -1, "row 1: the identity is -1, expected 0 to 1040"),
        ("gallery", i64::MAX, "expected 0 to 998958"),
        ("gallery", 3, "does not lie in the folder of identity 3"),
    ] {
        let path = match list {
            "gallery" => "0000/0000_001_03_0114morning_0008_0.jpg",
            "train" => "0000/0000_045_12_0303morning_0006_2.jpg",
            _ => "0000/0000_046_01_0303noon_0006_2_ex.jpg",
        };
        tree.write("MSMT17_V1/list_query.txt", "0000/0000_000_15_0114morning_0008_0.jpg 0\n");
        tree.write(&format!("MSMT17_V1/list_{list}.txt"), &format!("{path} {identity}\n"));
        let refused = refusal(&tree, DatasetName::Msmt17);
        assert!(
            refused.contains(&format!("list_{list}.txt")) && refused.contains(expected),
            "{refused}"
        );
        tree.write(&format!("MSMT17_V1/list_{list}.txt"), &format!("{path} 0\n"));
    }
}

#[test]
fn cuhk03_in_both_forms() {
    let folders = Tree::new(&[
        "cuhk03-np/detected/bounding_box_train/0003_c1_1.png",
        "cuhk03-np/detected/bounding_box_test/0001_c2_21.png",
        "cuhk03-np/detected/query/0001_c1_22.png",
    ]);
    assert_eq!(
        DatasetName::Cuhk03NpDetected.open(folders.root()).expect("read").gallery[0].camera,
        Some(Camera(2))
    );

    let extracted = Tree::new(&[
        "cuhk03/images_labeled/1_001_1_01.png",
        "cuhk03/images_labeled/1_001_2_06.png",
        "cuhk03/images_labeled/2_001_2_07.png",
    ]);
    let row = |name: &str, label: i64, camera: i64| {
        json!([format!("/home/somebody/data/cuhk03/images_labeled/{name}"), label, camera])
    };
    let (a, b, c) =
        (row("1_001_1_01.png", 0, 0), row("1_001_2_06.png", 0, 1), row("2_001_2_07.png", 1, 1));
    let split = json!({"train": [c], "query": [a], "gallery": [b, c], "num_train_pids": 1});
    extracted.write("cuhk03/splits_new_labeled.json", &json!([split]).to_string());
    let all = json!({"train": [], "query": [a, b, c], "gallery": [a, b, c]});
    extracted.write("cuhk03/splits_classic_labeled.json", &json!([all, split]).to_string());
    let new = DatasetName::Cuhk03NpLabeled.open(extracted.root()).expect("read");
    assert_eq!((new.train.len(), new.query.len(), new.gallery.len()), (1, 1, 2));
    assert_eq!((new.query[0].camera, new.query[0].identity), (Some(Camera(1)), Identity(1001)));
    assert_eq!(new.gallery[1].identity, Identity(2001), "one person of another pair of cameras");
    let classic = DatasetName::Cuhk03ClassicLabeled.open(extracted.root()).expect("read");
    assert_eq!((classic.query.len(), classic.trials.len()), (3, 2));
    assert_eq!(
        (classic.trials[1].query.clone(), classic.trials[1].gallery.clone()),
        (vec![0], vec![1, 2])
    );
    assert!(classic.train.is_empty());
    for (name, expected) in [
        ("9223372036854775_001_1_01.png", "the pair is 9223372036854775, expected 1 to 5"),
        ("1_1001_1_01.png", "the person is 1001, expected 1 to 999"),
        ("1_001_3_01.png", "the view is 3, expected 1 to 2"),
    ] {
        extracted.write(&format!("cuhk03/images_labeled/{name}"), "x");
        let split = json!({"train": [], "query": [row(name, 0, 0)], "gallery": [b]});
        extracted.write("cuhk03/splits_new_labeled.json", &json!([split]).to_string());
        let refused = refusal(&extracted, DatasetName::Cuhk03NpLabeled);
        assert!(refused.contains("row 1") && refused.contains(expected), "{refused}");
    }
    let twice = json!({"train": [], "query": [a], "gallery": [b, c, b]});
    extracted.write("cuhk03/splits_new_labeled.json", &json!([twice]).to_string());
    let refused = refusal(&extracted, DatasetName::Cuhk03NpLabeled);
    assert!(refused.contains("json, row 3: gallery: "), "{refused}");
    assert!(refused.contains("listed already in row 1"), "{refused}");
    let wrong = json!({"train": [], "query": [row("1_001_1.png", 0, 0)], "gallery": [b]});
    extracted.write("cuhk03/splits_classic_labeled.json", &json!([all, wrong]).to_string());
    let refused = refusal(&extracted, DatasetName::Cuhk03ClassicLabeled);
    assert!(refused.contains("json, row 1: query of split 2: `1_001_1.png`"), "{refused}");
}

#[test]
fn a_person_in_both_training_lists_of_sysu_is_read_once() {
    let tree = Tree::new(&[]);
    for camera in 1..=6 {
        for person in 1..=3 {
            tree.write(&format!("SYSU-MM01/cam{camera}/{person:04}/0001.jpg"), "x");
        }
    }
    for (list, people) in [("train", "1,2\n"), ("val", "2\n"), ("test", "3\n")] {
        tree.write(&format!("SYSU-MM01/exp/{list}_id.txt"), people);
    }
    let dataset = DatasetName::SysuMm01.open(tree.root()).expect("read");
    assert_eq!((dataset.train.len(), dataset.query.len(), dataset.gallery.len()), (12, 2, 4));
}

#[test]
fn regdb_has_ten_splits_whose_people_are_their_folders() {
    let tree = Tree::new(&[
        "RegDB/Visible/285/male_back_v_05528_285.bmp",
        "RegDB/Visible/7/female_front_v_1_7.bmp",
    ]);
    tree.write("RegDB/Thermal/285/male_back_t_05528_285.bmp", "x");
    tree.write("RegDB/Thermal/7/female_front_t_1_7.bmp", "x");
    for split in 1..=10 {
        let (tested, trained) = if split % 2 == 1 { (285, 7) } else { (7, 285) };
        for (part, id) in [("test", tested), ("train", trained)] {
            let name =
                if id == 285 { "male_back_?_05528_285.bmp" } else { "female_front_?_1_7.bmp" };
            tree.write(
                &format!("RegDB/idx/{part}_visible_{split}.txt"),
                &format!("Visible/{id}/{} 0\n", name.replace('?', "v")),
            );
            tree.write(
                &format!("RegDB/idx/{part}_thermal_{split}.txt"),
                &format!("Thermal/{id}/{} 0\n", name.replace('?', "t")),
            );
        }
    }
    let all = DatasetName::RegDb(0).open(tree.root()).expect("read");
    assert_eq!(
        (all.trials.len(), all.query.len(), all.gallery.len(), all.train.len()),
        (10, 2, 2, 0)
    );
    assert_eq!(all.trials[2].query, all.trials[0].query);
    assert_ne!(all.trials[1].query, all.trials[0].query);
    let second = DatasetName::RegDb(2).open(tree.root()).expect("read");
    assert_eq!(
        (second.trials.len(), second.query[0].identity, second.train[0].identity),
        (1, Identity(7), Identity(285))
    );
    assert_eq!(second.query[0].modality, Modality::Infrared);
}

#[test]
fn icfg_and_rstp_share_the_form_of_cuhk_pedes() {
    let tree = Tree::new(&[
        "ICFG-PEDES/imgs/test/0627/0627_010_05_0303afternoon_1591_0.jpg",
        "ICFG-PEDES/imgs/train/0000/0000_a.jpg",
        "ICFG-PEDES/imgs-sketch/test/0627/0627_010_05_0303afternoon_1591_0.jpg",
        "ICFG-PEDES/imgs-sketch/train/0000/0000_a.jpg",
        "RSTPReid/imgs/0000_c1_0004.jpg",
    ]);
    // The split is the key's, not the folder's; one training photograph is annotated twice in the published file.
    let item = |split: &str, path: &str, id: i64| json!({"split": split, "captions": ["A man."], "file_path": path, "id": id, "processed_tokens": []});
    let train = item("train", "test/0627/0627_010_05_0303afternoon_1591_0.jpg", 627);
    tree.write(
        "ICFG-PEDES/ICFG_PEDES.json",
        &json!([train, train, item("test", "train/0000/0000_a.jpg", 0)]).to_string(),
    );
    let icfg = DatasetName::IcfgPedes.open(tree.root()).expect("read");
    assert_eq!((icfg.train.len(), icfg.gallery.len(), icfg.query.len()), (4, 1, 1));
    let tri = DatasetName::TriIcfgPedes.open(tree.root()).expect("read");
    assert_eq!(tri.query.iter().map(|s| (s.modality, s.source)).collect::<Vec<_>>().len(), 2);
    assert!(tri.query.iter().all(|s| s.source == Some(SourcePhoto(0))));
    let rstp = json!({"split": "train", "captions": ["A.", "B."], "img_path": "0000_c1_0004.jpg", "id": 0});
    tree.write("RSTPReid/data_captions.json", &json!([rstp]).to_string());
    assert_eq!(DatasetName::RstpReid.open(tree.root()).expect("read").train.len(), 3);
    tree.write("RSTPReid/data_captions.json", &json!([rstp, rstp]).to_string());
    assert!(refusal(&tree, DatasetName::RstpReid).contains("listed already in row 1"));
}

#[test]
fn omnireid_lists_may_lack_cameras() {
    let tree = Tree::new(&["OmniReID/ltcc/a.png", "OmniReID/ltcc/b.png"]);
    tree.write("OmniReID/query.txt", "ltcc/a.png ltcc/clothes/a.jpg 12 3\n");
    tree.write("OmniReID/gallery.txt", "ltcc/b.png ltcc/clothes/b.jpg 12 4 2\n");
    let dataset = DatasetName::OmniReId.open(tree.root()).expect("read");
    assert_eq!((dataset.query[0].identity, dataset.query[0].camera), (Identity(12), None));
    assert_eq!(dataset.gallery[0].camera, Some(Camera(2)));
    tree.write("OmniReID/gallery.txt", "ltcc/b.png ltcc/clothes/b.jpg 12 4\n");
    let task = Task::parse("omnireid.rgb-rgb").expect("a task").remove(0);
    let dataset = DatasetName::OmniReId.open(tree.root()).expect("read");
    let data = task.data(&dataset).expect("a test");
    let hidden = data.protocol.is_junk(&data.queries[0].entry, &data.gallery[0].entry);
    assert!(!hidden, "two pictures without a camera were not taken by one camera");
    tree.write("OmniReID/gallery.txt", "ltcc/b.png 12\n");
    assert!(
        refusal(&tree, DatasetName::OmniReId)
            .contains("gallery.txt, row 1: expected four or five columns")
    );
}

#[test]
fn a_prepared_synth_pedes_shows_the_photographs_that_reading_it_whole_shows() {
    let tree = Tree::new(&[
        "SYNTH-PEDES/Part1/7/1.jpg",
        "SYNTH-PEDES/Part1/7/2.jpg",
        "SYNTH-PEDES/Part2/9/1.jpg",
    ]);
    let item = |id: i64, path: &str, captions: &[&str]| json!({"id": id, "file_path": path, "attributes": ["man,black hair"], "captions": captions, "prompt_caption": []});
    let items = json!([
        item(7, "Part1/7/1.jpg", &["A.", "B."]),
        item(7, "Part1/7/2.jpg", &["C."]),
        item(9, "Part2/9/1.jpg", &["Ä {[,", "E.", "F."])
    ]);
    tree.write("SYNTH-PEDES/synthpedes_dataset.json", &items.to_string());
    let whole = DatasetName::SynthPedes.open(tree.root()).expect("read");
    assert_eq!(synth_pedes::prepare(&tree.path("SYNTH-PEDES"), &|_| ()).expect("prepared"), 3);
    let prepared =
        DatasetName::SynthPedes.open(tree.root()).expect("read").indexed.expect("an index");
    assert_eq!(
        (prepared.index.identities(), prepared.index.captions()),
        (&[7, 7, 9][..], &[2, 1, 3][..])
    );
    let mut rest = whole.train.iter();
    for photo in 0..3 {
        let found = prepared.photograph(photo).expect("found");
        assert_eq!(rest.next().and_then(|s| s.path()), Some(&*found.path));
        assert!(found.captions.iter().all(|c| rest.next().and_then(|s| s.caption()) == Some(c)));
    }
    // Another file of the same length: the index would give a picture of 7 the class of 9.
    let swapped = items.to_string().replace("\"id\":9", "\"id\":8");
    assert_eq!(swapped.len(), items.to_string().len());
    tree.write("SYNTH-PEDES/synthpedes_dataset.json", &swapped);
    let error = prepared.photograph(2).expect_err("another person").to_string();
    assert!(
        error.contains(
            "row 3: identity 8 with 3 captions, but synthpedes_index.parquet has identity 9 with 3"
        ),
        "{error}"
    );
    assert!(refusal(&tree, DatasetName::SynthPedes).contains("build the index again"));
    tree.write("SYNTH-PEDES/synthpedes_dataset.json", &items.to_string());
    assert!(DatasetName::SynthPedes.open(tree.root()).is_ok());
    std::fs::remove_file(tree.path("SYNTH-PEDES/Part2/9/1.jpg")).expect("remove");
    let error = synth_pedes::prepare(&tree.path("SYNTH-PEDES"), &|_| ())
        .expect_err("a missing picture")
        .to_string();
    assert!(error.contains("row 3") && error.contains("1.jpg does not exist"), "{error}");
}

#[test]
fn a_camera_whose_folder_is_missing_is_named() {
    let tree = Tree::new(&[]);
    for camera in 1..=6 {
        // Nobody enters the room of camera 2.
        let person = if camera == 2 { "0009" } else { "0001" };
        tree.write(&format!("SYSU-MM01/cam{camera}/{person}/0001.jpg"), "x");
    }
    for (list, person) in [("train", "1"), ("val", ""), ("test", "1")] {
        tree.write(&format!("SYSU-MM01/exp/{list}_id.txt"), person);
    }
    let sysu = DatasetName::SysuMm01.open(tree.root()).expect("complete");
    assert_eq!((sysu.query.len(), sysu.gallery.len()), (2, 3));
    std::fs::remove_dir_all(tree.path("SYSU-MM01/cam2")).expect("removed");
    assert!(refusal(&tree, DatasetName::SysuMm01).ends_with("SYSU-MM01/cam2 not found"));

    let picture = |kind: &str, camera: u32| {
        format!("test_{kind}/cam{camera}/0003/0003_c{camera:02}_s1_f1_{kind}.jpg")
    };
    for list in ["train_vis", "train_nir"] {
        tree.write(&format!("LLCM/idx/{list}.txt"), "");
    }
    tree.write("LLCM/idx/test_id.txt", "3\n");
    for (kind, cameras) in [("vis", &[1, 2, 3][..]), ("nir", &[1, 2])] {
        for camera in cameras {
            tree.write(&format!("LLCM/{}", picture(kind, *camera)), "x");
        }
    }
    // The lists say which cameras there are. As in the published copy, camera 3 took no infrared picture.
    let lines = |kind: &str, cameras: &[u32]| -> String {
        cameras.iter().map(|camera| format!("{} 0\n", picture(kind, *camera))).collect()
    };
    tree.write("LLCM/idx/test_vis.txt", &lines("vis", &[1, 2, 3]));
    tree.write("LLCM/idx/test_nir.txt", &lines("nir", &[1, 2]));
    let llcm = DatasetName::Llcm.open(tree.root()).expect("complete");
    assert_eq!((llcm.query.len(), llcm.gallery.len()), (2, 3));
    std::fs::remove_dir_all(tree.path("LLCM/test_vis/cam3")).expect("removed");
    assert!(refusal(&tree, DatasetName::Llcm).ends_with("LLCM/test_vis/cam3 not found"));
}

#[test]
fn a_file_of_llcm_in_the_folder_of_somebody_else_is_refused_by_name() {
    let parts =
        [("vis", "vis"), ("nir", "nir"), ("test_vis/cam1", "vis"), ("test_nir/cam1", "nir")];
    for (wrong, _) in parts {
        let tree = Tree::new(&[]);
        for (part, kind) in parts {
            let named = if part == wrong { 4 } else { 3 };
            let file = format!("{part}/0003/{named:04}_c01_s1_f1_{kind}.jpg");
            tree.write(&format!("LLCM/{file}"), "x");
            if part == kind {
                tree.write(&format!("LLCM/idx/train_{kind}.txt"), &format!("{file} 0\n"));
            }
        }
        tree.write("LLCM/idx/test_id.txt", "3\n");
        let text = refusal(&tree, DatasetName::Llcm);
        assert!(text.contains(&format!("LLCM/{wrong}/0003/0004_c01_s1_f1_")), "{text}");
        let expected = "identity 4 by its name, and 3 by its folder; expected one";
        assert!(text.ends_with(expected), "{text}");
    }
}
