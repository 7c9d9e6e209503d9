//! Refining a search without a language model: which question helps most, and what an answer changes.
//!
//! A question asks for words of captions. A person answers it from what they know, and a row answers it from its captions, by one rule
//! ([`Mentions::reply`]). Rows that agree with the person move forward ([`Dialogue::agreement`]). "Like this one" and "not this one" move the
//! vector of the query ([`rocchio`]).

mod dialogue;
mod feedback;
mod mentions;
mod question;

pub use dialogue::{Dialogue, REPLY_WEIGHT, Replied};
pub use feedback::rocchio;
pub use mentions::{Mentions, Reply};
pub use question::{CANDIDATES, Phrase, Question, best_question, described, questions};
