//! `aio gallery`, and `aio search` of galleries.

use crate::harness::{Desk, checkpoint, coloured, features, leftovers};
use serde_json::Value;
use std::path::PathBuf;

/// Rendered people as Market-1501 has them; the folder of the queries.
fn rendered(desk: &Desk) -> String {
    desk.succeed(&["data", "synth", "--output", "world"]);
    "world/Market-1501-v15.09.15/bounding_box_train".to_owned()
}

fn pictures(desk: &Desk, folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(desk.path(folder)).expect("a folder").flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.sort();
    found
}

fn paths(answer: &Value) -> Vec<&str> {
    let results = answer["results"].as_array().expect("results");
    results.iter().map(|result| result["path"].as_str().expect("a path")).collect()
}

#[test]
fn a_gallery_of_rendered_people_lives() {
    let desk = Desk::new();
    let folder = rendered(&desk);
    calibration(&desk, &folder);
    let count = pictures(&desk, &folder).len();
    let created = desk.json(&["gallery", "create", "people", &folder, "--json"]);
    assert_eq!((&created["added"], &created["known"]), (&count.into(), &0.into()));
    // The same folder again, also under another name.
    let again = desk.json(&["gallery", "add", "people", &folder, "--json"]);
    assert_eq!(
        (&again["added"], &again["known"], &again["total"]),
        (&0.into(), &count.into(), &count.into())
    );
    std::fs::create_dir(desk.path("copy")).expect("created");
    let first = &pictures(&desk, &folder)[0];
    std::fs::copy(first, desk.path("copy/elsewhere.jpg")).expect("copied");
    let copy = desk.succeed(&["gallery", "add", "people", "copy"]);
    assert!(
        copy.contains("people: 0 rows added") && copy.contains("1 inputs were there already"),
        "{copy}"
    );

    let shown = first.display().to_string();
    let search = |more: &[&str]| {
        desk.json(
            &[&["search", "people", "--rgb", &shown, "--text", "a person", "--json"], more]
                .concat(),
        )
    };
    let found = search(&["--top", "5", "--picture", "list.png"]);
    assert_eq!((&found["gallery"], &found["searched"]), (&count.into(), &count.into()));
    let before: Vec<String> = paths(&found).into_iter().map(str::to_owned).collect();
    assert_eq!(before.len(), 5);
    assert!(image::open(desk.path("list.png")).is_ok_and(|picture| picture.width() > 400));
    // A folder and its gallery give the same list.
    let of_folder = desk
        .json(&["search", &folder, "--rgb", &shown, "--text", "a person", "--json", "--top", "5"]);
    assert_eq!(paths(&of_folder), before);

    let row = found["results"][0]["row"].to_string();
    let removed = desk.succeed(&["gallery", "remove", "people", "--row", &row]);
    assert!(removed.contains(&format!("1 rows removed, {} are left", count - 1)), "{removed}");
    let after = search(&["--top", "4"]);
    assert_eq!(paths(&after), before[1..]);
    assert!(desk.succeed(&["gallery", "compact", "people"]).contains("1 rows dropped"));
    let compacted = search(&["--top", "4"]);
    assert_eq!(compacted["results"], after["results"], "also the numbers of the rows");
    let changes = |found: &Value| found["generation"].as_u64();
    assert_eq!(changes(&compacted), changes(&after).map(|changes| changes + 1));
    assert!(desk.succeed(&["gallery", "verify", "people"]).contains("as written"));
    assert!(leftovers(&desk.path("people")).is_empty());

    // Damage is found and named, with the exit code of a check that found a problem.
    let segment = pictures(&desk, "people/segments").remove(0).join("features.f32");
    let mut bytes = std::fs::read(&segment).expect("read");
    bytes[100] ^= 4;
    std::fs::write(&segment, bytes).expect("written");
    let output = desk.run(&["gallery", "verify", "people"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("features.f32: bytes 0 to "), "{said}");
}

/// A table of six pictures with labels.
const TABLE: &str = "\
path,identity,camera,time,floor,caption
g/000.png,=anna,gate 1,2026-01-01,2,\"a, b\"
g/001.png,=anna,gate 2,2026-01-02T12:00:00Z,2,
g/002.png,bert,gate 1,,1,
g/003.png,bert,gate 2,1767571200,1,
g/004.png,,gate 3,2026-01-04,,
g/005.png,carl,gate 1,2026-01-05,3,
";

pub(crate) fn labelled() -> Desk {
    let desk = Desk::new();
    coloured(&desk, "g", 6);
    std::fs::write(desk.path("list.csv"), TABLE).expect("written");
    desk.succeed(&["gallery", "create", "people", "--list", "list.csv", "--storage", "int8"]);
    desk
}

#[test]
fn filters_groups_likes_and_batches_choose_rows() {
    let desk = labelled();
    let rows = |more: &[&str]| -> Vec<u64> {
        let text = [&["search", "people", "--rgb", "g/000.png", "--json"], more].concat();
        let found = desk.json(&text);
        let mut rows: Vec<u64> = found["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|result| result["row"].as_u64().expect("a number"))
            .collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(rows(&[]), [0, 1, 2, 3, 4, 5]);
    assert_eq!(rows(&["--camera", "gate 1"]), [0, 2, 5]);
    assert_eq!(rows(&["--not-camera", "gate 1", "--not-camera", "gate 3"]), [1, 3]);
    assert_eq!(rows(&["--after", "2026-01-02", "--before", "2026-01-05T00:00:00Z"]), [1, 4]);
    assert_eq!(rows(&["--where", "floor!=2", "--where", "camera=gate 3"]), [4]);
    assert_eq!(rows(&["--group-by", "identity"]).len(), 4);
    assert_eq!(rows(&["--like", "3", "--unlike", "5"]), [0, 1, 2, 4]);
    let text = desk.refused(2, &["search", "people", "--like", "0,3", "--unlike", "3"]);
    assert!(text.contains("should resemble the row 3, and should not resemble it"), "{text}");
    let text = desk.refused(2, &["search", "people", "--text", "x", "--where", "colour=red"]);
    assert!(text.contains("no column `colour`") && text.contains("floor"), "{text}");
    let text = desk.refused(2, &["search", "people", "--text", "x", "--threshold", "0.5"]);
    assert!(text.contains("aio gallery calibrate"), "{text}");
    let text = desk.refused(2, &["search", "g", "--text", "x", "--camera", "1"]);
    assert!(text.contains("g is not a gallery"), "{text}");

    std::fs::write(
        desk.path("q.jsonl"),
        "{\"name\": \"-1+1\", \"rgb\": \"g/002.png\"}\n{\"text\": \"red\"}\n",
    )
    .expect("written");
    let batch = desk.json(&["search", "people", "--queries", "q.jsonl", "--top", "2", "--json"]);
    assert_eq!(batch["answers"].as_array().map(Vec::len), Some(2));
    assert_eq!(batch["answers"][0]["results"][0]["row"], 2);
    assert!(batch["answers"][0]["rescored"].as_u64().is_some_and(|read| (2..=6).contains(&read)));
    let text = desk.succeed(&["search", "people", "--queries", "q.jsonl", "--csv"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("a header").iter().next_back(), Some("floor"));
    let records: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    assert_eq!((records.len(), &records[0][0]), (12, "'-1+1"));
    assert!(
        records.iter().any(|record| &record[7] == "'=anna" && &record[9] == "2026-01-02T12:00:00Z"),
        "{text}"
    );
    let table = desk.succeed(&["search", "people", "--rgb", "g/002.png", "--top", "1"]);
    assert!(
        table.starts_with("| rank | row | similarity | path |")
            && table.contains("| 1 | 2 | 1.0000 | g/002.png |"),
        "{table}"
    );
}

#[test]
fn a_database_that_is_not_there_is_named_without_its_password() {
    let desk = labelled();
    let address = "postgres://me:secret@127.0.0.1:1/reid#gate";
    for command in
        [&["gallery", "push", "people", address][..], &["search", address, "--rgb", "g/000.png"]]
    {
        let said = desk.refused(1, command);
        let names = said.contains("cannot connect to postgres://127.0.0.1/reid#gate");
        assert!(names && said.contains("PGPASSWORD") && !said.contains("secret"), "{said}");
    }
    let said = desk.refused(2, &["gallery", "push", "people", "postgres://"]);
    assert!(said.contains("this database address names no host"), "{said}");
    let said = desk.refused(2, &["gallery", "push", "people", "postgres://host/reid#Gate 1"]);
    assert!(said.contains("a gallery in a database cannot be called `Gate 1`"), "{said}");
}

#[test]
fn an_index_is_made_and_followed() {
    let desk = labelled();
    let search = ["search", "people", "--rgb", "g/000.png", "--json"];
    let approximate = [&search[..], &["--approximate"]].concat();
    let said = desk.refused(2, &approximate);
    assert!(said.contains("people has no index"), "{said}");
    assert!(said.contains("hint: make one: aio gallery index people"), "{said}");
    let made = desk.json(&["gallery", "index", "people", "--links", "8", "--json"]);
    assert_eq!((&made["rows"], &made["links"]), (&6.into(), &8.into()));
    // So few rows are searched exactly.
    assert_eq!(made["followed"], serde_json::json!({"1": 0, "10": 0, "100": 0}));
    assert_eq!((&made["recall"]["queries"], &made["recall"]["at"]["10"]), (&6.into(), &1.0.into()));
    assert_eq!(desk.json(&approximate)["results"], desk.json(&search)["results"]);
    let text = desk.succeed(&["gallery", "info", "people"]);
    assert!(text.contains("index        of the first 6 rows"), "{text}");
    let text = desk.succeed(&["gallery", "index", "people"]);
    assert!(text.contains("an index of 6 rows with 32 links each"), "{text}");
    assert!(text.contains("recall of the index against exact search, 6 rows"), "{text}");
    assert!(text.contains("With so few rows, --approximate compares all of them"), "{text}");
    desk.succeed(&["gallery", "verify", "people"]);
    let said = desk.refused(2, &["gallery", "index", "people", "--links", "3"]);
    assert!(said.contains("--links"), "{said}");
}

#[test]
fn no_message_repeats_the_password_of_an_address() {
    let desk = labelled();
    for address in [
        "postgres://me:secret@host/db#Bad",
        "Postgres://me:secret@host/db#people",
        "postgre://me:secret@host/db#people",
        "postgres://me:pa#secret@host/db",
        "postgres://me:secret@host:port/db#people",
        "postgres://me:my@secret@127.0.0.1:1/db#people",
        "postgres://me:a@secret/x@127.0.0.1:1/db#people",
        "qdrant://secret@host/people",
        "qdrant://host:6334/people?api_key=secret",
    ] {
        for command in [
            &["gallery", "push", "people", address][..],
            &["search", address, "--rgb", "g/000.png"],
            &["gallery", "info", address],
            &["gallery", "merge", "people", address],
            &["gallery", "create", address, "g"],
            &["serve", address],
        ] {
            let said = desk.refused(2, command);
            assert!(!said.contains("secret") && said.contains("hint: "), "{command:?}: {said}");
        }
    }
    assert!(!desk.path("Postgres:").exists(), "nothing is made of what is no path");
}

/// Pushes a gallery of six rows to an address, and compares searches there with those on disk.
fn a_copy_answers_as_the_gallery_does(desk: &Desk, address: &str) {
    let pushed = desk.json(&["gallery", "push", "people", address, "--index", "--json"]);
    assert_eq!((&pushed["rows"], &pushed["added"]), (&6.into(), &6.into()));
    for more in [
        &[][..],
        &["--approximate"],
        &["--group-by", "identity"],
        &["--where", "floor=2", "--like", "1"],
        &["--not-camera", "gate 1", "--after", "2026-01-01"],
    ] {
        let answer = |gallery: &str, more: &[&str]| {
            desk.json(&[&["search", gallery, "--rgb", "g/000.png", "--json"], more].concat())
        };
        let on_disk = if more == ["--approximate"] { &[][..] } else { more };
        let (found, expected) = (answer(address, more), answer("people", on_disk));
        assert_eq!(paths(&found), paths(&expected), "{more:?}");
        assert_eq!(found["gallery"], expected["gallery"]);
        // What an index lets out is not counted.
        let searched = (more != ["--approximate"]).then_some(&expected["searched"]);
        assert_eq!(found.get("searched"), searched);
        assert_eq!(found["results"][0]["caption"], expected["results"][0]["caption"]);
    }
    let said = desk.refused(2, &["search", address, "--rgb", "g/000.png", "--picture", "x.png"]);
    assert!(said.contains("has no thumbnails"), "{said}");
    let pushed = desk.json(&["gallery", "push", "people", address, "--json"]);
    assert_eq!((&pushed["added"], &pushed["removed"]), (&0.into(), &0.into()));
}

#[test]
#[ignore = "needs PostgreSQL with pgvector: just test-stores"]
fn a_copy_in_a_database_answers_as_the_gallery_does() {
    let server = std::env::var("AIO_TEST_POSTGRES").expect("just test-stores");
    let address = format!("{server}#program_{}", std::process::id());
    a_copy_answers_as_the_gallery_does(&labelled(), &address);
}

#[cfg(feature = "qdrant")]
#[test]
#[ignore = "needs Qdrant, or scripts/stores/qdrant.py: just test-stores"]
fn a_copy_in_a_database_of_qdrant_answers_as_the_gallery_does() {
    let server = std::env::var("AIO_TEST_QDRANT").expect("just test-stores");
    let (_, server) = server.split_once("://").expect("qdrant://host:port");
    let address = format!("qdrant://{server}/program_{}", std::process::id());
    let desk = labelled();
    a_copy_answers_as_the_gallery_does(&desk, &address);
    // Where the server asks for a key, a wrong one is refused by name.
    if std::env::var("QDRANT_API_KEY").is_ok() {
        let mut command = desk.command(&["search", &address, "--rgb", "g/000.png"]);
        let output = command.env("QDRANT_API_KEY", "not-the-secret").output().expect("started");
        let said = crate::harness::refused(1, &output);
        let names = said.contains(&format!("cannot connect to {address}"));
        assert!(names && said.contains("QDRANT_API_KEY") && !said.contains("secret"), "{said}");
    }
}

#[cfg(not(feature = "qdrant"))]
#[test]
fn a_program_without_the_client_of_qdrant_says_how_to_build_it() {
    let desk = labelled();
    for command in [
        &["gallery", "push", "people", "qdrant://127.0.0.1:1/people"][..],
        &["search", "qdrant://127.0.0.1:1/people", "--rgb", "g/000.png"],
    ] {
        let said = desk.refused(2, command);
        assert!(said.contains("--features aio-bench/qdrant"), "{said}");
    }
}

#[test]
fn galleries_are_exported_merged_and_bound_to_their_model() {
    let desk = labelled();
    desk.succeed(&["gallery", "export", "people", "--output", "f.safetensors"]);
    desk.succeed(&["embed", "g", "--output", "e.safetensors"]);
    let (exported, embedded) = (features(&desk, "f.safetensors"), features(&desk, "e.safetensors"));
    for (a, b) in exported.chunks(128).zip(embedded.chunks(128)) {
        let length = b.iter().map(|v| v * v).sum::<f32>().sqrt();
        assert!(a.iter().zip(b).all(|(a, b)| (a - b / length).abs() < 1e-5));
    }
    let found = desk.succeed(&["search", "f.safetensors", "--rgb", "g/003.png", "--top", "1"]);
    assert!(found.contains("| 1 | 1.0000 | g/003.png"), "{found}");
    desk.succeed(&[
        "gallery",
        "export",
        "people",
        "--output",
        "r.csv",
        "--where",
        "identity!=bert",
    ]);
    let text = std::fs::read_to_string(desk.path("r.csv")).expect("exported");
    assert!(
        text.starts_with(
            "row,path,identity,camera,time,crop,modality,caption,floor\n0,g/000.png,'=anna,gate 1,"
        ),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);
    desk.succeed(&["gallery", "export", "people", "--output", "r.jsonl"]);
    let text = std::fs::read_to_string(desk.path("r.jsonl")).expect("exported");
    let line: Value = serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&line["identity"], &line["caption"]), (&"=anna".into(), &"a, b".into()));
    assert!(
        desk.refused(2, &["gallery", "export", "people", "--output", "r.txt"]).contains("r.txt")
    );

    for shard in ["1/2", "2/2"] {
        let name = format!("part-{}", &shard[..1]);
        desk.succeed(&[
            "gallery",
            "create",
            &name,
            "--list",
            "list.csv",
            "--shard",
            shard,
            "--storage",
            "int8",
        ]);
    }
    let merged = desk.json(&["gallery", "merge", "all", "part-1", "part-2", "--json"]);
    assert_eq!(
        (&merged["rows"], &merged["known"], &merged["copied"]),
        (&6.into(), &0.into(), &0.into())
    );
    let search = |gallery: &str| {
        let found = desk.json(&["search", gallery, "--rgb", "g/001.png", "--json"]);
        paths(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(search("all"), search("people"));

    let weights = checkpoint("open-clip.safetensors");
    let other = ["--model", &weights, "--heads", "2"];
    for call in [&["search", "people", "--text", "x"][..], &["gallery", "add", "people", "g"]] {
        let text = desk.refused(2, &[call, &other].concat());
        assert!(
            text.contains("`default` (sha256 ") && text.contains("open-clip.safetensors` (sha256 "),
            "{text}"
        );
    }
    desk.succeed(&[&["gallery", "create", "clip", "g"][..], &other].concat());
    let text = desk.refused(2, &["gallery", "merge", "people", "clip"]);
    assert!(text.contains("error: clip holds features of `") && text.contains("people"), "{text}");
    let command = "`aio gallery create NEW INPUTS --storage int8 --model default`";
    assert!(text.contains(command) && text.contains("merge NEW instead of clip"), "{text}");
    // Galleries that do not fit make none that would then refuse others.
    desk.succeed(&["gallery", "create", "plain", "g"]);
    let text = desk.refused(2, &["gallery", "merge", "new", "plain", "part-1"]);
    assert!(text.contains("as int8") && !desk.path("new").exists(), "{text}");
    assert_eq!(desk.json(&["gallery", "merge", "new", "part-1", "part-2", "--json"])["rows"], 6);
    let text = desk.refused(2, &["gallery", "create", "g", "list.csv"]);
    assert!(text.contains("g is not empty"), "{text}");
    assert!(desk.refused(2, &["gallery", "info", "g"]).contains("`g` is not a gallery"));
    assert!(!desk.path("g/lock").exists(), "nothing is written into another directory");
}

/// A gallery of these pictures is calibrated, and a threshold cuts its lists.
fn calibration(desk: &Desk, folder: &str) {
    let mut list = "rgb,identity,camera\n".to_owned();
    for path in pictures(desk, folder) {
        // 0001_c5s1_000301_00.jpg is person 1 before camera 5.
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        list += &format!("{folder}/{name},{},{}\n", &name[..4], &name[6..7]);
    }
    std::fs::write(desk.path("labels.csv"), &list).expect("written");
    desk.succeed(&["embed", "--list", "labels.csv", "--output", "l.safetensors"]);
    desk.succeed(&["gallery", "create", "labelled", "--list", "labels.csv"]);
    let said =
        desk.json(&["gallery", "calibrate", "labelled", "--queries", "l.safetensors", "--json"]);
    let calibration = &said["calibration"];
    assert!(calibration["expected_calibration_error"].as_f64().is_some_and(|e| e < 0.1), "{said}");
    assert!(
        calibration["data"].as_str().is_some_and(|data| data.contains("l.safetensors (sha256:")),
        "{said}"
    );
    let first = list.lines().nth(1).and_then(|line| line.split(',').next()).expect("a row");
    let search = ["search", "labelled", "--rgb", first, "--json", "--top", "1000"];
    let all = desk.json(&search);
    let sure = desk.json(&[&search[..], &["--threshold", "0.5"]].concat());
    let probabilities = |found: &Value| -> Vec<f64> {
        let results = found["results"].as_array().expect("results").iter();
        results.map(|result| result["probability"].as_f64().expect("a number")).collect()
    };
    let expected: Vec<f64> = probabilities(&all).into_iter().filter(|p| *p >= 0.5).collect();
    assert_eq!(probabilities(&sure), expected);
    assert!(!expected.is_empty() && expected.len() < probabilities(&all).len());
    let text = desk.succeed(&["search", "labelled", "--rgb", first]);
    let error = calibration["expected_calibration_error"].as_f64().expect("a number");
    let stated = format!("P(same person): expected calibration error {error:.4} on ");
    assert!(text.contains(&stated), "{text}");
    assert!(
        desk.succeed(&["gallery", "info", "labelled"])
            .contains("calibration  rgb: expected calibration error")
    );
    // A curve of photographs is none of sentences, unless somebody says so.
    let sentence = ["search", "labelled", "--text", "a red coat", "--threshold", "0.1"];
    let text = desk.refused(2, &sentence);
    assert!(
        text.contains("no calibration for text queries (existing calibrations: rgb)"),
        "{text}"
    );
    let calibrate = ["gallery", "calibrate", "labelled", "--queries", "l.safetensors"];
    // A file against itself: no picture is compared with itself, and no pair counts twice.
    desk.succeed(&["embed", "--list", "labels.csv", "--output", "again.safetensors"]);
    let itself = [&calibrate[..], &["--against", "again.safetensors", "--json"]].concat();
    assert_eq!(desk.json(&itself)["calibration"], *calibration);
    let said = desk.json(&[&calibrate[..], &["--modalities", "any", "--json"]].concat());
    assert_eq!(said["modalities"], "any");
    desk.succeed(&sentence);
    let text = desk.refused(2, &[&calibrate[..], &["--modalities", "photo"]].concat());
    assert!(text.contains("unknown modality `photo`"), "{text}");
    let text = desk.refused(2, &[&calibrate[..], &["--modalities", "text"]].concat());
    assert!(text.contains("l.safetensors holds queries of rgb, and"), "{text}");
    // Queries of several kinds have no curve in common.
    let mixed: String = list.lines().take(9).map(|line| format!("{line},\n")).collect();
    let mixed = mixed.replacen("camera,", "camera,text", 1).replacen(",\n", ",a red coat\n", 1);
    std::fs::write(desk.path("mixed.csv"), &mixed).expect("written");
    desk.succeed(&["embed", "--list", "mixed.csv", "--output", "m.safetensors"]);
    let calibrate = ["gallery", "calibrate", "labelled", "--queries", "m.safetensors"];
    let text = desk.refused(2, &calibrate);
    assert!(text.contains("m.safetensors holds queries of several kinds: rgb, rgb+text"), "{text}");
    assert!(text.contains("--modalities any"), "{text}");
    let text =
        desk.refused(2, &["gallery", "calibrate", "labelled", "--queries", "none.safetensors"]);
    assert!(text.contains("none.safetensors"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    use std::process::Stdio;
    let desk = Desk::new();
    coloured(&desk, "g", 3);
    desk.succeed(&["gallery", "create", "people", "g"]);
    // Held here, as by a process that changes the gallery.
    let lock = std::fs::File::open(desk.path("people/lock")).expect("the lock");
    lock.lock().expect("locked");
    let text = desk.refused(1, &["gallery", "remove", "people", "--row", "0"]);
    assert!(text.contains("people is in use"), "{text}");
    let mut search = desk.command(&["search", "people", "--rgb", "g/000.png"]);
    assert!(search.stdout(Stdio::null()).status().expect("it starts").success());
    drop(lock);
    desk.succeed(&["gallery", "remove", "people", "--row", "0"]);
}
