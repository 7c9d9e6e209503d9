//! `aio score`.

use crate::harness::{Desk, checkpoint, coloured, golden};

#[test]
fn ties_and_open_sets_are_scored_on_request() {
    let desk = Desk::new();
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    let base =
        ["score", "--query", &query, "--gallery", &gallery, "--protocol", "market1501", "--json"];
    let score = |more: &[&str]| {
        serde_json::from_str::<serde_json::Value>(&desk.succeed(&[&base[..], more].concat()))
            .expect("JSON")
    };
    assert!(score(&[]).get("open_set").is_none());
    let found = score(&["--open-set", "0.01,0.1"]);
    let at =
        |i: usize| found["open_set"]["verification"][i]["true_accepts"].as_f64().expect("a rate");
    assert!(0.0 < at(0) && at(0) < at(1) && at(1) <= 1.0, "{found}");
    assert_eq!(found["open_set"]["impostor_queries"], 0);
    // No two distances are equal there: the bounds meet.
    assert_eq!(score(&["--ties", "optimistic"])["map"], score(&["--ties", "pessimistic"])["map"]);
    assert!(
        desk.refused(2, &[&base[..], &["--open-set", "2"]].concat())
            .contains("false accept rate 2")
    );
    for other in [&["--rerank"][..], &["--expand", "2"]] {
        let both = [&base[..], &["--open-set", "0.1"], other].concat();
        assert!(desk.refused(2, &both).contains("compare the features as they are"), "{other:?}");
    }
}

#[test]
fn scores_agree_with_the_reference_evaluators() {
    // scripts/golden/score.py wrote the features and what torchreid and the published definitions say of them.
    let desk = Desk::new();
    let text = std::fs::read_to_string(golden("score.json")).expect("golden scores");
    let expected: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).expect("JSON");
    assert_eq!(expected.len(), 12);
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    for (case, expected) in &expected {
        let words: Vec<&str> = case.split(' ').collect();
        let mut arguments = vec![
            "score",
            "--query",
            &query,
            "--gallery",
            &gallery,
            "--json",
            "--protocol",
            words[0],
            "--metric",
            words[1],
        ];
        for word in &words[2..] {
            arguments.extend(if *word == "trapezoid" {
                ["--ap", "trapezoid"]
            } else {
                ["--rerank", *word]
            });
        }
        let found: serde_json::Value =
            serde_json::from_str(&desk.succeed(&arguments)).expect("JSON");
        assert_eq!(found["protocol"], words[0]);
        for count in ["queries", "skipped", "gallery"] {
            assert_eq!(found[count], expected[count], "{case}: {count}");
        }
        let tolerance = if case.contains("k1") { 1e-5 } else { 1e-6 };
        let near = |a: &serde_json::Value, b: &serde_json::Value, what: &str| {
            let (a, b) = (a.as_f64().expect("a number"), b.as_f64().expect("a number"));
            assert!((a - b).abs() < tolerance, "{case}: {what} is {a}, expected {b}");
        };
        near(&found["map"], &expected["map"], "map");
        near(&found["minp"], &expected["minp"], "minp");
        for k in ["1", "5", "10", "20"] {
            near(&found["rank"][k], &expected["rank"][k], k);
        }
    }
}

