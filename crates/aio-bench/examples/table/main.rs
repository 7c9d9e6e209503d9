//! The speed table: ours, a peer's, how many times as fast, and what is aimed at, for every row: `just bench table`.
//!
//! Usage: `table DIRECTORY` with the directory of the built programs. The scripts of `scripts/bench` time ours and the peer in turn; they
//! run with the interpreter of `AIO_PEERS` (default `python3`), which needs torch, torchvision, numpy and tokenizers. A row whose peer cannot run says
//! so. The loader reads the rendered Market-1501 (`just data synth`). The table is printed, and written with hardware and versions to `results/bench/`.

#[path = "../machine/mod.rs"]
mod machine;

use serde_json::{Map, Value, json};
use std::path::Path;
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// A script that times a program of ours and its peer.
struct Pair {
    script: &'static str,
    arguments: &'static [&'static str],
    /// Below the directory of the built programs.
    program: &'static str,
    rows: &'static [Row],
}

/// Two numbers of a line that a script prints.
struct Row {
    name: &'static str,
    /// Value of `shape` in the line; empty if the script prints one line.
    shape: &'static str,
    ours: &'static str,
    peer: &'static str,
    unit: &'static str,
    /// How many times as fast as the peer it is meant to be.
    aim: f64,
}

/// Sequences per second of a kind of passes.
const fn encoder(
    name: &'static str,
    shape: &'static str,
    [ours, peer]: [&'static str; 2],
    aim: f64,
) -> Row {
    Row { name, shape, ours, peer, unit: "sequences/s", aim }
}

const FORWARD: [&str; 2] = ["aio_forward", "torch_forward"];
const FROZEN: [&str; 2] = ["aio_frozen", "torch_frozen"];
const TRAINED: [&str; 2] = ["aio_trained", "torch_trained"];

const PICTURES: &str = "datasets/synthetic/Market-1501-v15.09.15/bounding_box_test";

const PAIRS: [Pair; 4] = [
    Pair {
        script: "encoder.py",
        arguments: &["vit-b", "small", "embedded"],
        program: "examples/speed",
        rows: &[
            encoder("ViT-B/16, 8 × 129 tokens: forward", "vit-b", FORWARD, 1.5),
            encoder("ViT-B/16: forward and backward, frozen", "vit-b", FROZEN, 1.3),
            encoder("12 × 192, 64 × 33 tokens: forward", "small", FORWARD, 1.2),
            encoder("12 × 192: forward and backward, frozen", "small", FROZEN, 1.2),
            encoder("4 × 128, 96 × 19 tokens: forward", "embedded", FORWARD, 1.0),
            encoder("4 × 128: forward and backward, frozen", "embedded", FROZEN, 1.0),
            encoder("4 × 128: forward and backward, trained", "embedded", TRAINED, 1.0),
        ],
    },
    Pair {
        script: "score.py",
        arguments: &["target/bench/market"],
        program: "aio",
        rows: &[Row {
            name: "`aio score` at the size of Market-1501, against the bare product",
            shape: "",
            ours: "aio_seconds",
            peer: "product_seconds",
            unit: "s",
            aim: 1.0 / 1.2,
        }],
    },
    Pair {
        script: "captions.py",
        arguments: &["target/bench/captions.txt"],
        program: "examples/captions",
        rows: &[Row {
            name: "CLIP token ids of 200,000 captions",
            shape: "",
            ours: "aio_per_second",
            peer: "tokenizers_per_second",
            unit: "captions/s",
            aim: 1.5,
        }],
    },
    Pair {
        script: "loader.py",
        arguments: &[PICTURES],
        program: "examples/loader",
        rows: &[
            Row {
                name: "JPEG files to augmented batches, against DataLoader with PIL",
                shape: "",
                ours: "aio_per_second",
                peer: "pil_per_second",
                unit: "pictures/s",
                aim: 3.0,
            },
            Row {
                name: "the same, against DataLoader with torchvision's decoder",
                shape: "",
                ours: "aio_per_second",
                peer: "torchvision_per_second",
                unit: "pictures/s",
                aim: 1.0,
            },
        ],
    },
];

impl Row {
    /// The row as JSON.
    fn compare(&self, lines: &Outcome<Vec<Map<String, Value>>>) -> Value {
        let (mut ours, mut peer, mut why_not) = (None, None, None);
        match lines {
            Err(error) => why_not = Some(error.to_string()),
            Ok(lines) => {
                let line = lines.iter().find(|line| {
                    self.shape.is_empty() || line.get("shape").is_some_and(|s| s == self.shape)
                });
                let number = |field| line.and_then(|line| line.get(field)?.as_f64());
                (ours, peer) = (number(self.ours), number(self.peer));
            }
        }
        let ratio = ours.zip(peer).map(|(ours, peer)| match self.unit {
            "s" => peer / ours,
            _ => ours / peer,
        });
        json!({
            "row": self.name,
            "unit": self.unit,
            "ours": ours,
            "peer": peer,
            "times_as_fast": ratio,
            "aim": self.aim,
            "not_measured_because": why_not,
        })
    }
}

impl Pair {
    /// The lines that the script prints.
    fn measure(&self, programs: &Path, python: &str) -> Outcome<Vec<Map<String, Value>>> {
        let output = Command::new(python)
            .arg(Path::new("scripts/bench").join(self.script))
            .args(self.arguments)
            .arg(std::path::absolute(programs.join(self.program))?)
            .output()?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(text.lines().last().unwrap_or("no message").to_owned().into());
        }
        let text = String::from_utf8(output.stdout)?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    }
}

