//! `aio embed`: which files it continues from, which it writes, and which it leaves alone.

#[cfg(unix)]
use crate::disks::with_file_limit;
use crate::harness::{Desk, coloured, features, leftovers, refused};
use std::fs;

/// A call that embeds two blocks, the second of which has a picture that cannot be read, and leaves the first one done.
fn begun(desk: &Desk) -> Vec<std::path::PathBuf> {
    let files = coloured(desk, "many", 255);
    let more = coloured(desk, "many/more", 45);
    let whole = fs::read(&more[9]).expect("read");
    fs::write(&more[9], &whole[..30]).expect("write");
    assert!(desk.refused(2, &["embed", "many", "--output", "f.safetensors"]).contains("009.png"));
    assert!(desk.path("f.unfinished/state.json").exists());
    fs::write(&more[9], whole).expect("write");
    files
}

#[test]
fn pictures_that_changed_since_an_earlier_call_are_embedded_again() {
    let desk = Desk::new();
    let files = begun(&desk);
    // The same name and length as before: another picture.
    let (first, last) = (fs::read(&files[0]).expect("read"), fs::read(&files[7]).expect("read"));
    fs::write(&files[0], &last).expect("write");
    desk.succeed(&["embed", "many", "--output", "f.safetensors"]);
    let continued = features(&desk, "f.safetensors");
    desk.succeed(&["embed", "many", "--output", "fresh.safetensors"]);
    assert!(continued == features(&desk, "fresh.safetensors"));
    fs::write(&files[0], first).expect("write");
    desk.succeed(&["embed", "many", "--output", "old.safetensors"]);
    assert_ne!(continued[..128], features(&desk, "old.safetensors")[..128]);
}

#[test]
fn damaged_notes_and_values_of_an_earlier_call_are_not_used() {
    let desk = Desk::new();
    begun(&desk);
    for (name, from, to) in [("state.json", "\"values\"", "\"skipped\""), ("values", "", "")] {
        let path = desk.path("f.unfinished").join(name);
        let mut bytes = fs::read(&path).expect("read");
        if from.is_empty() {
            bytes[100] ^= 1;
        } else {
            bytes = String::from_utf8(bytes).expect("text").replace(from, to).into_bytes();
        }
        fs::write(&path, bytes).expect("write");
        desk.succeed(&["embed", "many", "--output", "f.safetensors"]);
        desk.succeed(&["embed", "many", "--output", "fresh.safetensors"]);
        assert!(features(&desk, "f.safetensors") == features(&desk, "fresh.safetensors"), "{name}");
        fs::remove_file(desk.path("f.safetensors")).expect("remove");
        begun(&desk);
    }
}

#[cfg(unix)]
#[test]
fn rows_that_were_passed_over_are_tried_again() {
    let desk = Desk::new();
    let files = coloured(&desk, "many", 255);
    let whole = fs::read(&files[3]).expect("read");
    fs::write(&files[3], "no picture").expect("write");
    let list: String = (0..256)
        .map(|row| format!("many/{:03}.png\n", row % 255))
        .chain(["absent.png\n".into()])
        .collect();
    fs::write(desk.path("people.csv"), format!("rgb\n{list}")).expect("write");
    let embed = ["embed", "--list", "people.csv", "--output", "l.safetensors"];
    let skipping = [&embed[..], &["--on-error", "skip"]].concat();
    // The disk has room for the 255 rows of the values, and not for the header before them.
    let stopped = with_file_limit(&desk, 255, &skipping);
    assert!(refused(1, &stopped).contains("l.safetensors"));
    fs::write(&files[3], &whole).expect("write");
    assert!(desk.succeed(&skipping).contains("[256, 128], 1 row skipped"));
    // Who does not want to skip rows is told of them, also after a call that skipped them.
    fs::write(&files[3], "no picture").expect("write");
    let stopped = with_file_limit(&desk, 255, &skipping);
    assert!(refused(1, &stopped).contains("l.safetensors"));
    assert!(desk.refused(2, &embed).contains("003.png"));
}

