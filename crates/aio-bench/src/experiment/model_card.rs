//! The README of a trained model's directory.

use super::prepare::Prepared;
use crate::markdown::escaped;
use crate::run::WEIGHTS;
use std::collections::BTreeSet;

/// Describes a model whose weights have the checksum `sha256`.
pub(super) fn model_card(prepared: &Prepared, sha256: &str) -> String {
    let Prepared { experiment, name, config_id, start, .. } = prepared;
    let stages = experiment.train.stages.iter();
    let datasets: BTreeSet<&str> =
        stages.flat_map(|stage| stage.datasets.iter().map(|dataset| dataset.name())).collect();
    let datasets = datasets.into_iter().collect::<Vec<_>>().join(", ");
    let rendered = if experiment.data.synthetic {
        " (rendered: of no use on photographs of real people)"
    } else {
        ""
    };
    let size = &start.preprocessing;
    let rows = [
        ("weights", format!("`{WEIGHTS}`, sha256 `{sha256}`")),
        (
            "started from",
            format!("{} (sha256 `{}`)", escaped(&experiment.model.weights), start.sha256),
        ),
        ("trained on", format!("{datasets}{rendered}")),
        ("modalities", experiment.model.modalities.to_string()),
        (
            "pictures",
            format!(
                "{} × {} (height × width), mean {:?}, std {:?}",
                size.height, size.width, size.mean, size.std
            ),
        ),
        ("configuration", format!("`config.toml`, cell `{config_id}`")),
    ];
    let table: String =
        rows.into_iter().map(|(key, value)| format!("| {key} | {value} |\n")).collect();
    format!(
        "# {}, seed {}\n\n{}\n\n| | |\n|---|---|\n{table}\n\
         ```sh\naio search GALLERY --text \"…\" --model DIR\n```\n",
        escaped(name),
        experiment.seed,
        escaped(&experiment.claim),
    )
}