#[test]
fn feature_files_of_numpy_score_like_those_of_safetensors() {
    let desk = Desk::new();
    let values: Vec<f32> = (0..30).map(|i| (i as f32 * 1.7).sin()).collect();
    let ids: Vec<i64> = (0..10).map(|i| i % 3).collect();
    let features = ndarray::Array2::from_shape_vec((10, 3), values.clone()).expect("shape");
    ndarray_npy::write_npy(desk.path("single.npy"), &features).expect("write");
    ndarray_npy::write_npy(desk.path("double.npy"), &features.mapv(f64::from)).expect("write");
    for name in ["single.ids.npy", "double.ids.npy"] {
        ndarray_npy::write_npy(desk.path(name), &ndarray::Array1::from(ids.clone()))
            .expect("write");
    }
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let id_bytes: Vec<u8> = ids.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = |dtype, shape: &[usize], bytes| {
        safetensors::tensor::TensorView::new(dtype, shape.to_vec(), bytes).expect("a tensor")
    };
    let tensors = [
        ("features", view(safetensors::Dtype::F32, &[10, 3], &bytes)),
        ("ids", view(safetensors::Dtype::I64, &[10], &id_bytes)),
    ];
    let serialised = safetensors::serialize(tensors, None).expect("serialise");
    std::fs::write(desk.path("single.safetensors"), &serialised).expect("write");
    let score = |file: &str| {
        desk.succeed(&["score", "--query", file, "--gallery", file, "--protocol", "none", "--json"])
    };
    assert_eq!(score("single.npy"), score("single.safetensors"));
    assert_eq!(score("double.npy"), score("single.safetensors"));

    let refused = |file: &str, protocol: &str| {
        desk.refused(2, &["score", "--query", file, "--gallery", file, "--protocol", protocol])
    };
    assert!(refused("nowhere.safetensors", "none").contains("nowhere.safetensors"));
    assert!(
        refused("single.safetensors", "market1501")
            .contains("has no `cameras`, which the protocol `market1501` compares")
    );
    assert!(refused("single.npy", "tri").contains("has no `images`"));
    let weights = refused(&checkpoint("open-clip.safetensors"), "none");
    let names = weights.split_once("tensors, as weights files do: ").expect("it is named").1;
    assert_eq!(names.lines().next().map(|line| line.split(", ").count()), Some(4), "{weights}");
    assert!(weights.contains("hint: name a feature file; `aio embed --model"), "{weights}");
    std::fs::write(desk.path("short.safetensors"), &serialised[..serialised.len() - 7])
        .expect("write");
    assert!(
        refused("short.safetensors", "none")
            .contains("its header speaks of 200 bytes of tensors, it holds 193")
    );
    std::fs::write(desk.path("huge.safetensors"), u64::MAX.to_le_bytes()).expect("write");
    assert!(refused("huge.safetensors", "none").contains("it announces a header of"));
    std::fs::write(desk.path("text.npy"), "id,feature\n1,0.5\n").expect("write");
    assert!(
        refused("text.npy", "none")
            .contains("is not float16, float32 or float64 of shape [rows, width]")
    );
    ndarray_npy::write_npy(
        desk.path("nan.npy"),
        &features.mapv(|v| if v == values[4] { f32::NAN } else { v }),
    )
    .expect("write");
    std::fs::copy(desk.path("single.ids.npy"), desk.path("nan.ids.npy")).expect("copy");
    assert!(refused("nan.npy", "none").contains("row 1 holds NaN at column 1"));
    std::fs::copy(desk.path("single.npy"), desk.path("long.npy")).expect("copy");
    ndarray_npy::write_npy(desk.path("long.ids.npy"), &ndarray::Array1::from(vec![1i64; 11]))
        .expect("write");
    assert!(refused("long.npy", "none").contains("has 11 `ids` for 10 rows of features"));
}

#[test]
fn queries_are_listed_one_by_one_and_expansion_says_where_it_makes_no_sense() {
    let desk = Desk::new();
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    let files = ["score", "--query", &query, "--gallery", &gallery, "--protocol"];
    let table = desk.succeed(
        &[&files[..], &["market1501", "--per-query", "queries.csv", "--ranks", "1,3"]].concat(),
    );
    assert!(table.contains("| Rank-1 | Rank-3 | mAP | mINP |"), "{table}");
    let lines = std::fs::read_to_string(desk.path("queries.csv")).expect("the file");
    let precision: Vec<f64> = lines
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(2).and_then(|v| v.parse().ok()).expect("a number"))
        .collect();
    assert_eq!(precision.len(), 60);
    let mean = 100.0 * precision.iter().sum::<f64>() / 60.0;
    assert!(table.contains(&format!("| {mean:.2} |")), "{mean} {table}");
    let expanded = desk.succeed(&[&files[..], &["market1501", "--expand", "2"]].concat());
    assert_ne!(expanded, desk.succeed(&[&files[..], &["market1501"]].concat()));
    assert!(
        desk.refused(2, &[&files[..], &["tri", "--expand", "2"]].concat())
            .contains("the photograph that the query was made from")
    );
    assert!(
        desk.refused(2, &[&files[..], &["none", "--expand", "261"]].concat())
            .contains("261 entries of a gallery of 260")
    );
    assert!(
        desk.refused(2, &[&files[..], &["none", "--rerank", "k2=90"]].concat())
            .contains("k2 is 90")
    );
}