#[test]
fn nothing_that_others_made_is_written_over_or_removed() {
    let desk = Desk::new();
    coloured(&desk, "g", 2);
    let keep = |name: &str, text: &str| fs::write(desk.path(name), text).expect("write");
    keep("people.csv", "rgb\ng/000.png\n");
    keep("words.txt", "A man.\n");
    keep("ann.json", "[{\"mine\": 1}]");
    keep("weights.safetensors", "weights of another program");
    fs::copy(desk.path("g/000.png"), desk.path("p.safetensors")).expect("copied");
    fs::create_dir(desk.path("keep.unfinished")).expect("create");
    keep("keep.unfinished/notes.txt", "mine");
    fs::create_dir(desk.path("folder.safetensors")).expect("create");
    let before = |name: &str| fs::read(desk.path(name)).expect("read");
    let ending = "expected a name that ends in .safetensors";
    for (arguments, output, expected) in [
        (&["g/000.png"][..], "g/000.png", ending),
        (&["--list", "people.csv"], "people.csv", ending),
        (&["--captions", "words.txt"], "words.txt", ending),
        (&["g"], "x.json", ending),
        (&["g"], "x.unfinished", ending),
        (&["g"], "col", ending),
        (&["g"], "g", ending),
        (&["g"], "folder.safetensors", "this is a folder"),
        (&["p.safetensors"], "p.safetensors", "would be written over the input p.safetensors"),
        (&["g"], "ann.safetensors", "ann.json is there and is not a manifest of features"),
        (&["g"], "weights.safetensors", "the file is there and is not a file of features"),
        (&["g"], "keep.safetensors", "it holds \"notes.txt\", which `aio embed` did not write"),
    ] {
        let all = [&["embed"][..], arguments, &["--output", output]].concat();
        let text = desk.refused(2, &all);
        assert!(text.contains(expected) && text.contains(output), "{output}: {text}");
    }
    assert_eq!(before("ann.json"), b"[{\"mine\": 1}]");
    assert_eq!(before("weights.safetensors"), b"weights of another program");
    assert_eq!(before("keep.unfinished/notes.txt"), b"mine");
    assert_eq!(before("people.csv"), b"rgb\ng/000.png\n");
    assert!(!desk.path("keep.safetensors").exists() && !desk.path("x.unfinished").exists());
    // Its own files it writes again, also an empty one that was made for it.
    keep("empty.safetensors", "");
    for _ in 0..2 {
        desk.succeed(&["embed", "g", "--output", "empty.safetensors"]);
    }
}

#[test]
fn what_a_call_that_was_killed_at_its_end_left_is_removed_by_the_next_one() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    for name in [".f.safetensors.0123456789ab.1.tmp", ".f.json.0123456789ab.0.tmp"] {
        fs::write(desk.path(name), "half").expect("write");
    }
    fs::write(desk.path(".g.safetensors.0123456789ab.1.tmp"), "another's").expect("write");
    desk.succeed(&["embed", "g", "--output", "f.safetensors"]);
    let left = leftovers(&desk.path(""));
    assert_eq!(left, [desk.path(".g.safetensors.0123456789ab.1.tmp")]);
}

#[test]
fn mistakes_in_lists_and_texts_of_other_programs_are_named_by_line() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    let keep = |name: &str, text: &[u8]| fs::write(desk.path(name), text).expect("write");
    // As a spreadsheet writes it.
    keep("people.csv", b"rgb,identity\r\ng/000.png,1\r\n\r\n,2\r\n");
    let text = desk.refused(2, &["embed", "--list", "people.csv", "--output", "f.safetensors"]);
    assert!(text.contains("people.csv, row 4: holds neither a picture nor a text"), "{text}");
    let text = desk.refused(2, &["gallery", "create", "people", "--list", "people.csv"]);
    assert!(text.contains("people.csv, row 4: holds neither a picture nor a text"), "{text}");
    for (text, problem) in [
        (
            &b""[..],
            "people.csv, row 1: the file is empty or blank; expected the names of the columns",
        ),
        (b"\r\n\r\n", "people.csv, row 3: the file is empty or blank"),
    ] {
        keep("people.csv", text);
        for command in [
            &["embed", "--list", "people.csv", "--output", "f.safetensors"][..],
            &["gallery", "create", "people", "--list", "people.csv"],
        ] {
            let said = desk.refused(2, command);
            assert!(said.contains(problem), "{text:?}, {command:?}: {said}");
        }
    }
    keep("people.csv", b"rgb,identity\r\n");
    keep("none.txt", b"");
    for option in [["--list", "people.csv"], ["--captions", "none.txt"]] {
        let embed = [&["embed", "--output", "f.safetensors"][..], &option].concat();
        let said = desk.refused(2, &embed);
        let named = format!("nothing to embed: no rows in {}", option[1]);
        assert!(said.contains(&named) && !said.contains("--list FILE"), "{said}");
    }
    keep("latin1.txt", b"A man.\r\nHerr M\xfcller.\r\n");
    let captions = ["embed", "--captions", "latin1.txt", "--output", "f.safetensors"];
    let text = desk.refused(2, &captions);
    assert!(text.contains("latin1.txt: it is not UTF-8 text (line 2)"), "{text}");
}

