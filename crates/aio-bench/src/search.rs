//! `aio search`: the ranked list of a gallery for any combination of a photograph, an infrared picture, a sketch, a drawing and a sentence.

use crate::embed::{BLOCK, Manifest, ModelOptions, Row, embed, manifest_path, pictures};
use crate::error::{Error, Result};
use crate::features::FeatureFile;
use crate::report::{self, RankedList, ShownPicture};
use aio_data::fs;
use aio_data::task::QueryPicture;
use aio_eval::{Entry, Features, Metric, Protocol, Ranking, Ties, distances};
use aio_train::Progress;
use aio_types::{Identity, Modality};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is looked for, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct Request {
    /// A folder of photographs, or a feature file that `aio embed` wrote.
    pub gallery: PathBuf,
    /// A sentence.
    #[arg(long)]
    pub text: Option<String>,
    /// A photograph.
    #[arg(long, value_name = "FILE")]
    pub rgb: Option<PathBuf>,
    /// An infrared picture.
    #[arg(long, value_name = "FILE")]
    pub infrared: Option<PathBuf>,
    /// A sketch.
    #[arg(long, value_name = "FILE")]
    pub sketch: Option<PathBuf>,
    /// A drawing in colour pencil.
    #[arg(long, value_name = "FILE")]
    pub colour_pencil: Option<PathBuf>,
    /// Length of the list.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub top: u32,
    /// Also draw the query and its list to this PNG file.
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    /// What embeds; for a feature file, the model that made it.
    #[command(flatten)]
    pub model: ModelOptions,
}

#[derive(Debug, Serialize)]
struct Printed<'a> {
    query: &'a Row,
    gallery: usize,
    results: Vec<Found>,
}

#[derive(Debug, Serialize)]
struct Found {
    rank: usize,
    /// Cosine of query and entry.
    similarity: f32,
    path: Option<PathBuf>,
    text: Option<String>,
    identity: Option<i64>,
}

/// Runs `aio search` and returns what belongs on standard output.
///
/// # Errors
/// [`Error`] naming the file that cannot be used, or a gallery that another model embedded.
pub fn run(request: &Request) -> Result<String> {
    let query = query(request)?;
    let model = request.model.open()?;
    let (rows, features) = if request.gallery.is_dir() {
        let rows = pictures(&request.gallery, Modality::Rgb)?;
        let bar = Progress::new("embedding gallery", rows.len(), "pictures");
        let mut values = Vec::with_capacity(rows.len() * model.extractor.width());
        for block in rows.chunks(BLOCK) {
            values.extend(embed(block, &model.extractor)?.into_iter().flatten());
            bar.inc(block.len());
        }
        bar.finish();
        let features = Features::new("the gallery", rows.len(), model.extractor.width(), values)?;
        (rows, features)
    } else {
        stored(&request.gallery, &model.sha256)?
    };
    let embedded = embed(std::slice::from_ref(&query), &model.extractor)?.remove(0);
    let asked = Features::new("the query", 1, embedded.len(), embedded)?;
    let distances = distances(&asked, &features, Metric::Cosine)?;
    let entries = vec![Entry { identity: Identity(0), camera: None, source: None }; rows.len()];
    let ranking = Ranking::new(
        &entries[0],
        &entries,
        &distances,
        Protocol::None,
        Ties::Stable,
        request.top as usize,
    );
    let found: Vec<Found> = ranking
        .nearest
        .iter()
        .enumerate()
        .map(|(i, (row, _))| found(i + 1, 1.0 - distances[*row], &rows[*row]))
        .collect();
    if let Some(path) = &request.picture {
        draw(path, &query, &found)?;
    }
    if request.json {
        let printed = Printed { query: &query, gallery: rows.len(), results: found };
        return serde_json::to_string_pretty(&printed)
            .map(|t| t + "\n")
            .map_err(|e| Error::Failure(e.to_string()));
    }
    Ok(table(&found))
}

fn query(request: &Request) -> Result<Row> {
    let Request { rgb, infrared, sketch, colour_pencil, text, .. } = request;
    let parts = [
        (Modality::Rgb, rgb),
        (Modality::Infrared, infrared),
        (Modality::Sketch, sketch),
        (Modality::ColourPencil, colour_pencil),
    ];
    let pictures = parts
        .into_iter()
        .filter_map(|(modality, path)| Some((modality.name().to_owned(), path.clone()?)))
        .collect();
    let row =
        Row { pictures, text: text.clone().filter(|t| !t.trim().is_empty()), ..Row::default() };
    if row.pictures.is_empty() && row.text.is_none() {
        return Err(Error::user(
            "nothing to look for",
            "say --text, --rgb, --infrared, --sketch or --colour-pencil, or any of them together",
        ));
    }
    Ok(row)
}

/// A gallery that `aio embed` wrote, with what its rows are.
fn stored(path: &Path, weights: &str) -> Result<(Vec<Row>, Features)> {
    let file = FeatureFile::read(path, Protocol::None)?;
    let beside = manifest_path(path);
    let text = fs::read_to_string(&beside)?;
    let wrong = |problem: String| {
        Error::user(
            format!("{}: {problem}", beside.display()),
            "embed the gallery again with `aio embed`",
        )
    };
    let manifest: Manifest = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    if manifest.weights != weights {
        return Err(wrong(format!(
            "the gallery was embedded with `{}` (sha256 {}), the query would be with weights of sha256 {weights}",
            manifest.model, manifest.weights
        )));
    }
    if manifest.rows.len() != file.features.rows() {
        return Err(wrong(format!(
            "it names {} rows, the feature file has {}",
            manifest.rows.len(),
            file.features.rows()
        )));
    }
    Ok((manifest.rows, file.features))
}

fn found(rank: usize, similarity: f32, row: &Row) -> Found {
    let path =
        row.pictures.get(Modality::Rgb.name()).or_else(|| row.pictures.values().next()).cloned();
    Found { rank, similarity, path, text: row.text.clone(), identity: row.identity }
}

fn table(found: &[Found]) -> String {
    let mut text = "| rank | similarity | entry |\n|--:|--:|---|\n".to_owned();
    for Found { rank, similarity, path, text: sentence, identity } in found {
        let what = path
            .as_ref()
            .map(|p| p.display().to_string())
            .or_else(|| sentence.clone())
            .unwrap_or_default();
        let who = identity.map_or(String::new(), |id| format!(" (identity {id})"));
        text += &format!("| {rank} | {similarity:.4} | {what}{who} |\n");
    }
    text
}

fn draw(path: &Path, query: &Row, found: &[Found]) -> Result<()> {
    let part = |(name, path): (&String, &PathBuf)| {
        Some(ShownPicture {
            modality: name.parse().ok()?,
            picture: QueryPicture::real(path.clone()),
        })
    };
    let list = RankedList {
        pictures: query.pictures.iter().filter_map(part).collect(),
        caption: query.text.clone(),
        retrieved: found.iter().filter_map(|f| Some((f.path.clone()?, None))).collect(),
        average_precision: 0.0,
    };
    report::picture(path, "search", &[list])
}
