//! The README of a trained model's directory.

use super::prepare::Prepared;
use crate::markdown::escaped;
use crate::render::is_rendered;
use crate::run::WEIGHTS;
use aio_data::DatasetName;
use aio_types::{Modality, ModalitySet};
use std::collections::BTreeSet;

/// Describes a model whose weights have the checksum `sha256`.
pub(super) fn model_card(prepared: &Prepared, sha256: &str) -> String {
    let Prepared { experiment, name, config_id, start, .. } = prepared;
    let stages = experiment.train.stages.iter();
    let datasets = stages.flat_map(|stage| stage.datasets.iter().copied()).collect();
    let trained_on = trained_on(&datasets, experiment.data.synthetic);
    let size = &start.preprocessing;
    let rows = [
        ("weights", format!("`{WEIGHTS}`, sha256 `{sha256}`")),
        (
            "started from",
            format!("{} (sha256 `{}`)", escaped(&experiment.model.weights), start.sha256),
        ),
        ("trained on", trained_on),
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
         ```sh\naio search GALLERY {} --model DIR\n```\n",
        escaped(name),
        experiment.seed,
        escaped(&experiment.claim),
        query(experiment.model.modalities),
    )
}

/// What the example of a search asks for: a model without text reads no sentence.
fn query(modalities: ModalitySet) -> &'static str {
    if modalities.contains(Modality::Text) { "--text \"…\"" } else { "--rgb FILE" }
}

/// The data sets in words. With `synthetic`, those of the benchmark are rendered; tables of the user's own are not, wherever they lie.
fn trained_on(datasets: &BTreeSet<DatasetName>, synthetic: bool) -> String {
    let (rendered, others): (Vec<DatasetName>, Vec<DatasetName>) =
        datasets.iter().partition(|name| synthetic && is_rendered(**name));
    let listed = |names: &[DatasetName]| {
        let mut names: Vec<&str> = names.iter().map(|name| name.name()).collect();
        names.sort_unstable();
        names.join(", ")
    };
    let of_no_use = "(rendered: of no use on photographs of real people)";
    match (listed(&rendered), listed(&others)) {
        (rendered, others) if rendered.is_empty() => others,
        (rendered, others) if others.is_empty() => format!("{rendered} {of_no_use}"),
        (rendered, others) => format!("{rendered} {of_no_use}, {others}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_without_text_is_asked_by_a_photograph() {
        let both = [Modality::Rgb, Modality::Text].into_iter().collect();
        assert_eq!(query(both), "--text \"…\"");
        assert_eq!(query(Modality::Rgb.into()), "--rgb FILE");
    }

    #[test]
    fn only_data_sets_of_the_benchmark_are_called_rendered() {
        let of = |names: &[&str], synthetic| {
            let names = names.iter().map(|name| name.parse().expect("a data set"));
            trained_on(&names.collect(), synthetic)
        };
        let of_no_use = "(rendered: of no use on photographs of real people)";
        assert_eq!(of(&["table:shop"], true), "table:shop");
        assert_eq!(of(&["synth-pedes", "llcm"], true), format!("llcm, synth-pedes {of_no_use}"));
        assert_eq!(of(&["table:shop", "llcm"], true), format!("llcm {of_no_use}, table:shop"));
        assert_eq!(of(&["table:dev-steep"], true), format!("table:dev-steep {of_no_use}"));
        assert_eq!(of(&["table:shop", "llcm"], false), "llcm, table:shop");
    }
}
