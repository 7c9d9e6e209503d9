//! A working directory for the program, and files for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A working directory with the repository's experiments, and nothing else.
pub(crate) struct Desk {
    directory: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("temporary directory");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let target = directory.path().join("experiments");
        for folder in ["", "paper", "sweeps"] {
            let (from, to) = (source.join(folder), target.join(folder));
            std::fs::create_dir_all(&to).expect("create");
            for entry in
                std::fs::read_dir(from).expect("list").flatten().filter(|e| e.path().is_file())
            {
                std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
            }
        }
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aio"));
        command.args(arguments).current_dir(self.directory.path());
        for variable in ["AIO_DATA_ROOT", "AIO_DEVICE", "AIO_MODEL", "AIO_RUNS"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// What a refused call printed on stderr; its exit code must be `code`, and it must not have panicked.
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        refused(code, &self.run(arguments))
    }

    /// The JSON document that a call prints.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_str(&self.succeed(arguments)).expect("one JSON document")
    }

    /// The run directory of the only cell of `experiment`.
    pub(crate) fn cell(&self, runs: &str, experiment: &str) -> PathBuf {
        let cells: Vec<PathBuf> = std::fs::read_dir(self.path(runs).join(experiment))
            .expect("runs")
            .flatten()
            .map(|e| e.path())
            .collect();
        assert_eq!(cells.len(), 1, "{cells:?}");
        cells[0].join("seed-0")
    }
}

pub(crate) fn refused(code: i32, output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains("error: ") && !text.contains("panicked"), "{text}");
    text
}

/// Files and folders below `path` whose names look temporary.
pub(crate) fn leftovers(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(".tmp") {
            found.push(entry.path());
        }
        found.extend(leftovers(&entry.path()));
    }
    found
}

/// A short training without evaluation to speak of.
pub(crate) const SHORT: [&str; 4] =
    ["--set", "evaluation.tasks=[\"market1501.rgb-rgb\"]", "--set", "data.validation=0.0"];

/// Pictures of one colour each, named by number.
pub(crate) fn coloured(desk: &Desk, folder: &str, count: u8) -> Vec<PathBuf> {
    std::fs::create_dir_all(desk.path(folder)).expect("create");
    (0..count)
        .map(|i| {
            let path = desk.path(&format!("{folder}/{i:03}.png"));
            let pixel = |x: u32, y: u32| {
                image::Rgb([
                    i.wrapping_mul(53),
                    (4 * y) as u8,
                    i.wrapping_mul(17).wrapping_add(3 * x as u8),
                ])
            };
            image::RgbImage::from_fn(48, 96, pixel).save(&path).expect("a picture");
            path
        })
        .collect()
}

/// The features of a feature file.
pub(crate) fn features(desk: &Desk, name: &str) -> Vec<f32> {
    let bytes = std::fs::read(desk.path(name)).expect("features");
    let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let view = file.tensor("features").expect("features");
    view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// A checkpoint of another project, from the tests of aio-model.
pub(crate) fn checkpoint(name: &str) -> String {
    format!("{}/../aio-model/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A file of the golden feature files.
pub(crate) fn golden(name: &str) -> String {
    format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Writes small pictures.
pub(crate) fn pictures(desk: &Desk, names: &[&str]) {
    for name in names {
        let path = desk.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("create");
        image::RgbImage::from_pixel(8, 16, image::Rgb([90, 60, 30])).save(path).expect("a picture");
    }
}