fn markdown(report: &Value) -> String {
    let number = |value: &Value| match value.as_f64() {
        Some(value) if value >= 100.0 => format!("{value:.0}"),
        Some(value) => format!("{value:.2}"),
        None => "–".to_owned(),
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut table = format!(
        "{}, {} threads; commit {}; {}; peers: {}\n\n\
         | row | unit | ours | peer | times as fast | aim |\n|---|---|--:|--:|--:|--:|\n",
        text(&report["processor"]),
        report["threads"],
        text(&report["commit"]),
        text(&report["rustc"]),
        text(&report["peers"]),
    );
    for row in report["rows"].as_array().into_iter().flatten() {
        let why = row["not_measured_because"].as_str();
        let peer = why.map_or_else(|| number(&row["peer"]), |why| format!("not measured: {why}"));
        table += &format!(
            "| {} | {} | {} | {peer} | {} | {} |\n",
            text(&row["row"]),
            text(&row["unit"]),
            number(&row["ours"]),
            number(&row["times_as_fast"]),
            number(&row["aim"]),
        );
    }
    table
}

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let programs = arguments.next().ok_or("usage: table DIRECTORY")?;
    let python = std::env::var("AIO_PEERS").unwrap_or_else(|_| "python3".to_owned());
    let versions = "import importlib.metadata as m\n\
                    for p in ('torch', 'torchvision', 'numpy', 'tokenizers'):\n\
                    \u{20}try: print(p, m.version(p), end='; ')\n\
                    \u{20}except m.PackageNotFoundError: print('no', p, end='; ')";
    std::fs::create_dir_all("target/bench")?;
    let mut rows = Vec::new();
    for pair in &PAIRS {
        let lines = pair.measure(Path::new(&programs), &python);
        rows.extend(pair.rows.iter().map(|row| row.compare(&lines)));
    }
    let mut report = machine::description()?;
    let peers = machine::said(&python, &["-c", versions]);
    report.insert("peers".into(), json!(peers.trim_end_matches(';')));
    report.insert("rows".into(), json!(rows));
    let report = Value::Object(report);
    let table = markdown(&report);
    let (folder, name) = machine::results()?;
    std::fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(&report)?)?;
    std::fs::write(folder.join(format!("{name}.md")), &table)?;
    // An example is a program for a terminal: its table goes to standard output.
    #[allow(clippy::print_stdout)]
    {
        print!("{table}");
    }
    Ok(())
}
