//! What was asked and answered so far.

use super::mentions::{Mentions, Reply, ends_with, noun};
use serde::{Deserialize, Serialize};

/// How far a row moves for each answer with which its captions agree or disagree, as a difference of cosines. Chosen on the development
/// domains of the synthetic benchmark alone (docs/findings.md).
pub const REPLY_WEIGHT: f32 = 0.05;

/// Words that were asked for, and the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replied {
    /// The words.
    pub words: String,
    /// The answer.
    pub reply: Reply,
}

impl Replied {
    /// Its words as captions mention them. None unless they are the words of one thing: no caption could agree with others, or deny them.
    pub(crate) fn asked(&self) -> Option<String> {
        Mentions::asked(&self.words)
    }
}

/// What is known of the person who is looked for: the sentence of the query, and the answers in their order.
#[derive(Debug, Clone, Default)]
pub struct Dialogue {
    said: Mentions,
    replies: Vec<Replied>,
}

impl Dialogue {
    /// A dialogue in which nothing was asked yet.
    #[must_use]
    pub fn new(sentence: Option<&str>) -> Self {
        Self { said: Mentions::of(sentence), replies: Vec::new() }
    }

    /// Adds an answer. The words are read as those of captions: case, articles and signs do not matter.
    pub fn add(&mut self, words: &str, reply: Reply) {
        let asked = Mentions::asked(words).unwrap_or_else(|| words.trim().to_lowercase());
        self.replies.push(Replied { words: asked, reply });
    }

    /// Whether the answer to `words` may tell something new.
    ///
    /// Once something is said of a noun, by the sentence or by a yes, only phrases that say more than that are asked. After a no the words are
    /// not asked again, also not with other words before them. After an unknown nothing with that noun is asked.
    pub(super) fn may_ask(&self, words: &str) -> bool {
        let says_more = |known: &str| words != known && ends_with(words, known);
        let is_open = |replied: &Replied| {
            noun(&replied.words) != noun(words)
                || match replied.reply {
                    Reply::Yes => says_more(&replied.words),
                    Reply::No => !ends_with(words, &replied.words),
                    Reply::Unknown => false,
                }
        };
        self.replies.iter().all(is_open)
            && self.said.groups().all(|group| noun(group) != noun(words) || says_more(group))
    }

    /// How much the captions of a row agree with the answers: the sum over the answers of `a · m`, where `a` is the answer and `m` what the
    /// captions say, each 1 (yes), −1 (no) or 0 (unknown).
    ///
    /// A row without captions agrees by 0. Rows are ranked by `cos + w · agreement`, with [`REPLY_WEIGHT`] as `w`.
    ///
    /// ```
    /// # use aio_gallery::{Dialogue, Mentions, Reply};
    /// let mut dialogue = Dialogue::new(Some("a man with a bag"));
    /// dialogue.add("red coat", Reply::Yes);
    /// dialogue.add("hat", Reply::No);
    /// assert_eq!(dialogue.agreement(&Mentions::of(["a red coat and a hat"])), 0.0);
    /// assert_eq!(dialogue.agreement(&Mentions::of(["a blue coat"])), -1.0);
    /// ```
    #[must_use]
    pub fn agreement(&self, row: &Mentions) -> f32 {
        let agrees = |replied: &Replied| replied.reply.sign() * row.reply(&replied.words).sign();
        self.replies.iter().map(agrees).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_tell_something_new_is_asked() {
        let mut dialogue = Dialogue::new(Some("a man in grey trousers with a bag"));
        for (words, reply) in
            [("coat", Reply::Yes), ("red hat", Reply::No), (" White Shoes", Reply::Unknown)]
        {
            dialogue.add(words, reply);
        }
        for (words, expected) in [
            // Said by the sentence.
            ("trousers", false),
            ("grey trousers", false),
            ("blue trousers", false),
            ("dark grey trousers", true),
            ("leather bag", true),
            // Answered with yes.
            ("coat", false),
            ("red coat", true),
            // Answered with no.
            ("red hat", false),
            ("dark red hat", false),
            ("hat", true),
            ("blue hat", true),
            // Not known.
            ("shoes", false),
            ("black shoes", false),
            ("scarf", true),
        ] {
            assert_eq!(dialogue.may_ask(words), expected, "{words}");
        }
    }

    #[test]
    fn unknown_answers_and_rows_without_captions_change_nothing() {
        let rows =
            [Mentions::of(["a red coat"]), Mentions::of(["a blue coat"]), Mentions::default()];
        let agreement = |reply| {
            let mut dialogue = Dialogue::default();
            dialogue.add("Red coat", reply);
            rows.each_ref().map(|row| dialogue.agreement(row))
        };
        assert_eq!(agreement(Reply::Yes), [1.0, -1.0, 0.0]);
        assert_eq!(agreement(Reply::No), [-1.0, 1.0, 0.0]);
        assert_eq!(agreement(Reply::Unknown), [0.0; 3]);
    }
}
