//! Help, completion scripts and manual pages.

use crate::harness::{Desk, coloured};

#[test]
fn help_names_exit_codes_environment_variables_and_examples() {
    let desk = Desk::new();
    let help = desk.succeed(&["--help"]);
    for expected in
        ["Exit codes:", "\n  75  stopped by a signal", "aio completions bash", "aio man "]
    {
        assert!(help.contains(expected), "{help}\nlacks {expected}");
    }
    let embed = desk.succeed(&["embed", "--help"]);
    for expected in
        ["[env: AIO_MODEL=]", "[env: AIO_DEVICE=]", "--normalisation", "--heads", "Examples:"]
    {
        assert!(embed.contains(expected), "{embed}\nlacks {expected}");
    }
    assert!(desk.succeed(&["report", "--help"]).contains("[env: AIO_RUNS=]"));
    let check = desk.succeed(&["data", "check", "--help"]);
    assert!(
        check.contains("[env: AIO_DATA_ROOT=]") && check.contains("[alias: --root]"),
        "{check}"
    );
    assert!(desk.succeed(&["--version"]).starts_with(concat!("aio ", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn completion_scripts_name_the_commands() {
    let desk = Desk::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = desk.succeed(&["completions", shell]);
        for expected in ["tokenize", "data-root"] {
            assert!(script.contains(expected), "{shell} lacks {expected}");
        }
    }
    assert_eq!(desk.run(&["completions", "cmd"]).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn bash_accepts_its_completion_script() {
    let desk = Desk::new();
    std::fs::write(desk.path("aio.bash"), desk.succeed(&["completions", "bash"])).expect("write");
    let Ok(output) =
        std::process::Command::new("bash").arg("-n").arg(desk.path("aio.bash")).output()
    else {
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_command_has_a_manual_page() {
    let desk = Desk::new();
    assert_eq!(desk.succeed(&["man", "pages"]), "pages/aio.1\n");
    for page in
        ["aio", "aio-experiment", "aio-sweep-plan", "aio-data-trials", "aio-weights-convert"]
    {
        let text = std::fs::read_to_string(desk.path(&format!("pages/{page}.1"))).expect(page);
        assert!(text.contains(".TH"), "{page}");
    }
    let text = std::fs::read_to_string(desk.path("pages/aio-search.1")).expect("search");
    assert!(text.contains("Examples:") && text.contains("AIO_MODEL"), "{text}");
    std::fs::write(desk.path("file"), "").expect("write");
    assert!(desk.refused(2, &["man", "file/pages"]).contains("file/pages"));
}

#[test]
fn environment_variables_stand_for_flags_and_flags_win() {
    let desk = Desk::new();
    let with = |name: &str, value: &str, arguments: &[&str]| {
        let output = desk.command(arguments).env(name, value).output().expect("the program starts");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned()
                + &String::from_utf8_lossy(&output.stdout),
        )
    };
    let (code, text) = with("AIO_RUNS", "elsewhere", &["report", "smoke"]);
    assert!(code == Some(2) && text.contains("no runs of `smoke` below elsewhere"), "{text}");
    let (_, text) = with("AIO_RUNS", "elsewhere", &["report", "smoke", "--runs", "here"]);
    assert!(text.contains("below here"), "{text}");
    let (code, text) = with("AIO_DEVICE", "tpu", &["experiment", "smoke"]);
    assert!(code == Some(2) && text.contains("--device tpu: unknown device"), "{text}");
    let (code, text) = with("AIO_DATA_ROOT", "mine", &["data", "list"]);
    assert!(code == Some(0) && text.contains("there is no folder mine"), "{text}");
    let (code, text) =
        with("AIO_MODEL", "nowhere.safetensors", &["search", "experiments", "--text", "a man"]);
    assert!(code == Some(2) && text.contains("nowhere.safetensors"), "{text}");
}

#[test]
fn an_environment_variable_without_a_value_is_none() {
    let desk = Desk::new();
    coloured(&desk, "g", 1);
    for (arguments, code, expected) in [
        (&["search", "g", "--text", "a man"][..], 0, "g/000.png"),
        (&["data", "list"], 0, "there is no folder datasets"),
        (&["report", "never"], 2, "no runs of `never` below runs"),
    ] {
        let mut command = desk.command(arguments);
        for variable in ["AIO_DATA_ROOT", "AIO_DEVICE", "AIO_MODEL", "AIO_RUNS"] {
            command.env(variable, "");
        }
        let output = command.output().expect("the program starts");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        assert!(output.status.code() == Some(code) && text.contains(expected), "{text}");
    }
}

#[test]
fn options_of_every_command_stand_under_a_heading_that_is_true_of_them() {
    let desk = Desk::new();
    for (command, foreign) in [
        (&["gallery", "remove"][..], &["Rows of a gallery:"][..]),
        (&["gallery", "export"], &["Rows of a gallery:"]),
        (&["search"], &["Rows of a gallery:", "Galleries:", "Checkpoints of other projects:"]),
        (&["gallery", "add"], &["Checkpoints of other projects:"]),
    ] {
        let help = desk.succeed(&[command, &["--help"]].concat());
        let mut headings = std::collections::BTreeMap::new();
        let mut heading = "";
        for line in help.lines() {
            if !line.starts_with(' ') && line.ends_with(':') {
                heading = line;
            }
            let option = line.split_whitespace().find(|word| word.starts_with("--"));
            if let Some(option) = option.filter(|_| line.trim_start().starts_with('-')) {
                headings.entry(option.to_owned()).or_insert(heading);
            }
        }
        for option in ["--json", "--model", "--device"] {
            let found = headings.get(option).copied();
            let expected = (command.len() == 1 || command[1] == "add" || option == "--json")
                .then_some("General options:");
            assert_eq!(found, expected, "{option} of {command:?}:\n{help}");
        }
        for heading in foreign {
            assert!(
                headings.values().any(|found| found == heading),
                "{heading} of {command:?}:\n{help}"
            );
        }
    }
}
