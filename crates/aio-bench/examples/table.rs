//! The speed table: ours, a peer's, their ratio and the ratio that is aimed at, for every row: `just bench table`.
//!
//! Usage: `table DIRECTORY [ROUNDS]` with the directory of the built examples. Peers are scripts in `scripts/bench`, run with the
//! interpreter of `AIO_PEERS` (default `python3`), which needs torch, numpy and tokenizers. A row whose peer cannot run says so. Both
//! sides run in turn, in processes of their own; a number is the median of the rounds. The table is printed, and written with hardware
//! and versions to `results/bench/`.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// Which of two numbers is the faster one.
#[derive(Clone, Copy, PartialEq)]
enum Better {
    Higher,
    Lower,
}

/// A program of ours and its peer, which print JSON lines.
struct Pair {
    example: &'static str,
    peer: &'static str,
    arguments: &'static [&'static str],
    rows: &'static [Row],
}

/// One number that both programs print.
struct Row {
    name: &'static str,
    /// Value of the key `shape` or `what` in the line.
    line: &'static str,
    field: &'static str,
    unit: &'static str,
    better: Better,
    /// How many times as fast as the peer it is meant to be.
    aim: f64,
}

const fn encoder(name: &'static str, line: &'static str, field: &'static str, aim: f64) -> Row {
    Row { name, line, field, unit: "sequences/s", better: Better::Higher, aim }
}

const PAIRS: [Pair; 3] = [
    Pair {
        example: "speed",
        peer: "encoder.py",
        arguments: &["vit-b", "small", "embedded"],
        rows: &[
            encoder("ViT-B/16, 8 × 129 tokens: forward", "vit-b", "forward", 1.5),
            encoder("the same, forward and backward, frozen", "vit-b", "frozen", 1.3),
            encoder("12 × 192, 64 × 33 tokens: forward", "small", "forward", 1.2),
            encoder("the same, forward and backward, frozen", "small", "frozen", 1.2),
            encoder("4 × 128, 96 × 19 tokens: forward", "embedded", "forward", 1.0),
            encoder("the same, forward and backward, frozen", "embedded", "frozen", 1.0),
            encoder("the same, forward and backward, trained", "embedded", "trained", 1.0),
        ],
    },
    Pair {
        example: "market",
        peer: "score.py",
        arguments: &["score"],
        rows: &[Row {
            name: "scores at the size of Market-1501, against the bare product",
            line: "score",
            field: "seconds",
            unit: "s",
            better: Better::Lower,
            aim: 1.0 / 1.2,
        }],
    },
    Pair {
        example: "captions",
        peer: "tokenize.py",
        arguments: &[],
        rows: &[Row {
            name: "CLIP tokenization, 200,000 captions",
            line: "tokenize",
            field: "captions_per_second",
            unit: "captions/s",
            better: Better::Higher,
            aim: 1.5,
        }],
    },
];

/// Numbers of one side by line and field, one per round.
type Numbers = BTreeMap<(String, String), Vec<f64>>;

/// Runs a program and adds the numbers of its JSON lines.
fn run(command: &mut Command, numbers: &mut Numbers) -> Outcome<()> {
    let output = command.output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text.lines().last().unwrap_or("no message").to_owned().into());
    }
    for line in String::from_utf8(output.stdout)?.lines() {
        let Value::Object(fields) = serde_json::from_str(line)? else { continue };
        let name = ["shape", "what"].iter().find_map(|key| fields.get(*key)?.as_str());
        let name = name.ok_or("a line names neither `shape` nor `what`")?.to_owned();
        for (field, value) in &fields {
            if let Some(value) = value.as_f64() {
                numbers.entry((name.clone(), field.clone())).or_default().push(value);
            }
        }
    }
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

impl Row {
    fn number(&self, numbers: &Numbers) -> Option<f64> {
        numbers.get(&(self.line.to_owned(), self.field.to_owned())).map(|values| median(values))
    }

    /// The row as JSON.
    fn compare(&self, ours: &Numbers, peer: &Numbers, why_not: Option<&str>) -> Value {
        let (ours, peer) = (self.number(ours), self.number(peer));
        let ratio = ours.zip(peer).map(|(ours, peer)| match self.better {
            Better::Higher => ours / peer,
            Better::Lower => peer / ours,
        });
        json!({
            "row": self.name,
            "unit": self.unit,
            "ours": ours,
            "peer": peer,
            "times_as_fast": ratio,
            "aim": self.aim,
            "without_peer_because": why_not,
        })
    }
}

impl Pair {
    fn measure(&self, examples: &Path, python: &str, rounds: usize) -> Outcome<Vec<Value>> {
        let (mut ours, mut peer, mut why_not) = (Numbers::new(), Numbers::new(), None);
        for _ in 0..rounds {
            run(Command::new(examples.join(self.example)).args(self.arguments), &mut ours)
                .map_err(|error| format!("{}: {error}", self.example))?;
            if why_not.is_none() {
                let script = Path::new("scripts/bench").join(self.peer);
                let mut command = Command::new(python);
                why_not = run(command.arg(script).args(self.arguments), &mut peer)
                    .err()
                    .map(|error| error.to_string());
            }
        }
        Ok(self.rows.iter().map(|row| row.compare(&ours, &peer, why_not.as_deref())).collect())
    }
}

/// What a program prints, or nothing.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    name.unwrap_or(std::env::consts::ARCH).to_owned()
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
        let why = row["without_peer_because"].as_str();
        let peer = why.map_or_else(|| number(&row["peer"]), |why| format!("none: {why}"));
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
    let examples = arguments.next().ok_or("usage: table DIRECTORY [ROUNDS]")?;
    let rounds = arguments.next().map_or(Ok(3), |rounds| rounds.parse())?;
    let python = std::env::var("AIO_PEERS").unwrap_or_else(|_| "python3".to_owned());
    let versions = "import importlib.metadata as m\n\
                    for p in ('torch', 'numpy', 'tokenizers'):\n\
                    \u{20}try: print(p, m.version(p), end='; ')\n\
                    \u{20}except m.PackageNotFoundError: print('no', p, end='; ')";
    let mut rows = Vec::new();
    for pair in &PAIRS {
        rows.extend(pair.measure(Path::new(&examples), &python, rounds)?);
    }
    let report = json!({
        "processor": processor(),
        "threads": std::thread::available_parallelism()?.get(),
        "commit": said("git", &["rev-parse", "--short", "HEAD"]),
        "rustc": said("rustc", &["--version"]),
        "peers": said(&python, &["-c", versions]).trim_end_matches(';').to_owned(),
        "rounds": rounds,
        "rows": rows,
    });
    let table = markdown(&report);
    let name: String = processor()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let folder = Path::new("results/bench");
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join(format!("{name}.json")), serde_json::to_string_pretty(&report)?)?;
    std::fs::write(folder.join(format!("{name}.md")), &table)?;
    // An example is a program for a terminal: its table goes to standard output.
    #[allow(clippy::print_stdout)]
    {
        print!("{table}");
    }
    Ok(())
}