#[test]
fn skipped_queries_are_explained_and_unknown_cameras_hide_nothing() {
    let desk = Desk::new();
    let write = |name: &str, ids: &[i64], cameras: &[i64]| {
        let features =
            ndarray::Array2::from_shape_fn((ids.len(), 3), |(i, j)| (1 + i * i + 2 * j) as f32);
        ndarray_npy::write_npy(desk.path(&format!("{name}.npy")), &features).expect("write");
        for (column, labels) in [("ids", ids), ("cameras", cameras)] {
            let labels = ndarray::Array1::from(labels.to_vec());
            let path = desk.path(&format!("{name}.{column}.npy"));
            ndarray_npy::write_npy(path, &labels).expect("write");
        }
    };
    // 1 has a match, of 2 the rule hides the only one, 3 is not in the gallery, 4 has no camera and neither has its match.
    write("q", &[1, 2, 3, 4], &[1, 1, 1, -1]);
    write("g", &[1, 2, 4], &[2, 1, -1]);
    let score = ["score", "--query", "q.npy", "--gallery", "g.npy", "--protocol", "market1501"];
    let output = desk.run(&score);
    let (text, said) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(
        text.contains("2 of 4 queries have no match and are left out of the scores: 1 show people whom the gallery does not show; of 1 the protocol `market1501` hides every match (entries of the same identity and camera)"),
        "{text}"
    );
    assert!(
        said.contains("q.npy: `cameras` is negative, that is unknown, in 1 of 4 rows"),
        "{said}"
    );
    let json = desk.json(&[&score[..], &["--json"]].concat());
    assert_eq!(json["skipped"], 2);
    assert_eq!(json["unmatched"], serde_json::json!({"absent": 1, "hidden": 1}));
}

#[test]
fn values_that_are_too_large_are_said_to_be_so_before_they_are_refused() {
    let desk = Desk::new();
    let features = ndarray::array![[1.0f64, 2.0], [1e60, 0.0]];
    ndarray_npy::write_npy(desk.path("f.npy"), &features).expect("write");
    ndarray_npy::write_npy(desk.path("f.ids.npy"), &ndarray::array![1i64, 1]).expect("write");
    let score = ["score", "--query", "f.npy", "--gallery", "f.npy", "--protocol", "none"];
    let said = desk.refused(2, &score);
    assert!(
        said.contains("1 of 4 values are larger than 32-bit floating point can hold"),
        "{said}"
    );
}

#[test]
fn rows_of_zeros_and_values_that_vanish_are_counted() {
    let desk = Desk::new();
    let features = ndarray::array![[1.0f64, 2.0], [1e-60, 0.0], [0.0, 0.0]];
    ndarray_npy::write_npy(desk.path("f.npy"), &features).expect("write");
    let ids = ndarray::array![1i64, 1, 2];
    ndarray_npy::write_npy(desk.path("f.ids.npy"), &ids).expect("write");
    let score = ["score", "--query", "f.npy", "--gallery", "f.npy", "--protocol", "none"];
    let output = desk.run(&score);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for expected in [
        "f.npy: 1 of 6 values are smaller than 32-bit floating point can hold",
        "f.npy: 2 of 3 rows are zero in every column",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn queries_that_find_themselves_and_features_of_two_models_are_warned_of() {
    let desk = Desk::new();
    coloured(&desk, "pictures", 4);
    let list = "rgb,identity,camera\npictures/000.png,1,1\npictures/001.png,1,2\npictures/002.png,2,1\npictures/003.png,2,2\n";
    std::fs::write(desk.path("people.csv"), list).expect("write");
    for (output, model) in [
        ("a.safetensors", "default"),
        ("again.safetensors", "default"),
        ("b.safetensors", "embedded"),
    ] {
        desk.succeed(&["embed", "--list", "people.csv", "--output", output, "--model", model]);
    }
    let said = |gallery: &str, protocol: &str| {
        let sides = ["score", "--query", "a.safetensors", "--gallery", gallery];
        let output = desk.run(&[&sides[..], &["--protocol", protocol]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        said
    };
    let themselves =
        "a.safetensors: 4 of 4 queries are in the gallery themselves; the protocol `none`";
    assert!(said("a.safetensors", "none").contains(themselves));
    assert!(said("./a.safetensors", "none").contains(themselves));
    // A query has the identity and the camera of itself.
    assert!(!said("a.safetensors", "market1501").contains("warning"));
    assert!(!said("again.safetensors", "none").contains("warning"));
    let other = said("b.safetensors", "none");
    let expected = "a.safetensors was embedded by `default` and b.safetensors by `embedded`";
    assert!(other.contains(expected), "{other}");
    // Without the manifest nobody knows.
    std::fs::remove_file(desk.path("b.json")).expect("remove");
    assert!(!said("b.safetensors", "none").contains("warning"));
}
