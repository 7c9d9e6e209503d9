//! Metrics, exact to a protocol, for features made by any tool.

use crate::embed::{Maker, Manifest};
use crate::error::{Error, Result};
use crate::features::{FeatureFile, label_files};
use crate::markdown::{self, Align};
use crate::overwrite;
use aio_data::fs;
use aio_eval::{
    AveragePrecision, Entry, EvalOptions, Metric, OpenSet, Protocol, Rate, Rerank, Scores, Ties,
    Unmatched, evaluate_with_progress, open_set, unmatched,
};
use aio_train::Progress;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is scored, and how.
#[derive(Debug, Clone)]
pub struct Request {
    /// Feature file of the queries.
    pub query: PathBuf,
    /// Feature file of the gallery.
    pub gallery: PathBuf,
    /// What is computed.
    pub options: Options,
    /// A CSV file for the scores of every query.
    pub per_query: Option<PathBuf>,
}

/// What is computed.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which gallery entries a query may see, and how CMC counts.
    pub protocol: Protocol,
    /// How features are compared.
    pub metric: Metric,
    /// How average precision is computed.
    pub average_precision: AveragePrecision,
    /// The order of equal distances.
    pub ties: Ties,
    /// Rates of false accepts at which the rates of true accepts are computed.
    pub open_set: Vec<f64>,
    /// Ranks of the CMC curve that are reported.
    pub ranks: Vec<u32>,
    /// Re-ranking by k-reciprocal encoding.
    pub rerank: Option<Rerank>,
    /// Average query expansion: a query is averaged with so many of its nearest gallery entries.
    pub expand: Option<usize>,
}

/// Scores of the queries over the gallery; fractions in 0..1.
#[derive(Debug, Clone, Serialize)]
pub struct Scored {
    protocol: &'static str,
    queries: usize,
    skipped: usize,
    /// The skipped queries by reason, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    unmatched: Option<Unmatched>,
    /// The same in words.
    #[serde(skip)]
    explanation: Option<String>,
    gallery: usize,
    map: f64,
    minp: f64,
    rank: BTreeMap<u32, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_set: Option<OpenSet>,
}

/// Scores two feature files.
///
/// # Errors
/// [`Error`] naming the file and the row or tensor that cannot be used; [`Error::User`] for open-set rates beside re-ranking or query expansion.
pub fn run(request: &Request) -> Result<Scored> {
    if let Some(path) = &request.per_query {
        check_per_query(path, request)?;
    }
    let read = |path: &Path| FeatureFile::read_noted(path, request.options.protocol);
    let (query, gallery) = rayon::join(|| read(&request.query), || read(&request.gallery));
    let ((query, of_query), (gallery, of_gallery)) = (query?, gallery?);
    warn_of_themselves(request, &query.entries);
    warn_of_two_models(request, [of_query, of_gallery]);
    let (scored, scores) = computed(&query, &gallery, &request.options)?;
    if let Some(path) = &request.per_query {
        fs::write_output(path, &per_query(&query, &scores)?)?;
    }
    Ok(scored)
}

/// Says how many queries find themselves, if one file is both sides.
fn warn_of_themselves(request: &Request, queries: &[Entry]) {
    if overwrite::input_at(&request.query, [request.gallery.as_path()]).is_none() {
        return;
    }
    let protocol = request.options.protocol;
    let finds_itself =
        |query: &&Entry| query.identity.is_known() && !protocol.is_junk(query, query);
    let count = queries.iter().filter(finds_itself).count();
    if count > 0 {
        log::warn!(
            "{}: {count} of {} queries are in the gallery themselves; the protocol `{}` does not hide them, so that they find themselves",
            request.query.display(),
            queries.len(),
            protocol.name()
        );
    }
}

/// Says if the two sides were embedded by different models, as far as their manifests tell; `hashes` are those that the files name.
fn warn_of_two_models(request: &Request, hashes: [Option<String>; 2]) {
    let [query, gallery] = hashes;
    let noted = |features: &Path, hash: Option<String>| Maker::noted(features, &hash?);
    let makers = noted(&request.query, query).zip(noted(&request.gallery, gallery));
    if let Some((query, gallery)) = makers.filter(|(a, b)| !a.is_same_model(b)) {
        log::warn!(
            "{} was embedded by `{}` and {} by `{}`, other weights or settings: features of different models cannot be compared",
            request.query.display(),
            query.model,
            request.gallery.display(),
            gallery.model
        );
    }
}

