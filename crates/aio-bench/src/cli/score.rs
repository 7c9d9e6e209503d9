//! `aio score`.

use super::arguments::{JsonArgument, choice, named_choice};
use super::output::Output;
use crate::error::Result;
use crate::score::{self, Options, Request};
use aio_eval::{AveragePrecision, Metric, Protocol, Rerank, Ties};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  aio score --query q.safetensors --gallery g.safetensors --protocol market1501 --json
  aio score --query q.npy --gallery g.npy --protocol sysu-mm01 --rerank k1=20,k2=6,lambda=0.3
  aio score --query q.safetensors --gallery g.safetensors --protocol none --per-query queries.csv

docs/protocols.md describes feature files and protocols.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// Feature file of the queries (.safetensors or .npy).
    #[arg(long, value_name = "FILE")]
    query: PathBuf,
    /// Feature file of the gallery.
    #[arg(long, value_name = "FILE")]
    gallery: PathBuf,
    /// Evaluation protocol: which gallery entries are ignored for a query, and how CMC counts (docs/protocols.md).
    #[arg(long, value_parser = named_choice(Protocol::ALL, Protocol::name))]
    protocol: Protocol,
    /// How features are compared: 1 − cos, or the plain distance of the features as given.
    #[arg(long, default_value = "cosine", value_parser = choice(&METRICS))]
    metric: Metric,
    /// How average precision is computed.
    #[arg(long = "ap", default_value = "standard", value_parser = choice(&AVERAGE_PRECISIONS))]
    average_precision: AveragePrecision,
    /// Order of equal distances: that of the gallery, or the one that scores highest or lowest.
    #[arg(long, default_value = "stable", value_parser = choice(&TIES))]
    ties: Ties,
    /// Also the rates of true accepts at these rates of false accepts: TPR@FPR over pairs and DIR@FAR over queries.
    /// Queries whose identity is not in the gallery are the impostors.
    /// They compare the features as they are, so that they do not go with --rerank and --expand.
    #[arg(long, value_name = "RATE,…", value_delimiter = ',')]
    open_set: Vec<f64>,
    /// Ranks to print.
    #[arg(long, value_name = "RANK,…", value_delimiter = ',', default_values_t = [1, 5, 10, 20], value_parser = clap::value_parser!(u32).range(1..=10_000))]
    ranks: Vec<u32>,
    /// Re-rank by k-reciprocal encoding, as in --rerank k1=20,k2=6,lambda=0.3 (these are the defaults).
    #[arg(long, value_name = "k1=…,k2=…,lambda=…", num_args = 0..=1, default_missing_value = "", value_parser = rerank)]
    rerank: Option<Rerank>,
    /// Average every query with its N nearest gallery entries first (average query expansion).
    #[arg(long, value_name = "N")]
    expand: Option<usize>,
    /// Also write the scores of every query to this CSV file.
    #[arg(long, value_name = "FILE")]
    per_query: Option<PathBuf>,
    #[command(flatten)]
    form: JsonArgument,
}

const METRICS: [(&str, Metric); 2] = [("cosine", Metric::Cosine), ("euclidean", Metric::Euclidean)];

const AVERAGE_PRECISIONS: [(&str, AveragePrecision); 2] =
    [("standard", AveragePrecision::Standard), ("trapezoid", AveragePrecision::Trapezoid)];

const TIES: [(&str, Ties); 3] = [
    ("stable", Ties::Stable),
    ("optimistic", Ties::Optimistic),
    ("pessimistic", Ties::Pessimistic),
];

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
                rerank.lambda =
                    value.parse().map_err(|_| format!("`{value}` is not a fraction"))?;
            }
            other => return Err(format!("`{other}` is none of k1, k2, lambda")),
        }
    }
    rerank.check().map_err(|e| e.to_string())?;
    Ok(rerank)
}

impl Arguments {
    pub(super) fn run(self) -> Result<Output> {
        let scored = score::run(&Request {
            query: self.query,
            gallery: self.gallery,
            options: Options {
                protocol: self.protocol,
                metric: self.metric,
                average_precision: self.average_precision,
                ties: self.ties,
                open_set: self.open_set,
                ranks: self.ranks,
                rerank: self.rerank,
                expand: self.expand,
            },
            per_query: self.per_query,
        })?;
        if self.form.json {
            return Output::json_line(&scored);
        }
        Ok(Output::text(scored.text()))
    }
}

#[cfg(test)]
mod tests {
    use super::rerank;

    #[test]
    fn what_is_left_out_of_rerank_has_its_default() {
        let parsed = rerank("k1=9, lambda = 0.5").expect("parsed");
        assert_eq!((parsed.k1, parsed.k2, parsed.lambda), (9, 6, 0.5));
        assert!(rerank("").is_ok());
        for wrong in ["k1", "k3=2", "k1=x", "lambda=2"] {
            assert!(rerank(wrong).is_err(), "{wrong}");
        }
    }
}
