//! The tables of `aio refine`.

use super::{Refined, RefinedTask, Round, RoundScores};
use crate::markdown::bounds;
use aio_eval::Interval;
use std::fmt::Write;

impl Refined {
    /// The tables, in percent.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { model, weights, candidates, weight, tasks } = self;
        let mut text = format!(
            "model {model} (sha256 {weights}) · questions about {candidates} results · weight of an answer {weight}\n"
        );
        for task in tasks {
            of_task(&mut text, task);
        }
        text
    }
}

fn of_task(text: &mut String, task: &RefinedTask) {
    let RefinedTask { queries, skipped, left_out, gallery, described, protocol, .. } = task;
    let _ = writeln!(
        text,
        "\n{}: {queries} queries ({skipped} without a match; {left_out} more describe the gallery and are left out), \
         gallery of {gallery} ({described} with captions), protocol `{protocol}`\n\n\
         | method | round | Rank-1 | 95 % | gain, 95 % | Rank-5 | Rank-10 | mAP | 95 % | yes | no | not known | nothing to ask |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        task.task
    );
    let _ = writeln!(text, "| no refinement | 0 | {} | | | | |", numbers(&task.before, "–"));
    for method in &task.methods {
        for (number, round) in method.rounds.iter().enumerate() {
            let Round { scores, gain, yes, no, unknown, nothing } = round;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} | {:.0} | {:.0} | {:.0} |",
                method.method.name(),
                number + 1,
                numbers(scores, &difference(*gain)),
                100.0 * yes,
                100.0 * no,
                100.0 * unknown,
                100.0 * nothing,
            );
        }
    }
}

fn numbers(scores: &RoundScores, gain: &str) -> String {
    let RoundScores { rank1, rank5, rank10, map, rank1_interval, map_interval } = scores;
    format!(
        "{:.1} | {} | {gain} | {:.1} | {:.1} | {:.1} | {}",
        100.0 * rank1,
        bounds(*rank1_interval),
        100.0 * rank5,
        100.0 * rank10,
        100.0 * map,
        bounds(*map_interval),
    )
}

fn difference(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "–".to_owned(),
        |Interval { mean, .. }| format!("{:+.1} ({})", 100.0 * mean, bounds(interval)),
    )
}
