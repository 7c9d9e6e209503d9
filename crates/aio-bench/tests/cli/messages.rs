//! What goes to standard error, and what happens when standard output is closed.

use crate::harness::{Desk, golden};
use aio_encoder::weights::Shipped;

fn score(desk: &Desk, more: &[&str]) -> String {
    let (query, gallery) = (golden("query.safetensors"), golden("gallery.safetensors"));
    let base =
        ["score", "--query", &query, "--gallery", &gallery, "--protocol", "market1501", "--rerank"];
    let output = desk.run(&[more, &base].concat());
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("| protocol |"));
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn quiet_keeps_standard_error_empty_and_verbose_says_more() {
    let desk = Desk::new();
    assert!(score(&desk, &[]).contains("re-ranking holds about "));
    assert_eq!(score(&desk, &["--quiet"]), "");
    assert_eq!(score(&desk, &["-q"]), "");
    let refused = desk.refused(2, &["-q", "report", "never-run"]);
    assert!(refused.starts_with("error: no runs of `never-run`") && refused.contains("\nhint: "));
    crate::harness::coloured(&desk, "gallery", 2);
    let search = ["search", "gallery", "--text", "a man"];
    let embedded = Shipped::Default.sha256();
    for (arguments, says_more) in [(&["-v"][..], true), (&[], false)] {
        let output = desk.run(&[&search[..], arguments].concat());
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        let message = format!("debug: model default: sha256 {embedded}");
        assert_eq!(text.contains(&message), says_more, "{text}");
    }
    assert_eq!(desk.run(&["-q", "-v", "data", "list"]).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_no_error_and_a_full_disk_is_one() {
    let desk = Desk::new();
    let shell = |script: &str| {
        let program = env!("CARGO_BIN_EXE_aio");
        let output = std::process::Command::new("bash")
            .args(["-c", &script.replace("aio ", &format!("{program} "))])
            .current_dir(desk.path(""))
            .output()
            .expect("bash");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for command in ["aio weights list", "aio data list --json", "aio completions bash"] {
        // The reader has gone before anything is written.
        let (code, text) = shell(&format!("set -o pipefail; {{ sleep 0.3; {command}; }} | true"));
        assert_eq!((code, text.as_str()), (Some(0), ""), "{command}");
    }
    let (code, text) = shell(
        "set -o pipefail; yes 'a man in a red coat' | head -n 50000 | aio tokenize | head -n 1 > one",
    );
    // `yes` and `head` end by SIGPIPE; the program does not.
    assert!(!text.contains("error") && code != Some(1), "{code:?} {text}");
    let one = std::fs::read_to_string(desk.path("one")).expect("a line");
    assert!(one.starts_with("49406 320 786 "), "{one}");
    if std::path::Path::new("/dev/full").exists() {
        let (code, text) = shell("aio weights list > /dev/full");
        assert!(code == Some(1) && text.contains("error: cannot write standard output"), "{text}");
    }
}

#[test]
fn what_was_probably_meant_is_named() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("experiments/sweeps")).expect("created");
    std::fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/sweeps/heads.toml"),
        desk.path("experiments/sweeps/heads.toml"),
    )
    .expect("copied");
    std::fs::write(desk.path("experiments/own.toml"), "base = \"smoke\"\n").expect("written");
    std::fs::create_dir_all(desk.path("runs/zero-shot/0/seed-0")).expect("created");
    std::fs::create_dir_all(desk.path("runs/smoke-2/0/seed-0")).expect("created");
    std::fs::create_dir_all(desk.path("runs/own/0/seed-0/model")).expect("created");
    std::fs::create_dir_all(desk.path("pictures")).expect("created");
    let search = |model: &'static str| ["search", "pictures", "--text", "a man", "--model", model];
    for (arguments, said) in [
        (&["report", "heads"][..], "`heads` is a sweep: aio report experiments/sweeps/heads.toml"),
        (&["report", "zeroshot"], "did you mean `zero-shot`?"),
        // An experiment that has not run is not a misspelt one that has.
        (&["report", "smoke"], "run the experiment first: aio experiment smoke"),
        (&["report", "runs/zero-shot/"], "no finished run of `zero-shot` below runs"),
        (&["report", "experiments/smoke.toml"], "run the experiment first: aio experiment smoke"),
        (
            &["sweep", "plan", "experiments/smoke.toml"],
            "experiments/smoke.toml is an experiment, not a sweep",
        ),
        (
            &["sweep", "plan", "experiments/smoke.toml"],
            "its run: aio experiment experiments/smoke.toml",
        ),
        (
            &["experiment", "heads"],
            "`heads` is a sweep: aio sweep run experiments/sweeps/heads.toml",
        ),
        (&["experiment", "experiments/sweeps/heads.toml"], "it is a key of sweep files"),
        (&search("runs/own/0/seed-0"), "its model is runs/own/0/seed-0/model"),
        (&search("runs/nowhere"), "there is no such file or directory"),
    ] {
        let text = desk.refused(2, arguments);
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}