#[cfg(unix)]
#[test]
fn pipes_and_sparse_files_are_refused_where_a_file_is_expected() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    for name in ["pipe.csv", "pipe.safetensors", "pipe.npy", "pipe.pth", "pipe.bpk", "pipe.txt"] {
        let made = std::process::Command::new("mkfifo").arg(desk.path(name)).status();
        assert!(made.expect("mkfifo").success());
    }
    for (arguments, code) in [
        (&["embed", "--list", "pipe.csv", "--output", "f.safetensors"][..], 2),
        (&["embed", "--captions", "pipe.txt", "--output", "f.safetensors"], 2),
        (&["embed", "g", "--model", "pipe.safetensors", "--output", "f.safetensors"], 2),
        (&["embed", "g", "--model", "pipe.pth", "--output", "f.safetensors"], 2),
        (&["embed", "g", "--model", "pipe.bpk", "--output", "f.safetensors"], 2),
        (&["search", "pipe.safetensors", "--text", "a man"], 2),
        (&["score", "--query", "pipe.npy", "--gallery", "pipe.npy", "--protocol", "none"], 2),
        (
            &[
                "encode",
                "--weights",
                "embedded",
                "--input",
                "pipe.safetensors",
                "--output",
                "e.safetensors",
            ],
            2,
        ),
        (&["weights", "inspect", "pipe.safetensors"], 2),
    ] {
        let text = desk.refused(code, arguments);
        assert!(text.contains("pipe"), "{arguments:?}: {text}");
    }
    let sparse = |name: &str, start: &[u8], length: u64| {
        fs::write(desk.path(name), start).expect("write");
        let file = fs::OpenOptions::new().write(true).open(desk.path(name)).expect("open");
        file.set_len(length).is_ok()
    };
    if sparse("x.jpg", b"", 8 << 40) {
        let text = desk.refused(2, &["embed", "x.jpg", "--output", "f.safetensors"]);
        assert!(text.contains("x.jpg holds 8796093022208 bytes"), "{text}");
    }
    let header =
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 512), }          \n";
    let start = [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes()];
    let start = start.concat();
    if sparse("x.npy", &start, start.len() as u64 + 4 * 512_000_000_000) {
        let score = ["score", "--query", "x.npy", "--gallery", "x.npy", "--protocol", "none"];
        let text = desk.refused(2, &score);
        assert!(text.contains("512000000000 values, more than memory has room for"), "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf_8_is_the_problem_of_its_row_alone() {
    use std::os::unix::ffi::OsStrExt;
    let desk = Desk::new();
    let files = coloured(&desk, "g", 3);
    let odd = desk.path("g").join(std::ffi::OsStr::from_bytes(b"odd-\xff.png"));
    fs::copy(&files[0], odd).expect("copied");
    let embed = ["embed", "g", "--output", "f.safetensors"];
    let text = desk.refused(2, &embed);
    assert!(text.contains("odd-\\xFF.png") && text.contains("not UTF-8"), "{text}");
    let text = desk.succeed(&[&embed[..], &["--on-error", "skip"]].concat());
    assert!(text.contains("[3, 128], 1 row skipped"), "{text}");
}
