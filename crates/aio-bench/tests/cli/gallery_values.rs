//! Values that no row has, empty ones, and names of columns.

use crate::gallery::labelled;
use crate::harness::{Desk, coloured};

/// What a command says of rows on standard error, if it succeeds.
fn said(desk: &Desk, command: &[&str]) -> String {
    let output = desk.run(command);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    // The picture of one colour is unlike the training, which is said, too.
    text.lines().filter(|line| !line.contains("unlike")).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_no_row_has_is_said() {
    let desk = labelled();
    let search = ["search", "people", "--rgb", "g/000.png", "--quiet"];
    let says = |more: &[&str]| said(&desk, &[&search[..], more].concat());
    assert_eq!(says(&["--camera", "gate 1", "--not-camera", "gate 2"]), "");
    let text = says(&["--camera", "c1", "--camera", "gate 1", "--camera", "c1"]);
    assert_eq!(text, "warning: --camera c1: no row of people has this camera");
    let text = says(&["--not-camera", "gate-1"]);
    assert_eq!(text, "warning: --not-camera gate-1: no row of people has this camera");
    assert_eq!(says(&["--group-by", "identity"]), "");
    let text = says(&["--group-by", "crop"]);
    assert!(text.contains("--group-by crop: no row of people has a value"), "{text}");
    let answers =
        "{\"rgb\": \"g/000.png\", \"answers\": [{\"words\": \"red coat\", \"reply\": \"yes\"}]}";
    std::fs::write(desk.path("q.jsonl"), answers).expect("written");
    desk.succeed(&["gallery", "create", "plain", "g"]);
    let says = |gallery: &str| said(&desk, &["search", gallery, "--queries", "q.jsonl", "--quiet"]);
    assert_eq!(says("people"), "");
    let text = says("plain");
    assert!(text.contains("no row of plain has a caption, and the answers"), "{text}");
}

#[test]
fn an_empty_label_is_none_and_columns_can_be_filtered_and_shown() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    let labels = ["--label", "identity=", "--label", "floor=", "--label", "crop="];
    desk.succeed(&[&["gallery", "create", "people", "g"][..], &labels].concat());
    let search = ["search", "people", "--rgb", "g/000.png", "--json", "--group-by", "identity"];
    let found = desk.json(&search);
    assert_eq!(found["results"].as_array().map(Vec::len), Some(3));
    assert!(found["results"][0].get("identity").is_none(), "{found}");
    for name in ["=floor", "a=b", "floor!"] {
        std::fs::write(desk.path("l.csv"), format!("path,{name}\ng/000.png,1\n")).expect("written");
        let text = desk.refused(2, &["gallery", "add", "people", "--list", "l.csv"]);
        assert!(text.contains(&format!("cannot be called `{name}`")), "{text}");
    }
    // What a terminal would obey is shown as a space, also in the hint of an error.
    let escape = "\u{1b}[31mred";
    std::fs::write(desk.path("l.csv"), format!("path,{escape}\ng/000.png,1\n")).expect("written");
    desk.succeed(&["gallery", "create", "hostile", "--list", "l.csv"]);
    let info = desk.succeed(&["gallery", "info", "hostile"]);
    assert!(info.contains(" [31mred") && !info.contains('\u{1b}'), "{info}");
    let text = desk.refused(2, &["search", "hostile", "--text", "x", "--where", "colour=red"]);
    assert!(text.contains(" [31mred") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_label_that_is_given_twice_is_refused_by_its_name() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    let labels = ["--label", "camera=gate", "--label", "floor=2", "--label", "camera=yard"];
    let text = desk.refused(2, &[&["gallery", "create", "people", "g"][..], &labels].concat());
    assert!(text.contains("--label gives two values for the column `camera`"), "{text}");
    assert!(!desk.path("people").exists());
    desk.succeed(&[&["gallery", "create", "people", "g"][..], &labels[..4]].concat());
    let text = desk.refused(2, &[&["gallery", "add", "people", "g"][..], &labels].concat());
    assert!(text.contains("two values for the column `camera`"), "{text}");
    // A list has one column of a name, for galleries and for features.
    std::fs::write(desk.path("l.csv"), "text,camera,camera\na man,1,2\n").expect("written");
    for command in [
        ["gallery", "add", "people", "--list", "l.csv"],
        ["embed", "--list", "l.csv", "--output", "f.safetensors"],
    ] {
        let text = desk.refused(2, &command);
        assert!(text.contains("l.csv, row 1: has two columns `camera`"), "{text}");
    }
}

#[test]
fn a_label_that_would_stand_for_a_picture_is_refused() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    for label in ["rgb=a.png", "colour-pencil=a.png"] {
        let text = desk.refused(2, &["gallery", "create", "people", "g", "--label", label]);
        assert!(text.contains(&format!("--label {label}: a label is text")), "{text}");
        assert!(!desk.path("people").exists());
    }
}

