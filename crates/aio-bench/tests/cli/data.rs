//! `aio data`.

use crate::harness::{Desk, golden, pictures};

#[test]
fn a_data_set_is_compared_with_what_was_published() {
    let desk = Desk::new();
    let market = "datasets/Market-1501-v15.09.15";
    let files = [
        "bounding_box_train/0002_c1s1_1_0.jpg",
        "bounding_box_test/0001_c1s1_1_0.jpg",
        "query/0001_c1s1_1_0.jpg",
        "query/0009_c1s1_1_0.jpg",
    ];
    pictures(
        &desk,
        &files.each_ref().map(|f| format!("{market}/{f}")).each_ref().map(String::as_str),
    );
    let broken = desk.path(&format!("{market}/bounding_box_test/0003_c1s1_1_0.jpg"));
    let whole = std::fs::read(desk.path(&format!("{market}/{}", files[1]))).expect("read");
    std::fs::write(&broken, &whole[..whole.len() / 2]).expect("write");
    let output = desk.run(&["data", "check", "market1501"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "| query | rgb | 2 | 3368 | 2 | 750 |",
        "query rgb: 2 samples of 2 people; published are 3368 of 750 people",
        "1 of 5 pictures cannot be decoded",
        "0003_c1s1_1_0.jpg",
        "2 of 2 queries have no match and are left out of the scores: 1 show people whom the gallery does not show; of 1 the protocol `market1501` hides every match (entries of the same identity and camera)",
        "market-sketch-1k",
    ] {
        assert!(text.contains(expected), "{text}\nlacks {expected}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&desk.run(&["data", "check", "market1501", "--json"]).stdout)
            .expect("JSON");
    assert_eq!(json["unreadable"].as_array().map(Vec::len), Some(1));
    std::fs::rename(desk.path(&format!("{market}/query")), desk.path(&format!("{market}/querry")))
        .expect("rename");
    let missing = desk.refused(2, &["data", "check", "market1501"]);
    assert!(
        missing.contains("found in")
            && missing.contains("querry/")
            && missing.contains("rename it to query"),
        "{missing}"
    );
    assert!(
        desk.refused(2, &["data", "check", "market1502"]).contains("did you mean `market1501`?")
    );
    let list = desk.succeed(&["data", "list"]);
    assert!(list.contains("Market-1501-v15.09.15") && list.contains("table:NAME"), "{list}");
    assert!(list.contains("terms: signed agreement with its authors"), "{list}");
}

#[test]
fn one_s_own_table_is_a_data_set_like_any_other() {
    let desk = Desk::new();
    pictures(&desk, &["datasets/shop/a.jpg", "datasets/shop/b.jpg"]);
    let table = "path,identity,camera,modality,split\na.jpg,1,1,rgb,query\nb.jpg,1,2,rgb,gallery\n";
    std::fs::write(desk.path("datasets/shop/shop.csv"), table).expect("write");
    std::fs::write(desk.path("datasets/other.csv"), "name,price\ncoat,80\n").expect("write");
    let list = desk.succeed(&["data", "list"]);
    assert!(list.contains("table:shop") && list.contains("shop.csv"), "{list}");
    assert!(!list.contains("other.csv") && !list.contains("table:NAME"), "{list}");
    let text = desk.succeed(&["data", "check", "table:shop"]);
    assert!(
        text.contains("| gallery | rgb | 1 | – | 1 | – |")
            && text.contains("| table:shop.rgb-rgb | market1501 | 1 / 1 | 1 |")
            && text.contains("nothing is wrong"),
        "{text}"
    );
    let check = |name, root| desk.refused(2, &["data", "check", name, "--data-root", root]);
    for (name, root, hint) in [
        ("table:shop", "datasets/shop/shop.csv", "is a file; name the folder in which it lies"),
        ("table:shpo", "datasets", "did you mean `table:shop`?"),
        ("table:shop", ".", "`aio data table FOLDER` writes it"),
        ("table:shop.csv", "datasets", "did you mean `table:shop`?"),
        ("shop", "datasets", "table of your own is called `table:shop`"),
    ] {
        let text = check(name, root);
        assert!(text.contains(hint), "{text}");
    }
    // A caption has no camera, and no part in the search for photographs.
    let described = table
        .replace("split\n", "split,caption\n")
        .replace("query\n", "query,\n")
        .replace("gallery\n", "gallery,\n")
        + ",1,,text,query,A man.\n";
    std::fs::write(desk.path("datasets/shop/shop.csv"), described).expect("write");
    let text = desk.succeed(&["data", "check", "table:shop"]);
    assert!(
        text.contains("| table:shop.rgb-rgb | market1501 |")
            && text.contains("| table:shop.text-rgb | none |"),
        "{text}"
    );
    pictures(&desk, &["datasets/shop/c.jpg"]);
    let mixed = format!("{table}c.jpg,2,,rgb,gallery\n");
    std::fs::write(desk.path("datasets/shop/shop.csv"), mixed).expect("write");
    let output = desk.run(&["data", "check", "table:shop"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.code() == Some(2)
            && text.contains("1 gallery rows have a camera and 1 have none")
            && text.contains("the first of them `datasets/shop/c.jpg`"),
        "{text}"
    );
    let named = table.replace("jpg,1,1", "jpg,one,1").replace("jpg,1,2", "jpg,one,2");
    assert!(named.contains("a.jpg,one,1") && named.contains("b.jpg,one,2"));
    std::fs::write(desk.path("datasets/shop/shop.csv"), named).expect("write");
    let text = desk.succeed(&["data", "check", "table:shop"]);
    assert!(text.contains("| table:shop.rgb-rgb | market1501 | 1 / 1 | 1 |"), "{text}");
    std::fs::write(desk.path("datasets/shop/shop.csv"), table.replacen("gallery", "galery", 1))
        .expect("write");
    assert!(
        desk.refused(2, &["data", "check", "table:shop"])
            .contains("shop.csv, row 3: `split` is `galery`")
    );
}

#[test]
fn trials_are_those_of_cpython_and_of_the_authors_permutations() {
    // scripts/golden/trials.py drew both with CPython's `random` and wrote the permutations with SciPy.
    let desk = Desk::new();
    let expected: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(golden("trials.json")).expect("golden"))
            .expect("JSON");
    // Nobody of the list was seen by the infrared cameras, which no gallery is drawn from.
    for camera in 1..=6 {
        std::fs::create_dir_all(desk.path(&format!("SYSU-MM01/cam{camera}"))).expect("create");
    }
    for row in expected["counts"].as_array().expect("rows") {
        let value = |i: usize| row[i].as_u64().expect("a number");
        let folder = desk.path(&format!("SYSU-MM01/cam{}/{:04}", value(1), value(0)));
        if value(2) > 0 {
            std::fs::create_dir_all(&folder).expect("create");
        }
        for n in 1..=value(2) {
            std::fs::write(folder.join(format!("{n:04}.jpg")), []).expect("write");
        }
    }
    std::fs::create_dir_all(desk.path("SYSU-MM01/exp")).expect("create");
    std::fs::write(desk.path("SYSU-MM01/exp/test_id.txt"), "2,3,7,11\n").expect("write");
    let base = ["data", "trials", "sysu-mm01", "--root", "SYSU-MM01", "--json", "--mode"];
    let trials = |more: &[&str]| {
        serde_json::from_str::<serde_json::Value>(&desk.succeed(&[&base[..], more].concat()))
            .expect("JSON")
    };
    let missing = desk.refused(2, &[&base[..], &["all", "--source", "official"]].concat());
    assert!(missing.contains("no rand_perm_cam.mat below SYSU-MM01"), "{missing}");
    std::fs::copy(golden("rand_perm_cam.mat"), desk.path("SYSU-MM01/exp/rand_perm_cam.mat"))
        .expect("copy");
    for mode in ["all", "indoor"] {
        assert_eq!(trials(&[mode, "--source", "python"]), expected[format!("python {mode}")]);
        assert_eq!(trials(&[mode, "--source", "official"]), expected[format!("official {mode} 1")]);
        assert_eq!(
            trials(&[mode, "--source", "official", "--shots", "10"]),
            expected[format!("official {mode} 10")]
        );
    }
    assert!(
        desk.refused(2, &[&base[..], &["all", "--shots", "10"]].concat()).contains("single-shot")
    );
    let unread = desk.refused(
        2,
        &[&base[..], &["all", "--permutations", "SYSU-MM01/exp/rand_perm_cam.mat"]].concat(),
    );
    assert!(unread.contains("add --source official"), "{unread}");
    std::fs::write(desk.path("SYSU-MM01/cam1/0002/9999.jpg"), []).expect("write");
    let more = desk.refused(2, &[&base[..], &["all", "--source", "official"]].concat());
    assert!(more.contains("camera 1, identity 2: permutations [10, "), "{more}");
    let bytes = std::fs::read(golden("rand_perm_cam.mat")).expect("read");
    std::fs::write(desk.path("short.mat"), &bytes[..bytes.len() / 2]).expect("write");
    let short = desk.refused(
        2,
        &[&base[..], &["all", "--source", "official", "--permutations", "short.mat"]].concat(),
    );
    assert!(short.contains("short.mat") && short.contains("cut short"), "{short}");
}

#[test]
fn a_folder_of_people_becomes_a_table_that_can_be_measured() {
    let desk = Desk::new();
    pictures(
        &desk,
        &["d/shop/anna/1.jpg", "d/shop/anna/2.jpg", "d/shop/ben/1.jpg", "d/shop/ben/2.jpg"],
    );
    let text = desk.succeed(&["data", "table", "d/shop"]);
    assert!(text.contains("d/shop.csv: 2 people, told apart by their folders"), "{text}");
    assert!(text.contains("query: 2 rgb\n") && text.contains("gallery: 2 rgb\n"), "{text}");
    assert!(text.ends_with("next: aio data check table:shop --data-root d\n"), "{text}");
    let checked = desk.json(&["data", "check", "table:shop", "--data-root", "d", "--json"]);
    assert_eq!(checked["tasks"][0]["queries"], 2);
    let again = desk.refused(2, &["data", "table", "d/shop", "--json"]);
    assert!(again.contains("d/shop.csv exists already"), "{again}");
}

#[test]
fn a_table_that_tests_whom_it_trains_on_is_reported() {
    let desk = Desk::new();
    pictures(&desk, &["datasets/shop/a.jpg", "datasets/shop/b.jpg"]);
    let rows = "path,identity,camera,modality,split\na.jpg,1,1,rgb,train\na.jpg,2,1,rgb,query\nb.jpg,2,2,rgb,gallery\n";
    std::fs::write(desk.path("datasets/shop/shop.csv"), rows).expect("write");
    let output = desk.run(&["data", "check", "table:shop"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.code() == Some(2)
            && text.contains("1 pictures of table:shop are in training and among the queries"),
        "{text}"
    );
}

#[test]
fn a_run_that_failed_before_its_first_checkpoint_takes_the_corrected_data() {
    let desk = Desk::new();
    let files: Vec<String> =
        (0..6).flat_map(|who| [0, 1].map(|shot| format!("d/shop/p{who}/{shot}.jpg"))).collect();
    pictures(&desk, &files.iter().map(String::as_str).collect::<Vec<_>>());
    desk.succeed(&["data", "table", "d/shop"]);
    let experiment = "[data]\nroot = \"d\"\nsynthetic = false\nvalidation_fraction = 0.0\n\
                      [model]\nmodalities = \"rgb\"\n[train]\nidentities = 4\n\
                      [[train.stages]]\ndatasets = [\"table:shop\"]\nsteps = 1\n\
                      [evaluation]\ntasks = [\"table:shop.rgb-rgb\"]\nranked_lists = 0\n";
    std::fs::write(desk.path("shop.toml"), experiment).expect("written");
    let text = desk.refused(2, &["experiment", "shop.toml"]);
    assert!(text.contains("nobody to train on"), "{text}");
    // The same command on a corrected table.
    std::fs::remove_file(desk.path("d/shop.csv")).expect("removed");
    desk.succeed(&["data", "table", "d/shop", "--train", "0.7"]);
    let table = desk.succeed(&["experiment", "shop.toml"]);
    assert!(table.contains("table:shop.rgb-rgb"), "{table}");
}

#[test]
fn galleries_that_hold_nobody_are_refused() {
    let desk = Desk::new();
    for folder in ["cam1", "cam2", "cam3/0007", "cam4", "cam5", "cam6", "exp"] {
        std::fs::create_dir_all(desk.path(&format!("SYSU-MM01/{folder}"))).expect("create");
    }
    std::fs::write(desk.path("SYSU-MM01/cam3/0007/0001.jpg"), []).expect("write");
    // A list without people, and a person whom infrared cameras alone saw.
    for listed in ["\n", "7\n"] {
        std::fs::write(desk.path("SYSU-MM01/exp/test_id.txt"), listed).expect("write");
        for mode in ["all", "indoor"] {
            let call = ["data", "trials", "sysu-mm01", "--root", "SYSU-MM01", "--mode", mode];
            let text = desk.refused(2, &call);
            let expected = format!("no people with pictures of the cameras of mode {mode} in ");
            assert!(text.contains(&expected) && text.contains("test_id.txt"), "{text}");
        }
    }
}
