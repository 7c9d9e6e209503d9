//! The documentation names commands, experiments and files that exist.

use std::path::{Path, PathBuf};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(repository().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Lines of fenced shell blocks, without comments.
fn shell_lines(text: &str) -> Vec<String> {
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside {
            lines.push(line.split('#').next().unwrap_or_default().trim().to_owned());
        }
    }
    lines
}

#[test]
fn every_just_command_of_the_readme_is_a_recipe_and_its_experiment_exists() {
    let justfile = read("justfile");
    let lines: Vec<String> =
        shell_lines(&read("README.md")).into_iter().filter(|l| l.contains("just ")).collect();
    assert!(lines.len() >= 6, "{lines:?}");
    for line in lines {
        let words: Vec<&str> =
            line.split_whitespace().skip_while(|w| !w.ends_with("just")).skip(1).collect();
        assert!(
            justfile.lines().any(|l| l.starts_with(&format!("{} ", words[0]))
                || l.starts_with(&format!("{}:", words[0]))),
            "{line}"
        );
        if words[0] == "experiment" || words[0] == "seeds" {
            assert!(
                repository().join(format!("experiments/{}.toml", words[1])).is_file(),
                "{line}"
            );
        }
        for setting in words.windows(2).filter(|w| w[0] == "--set").map(|w| w[1].to_owned()) {
            let path = repository().join("experiments/smoke.toml");
            aio_bench::config::Experiment::load(&path, &[setting]).expect("a valid setting");
        }
    }
}

#[test]
fn recipes_pass_arguments_on_as_they_were_typed() {
    let justfile = read("justfile");
    assert!(justfile.contains("set positional-arguments"));
    // What is written into a line is split at its blanks again; only texts of the justfile itself may be.
    let own =
        ["{{aio}}", "{{pretrain}}", "{{just_executable()}}", "{{justfile()}}", "{{ if what == "];
    for line in justfile.lines().filter(|line| line.starts_with("    ")) {
        let written = line.match_indices("{{").map(|(at, _)| &line[at..]);
        for text in written {
            assert!(own.iter().any(|own| text.starts_with(own)), "{line}");
        }
    }
}

#[test]
fn every_experiment_file_is_valid_and_explains_itself() {
    for entry in
        std::fs::read_dir(repository().join("experiments/sweeps")).expect("sweeps").flatten()
    {
        match aio_bench::sweep::Sweep::load(&entry.path()) {
            Ok(_) => {}
            // Those that compare encoders of `just encoders` are planned in a test of the command line, which makes small ones.
            Err(e) if e.to_string().contains("weights: runs/pretrain/") => {}
            Err(e) => panic!("{}: {e}", entry.path().display()),
        }
    }
    for folder in ["experiments", "experiments/paper", "experiments/recipes"] {
        for entry in std::fs::read_dir(repository().join(folder))
            .expect(folder)
            .flatten()
            .filter(|e| e.path().is_file())
        {
            aio_bench::config::Experiment::load(&entry.path(), &[])
                .unwrap_or_else(|e| panic!("{e}"));
            let text = std::fs::read_to_string(entry.path()).expect("text");
            for word in ["# Claim", "# Expect", "# Cost", "# Run"] {
                assert!(text.contains(word), "{}: {word}", entry.path().display());
            }
        }
    }
}

/// The fenced blocks of a language in a document.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let after = text.split(&fence).skip(1);
    after.filter_map(|rest| rest.split("\n```").next()).map(|b| b.to_owned() + "\n").collect()
}

#[test]
fn the_rust_lines_of_the_readme_are_those_of_a_documentation_test() {
    let documented = read("crates/aio-model/src/extractor.rs");
    let blocks = blocks(&read("README.md"), "rust");
    assert_eq!(blocks.len(), 1);
    let lines: String = blocks[0].lines().map(|line| format!("/// {line}\n")).collect();
    // A comment has no blank at the end of a line.
    assert!(documented.contains(&lines.replace("/// \n", "///\n")), "{lines}");
}

#[test]
fn the_diffs_of_the_documentation_apply() {
    for name in ["docs/add-a-loss.md", "docs/replace-the-backbone.md"] {
        let diffs = blocks(&read(name), "diff");
        assert_eq!(diffs.len(), 1, "{name}");
        let directory = tempfile::tempdir().expect("temporary directory");
        let file = directory.path().join("example.diff");
        std::fs::write(&file, &diffs[0]).expect("write");
        let output = std::process::Command::new("git")
            .args(["apply", "--check"])
            .arg(&file)
            .current_dir(repository())
            .output()
            .expect("git starts");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Every Markdown file of the repository, without those of the build directory.
fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            if name != "target" && name != "runs" && !name.to_string_lossy().starts_with('.') {
                documents(&path, found);
            }
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let (mut found, mut links) = (Vec::new(), 0);
    documents(&repository(), &mut found);
    for document in found {
        let text = std::fs::read_to_string(&document).expect("text");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|t| !t.starts_with("http") && !t.starts_with('#')) {
            let file = target.split('#').next().unwrap_or_default();
            assert!(document.with_file_name(file).exists(), "{}: {target}", document.display());
            links += 1;
        }
    }
    assert!(links > 100, "{links} links");
}