/// Refuses to write the scores of queries over the features, the files beside them or another file that holds something else.
fn check_per_query(path: &Path, request: &Request) -> Result<()> {
    let mut inputs = Vec::new();
    for input in [&request.query, &request.gallery] {
        inputs.extend([input.clone(), Manifest::path(input)]);
        inputs.extend(label_files(input));
    }
    overwrite::check("--per-query", path, inputs.iter().map(PathBuf::as_path))?;
    overwrite::check_kind("--per-query", path, "a table of scores of queries", |path| {
        overwrite::has_columns(path, &HEAD, None)
    })
}

/// Scores features that are in memory.
///
/// # Errors
/// [`Error::Eval`] naming what cannot be compared; [`Error::User`] for open-set rates beside re-ranking or query expansion.
pub fn features(query: &FeatureFile, gallery: &FeatureFile, options: &Options) -> Result<Scored> {
    Ok(computed(query, gallery, options)?.0)
}

fn computed(
    query: &FeatureFile,
    gallery: &FeatureFile,
    options: &Options,
) -> Result<(Scored, Scores)> {
    if !options.open_set.is_empty() && (options.rerank.is_some() || options.expand.is_some()) {
        return Err(Error::user(
            "open-set rates compare the features as they are, without re-ranking and query expansion",
            "score them in a call of their own",
        ));
    }
    let (queries, entries) = (query.entries.len(), gallery.entries.len());
    let largest_rank = options.ranks.iter().copied().max().unwrap_or(1) as usize;
    let evaluation = EvalOptions {
        metric: options.metric,
        average_precision: options.average_precision,
        // No match stands behind the last entry, however large a rank a caller in Python names.
        max_rank: largest_rank.min(entries),
        ties: options.ties,
        nearest: 0,
        rerank: options.rerank,
        expand: options.expand.unwrap_or(0),
    };
    if let Some(rerank) = options.rerank {
        log::info!(
            "re-ranking holds about {:.1} GiB beyond the features",
            rerank.memory(queries, entries) as f64 / f64::from(1u32 << 30)
        );
    }
    let neighbours =
        options.rerank.map(|_| Progress::new("neighbours", queries + entries, "samples"));
    let ranked = Progress::new("scoring", queries, "queries");
    let scores = evaluate_with_progress(
        query.labelled(),
        gallery.labelled(),
        options.protocol,
        evaluation,
        |_, _| ranked.inc(1),
        &|done| {
            if let Some(bar) = &neighbours {
                bar.set_position(done);
            }
        },
    )?;
    if let Some(bar) = neighbours {
        bar.finish();
    }
    ranked.finish();
    let open_set = (!options.open_set.is_empty())
        .then(|| {
            let (query, gallery) = (query.labelled(), gallery.labelled());
            open_set(query, gallery, options.protocol, options.metric, &options.open_set)
        })
        .transpose()?;
    let without_match = unmatched(&query.entries, &gallery.entries, options.protocol);
    let scored = Scored {
        protocol: options.protocol.name(),
        queries: scores.queries,
        skipped: scores.skipped,
        unmatched: (without_match.total() > 0).then_some(without_match),
        explanation: without_match.explain(options.protocol),
        gallery: scores.gallery,
        map: scores.map,
        minp: scores.minp,
        rank: options.ranks.iter().map(|k| (*k, scores.rank(*k as usize))).collect(),
        open_set,
    };
    Ok((scored, scores))
}

