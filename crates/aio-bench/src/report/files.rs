//! The files of a run that a report shows: what the evaluation stores in them, and how a report reads them.

use crate::error::{Error, Result};
use crate::run::{Run, RunResult};
use aio_data::task::QueryPicture;
use aio_data::{Content, fs};
use aio_eval::Relevance;
use aio_tokenize::bpe::Encoded;
use aio_train::MetricsLine;
use aio_types::{Modality, PictureSize, TaskId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Name of the file with [`RankedLists`] by task.
pub const RANKINGS: &str = "rankings.json";
/// Name of the file with the [`EmbeddingExample`].
pub const EMBEDDINGS: &str = "embeddings.json";
/// Name of the file with the [`AttentionExample`].
pub const ATTENTION: &str = "attention.json";

/// Ranked lists of a task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RankedLists {
    /// Of queries spread evenly over the test set.
    pub chosen: Vec<RankedList>,
    /// Of the queries with the highest average precision.
    pub best: Vec<RankedList>,
    /// Of the queries with the lowest average precision.
    pub worst: Vec<RankedList>,
}

/// A picture of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownPicture {
    /// The modality that it is embedded as.
    pub modality: Modality,
    /// The file, and what is made of it.
    #[serde(flatten)]
    pub picture: QueryPicture,
}

/// A gallery entry. `P` is what its picture is known by: in the files of a run the path of the picture, in a gallery the number of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Retrieved<P = PathBuf> {
    /// A picture.
    Picture(P),
    /// A sentence.
    Sentence {
        /// Its words.
        caption: String,
    },
}

impl Retrieved {
    /// The content of a gallery entry.
    #[must_use]
    pub fn of(content: &Content) -> Self {
        match content {
            Content::Image(path) => Self::Picture(path.clone()),
            Content::Caption(text) => Self::Sentence { caption: text.clone() },
        }
    }
}

/// A query and the gallery entries that it retrieved; `P` as in [`Retrieved`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankedList<P = PathBuf> {
    /// Pictures of the query, in the order of its modalities.
    pub pictures: Vec<ShownPicture>,
    /// Caption of the query.
    pub caption: Option<String>,
    /// Retrieved entries, nearest first, and whether each is a match; `None` where labels are unknown.
    pub retrieved: Vec<(Retrieved<P>, Option<Relevance>)>,
    /// Average precision of the query, a fraction in 0..1.
    pub average_precision: f64,
}

/// Embeddings of a few people of one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingExample {
    /// Name of the data set.
    pub dataset: String,
    /// The embeddings.
    pub samples: Vec<EmbeddingSample>,
}

/// An embedding of one person in one modality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingSample {
    /// The person's number in the data set.
    pub identity: i64,
    /// The person's name, where the data set has names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The modality.
    pub modality: Modality,
    /// The embedding, of length 1.
    pub values: Vec<f32>,
}

/// Attention roll-out over a few queries of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionExample {
    /// The task.
    pub task: TaskId,
    /// Size of the pictures as the model takes them.
    pub size: PictureSize,
    /// The queries.
    pub queries: Vec<AttentionQuery>,
}

/// Attention roll-out over one query. Values are comparable within one picture or caption only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionQuery {
    /// Pictures in the order of their modalities.
    pub pictures: Vec<PictureRelevance>,
    /// The caption, if the query has one.
    pub caption: Option<CaptionRelevance>,
}

/// How much each part of a picture contributes to the embedding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureRelevance {
    /// The picture.
    pub picture: ShownPicture,
    /// One value per token, row by row of the token grid.
    pub relevance: Vec<f32>,
}

/// How much each token of a caption contributes to the embedding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaptionRelevance {
    /// The caption.
    pub text: String,
    /// One value per token.
    pub relevance: Vec<f32>,
    /// The words of the caption and the tokens that make them, if another tokenizer than CLIP's found them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<CaptionWords>,
}

/// The words of a caption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptionWords {
    /// The words, in order.
    pub words: Vec<String>,
    /// The word, as a position among them, that each token belongs to; none for the end and what follows it.
    pub word_of: Vec<Option<usize>>,
}

impl From<Encoded> for CaptionWords {
    fn from(Encoded { words, word_of, .. }: Encoded) -> Self {
        Self { words, word_of }
    }
}

/// Everything that the report of a run shows, read from the run directory.
pub(super) struct ReportFiles {
    pub(super) result: RunResult,
    pub(super) rankings: BTreeMap<TaskId, RankedLists>,
    pub(super) embeddings: Option<EmbeddingExample>,
    pub(super) attention: Option<AttentionExample>,
    /// One entry per optimiser step; empty where nothing was trained.
    pub(super) training: Vec<MetricsLine>,
}

impl ReportFiles {
    /// Reads the files of a finished run. Runs of version 0.1 have no embeddings and no attention.
    ///
    /// # Errors
    /// [`Error`] naming the file that cannot be read, or `result.json` if the run is not finished.
    pub(super) fn read(run: &Run) -> Result<Self> {
        let result = run.result()?.ok_or_else(|| {
            Error::user(
                format!("{} has no result.json", run.directory().display()),
                "a run is finished when its result.json is there; run the experiment again to continue it",
            )
        })?;
        Ok(Self {
            rankings: run.read_with(&result, RANKINGS)?.unwrap_or_default(),
            embeddings: run.read_with(&result, EMBEDDINGS)?,
            attention: run.read_with(&result, ATTENTION)?,
            result,
            training: training_log(run)?,
        })
    }
}

/// The lines of `metrics.jsonl`, one per optimiser step; none where nothing was trained.
///
/// # Errors
/// [`Error`] naming the file and the line that cannot be parsed.
pub fn training_log(run: &Run) -> Result<Vec<MetricsLine>> {
    let path = run.metrics();
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(fs::read_to_string(&path)?.lines()) {
        let parsed = serde_json::from_str(line).map_err(|e| {
            Error::user(
                format!("{}, line {number}: {e}", path.display()),
                "every line holds one JSON object, as training writes it",
            )
        })?;
        lines.push(parsed);
    }
    Ok(lines)
}
