//! The figures of a run.

use super::curves::{cmc, losses, roc};
use super::modalities::{directions, query_sizes};
use super::{Figure, NamedFigure, ScatterPlot};
use crate::report::files::{EmbeddingExample, EmbeddingSample, ReportFiles};
use crate::report::tsne;

/// The figures of a run, in the order of the page.
pub(in crate::report) fn of_run(files: &ReportFiles) -> Vec<NamedFigure> {
    let result = &files.result;
    let optional = [
        ("cmc", "Cumulative matching characteristic", Some(cmc(result))),
        ("roc", "Receiver operating characteristic over pairs", roc(result)),
        ("loss", "Loss terms during training", losses(&files.training)),
        ("query-sizes", "Queries of several modalities", query_sizes(result)),
        ("directions", "mAP (%) by modality of query and gallery", directions(result)),
    ];
    let mut figures = Vec::new();
    for (name, title, figure) in optional {
        figures.extend(figure.map(|figure| NamedFigure::new(name, title, figure)));
    }
    if let Some(example) = &files.embeddings {
        figures.extend(embedding_figures(example));
    }
    figures
}

/// Fewest points that are placed by t-SNE.
const FEWEST_POINTS: usize = 4;

/// Embeddings in the plane, coloured by person and by modality.
fn embedding_figures(example: &EmbeddingExample) -> Vec<NamedFigure> {
    let EmbeddingExample { dataset, samples } = example;
    if samples.len() < FEWEST_POINTS {
        return Vec::new();
    }
    let values: Vec<Vec<f32>> = samples.iter().map(|sample| sample.values.clone()).collect();
    let points = tsne::embed(&values, 0);
    let scatter = |class: fn(&EmbeddingSample) -> String| {
        let classes = samples.iter().map(class);
        Figure::Scatter(ScatterPlot::new(classes.zip(points.iter().copied())))
    };
    vec![
        NamedFigure::new(
            "tsne-identity",
            &format!("t-SNE of {dataset} by identity"),
            scatter(|sample| match &sample.name {
                Some(name) => name.clone(),
                None => format!("person {}", sample.identity),
            }),
        ),
        NamedFigure::new(
            "tsne-modality",
            &format!("t-SNE of {dataset} by modality"),
            scatter(|sample| sample.modality.to_string()),
        ),
    ]
}
