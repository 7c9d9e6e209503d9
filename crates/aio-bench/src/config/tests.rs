use super::*;
use aio_synth::benchmark::Size;
use aio_train::config::DataConfig;
use std::path::PathBuf;

mod names;
mod stages;

fn load(text: &str, settings: &[&str]) -> Result<Experiment> {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("experiment.toml");
    std::fs::write(&path, text).expect("write");
    Experiment::load(&path, &settings.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn a_misspelt_key_names_the_file_and_the_nearest_key() {
    let error = load("[train]\nidentites = 4\n", &[]).expect_err("misspelt");
    assert!(
        error.to_string().contains("experiment.toml: unknown key `train.identites`"),
        "{error}"
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean `train.identities`?"));
    assert_eq!(error.exit_code(), 2);
    let error = load("", &["losses.bindng=0"]).expect_err("misspelt");
    assert!(error.to_string().starts_with("--set losses.bindng=0: unknown key"), "{error}");
    let error = load("[[train.stages]]\nname = \"a\"\nepoch = 3\n", &[]).expect_err("misspelt");
    assert!(error.to_string().contains("train.stages[0].epoch"), "{error}");
}

#[test]
fn later_layers_win() {
    let experiment = load(
        "seed = 3\n[train]\ninstances_per_identity = 5\n",
        &["train.instances_per_identity=7", "model.weights=other.safetensors"],
    )
    .expect("valid");
    assert_eq!(
        (experiment.seed, experiment.train.instances_per_identity, experiment.train.identities),
        (3, 7, 16)
    );
    assert_eq!(experiment.model.weights, "other.safetensors");
}

#[test]
fn old_keys_and_values_keep_working_in_files_and_settings() {
    let old = "[data]\nvalidation = 0.2\nfraction = 0.5\nlines = \"\"\n[model]\nheight = 0\nwidth = 48\nheads = 2\nfrozen = [\"text\"]\nstatistics = \"pretrained\"\n[train]\ntuples = 3\naccumulate = 2\nrecompute = true\nclip = 2\nkeep = 4\nvalidate_every = 0\n[[train.stages]]\nname = \"a\"\ndatasets = [\"llcm\"]\nepochs = 1\nreal = []\nrate = 1e-3\nwarmup = 1\nfloor = 0.1\nwhole = true\n[losses]\nsmoothing = 0.2\nmargin = 0.4\ntemperature = 0.1\n";
    let new = "[data]\nvalidation_fraction = 0.2\nidentity_fraction = 0.5\nsketch_generator = \"line-filter\"\n[model]\nheight = \"auto\"\nwidth = 48\nattention_heads = 2\nfrozen_tokenizers = [\"text\"]\nbatch_norm_mode = \"pretrained\"\n[train]\ninstances_per_identity = 3\naccumulation_steps = 2\nactivation_checkpointing = true\nmax_grad_norm = 2\nkeep_checkpoints = 4\nvalidate_every = \"stage-end\"\n[[train.stages]]\nname = \"a\"\ndatasets = [\"llcm\"]\nepochs = 1\nreal = []\nlearning_rate = 1e-3\nwarmup_steps = 1\nmin_lr_ratio = 0.1\nall_splits = true\n[losses]\nlabel_smoothing = 0.2\ntriplet_margin = 0.4\nbinding_temperature = 0.1\n";
    assert_eq!(load(old, &[]).expect("old"), load(new, &[]).expect("new"));
    let set = load("[train]\ninstances_per_identity = 3\n", &["train.tuples=5"]).expect("set");
    assert_eq!(set.train.instances_per_identity, 5, "a later layer may use the old name");
}

#[test]
fn values_of_another_type_or_out_of_range_are_refused_by_layer_key_and_expectation() {
    for (text, problem) in [
        (
            "[data]\nvalidation_fraction = 2.0",
            "`data.validation_fraction` is 2; expected a number, from 0 to below 0.9",
        ),
        (
            "[data]\nidentity_fraction = 0",
            "`data.identity_fraction` is 0; expected a number, above 0 to 1",
        ),
        (
            "[train]\nstages = []",
            "`train.stages` is an empty list; expected a list of tables, at least 1 entry",
        ),
        (
            "[train]\nidentities = \"many\"",
            "`train.identities` is \"many\"; expected an integer, at least 2",
        ),
        (
            "[train.augment]\nflip = 1.5",
            "`train.augment.flip` is 1.5; expected a number, from 0 to 1",
        ),
        (
            "[model]\nheight = -3",
            "`model.height` is -3; expected `auto` or integer, from 1 to 2048",
        ),
        (
            "[model]\nencoder = \"froze\"",
            "`model.encoder` is \"froze\"; expected `frozen`, `trained` or `random`",
        ),
        (
            "[[train.stages]]\ndatasets = [\"llcm\"]\nlearning_rate = 0",
            "`train.stages[0].learning_rate` is 0; expected a number, above 0 to 1",
        ),
        ("[[train.stages]]\nepochs = 2", "`train.stages[0].datasets` is missing"),
        ("[[train.stages]]\ndatasets = [\"llc\"]", "`train.stages[0].datasets[0]`"),
        ("[model]\nmodalities = \"infrared\"", "`model.modalities` lacks rgb"),
        ("[losses]\nbinding_kind = \"itc\"", "set losses.own_photo = \"kept\""),
        (
            "[losses]\nbinding_kind = \"itc\"\nown_photo = \"kept\"\n[model]\nmodalities = \"rgb\"",
            "`losses.binding_kind` is `itc`, which binds photographs to other modalities",
        ),
        ("[losses]\nqueue = -1", "`losses.queue` is -1; expected an integer, at least 0"),
        ("model = 3", "`model` is 3; expected a table"),
        ("[evaluation]\ntasks = [\"mars.rgb-rgb\"]", "mars"),
    ] {
        let error = load(text, &[]).expect_err(problem);
        assert!(error.to_string().contains(problem), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    let error = load("", &["train.identities=many"]).expect_err("text");
    assert!(
        error.to_string().starts_with("--set train.identities=many: `train.identities`"),
        "{error}"
    );
}

#[test]
fn a_task_that_is_named_twice_is_evaluated_once() {
    let tasks = r#"evaluation.tasks=["tri-cuhk-pedes.*-rgb", "pku-sketch.sketch-rgb", "tri-cuhk-pedes.rgb-rgb"]"#;
    let experiment = load("", &[tasks]).expect("valid");
    let found: Vec<String> =
        experiment.tasks().expect("tasks").iter().map(ToString::to_string).collect();
    assert_eq!((found.len(), &*found[15]), (16, "pku-sketch.sketch-rgb"));
}

#[test]
fn a_resolved_configuration_is_read_back() {
    let text = "seed = 5\n[model]\nheight = 64\n[data]\nsketch_generator = \"weights/a.pth\"\n[train.augment]\njitter = 0.3\n";
    let experiment = load(text, &[]).expect("valid");
    let written = experiment.to_toml().expect("TOML");
    assert!(written.contains("attention_heads = \"auto\""), "{written}");
    assert!(written.contains("validate_every = \"stage-end\""), "{written}");
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, written).expect("write");
    assert_eq!(Experiment::read(&path).expect("valid"), experiment);
}

#[test]
fn the_id_ignores_seed_and_paths() {
    let id = |text: &str, weights: &str| {
        let checksums = Checksums { weights: weights.into(), ..Checksums::default() };
        load(text, &[]).expect("valid").config_id(&checksums)
    };
    let base = id("", "abc");
    let elsewhere = "seed = 9\n[data]\nroot = \"/elsewhere\"\n[model]\nweights = \"elsewhere\"\n";
    assert_eq!(id(elsewhere, "abc"), base);
    assert_ne!(id("[losses]\nbinding = 0.5\n", "abc"), base);
    assert_ne!(id("", "abd"), base, "other weights");
}

/// Another value for every key of the schema, below the sections of the root.
fn changes() -> Vec<(String, String)> {
    fn collect(prefix: &str, rule: rules::Rule, found: &mut Vec<(String, String)>) {
        for (name, rule) in rule.properties() {
            let key = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
            if rule.properties().next().is_some() {
                collect(&key, rule, found);
                continue;
            }
            let default = rule.default().cloned().unwrap_or_default();
            let words = rule.words();
            let changed = match &default {
                _ if key == "train.stages" => "[{ datasets = [\"llcm\"] }]".to_owned(),
                _ if key == "model.modalities" => "\"rgb+text\"".to_owned(),
                _ if key == "evaluation.tasks" => "[\"market1501.rgb-rgb\"]".to_owned(),
                serde_json::Value::Bool(flag) => (!flag).to_string(),
                serde_json::Value::Number(n) if n.is_u64() => {
                    (n.as_u64().expect("integer") + 3).to_string()
                }
                serde_json::Value::Number(_) => "0.75".to_owned(),
                serde_json::Value::Array(_) => "[\"text\"]".to_owned(),
                serde_json::Value::String(text) if !words.is_empty() => {
                    let other = words.iter().find(|(word, _)| word != text).expect("two words");
                    format!("\"{}\"", other.0)
                }
                serde_json::Value::String(text)
                    if ["auto", "stage-end", "off"].contains(&&**text) =>
                {
                    "7".to_owned()
                }
                _ => "\"other\"".to_owned(),
            };
            found.push((key, changed));
        }
    }
    let mut found = Vec::new();
    collect("", rules::Rule::root(), &mut found);
    found
}

#[test]
fn every_key_decides_the_id_unless_it_is_listed() {
    let checksums = |experiment: &Experiment| Checksums {
        weights: experiment.model.weights.clone(),
        sketch_generator: experiment
            .data
            .sketch_generator
            .weights()
            .map(|p| p.display().to_string()),
    };
    // A text tower, one of the changes, is refused with an attribute loss.
    let start = "[losses]\nattribute = 0.0\n";
    let base = load(start, &[]).expect("valid");
    let changes = changes();
    assert!(changes.len() > 50, "{}", changes.len());
    for (key, value) in changes {
        let changed = load(start, &[&format!("{key}={value}")]).unwrap_or_else(|e| panic!("{e}"));
        assert_ne!(changed, base, "{key} = {value}");
        let decides = !difference::NOT_DECIDING.contains(&key.as_str());
        let (was, is) =
            (base.config_id(&checksums(&base)), changed.config_id(&checksums(&changed)));
        assert_eq!(was != is, decides, "{key}");
        assert_eq!(base.difference(&changed).is_some(), decides, "{key}");
    }
}

#[test]
fn the_first_difference_is_named_by_its_present_key() {
    let of = |text: &str| load(text, &[]).expect("valid");
    assert_eq!(
        of("seed = 4\n[data]\nroot = \"x\"\n").difference(&of("")),
        None,
        "what does not decide"
    );
    assert_eq!(
        of("[losses]\nbinding = 0.5\n").difference(&of("")).as_deref(),
        Some("losses.binding: 0.5 → 1.0")
    );
    let stage = |rate: &str| {
        format!(
            "[[train.stages]]\nname = \"a\"\ndatasets = [\"llcm\"]\nepochs = 1\nreal = []\nrate = {rate}\nwarmup = 0\nfloor = 0.1\n"
        )
    };
    let found = of(&stage("0.1")).difference(&of(&stage("0.2")));
    assert_eq!(found.as_deref(), Some("train.stages[0].learning_rate: 0.1 → 0.2"));
}

#[test]
fn ids_of_earlier_results_stay() {
    // A stored id. If this fails, results were renamed by accident, or the renderer changed on purpose.
    let text = "[train]\nidentities = 8\n[losses]\nbinding = 0.5\n[data]\nsynthetic = false\n";
    let checksums = Checksums { weights: "abc".into(), ..Checksums::default() };
    assert_eq!(load(text, &[]).expect("valid").config_id(&checksums), "02749968d666");
}

/// What the first version of the schema wrote for an experiment that sets nothing.
const DEFAULTS: &str = include_str!("defaults-of-version-1.toml");

#[test]
fn the_first_defaults_are_what_the_id_leaves_out() {
    // The stored hash of that text: it is what earlier versions of this test held against the built-in defaults.
    assert_eq!(&blake3::hash(DEFAULTS.as_bytes()).to_hex()[..12], "090e90425af7");
    let experiment = load(DEFAULTS, &[]).expect("valid");
    let checksums = Checksums { weights: "embedded".into(), ..Checksums::default() };
    let deciding = "[data]\nroot = \"\"\n\n[train]\ncheckpoint_every = 0\nkeep = 0\n";
    let expected = format!("defaults 1\n{deciding}renderer {}", aio_synth::VERSION);
    assert_eq!(experiment.canonical(&checksums), expected, "nothing but what is always hashed");
    // The sizes of the rendered data sets have changed since: allowed, ids stay.
    let data = DataConfig { size: Size::default(), ..experiment.data };
    assert_eq!(Experiment { data, ..experiment }, Experiment::default());
}

#[test]
fn every_committed_configuration_has_the_id_of_its_path() {
    let mut seen = 0;
    for experiment in aio_data::fs::sorted_entries(&repository().join("results")).expect("results")
    {
        for cell in aio_data::fs::sorted_entries(&experiment).unwrap_or_default() {
            for run in aio_data::fs::sorted_entries(&cell).unwrap_or_default() {
                let path = run.join("config.toml");
                if !path.is_file() {
                    continue;
                }
                let manifest =
                    std::fs::read_to_string(run.join("manifest.json")).expect("manifest");
                let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
                let weights = manifest["weights"].as_str().expect("a checksum").to_owned();
                let checksums = Checksums { weights, sketch_generator: None };
                let id = Experiment::read(&path).expect("valid").config_id(&checksums);
                assert_eq!(
                    cell.file_name().and_then(|n| n.to_str()),
                    Some(id.as_str()),
                    "{}",
                    path.display()
                );
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 141, "committed configurations");
}

#[test]
fn the_reference_in_the_documentation_is_current() {
    const MARKERS: [&str; 2] = ["<!-- keys -->\n", "<!-- end of keys -->"];
    let path = repository().join("docs/configuration.md");
    let page = std::fs::read_to_string(&path).expect("page");
    let (before, rest) = page.split_once(MARKERS[0]).expect("the opening marker");
    let (table, after) = rest.split_once(MARKERS[1]).expect("the closing marker");
    if std::env::var_os("AIO_UPDATE_DOCS").is_some() {
        let page = [before, MARKERS[0], &reference(), "\n", MARKERS[1], after].concat();
        std::fs::write(&path, page).expect("written");
        return;
    }
    let command =
        "AIO_UPDATE_DOCS=1 cargo test --locked --profile quick -p aio-bench --lib reference";
    assert_eq!(table.trim(), reference().trim(), "`{command}` updates docs/configuration.md");
}

#[test]
fn every_key_has_a_meaning_and_a_default() {
    let mut keys = 0;
    for line in reference().lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert!(!cells[5].is_empty() && cells[2] != "required", "{line}");
        keys += 1;
    }
    assert!(keys >= 90, "{keys} keys");
}