#[test]
fn the_terms_of_every_data_set_are_explained() {
    let text = read("docs/responsible-use.md");
    let table = text.split("## What the data sets demand").nth(1).expect("the last section");
    for dataset in aio_data::DatasetName::ALL {
        let name = dataset.info().name;
        assert!(table.contains(&format!("`{name}`")), "{name}");
    }
}

/// Commands of the tutorial that a test runs: the shell blocks after `<!-- tested -->`.
fn tested_commands() -> Vec<String> {
    let text = read("docs/tutorial.md");
    let after = text.split("<!-- tested -->\n```sh\n").skip(1);
    let blocks = after.filter_map(|rest| rest.split("\n```").next());
    blocks.flat_map(str::lines).map(str::to_owned).collect()
}

#[test]
fn the_commands_of_the_tutorial_run() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let commands = tested_commands();
    assert!(commands.len() >= 5, "{commands:?}");
    let program = Path::new(env!("CARGO_BIN_EXE_aio")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    for command in commands {
        let output = std::process::Command::new("sh")
            .args(["-c", &command])
            .current_dir(directory.path())
            .env("PATH", &path)
            .output()
            .expect("a shell starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {said}");
        assert!(!output.stdout.is_empty(), "{command} prints nothing");
    }
    assert!(directory.path().join("list.png").is_file());
}

#[test]
fn the_model_cards_state_the_checksums_of_the_weights() {
    let card = read("crates/aio-encoder/weights/README.md");
    for shipped in aio_encoder::weights::Shipped::ALL {
        assert!(card.contains(shipped.sha256()), "{}: {}", shipped.name(), shipped.sha256());
    }
}

/// What `aio report` prints from the committed runs.
fn printed(arguments: &str) -> String {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_aio"))
        .arg("report")
        .args(words(arguments))
        .current_dir(repository())
        .output();
    let output = output.expect("the program starts");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The words of a command line, in which quotation marks hold words together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('"').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// Tables of a Markdown text: the head of each, and all its lines.
fn tables(text: &str) -> Vec<(String, Vec<String>)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let mut tables = Vec::new();
    for table in lines.chunk_by(|a, b| a.starts_with('|') == b.starts_with('|')) {
        if table[0].starts_with('|') {
            tables.push((table[0].to_owned(), table.iter().map(ToString::to_string).collect()));
        }
    }
    tables
}

#[test]
fn every_committed_table_is_what_the_committed_runs_give() {
    let mut files = 0;
    for entry in std::fs::read_dir(repository().join("results"))
        .expect("results")
        .flatten()
        .filter(|e| e.path().is_file())
    {
        let file = entry.file_name().into_string().expect("UTF-8");
        let Some(name) = file.strip_suffix(".md").filter(|name| *name != "README") else {
            continue;
        };
        let committed = read(&format!("results/{file}"));
        // The commands that the file names, without what follows them.
        let commands: Vec<&str> = committed
            .lines()
            .filter_map(|line| line.strip_prefix("just report "))
            .map(|line| line.split(" #").next().unwrap_or(line))
            .filter(|line| line.contains("--runs results"))
            .collect();
        let mut seeds = false;
        for command in &commands {
            let printed = printed(command);
            seeds |= printed.lines().any(|line| line.contains(" ± "));
            for line in printed.lines().filter(|line| !line.is_empty()) {
                assert!(
                    committed.contains(line),
                    "results/{file} lacks what `aio report {command}` prints:\n{line}"
                );
            }
            for (head, rows) in tables(&printed) {
                let same = |(of, others): &(String, Vec<String>)| *of == head && *others == rows;
                assert!(
                    tables(&committed).iter().any(same),
                    "results/{file} has more or other rows than `aio report {command}` prints:\n{}",
                    rows.join("\n")
                );
            }
        }
        assert!(seeds, "{file} names no command that prints several seeds: {name}");
        files += 1;
    }
    assert!(files >= 8, "{files} files of tables");
    for sweep in
        std::fs::read_dir(repository().join("experiments/sweeps")).expect("sweeps").flatten()
    {
        let name = sweep.path().with_extension("md").file_name().expect("a name").to_owned();
        let header = std::fs::read_to_string(sweep.path()).expect("a sweep file");
        assert!(
            repository().join("results").join(&name).is_file()
                != header.contains("# Expect     no table of version 3"),
            "{}: either it has a table or its header says that it has none",
            sweep.path().display()
        );
    }
}
