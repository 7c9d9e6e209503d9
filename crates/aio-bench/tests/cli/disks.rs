//! Disks that are full, directories that cannot be written, and files that vanish.

#![cfg(unix)]

use crate::harness::{Desk, SHORT, leftovers, refused};
use std::process::Command;

#[test]
fn a_full_disk_while_writing_a_checkpoint_leaves_nothing_half_written() {
    let desk = Desk::new();
    let experiment =
        |runs: &'static str| [&["experiment", "smoke", "--runs", runs][..], &SHORT].concat();
    desk.succeed(&experiment("first"));
    // 1 MiB, less than a checkpoint.
    let output = with_file_limit(&desk, 2048, &experiment("limited"));
    let text = refused(1, &output);
    assert!(text.contains("checkpoint"), "{text}");
    let run = desk.cell("limited", "smoke");
    assert!(leftovers(&run).is_empty(), "{:?}", leftovers(&run));
    assert!(std::fs::read_dir(run.join("checkpoint")).map_or(true, |mut d| d.next().is_none()));
    desk.succeed(&experiment("limited"));
}

/// Runs the program with files limited to so many blocks of 512 bytes; with the signal ignored, writing fails as on a full disk.
pub(crate) fn with_file_limit(
    desk: &Desk,
    blocks: u32,
    arguments: &[&str],
) -> std::process::Output {
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec {} {}",
        env!("CARGO_BIN_EXE_aio"),
        quoted.join(" ")
    );
    Command::new("sh").args(["-c", &script]).current_dir(desk.path("")).output().expect("sh")
}

#[test]
fn wherever_the_disk_becomes_full_the_file_is_named_and_the_command_continues() {
    let desk = Desk::new();
    crate::harness::coloured(&desk, "pictures", 9);
    let embed = ["embed", "pictures", "--output", "f.safetensors"];
    desk.succeed(&["embed", "pictures", "--output", "whole.safetensors"]);
    // Nothing at all, the values alone, and everything but the features with their labels and header.
    for blocks in [0, 8, 9] {
        let text = refused(1, &with_file_limit(&desk, blocks, &embed));
        assert!(text.contains("f."), "{text}");
        assert!(leftovers(&desk.path("")).is_empty(), "{:?}", leftovers(&desk.path("")));
        assert!(!desk.path("f.safetensors").exists());
    }
    desk.succeed(&embed);
    let of = |name: &str| std::fs::read(desk.path(name)).expect("features");
    assert!(of("f.safetensors") == of("whole.safetensors"));

    let experiment = [&["experiment", "smoke", "--runs", "limited"][..], &SHORT].concat();
    desk.succeed(&[&["experiment", "smoke", "--runs", "whole"][..], &SHORT].concat());
    for blocks in [0, 2, 200] {
        let output = with_file_limit(&desk, blocks, &experiment);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{blocks}: {text}");
        assert!(text.contains("error: cannot write") && !text.contains("panicked"), "{text}");
        assert!(leftovers(&desk.path("limited")).is_empty());
    }
    desk.succeed(&experiment);
    let weights = |runs| {
        std::fs::read(desk.cell(runs, "smoke").join("model/weights.safetensors")).expect("weights")
    };
    assert!(weights("limited") == weights("whole"));
}

#[test]
fn sweeps_and_pre_trainings_name_the_file_of_a_full_disk_and_continue() {
    let desk = Desk::new();
    std::fs::write(
        desk.path("s.toml"),
        "base = \"experiments/smoke.toml\"\n[axes]\n\"losses.binding\" = [1.0, 0.5]\n\"evaluation.tasks\" = [[\"market1501.rgb-rgb\"]]\n",
    )
    .expect("write");
    let sweep = |runs: &'static str| ["sweep", "run", "s.toml", "--runs", runs];
    let pretrain = |output: &'static str| {
        let size =
            ["--steps", "3", "--corpus", "24", "--batch", "8", "--depth", "1", "--width", "32"];
        let steps =
            ["pretrain", "--pictures-first", "1", "--company-steps", "1", "--output", output];
        [&steps[..], &size].concat()
    };
    desk.succeed(&sweep("whole"));
    desk.succeed(&pretrain("pretrained"));
    for (arguments, output) in [
        (sweep("limited").to_vec(), "limited"),
        (pretrain("pretrained-limited"), "pretrained-limited"),
    ] {
        // Nothing at all, a few small files, and everything but weights.
        for blocks in [0, 2, 200] {
            let text = refused(1, &with_file_limit(&desk, blocks, &arguments));
            assert!(text.contains("error: cannot write"), "{blocks}: {text}");
            assert!(leftovers(&desk.path(output)).is_empty(), "{blocks}: {output}");
        }
        desk.succeed(&arguments);
    }
    let weights = |folder: &str, name: &str| -> std::collections::BTreeMap<String, Vec<u8>> {
        let mut found = std::collections::BTreeMap::new();
        let mut folders = vec![desk.path(folder)];
        while let Some(folder_) = folders.pop() {
            for entry in std::fs::read_dir(folder_).expect("listed").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if entry.file_name() == name {
                    let path = entry.path();
                    let below = path.strip_prefix(desk.path(folder)).expect("below");
                    let bytes = std::fs::read(&path).expect("read");
                    found.insert(below.display().to_string(), bytes);
                }
            }
        }
        found
    };
    let whole = weights("whole", "weights.safetensors");
    assert!(whole.len() == 2 && weights("limited", "weights.safetensors") == whole);
    let whole = weights("pretrained", "embedded.safetensors");
    assert!(whole.len() == 1 && weights("pretrained-limited", "embedded.safetensors") == whole);
    assert!(!desk.succeed(&sweep("limited")).contains("failed"));
}

