//! `aio score`: protocol-exact metrics for features made by anyone, with any tool.

use crate::error::{Error, Result};
use crate::features::FeatureFile;
use aio_data::fs;
use aio_eval::{
    AveragePrecision, EvalOptions, Metric, OpenSet, Protocol, Rate, Rerank, Scores, Ties,
    evaluate_with_progress, open_set,
};
use aio_train::Progress;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is scored, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct Request {
    /// Feature file of the queries (.safetensors or .npy).
    #[arg(long, value_name = "FILE")]
    pub query: PathBuf,
    /// Feature file of the gallery.
    #[arg(long, value_name = "FILE")]
    pub gallery: PathBuf,
    /// Which gallery entries a query may see, and how CMC counts (docs/protocols.md).
    #[arg(long, value_parser = protocols())]
    pub protocol: Protocol,
    /// How features are compared: 1 − cos, or the plain distance of the features as given.
    #[arg(long, default_value = "cosine", value_parser = choice(&[("cosine", Metric::Cosine), ("euclidean", Metric::Euclidean)]))]
    pub metric: Metric,
    /// How average precision is taken.
    #[arg(long, default_value = "standard", value_parser = choice(&[("standard", AveragePrecision::Standard), ("trapezoid", AveragePrecision::Trapezoid)]))]
    pub ap: AveragePrecision,
    /// In which order equal distances stand: that of the gallery, or the one that scores highest or lowest.
    #[arg(long, default_value = "stable", value_parser = choice(&[("stable", Ties::Stable), ("optimistic", Ties::Optimistic), ("pessimistic", Ties::Pessimistic)]))]
    pub ties: Ties,
    /// Also the rates of true accepts at these rates of false accepts: TPR@FPR over pairs and DIR@FAR over queries, of which those without
    /// anybody in the gallery are the impostors.
    #[arg(long, value_name = "RATE,…", value_delimiter = ',')]
    pub open_set: Vec<f64>,
    /// Ranks to print.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 5, 10, 20], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub ranks: Vec<u32>,
    /// Re-rank by k-reciprocal encoding, as in --rerank k1=20,k2=6,lambda=0.3 (the defaults of what is left out).
    #[arg(long, value_name = "k1=…,k2=…,lambda=…", num_args = 0..=1, default_missing_value = "", value_parser = rerank)]
    pub rerank: Option<Rerank>,
    /// Average every query with its N nearest gallery entries first (average query expansion).
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub expand: usize,
    /// Also write what every query scored to this CSV file.
    #[arg(long, value_name = "FILE")]
    pub per_query: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
}

fn choice<T: Copy + Send + Sync + 'static>(
    values: &'static [(&'static str, T)],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(values.iter().map(|(name, _)| *name)).map(|typed| {
        values.iter().find(|(name, _)| *name == typed).expect("clap accepts no other value").1
    })
}

fn protocols() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new(Protocol::ALL.map(Protocol::name))
        .map(|typed| Protocol::named(&typed).expect("clap accepts no other value"))
}

fn rerank(typed: &str) -> std::result::Result<Rerank, String> {
    let mut rerank = Rerank::default();
    for part in typed.split(',').filter(|p| !p.trim().is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("`{part}` has no `=`"))?;
        let value = value.trim();
        let count = || {
            value.parse::<usize>().map_err(|_| format!("`{value}` is not a number of neighbours"))
        };
        match key.trim() {
            "k1" => rerank.k1 = count()?,
            "k2" => rerank.k2 = count()?,
            "lambda" => {
                rerank.lambda = value.parse().map_err(|_| format!("`{value}` is not a fraction"))?
            }
            other => return Err(format!("`{other}` is none of k1, k2, lambda")),
        }
    }
    rerank.check().map_err(|e| e.to_string())?;
    Ok(rerank)
}

/// What `--json` prints; fractions in 0..1.
#[derive(Debug, Serialize)]
struct Printed {
    protocol: &'static str,
    queries: usize,
    skipped: usize,
    gallery: usize,
    map: f64,
    minp: f64,
    rank: BTreeMap<u32, f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_set: Option<OpenSet>,
}

