//! Variants of Market-Sketch-1K without the test people of other data sets, on small trees in the published layouts.

mod tree;

use aio_data::check::Check;
use aio_data::readers::LeftOut;
use aio_data::{DataError, Dataset, DatasetName, Sample, Split};
use aio_types::Identity;
use serde_json::json;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use tree::Tree;

const WITHOUT_MARKET: &str = "market-sketch-1k-without-market-tests";
const WITHOUT_BOTH: &str = "market-sketch-1k-without-market-and-cuhk-tests";

/// People 2, 7, 11 and 20 have training sketches, 7 of them is a test person of Market-1501; 1, 5 and 30 are the sketched
/// test people, of whom Market-1501 tests 1 and 5, one of them in its gallery alone.
fn market_tree() -> Tree {
    let tree = Tree::new(&[
        "Market-1501-v15.09.15/bounding_box_train/0002_c1s1_000451_03.jpg",
        "Market-1501-v15.09.15/bounding_box_test/0000_c1s1_000151_01.jpg",
        "Market-1501-v15.09.15/bounding_box_test/-1_c1s1_000401_03.jpg",
        "Market-1501-v15.09.15/bounding_box_test/0001_c1s1_001051_00.jpg",
        "Market-1501-v15.09.15/bounding_box_test/0005_c1s1_001051_00.jpg",
        "Market-1501-v15.09.15/query/0001_c2s1_001051_00.jpg",
        "Market-1501-v15.09.15/query/0007_c2s1_001051_00.jpg",
    ]);
    for (part, people) in [("train", &[2, 7, 11, 20][..]), ("query", &[1, 5, 30][..])] {
        for person in people {
            tree.write(&format!("MaSk1K/photo/{part}/{person:04}_c1s1_000451_03.jpg"), "x");
            for artist in ["A", "B", "C", "D", "E", "F"] {
                tree.write(&format!("MaSk1K/sketch/{artist}/{part}/{person:04}.jpg"), "x");
            }
        }
    }
    tree
}

/// CUHK-PEDES tests Market-1501's person 11 under a number of its own; person 20 is in its training part, and the file that
/// starts with 0002 shows somebody of CUHK03.
fn add_cuhk_pedes(tree: &Tree) {
    let row = |split: &str, file: &str, id: i64| {
        tree.write(&format!("CUHK-PEDES/imgs/{file}"), "x");
        json!({"split": split, "captions": ["a man"], "file_path": file, "id": id})
    };
    let rows = json!([
        row("train", "Market/0020_c1s1_000451_03.jpg", 2),
        row("test", "Market/0011_c3s2_000451_01.jpg", 40),
        row("test", "CUHK03/0002_c1_5.png", 41),
    ]);
    tree.write("CUHK-PEDES/reid_raw.json", &rows.to_string());
}

fn open(tree: &Tree, name: &str) -> Dataset {
    let name: DatasetName = name.parse().expect("a data set");
    name.open(tree.root()).expect("read")
}

fn people(samples: &[Sample]) -> Vec<i64> {
    let people: BTreeSet<Identity> = samples.iter().map(|sample| sample.identity).collect();
    people.into_iter().map(|identity| identity.0).collect()
}

#[test]
fn no_test_person_of_market1501_remains_in_any_part() {
    let tree = market_tree();
    let all = open(&tree, "market-sketch-1k");
    assert_eq!((people(&all.train), people(&all.query)), (vec![2, 7, 11, 20], vec![1, 5, 30]));
    let without = open(&tree, WITHOUT_MARKET);
    assert_eq!(without.name, WITHOUT_MARKET);
    assert_eq!(people(&without.train), [2, 11, 20]);
    assert_eq!(without.train.len(), 3 * 7, "a photograph and six sketches of each");
    assert_eq!((people(&without.query), people(&without.gallery)), (vec![30], vec![30]));
    let market = open(&tree, "market1501");
    let tested: Vec<i64> = [people(&market.query), people(&market.gallery)].concat();
    for split in Split::ALL {
        assert!(people(without.split(split)).iter().all(|person| !tested.contains(person)));
    }
}