#[test]
fn labels_of_rows_that_are_there_already_are_not_lost_without_a_word() {
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    desk.succeed(&["gallery", "create", "people", "g"]);
    let list = "path,identity,camera\ng/000.png,anna,2\ng/001.png,,\ng/002.png,bert,\n";
    std::fs::write(desk.path("l.csv"), list).expect("written");
    let add = ["gallery", "add", "people", "--list", "l.csv", "--quiet"];
    let text = said(&desk, &add);
    assert!(text.contains("people: 2 rows that were there already lack values"), "{text}");
    assert!(text.contains("aio gallery remove"), "{text}");
    let added = desk.json(&[&add[..], &["--json"]].concat());
    assert_eq!((&added["known"], &added["differing"]), (&3.into(), &2.into()));
    desk.succeed(&["gallery", "remove", "people", "--row", "0", "--row", "2"]);
    for _ in 0..2 {
        assert_eq!(said(&desk, &add), "", "what is the same is not mentioned");
    }
    let text =
        said(&desk, &["gallery", "add", "people", "g", "--label", "identity=anna", "--quiet"]);
    assert!(text.contains("people: 2 rows"), "{text}");
    assert_eq!(said(&desk, &["gallery", "add", "people", "g", "--quiet"]), "");
}

#[test]
fn a_column_that_differs_from_a_known_one_in_case_alone_is_named() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    std::fs::write(desk.path("l.csv"), "path,Camera,Floor,RGB\ng/000.png,1,2,x\n")
        .expect("written");
    let create = ["gallery", "create", "people", "--list", "l.csv", "--quiet"];
    let text = said(&desk, &[&create[..], &["--label", "Identity=anna"]].concat());
    for (own, known) in [("Camera", "camera"), ("Identity", "identity"), ("RGB", "rgb")] {
        let named = format!("the column `{own}` is one of your own, beside the column `{known}`");
        assert!(text.contains(&named), "{text}");
    }
    assert_eq!(text.lines().count(), 3, "each once, and no other: {text}");
}

#[test]
fn a_filter_by_an_empty_value_removes_nothing() {
    let desk = labelled();
    for filter in [["--where", "identity!="], ["--where", "identity="], ["--not-camera", ""]] {
        let text = desk.refused(2, &[&["gallery", "remove", "people"][..], &filter].concat());
        assert!(text.contains("with an empty value"), "{text}");
    }
    assert_eq!(desk.json(&["gallery", "info", "people", "--json"])["rows"], 6);
}

#[test]
fn an_exported_manifest_names_the_sentence_that_was_embedded() {
    let desk = Desk::new();
    std::fs::write(desk.path("l.csv"), "text,caption\na red coat,not this\na blue hat,\n")
        .expect("written");
    desk.succeed(&["gallery", "create", "people", "--list", "l.csv"]);
    desk.succeed(&["gallery", "export", "people", "--output", "l.safetensors"]);
    let manifest = std::fs::read_to_string(desk.path("l.json")).expect("a manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    let texts: Vec<&serde_json::Value> =
        manifest["rows"].as_array().expect("rows").iter().map(|row| &row["text"]).collect();
    assert_eq!(texts, ["a red coat", "a blue hat"]);
    let found = desk.json(&["search", "people", "--text", "a red coat", "--top", "1", "--json"]);
    let first = &found["results"][0];
    assert_eq!((&first["caption"], &first["text"]), (&"not this".into(), &"a red coat".into()));
}

#[test]
fn text_that_not_every_database_can_store_is_named_with_its_line() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    std::fs::write(desk.path("l.csv"), "path,floor\ng/000.png,a\0b\n").expect("written");
    let text = desk.refused(2, &["gallery", "create", "people", "--list", "l.csv"]);
    assert!(text.contains("l.csv, row 2: ") && text.contains("the character NUL"), "{text}");
    std::fs::write(desk.path("c.txt"), "a red coat\na blue\0hat\n").expect("written");
    let text = desk.refused(2, &["gallery", "create", "people", "--captions", "c.txt"]);
    assert!(text.contains("c.txt, row 2: ") && text.contains("the character NUL"), "{text}");
}

#[test]
fn of_many_queries_the_wrong_one_is_named_before_any_is_embedded() {
    let desk = labelled();
    let refused = |lines: &str, more: &[&str]| {
        std::fs::write(desk.path("q.jsonl"), lines).expect("written");
        desk.refused(2, &[&["search", "people", "--queries", "q.jsonl"], more].concat())
    };
    // The first one could not be embedded.
    let first = "{\"rgb\": \"g/absent.png\"}\n";
    let text = refused(&format!("{first}{{\"name\": \"b\", \"like\": [99]}}\n"), &[]);
    assert!(text.contains("query b: people: there is no row 99"), "{text}");
    let text = refused(&format!("{first}{{\"like\": [3], \"unlike\": [3]}}\n"), &[]);
    assert!(text.contains("query 2: the results should resemble the row 3"), "{text}");
    let text = refused("{\"like\": [99]}\n", &[]);
    assert!(text.contains("people: there is no row 99") && !text.contains("query"), "{text}");
    // A wrong filter is that of none of them.
    let text = refused(&format!("{first}{first}"), &["--where", "colour=red"]);
    assert!(text.contains("no column `colour`") && !text.contains("query"), "{text}");
}