#[test]
fn where_nothing_can_be_written_the_directory_is_named() {
    let desk = Desk::new();
    crate::harness::coloured(&desk, "pictures", 1);
    // Nobody can create a directory here, not even the administrator.
    let nowhere = "/proc/aio-test";
    if !std::path::Path::new("/proc/self").exists() {
        eprintln!("skipped: there is no /proc");
        return;
    }
    for arguments in [
        vec!["experiment", "smoke", "--runs", nowhere],
        vec!["embed", "pictures", "--output", "/proc/aio-test/f.safetensors"],
        vec!["pretrain", "--steps", "1", "--output", nowhere],
    ] {
        let output = desk.run(&arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{text}");
        assert!(text.contains(nowhere) && !text.contains("panicked"), "{text}");
    }
}

#[test]
fn a_picture_that_vanishes_is_named_and_the_run_continues_when_it_is_back() {
    let desk = Desk::new();
    let arguments = [&["experiment", "smoke"][..], &SHORT].concat();
    let table = desk.succeed(&arguments);
    std::fs::remove_file(desk.cell("runs", "smoke").join("result.json")).expect("removed");
    let picture = desk.path("datasets/synthetic-smoke/Market-1501-v15.09.15/query");
    let picture = std::fs::read_dir(picture).expect("queries").flatten().next().expect("one");
    let bytes = std::fs::read(picture.path()).expect("a picture");
    // A link that leads nowhere is listed as a picture, as one that vanishes after the listing.
    std::fs::remove_file(picture.path()).expect("removed");
    std::os::unix::fs::symlink("gone.jpg", picture.path()).expect("link");
    let text = desk.refused(2, &arguments);
    let name = picture.file_name().to_string_lossy().into_owned();
    assert!(text.contains(&name), "{text}");
    std::fs::remove_file(picture.path()).expect("removed");
    std::fs::write(picture.path(), bytes).expect("restored");
    assert_eq!(desk.succeed(&arguments), table);
}

#[test]
fn a_full_disk_while_pictures_are_added_leaves_a_gallery_that_can_be_used() {
    let desk = Desk::new();
    crate::harness::coloured(&desk, "pictures", 12);
    desk.succeed(&["gallery", "create", "people", "pictures"]);
    // Noise, so that thumbnails are long: some of them fit.
    std::fs::create_dir(desk.path("noise")).expect("created");
    let mut state = 1u32;
    for i in 0..12 {
        let picture = image::RgbImage::from_fn(256, 256, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8])
        });
        picture.save(desk.path(&format!("noise/{i:03}.png"))).expect("a picture");
    }
    let add = ["gallery", "add", "people", "noise", "--thumbnail", "1024"];
    let text = refused(1, &with_file_limit(&desk, 512, &add));
    assert!(text.contains("thumbnails.jpegs"), "{text}");
    assert!(desk.succeed(&["gallery", "verify", "people"]).contains("as written"));
    let before = desk.json(&["gallery", "info", "people", "--json"])["rows"].as_u64();
    assert!(before.is_some_and(|rows| (13..24).contains(&rows)), "{before:?}: some are kept");
    let search = ["search", "people", "--rgb", "pictures/003.png", "--json"];
    assert_eq!(desk.json(&search)["results"][0]["path"], "pictures/003.png");
    let added = desk.json(&[&add[..], &["--json"]].concat());
    assert_eq!(
        (added["total"].as_u64(), added["known"].as_u64()),
        (Some(24), before.map(|b| b - 12))
    );
    desk.succeed(&["gallery", "remove", "people", "--row", "2"]);
    desk.succeed(&["gallery", "compact", "people"]);
    assert!(desk.succeed(&["gallery", "verify", "people"]).contains("as written"));
}