#[test]
fn cuhk_pedes_is_compared_by_the_names_of_its_photographs_of_market1501() {
    let tree = market_tree();
    add_cuhk_pedes(&tree);
    assert_eq!(people(&open(&tree, WITHOUT_BOTH).train), [2, 20]);
    assert_eq!(people(&open(&tree, WITHOUT_MARKET).train), [2, 11, 20]);
    tree.write("CUHK-PEDES/imgs/Market/man.jpg", "x");
    tree.write(
        "CUHK-PEDES/reid_raw.json",
        &json!([{"split": "test", "captions": ["a man"], "file_path": "Market/man.jpg", "id": 1}])
            .to_string(),
    );
    let name: DatasetName = WITHOUT_BOTH.parse().expect("a data set");
    let refused = name.open(tree.root()).expect_err("no number").to_string();
    assert!(refused.contains("cuhk-pedes") && refused.contains("Market/man.jpg"), "{refused}");
}

#[test]
fn a_variant_needs_the_data_sets_it_is_compared_with() {
    let tree = market_tree();
    let name: DatasetName = WITHOUT_BOTH.parse().expect("a data set");
    let missing = name.open(tree.root()).expect_err("no CUHK-PEDES").to_string();
    assert!(missing.contains("CUHK-PEDES"), "{missing}");
}

#[test]
fn a_variant_of_which_nobody_remains_is_refused() {
    let tree = market_tree();
    for person in [2, 11, 20] {
        let file = format!("Market-1501-v15.09.15/query/{person:04}_c2s1_001051_00.jpg");
        tree.write(&file, "x");
    }
    let name: DatasetName = WITHOUT_MARKET.parse().expect("a data set");
    let error = name.open(tree.root()).expect_err("nobody");
    assert!(error.is_user());
    assert_eq!(
        error.to_string(),
        "market-sketch-1k-without-market-tests: everybody in its training part has the number of a test person of market1501"
    );
    let hint = error.hint().expect("a hint");
    assert!(hint.ends_with("train on market-sketch-1k"), "{hint}");
}

#[test]
fn a_check_of_a_variant_counts_who_remains_and_compares_with_no_published_number() {
    let tree = market_tree();
    let name: DatasetName = WITHOUT_MARKET.parse().expect("a data set");
    let check = Check {
        dataset: name,
        root: tree.root(),
        pictures: 0,
        is_rendered: &|_| false,
        progress: &|_, _| {},
        poll: &|| ControlFlow::Continue(()),
    };
    let report = check.run().expect("checked");
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(!report.overlaps.contains(&"market1501") && report.overlaps.contains(&"cuhk-pedes"));
    assert!(report.further.is_empty());
}

#[test]
fn a_check_that_is_to_stop_gives_no_report() {
    let tree = market_tree();
    // Before the first picture, and after the first and the second.
    for polls in 0..3 {
        let (asked, opened) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let check = Check {
            dataset: WITHOUT_MARKET.parse().expect("a data set"),
            root: tree.root(),
            pictures: 2,
            is_rendered: &|_| false,
            progress: &|_, _| {
                opened.fetch_add(1, Ordering::Relaxed);
            },
            poll: &|| {
                let go_on = asked.fetch_add(1, Ordering::Relaxed) < polls;
                if go_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            },
        };
        let Err(error) = check.run() else { panic!("it was not stopped after {polls} polls") };
        assert!(matches!(error, DataError::Interrupted { .. }), "{error}");
        assert_eq!(opened.into_inner() > 0, polls > 0);
    }
}

#[test]
fn who_is_left_out_is_no_leak_in_one_direction() {
    use DatasetName::*;
    use LeftOut::*;
    for (left_out, tested, leaks) in [
        (MarketTests, Market1501, false),
        (MarketTests, Market1501Plus500k, false),
        (MarketTests, CuhkPedes, true),
        (MarketTests, OmniReId, true),
        (MarketAndCuhkTests, Market1501, false),
        (MarketAndCuhkTests, CuhkPedes, false),
        (MarketAndCuhkTests, TriCuhkPedes, false),
    ] {
        assert_eq!(MarketSketch1k(left_out).leaks_into(tested), leaks, "{left_out:?} {tested}");
        // Its own test part may show training people of the others.
        assert!(tested.leaks_into(MarketSketch1k(left_out)), "{tested} {left_out:?}");
    }
    assert!(!MarketSketch1k(MarketTests).leaks_into(MarketSketch1k(Nobody)));
}