impl Scored {
    /// The scores as Markdown tables, in percent.
    #[must_use]
    pub fn text(&self) -> String {
        let mut head: Vec<String> =
            ["protocol", "queries / gallery", "skipped"].map(str::to_owned).into();
        let mut row = vec![
            self.protocol.to_owned(),
            format!("{} / {}", self.queries, self.gallery),
            self.skipped.to_string(),
        ];
        let ranks = self.rank.iter().map(|(k, value)| (format!("Rank-{k}"), *value));
        let means = [("mAP".to_owned(), self.map), ("mINP".to_owned(), self.minp)];
        for (name, value) in ranks.chain(means) {
            head.push(name);
            row.push(format!("{:.2}", 100.0 * value));
        }
        let mut columns: Vec<_> = head.iter().map(|name| (&**name, Align::Right)).collect();
        columns[0].1 = Align::Left;
        let mut text = markdown::table(&columns, &[row]);
        if let Some(reasons) = &self.explanation {
            let (skipped, queries) = (self.skipped, self.queries);
            text += &format!(
                "\n{skipped} of {queries} queries have no match and are left out of the scores: {reasons}\n"
            );
        }
        if let Some(found) = &self.open_set {
            text += &open_set_text(found);
        }
        text
    }
}

fn open_set_text(found: &OpenSet) -> String {
    let percent = |rate: &Rate| {
        rate.true_accepts.map_or("–".to_owned(), |value| format!("{:.2}", 100.0 * value))
    };
    let columns = [
        ("false accepts", Align::Left),
        ("TPR (pairs)", Align::Right),
        ("DIR at rank 1 (queries)", Align::Right),
    ];
    let mut rows = Vec::new();
    for (pairs, queries) in found.verification.iter().zip(&found.identification) {
        rows.push(vec![pairs.false_accepts.to_string(), percent(pairs), percent(queries)]);
    }
    let mut text = format!("\n{}", markdown::table(&columns, &rows));
    let OpenSet { genuine_pairs, impostor_pairs, genuine_queries, impostor_queries, .. } = found;
    text += &format!("\n{genuine_pairs} genuine and {impostor_pairs} impostor pairs; ");
    text += &format!("{genuine_queries} queries with a match, {impostor_queries} impostors\n");
    text
}

/// Columns of the scores of queries.
const HEAD: [&str; 5] = ["row", "id", "average_precision", "inverse_negative_penalty", "first_hit"];

/// The scores of every query as CSV; the fields of a query without a match are empty.
fn per_query(query: &FeatureFile, scores: &Scores) -> Result<Vec<u8>> {
    let failed = |e: csv::Error| Error::Failure(format!("cannot write the scores of a query: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEAD).map_err(failed)?;
    for (row, (entry, score)) in query.entries.iter().zip(&scores.by_query).enumerate() {
        let scored = score.as_ref().map(|score| {
            [
                score.average_precision.to_string(),
                score.inverse_negative_penalty.to_string(),
                (score.first_match + 1).to_string(),
            ]
        });
        let labels = [row.to_string(), entry.identity.0.to_string()];
        writer
            .write_record(labels.into_iter().chain(scored.unwrap_or_default()))
            .map_err(failed)?;
    }
    writer.into_inner().map_err(|e| Error::Failure(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Labels;

    #[test]
    fn a_rank_beyond_the_gallery_takes_no_memory_and_is_that_of_its_last_entry() {
        let side = |ids: &[i64]| {
            let features = ndarray::Array2::from_shape_fn((ids.len(), 2), |(row, column)| {
                if column == 0 { 1.0 } else { row as f32 }
            });
            let labels = Labels { rows: ids.len(), ids: Some(ids.to_vec()), ..Labels::default() };
            FeatureFile::new("test", features, labels, Protocol::None).expect("features")
        };
        let options = Options {
            protocol: Protocol::None,
            metric: Metric::Cosine,
            average_precision: AveragePrecision::Standard,
            ties: Ties::Stable,
            open_set: Vec::new(),
            ranks: vec![1, 2, 50],
            rerank: None,
            expand: None,
        };
        // The first query's match is the second nearest; the second query has no match.
        let (queries, gallery) = (side(&[7, 8]), side(&[5, 7, 6]));
        let (scored, scores) = computed(&queries, &gallery, &options).expect("a match");
        assert_eq!(scores.cmc.len(), 3);
        assert_eq!(scored.rank, BTreeMap::from([(1, 0.0), (2, 1.0), (50, 1.0)]));
    }
}
