//! `aio refine`.

use crate::harness::{Desk, coloured};
use serde_json::Value;

const COATS: [&str; 4] = ["black", "blue", "green", "white"];

/// Four people, photographed by two cameras; the captions of the second photographs name a coat, and so do those of a witness.
fn shop(desk: &Desk) {
    coloured(desk, "data/shop/a", 4);
    coloured(desk, "data/shop/b", 4);
    let mut rows = String::from("path,identity,camera,modality,split,caption\n");
    for (i, coat) in COATS.into_iter().enumerate() {
        rows += &format!("a/{i:03}.png,{i},1,rgb,query,\n");
        // The person who is next to be photographed is nearer in colour.
        rows += &format!("b/{:03}.png,{i},2,rgb,gallery,\n", (i + 1) % 4);
        rows += &format!(",{i},3,text,query,\"Somebody in a {coat} coat.\"\n");
        rows += &format!(",{i},3,text,query,\"They wear a {coat} coat, and walk.\"\n");
    }
    std::fs::write(desk.path("data/shop/shop.csv"), rows).expect("written");
}

fn rank1(of: &Value) -> f64 {
    of["rank1"].as_f64().expect("a number")
}

#[test]
fn rounds_of_answers_stand_beside_each_other_with_intervals() {
    let desk = Desk::new();
    shop(&desk);
    let refine = ["refine", "table:shop.rgb-rgb", "--data-root", "data/shop", "--rounds", "4"];
    let found = desk.json(&[&refine[..], &["--weight", "2", "--json"]].concat());
    assert_eq!(found["weights"], aio_encoder::weights::Shipped::Default.sha256());
    let task = &found["tasks"][0];
    for (key, expected) in
        [("queries", 4), ("skipped", 0), ("left_out", 0), ("gallery", 4), ("described", 4)]
    {
        assert_eq!(task[key], expected, "{key}");
    }
    let methods = task["methods"].as_array().expect("methods");
    let names: Vec<&str> = methods.iter().filter_map(|m| m["method"].as_str()).collect();
    assert_eq!(names, ["best-question", "random-question", "like-unlike", "looking-on"]);
    // The pictures mislead, and three questions about four coats tell them apart.
    assert_eq!(rank1(&task["before"]), 0.0);
    let best = methods[0]["rounds"].as_array().expect("rounds");
    assert_eq!(best.len(), 4);
    assert_eq!(rank1(&best[2]), 1.0);
    let gain = best[2]["gain"]["mean"].as_f64().expect("a number");
    assert!((gain - 1.0).abs() < 1e-12, "{gain}");
    // The black coat is asked for first: one user says yes, and three say no, because theirs has another colour.
    assert_eq!((&best[0]["yes"], &best[0]["no"]), (&0.25.into(), &0.75.into()));
    // Of four results three were judged: the person is the first who was not.
    assert_eq!(rank1(&methods[3]["rounds"][2]), 1.0);
    let text = desk.succeed(&refine);
    for expected in [
        "table:shop.rgb-rgb: 4 queries (0 without a match; 0 more describe the gallery",
        "| no refinement | 0 | 0.0 |",
        "| best question | 4 |",
        "| looking on | 1 |",
    ] {
        assert!(text.contains(expected), "{text}\nlacks {expected}");
    }
    assert_eq!(desk.succeed(&refine), text, "a function of the data alone");
}

#[test]
fn what_is_missing_is_named_before_anything_is_embedded() {
    let desk = Desk::new();
    shop(&desk);
    let refused = |arguments: &[&str]| {
        let root = ["--data-root", "data/shop", "--model", "nowhere.safetensors"];
        desk.refused(2, &[&["refine"], arguments, &root[..]].concat())
    };
    // One caption describes the gallery, the other is the query.
    let text = refused(&["table:shop.text-rgb"]);
    assert!(
        text.contains("no caption is left") && text.contains("two different captions"),
        "{text}"
    );
    let file = desk.path("data/shop/shop.csv");
    let table = std::fs::read_to_string(&file).expect("read");
    let silent: String =
        table.lines().filter(|l| !l.contains("text")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&file, silent).expect("written");
    let text = refused(&["table:shop.rgb-rgb"]);
    assert!(text.contains("no row of the gallery has a caption"), "{text}");
    assert!(refused(&["table:shop.rgb-rgb", "--rounds", "0"]).contains("--rounds 0"));
    assert!(refused(&["table:shop.rgb-rgb", "--candidates", "1"]).contains("--candidates 1"));
    assert!(refused(&["table:shop.rgb-rgb", "--weight", "3"]).contains("--weight 3"));
    assert!(refused(&["market.rgb-rgb"]).contains("market1501"));
}
