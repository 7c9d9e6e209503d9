//! What questions and answers hold; `aio_gallery` chooses the one and applies the other.

use aio_gallery::{Dialogue, Hit, Replied, Reply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The question whose answer would tell the best results apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct QuestionBody {
    /// None if no caption of the results tells them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) question: Option<Question>,
}

/// Words that tell the best results apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Question {
    /// The words, from the captions of the results.
    pub(super) words: String,
    /// Results that were compared; those of one identity count once.
    pub(super) candidates: usize,
    /// The best row of each whose captions have the words.
    pub(super) with: Vec<u64>,
    /// The best row of each whose captions do not have them.
    pub(super) without: Vec<u64>,
}

impl Question {
    /// The best question about the results of a search.
    pub(super) fn about(hits: &[Hit], dialogue: &Dialogue) -> Option<Self> {
        let results = hits.iter().map(|hit| (hit.row, &hit.record));
        let asked = aio_gallery::Question::about(results, dialogue)?;
        let aio_gallery::Question { words, candidates, with, without } = asked;
        Some(Self { words, candidates, with, without })
    }
}

/// An answer to a question.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerBody {
    /// The words that were asked for.
    #[schemars(length(max = 200))]
    words: String,
    /// Whether they hold for the person.
    reply: ReplyBody,
}

/// Whether words hold for a person.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum ReplyBody {
    /// They hold.
    Yes,
    /// They do not hold.
    No,
    /// It is not known; no row moves, and nothing with the same noun is asked again.
    Unknown,
}

impl AnswerBody {
    /// The length of the words, in characters.
    pub(super) fn length(&self) -> usize {
        self.words.chars().count()
    }

    /// The answer as a search takes it.
    pub(super) fn read(&self) -> Replied {
        let reply = match self.reply {
            ReplyBody::Yes => Reply::Yes,
            ReplyBody::No => Reply::No,
            ReplyBody::Unknown => Reply::Unknown,
        };
        Replied { words: self.words.clone(), reply }
    }
}
