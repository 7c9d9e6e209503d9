//! `aio check-real`.

use crate::harness::{Desk, checkpoint, coloured};

/// Four people of one colour each, photographed by two cameras; the second photograph is a brighter copy. A sentence of each has no camera.
fn shop(desk: &Desk) {
    let files = coloured(desk, "data/shop/a", 4);
    std::fs::create_dir_all(desk.path("data/shop/b")).expect("create");
    let mut rows = String::from("path,identity,camera,modality,split,caption\n");
    for (i, file) in files.iter().enumerate() {
        let mut picture = image::open(file).expect("reads").to_rgb8();
        picture.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|v| v.saturating_add(9)));
        picture.save(desk.path(&format!("data/shop/b/{i:03}.png"))).expect("written");
        rows += &format!("a/{i:03}.png,{i},1,rgb,query,\nb/{i:03}.png,{i},2,rgb,gallery,\n");
        rows += &format!(",{i},,text,query,\"Somebody in colour {i}.\"\n");
    }
    std::fs::write(desk.path("data/shop/shop.csv"), rows).expect("written");
}

#[test]
fn a_model_stands_beside_the_encoder_descriptors_and_chance_with_intervals() {
    let desk = Desk::new();
    shop(&desk);
    let check = ["check-real", "table:shop", "--data-root", "data/shop"];
    let found = desk.json(&[&check[..], &["--json"]].concat());
    assert_eq!(found["weights"], aio_encoder::weights::Shipped::Default.sha256());
    let tasks = found["tasks"].as_array().expect("tasks");
    let names: Vec<&str> = tasks.iter().filter_map(|task| task["task"].as_str()).collect();
    assert_eq!(names, ["table:shop.rgb-rgb", "table:shop.text-rgb"]);
    let methods = |task: usize| -> Vec<&str> {
        let methods = tasks[task]["methods"].as_array().expect("methods");
        methods.iter().filter_map(|method| method["method"].as_str()).collect()
    };
    let pictures = ["model", "embedded, untrained", "colour histogram", "HOG", "chance"];
    assert_eq!(methods(0), pictures);
    // No rule describes a sentence.
    assert_eq!(methods(1), ["model", "embedded, untrained", "chance"]);
    let model = &tasks[0]["methods"][0];
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    let interval = &model["map_interval"];
    assert!((number(&interval["mean"]) - number(&model["map"])).abs() < 1e-9);
    assert!(number(&interval["low"]) <= number(&model["map"]));
    assert!(number(&model["map"]) <= number(&interval["high"]));
    assert!(model.get("gain").is_none(), "the model is not compared with itself");
    let histogram = &tasks[0]["methods"][2];
    let ahead = number(&model["map"]) - number(&histogram["map"]);
    assert!((number(&histogram["gain"]["mean"]) - ahead).abs() < 1e-9);
    // The mean over all orders of four entries with one match: (1 + 1/2 + 1/3 + 1/4) / 4.
    let chance = tasks[0]["methods"][4]["map"].as_f64().expect("a number");
    assert!((chance - 0.52).abs() < 0.15, "{chance}");
    let text = desk.succeed(&check);
    assert!(
        text.contains("table:shop.rgb-rgb: 4 queries (0 without a match), gallery of 4"),
        "{text}"
    );
    assert!(text.contains("| colour histogram |") && text.contains("| chance |"), "{text}");
}

/// As [`shop`], with infrared pictures in the gallery, and sketches of which one has no camera.
fn shop_with_infrared(desk: &Desk, galleries: &[&str]) {
    let mut rows = String::from("path,identity,camera,modality,split\n");
    for (folder, modality, split, camera) in [
        ("a", "rgb", "query", 1),
        ("b", "rgb", "gallery", 2),
        ("c", "infrared", "gallery", 3),
        ("d", "sketch", "query", 4),
    ] {
        let files = coloured(desk, &format!("data/shop/{folder}"), 3);
        for i in 0..files.len() {
            let camera = if (folder, i) == ("d", 0) { String::new() } else { camera.to_string() };
            if split == "query" || galleries.contains(&modality) {
                rows += &format!("{folder}/{i:03}.png,{i},{camera},{modality},{split}\n");
            }
        }
    }
    std::fs::write(desk.path("data/shop/shop.csv"), rows).expect("written");
}

#[test]
fn every_task_of_a_table_is_checked_or_named() {
    let desk = Desk::new();
    for (galleries, expected) in [
        (&["rgb", "infrared"][..], &["table:shop.rgb-rgb", "table:shop.rgb-infrared"][..]),
        (&["infrared"], &["table:shop.rgb-infrared"]),
    ] {
        shop_with_infrared(&desk, galleries);
        let output = desk.run(&["check-real", "table:shop", "--data-root", "data", "--json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let tasks = found["tasks"].as_array().expect("tasks").iter();
        let names: Vec<&str> = tasks.filter_map(|task| task["task"].as_str()).collect();
        assert_eq!(names, expected);
        // Some sketches have a camera and one has none: the rows leave the protocol open.
        for gallery in galleries {
            let left_out = format!("left out: task `table:shop.sketch-{gallery}`");
            assert!(said.contains(&left_out), "{said}");
        }
    }
}

#[test]
fn a_mixed_query_stands_beside_late_fusion_and_itself_without_each_modality() {
    let desk = Desk::new();
    shop(&desk);
    let tasks = |named: &str| {
        let found = desk.json(&["check-real", named, "--data-root", "data/shop", "--json"]);
        found["tasks"].as_array().expect("tasks").clone()
    };
    let mixed = tasks("table:shop.rgb+text-rgb");
    let methods = mixed[0]["methods"].as_array().expect("methods");
    let names: Vec<&str> = methods.iter().filter_map(|of| of["method"].as_str()).collect();
    let expected = [
        "model",
        "late fusion",
        "model without rgb",
        "model without text",
        "embedded, untrained",
        "chance",
    ];
    assert_eq!(names, expected);
    // Without the other modality, the queries are those of the tasks of one modality.
    let map = |task: &serde_json::Value, method: usize| task["methods"][method]["map"].clone();
    assert_eq!(map(&mixed[0], 3), map(&tasks("table:shop.rgb-rgb")[0], 0));
    assert_eq!(map(&mixed[0], 2), map(&tasks("table:shop.text-rgb")[0], 0));
    // Those that the table has rows for.
    let all = tasks("table:shop.*-rgb");
    let names: Vec<&str> = all.iter().filter_map(|task| task["task"].as_str()).collect();
    assert_eq!(names, ["table:shop.rgb-rgb", "table:shop.text-rgb", "table:shop.rgb+text-rgb"]);
}

#[test]
fn a_model_without_words_is_checked_on_pictures_alone() {
    let desk = Desk::new();
    shop(&desk);
    let timm = checkpoint("timm-augreg.safetensors");
    let model = ["--data-root", "data/shop", "--heads", "2", "--model", &timm];
    let text = desk.refused(2, &[&["check-real", "table:shop"][..], &model].concat());
    assert!(text.contains("task `table:shop.text-rgb` has sentences"), "{text}");
    let text = desk.succeed(&[&["check-real", "table:shop.rgb-rgb"][..], &model].concat());
    assert!(text.contains("| model |"), "{text}");
}

#[test]
fn a_data_set_that_is_not_there_is_named() {
    let desk = Desk::new();
    let text = desk.refused(2, &["check-real", "market1501", "--data-root", "data"]);
    assert!(text.contains("Market-1501-v15.09.15"), "{text}");
    let text = desk.refused(2, &["check-real", "market", "--data-root", "data"]);
    assert!(text.contains("market1501"), "{text}");
}