/// Scores two feature files and returns what belongs on standard output.
///
/// # Errors
/// [`Error`] naming the file and the row or tensor that cannot be used.
pub fn run(request: &Request) -> Result<String> {
    let query = FeatureFile::read(&request.query, request.protocol)?;
    let gallery = FeatureFile::read(&request.gallery, request.protocol)?;
    let (queries, entries) = (query.entries.len(), gallery.entries.len());
    let options = EvalOptions {
        metric: request.metric,
        average_precision: request.ap,
        max_rank: request.ranks.iter().copied().max().unwrap_or(1) as usize,
        ties: request.ties,
        nearest: 0,
        rerank: request.rerank,
        expand: request.expand,
    };
    if let Some(rerank) = request.rerank {
        eprintln!(
            "re-ranking holds about {:.1} GiB beyond the features",
            rerank.memory(queries, entries) as f64 / f64::from(1u32 << 30)
        );
    }
    let neighbours =
        request.rerank.map(|_| Progress::new("neighbours", queries + entries, "samples"));
    let ranked = Progress::new("scoring", queries, "queries");
    let scores = evaluate_with_progress(
        query.labelled(),
        gallery.labelled(),
        request.protocol,
        options,
        |_, _| ranked.inc(1),
        &|done| {
            if let Some(bar) = &neighbours {
                bar.set_position(done);
            }
        },
    )?;
    if let Some(progress) = neighbours {
        progress.finish();
    }
    ranked.finish();
    let open_set = (!request.open_set.is_empty())
        .then(|| {
            let (query, gallery) = (query.labelled(), gallery.labelled());
            open_set(query, gallery, request.protocol, request.metric, &request.open_set)
        })
        .transpose()?;
    if let Some(path) = &request.per_query {
        fs::write_then_rename(path, per_query(&query, &scores).as_bytes())?;
    }
    let printed = Printed {
        protocol: request.protocol.name(),
        queries: scores.queries,
        skipped: scores.skipped,
        gallery: scores.gallery,
        map: scores.map,
        minp: scores.minp,
        rank: request.ranks.iter().map(|k| (*k, scores.rank(*k as usize))).collect(),
        open_set,
    };
    if request.json {
        return serde_json::to_string(&printed)
            .map(|t| t + "\n")
            .map_err(|e| Error::Failure(e.to_string()));
    }
    Ok(table(&printed))
}

fn table(printed: &Printed) -> String {
    let mut head = vec!["protocol".to_owned(), "queries / gallery".into(), "skipped".into()];
    let mut row = vec![
        printed.protocol.to_owned(),
        format!("{} / {}", printed.queries, printed.gallery),
        printed.skipped.to_string(),
    ];
    let ranks = printed.rank.iter().map(|(k, value)| (format!("Rank-{k}"), *value));
    for (name, value) in
        ranks.chain([("mAP".to_owned(), printed.map), ("mINP".into(), printed.minp)])
    {
        head.push(name);
        row.push(format!("{:.2}", 100.0 * value));
    }
    let rule = |columns: usize| format!("|---|{}", "--:|".repeat(columns - 1));
    let mut text =
        format!("| {} |\n{}\n| {} |\n", head.join(" | "), rule(head.len()), row.join(" | "));
    if let Some(found) = &printed.open_set {
        let percent = |rate: &Rate| {
            rate.true_accepts.map_or("–".to_owned(), |value| format!("{:.2}", 100.0 * value))
        };
        text +=
            &format!("\n| false accepts | TPR (pairs) | DIR at rank 1 (queries) |\n{}\n", rule(3));
        for (pairs, queries) in found.verification.iter().zip(&found.identification) {
            text += &format!(
                "| {} | {} | {} |\n",
                pairs.false_accepts,
                percent(pairs),
                percent(queries)
            );
        }
        text += &format!(
            "\n{} genuine and {} impostor pairs; {} queries with a match, {} impostors\n",
            found.genuine_pairs,
            found.impostor_pairs,
            found.genuine_queries,
            found.impostor_queries
        );
    }
    text
}

fn per_query(query: &FeatureFile, scores: &Scores) -> String {
    let mut text = "row,id,average_precision,inverse_negative_penalty,first_hit\n".to_owned();
    for (row, (entry, score)) in query.entries.iter().zip(&scores.by_query).enumerate() {
        text += &match score {
            Some(s) => format!(
                "{row},{},{},{},{}\n",
                entry.identity.0,
                s.average_precision,
                s.inverse_negative_penalty,
                s.first_match + 1
            ),
            // Nothing to find: the protocol's rule left no match.
            None => format!("{row},{},,,\n", entry.identity.0),
        };
    }
    text
}
