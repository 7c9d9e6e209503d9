//! What a cost depends on: size of a gallery, batch, tokens, modalities, threads: `just bench cost`.
//!
//! Usage: `cost [AXIS…]` with the axes `gallery`, `batch`, `tokens`, `modalities` and `threads`; all without an argument. Every axis is measured
//! in a process of its own, with as many threads as the machine has; `threads` starts one process per number of threads. Curves are drawn with
//! both axes logarithmic and their slopes in the key, and written with their numbers to `results/bench/`. docs/performance.md explains the slopes.

#[path = "../machine/mod.rs"]
mod machine;
mod model;
mod search;
mod time;

use aio_bench::report::{CostCurve, cost_figure};
use serde_json::json;
use std::process::Command;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Something that a cost depends on.
struct Axis {
    name: &'static str,
    title: &'static str,
    x: &'static str,
    y: &'static str,
    measure: fn() -> Outcome<Vec<CostCurve>>,
}

const AXES: [Axis; 5] = [
    Axis {
        name: "gallery",
        title: "Exact search of a gallery, width 128",
        x: "rows",
        y: "ms per query",
        measure: search::by_rows,
    },
    Axis {
        name: "batch",
        title: "Encoder 4 × 128, 33 tokens",
        x: "sequences in a batch",
        y: "ms per sequence",
        measure: model::by_batch,
    },
    Axis {
        name: "tokens",
        title: "Encoder of 4 blocks, 4 sequences in a batch",
        x: "tokens of a sequence",
        y: "ms per sequence",
        measure: model::by_tokens,
    },
    Axis {
        name: "modalities",
        title: "Default model, queries of several modalities",
        x: "modalities of a query",
        y: "ms per query",
        measure: model::by_modalities,
    },
    Axis {
        name: "threads",
        title: "The same work on several threads",
        x: "threads",
        y: "ms",
        measure: by_threads,
    },
];

/// The argument of a process that measures one axis, or the work of `threads`, and prints JSON.
const MEASURE: &str = "--measure";
const WORK: &str = "work";

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [MEASURE, WORK] => say(&work()?),
        [MEASURE, name] => say(&(axis(name)?.measure)()?),
        _ => {
            let all = || AXES.iter().map(|axis| axis.name.to_owned()).collect();
            let names: Vec<String> = if arguments.is_empty() { all() } else { arguments };
            names.iter().try_for_each(|name| report(axis(name)?))
        }
    }
}

fn axis(name: &str) -> Outcome<&'static Axis> {
    let known = || AXES.map(|axis| axis.name).join(", ");
    let found = AXES.iter().find(|axis| axis.name == name);
    found.ok_or_else(|| format!("no axis `{name}`; there are {}", known()).into())
}

/// Prints curves for the process that asked for them.
fn say(curves: &[CostCurve]) -> Outcome {
    // An example is a program for a terminal: its lines go to standard output.
    #[allow(clippy::print_stdout)]
    {
        println!("{}", serde_json::to_string(curves)?);
    }
    Ok(())
}

/// The curves that a process of its own measures, with so many threads.
fn measured(what: &str, threads: usize) -> Outcome<Vec<CostCurve>> {
    let output = Command::new(std::env::current_exe()?)
        .args([MEASURE, what])
        .env("RAYON_NUM_THREADS", threads.to_string())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Measures an axis, draws it, and writes its numbers.
fn report(axis: &Axis) -> Outcome {
    let threads = std::thread::available_parallelism()?.get();
    let curves = measured(axis.name, threads)?;
    let (folder, machine) = machine::results()?;
    let name = format!("{machine}-{}", axis.name);
    cost_figure(&folder, &name, axis.title, (axis.x, axis.y), &curves)?;
    let mut about = machine::description()?;
    about.insert("cost_of".into(), json!(axis.title));
    about.insert("x".into(), json!(axis.x));
    about.insert("y".into(), json!(axis.y));
    let numbers = |c: &CostCurve| json!({ "name": c.name, "points": c.points, "slope": c.slope(), "slopes_between_points": c.slopes() });
    about.insert("curves".into(), json!(curves.iter().map(numbers).collect::<Vec<_>>()));
    let text = serde_json::to_string_pretty(&about)?;
    std::fs::write(folder.join(format!("{name}.json")), text + "\n")?;
    // An example is a program for a terminal: its lines go to standard output.
    #[allow(clippy::print_stdout)]
    for curve in &curves {
        println!("{} · {}", axis.title, curve.name);
        for (size, cost) in &curve.points {
            println!("  {size:>9} {}  {cost:.4} {}", axis.x, axis.y);
        }
        println!("  slopes {:.2?}", curve.slopes());
    }
    Ok(())
}

/// The same work with 1, 2, 4 … threads, up to those of the machine.
fn by_threads() -> Outcome<Vec<CostCurve>> {
    let all = std::thread::available_parallelism()?.get();
    let mut numbers: Vec<usize> = (0..).map(|power| 1 << power).take_while(|n| *n < all).collect();
    numbers.push(all);
    let mut curves: Vec<CostCurve> = Vec::new();
    for threads in numbers {
        for curve in measured(WORK, threads)? {
            let points = curve.points.into_iter().map(|(_, cost)| (threads as f64, cost));
            match curves.iter_mut().find(|known| known.name == curve.name) {
                Some(known) => known.points.extend(points),
                None => curves.push(CostCurve { name: curve.name, points: points.collect() }),
            }
        }
    }
    Ok(curves)
}

/// The work of `threads`: one point each, at 1.
fn work() -> Outcome<Vec<CostCurve>> {
    let mut curves = model::work();
    curves.extend(search::work()?);
    Ok(curves)
}
