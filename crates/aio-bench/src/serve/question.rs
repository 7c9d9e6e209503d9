//! Which results the question about captions is chosen from: the people whom the list shows.

use super::failure::Failure;
use super::queue::Queue;
use super::searcher::Prepared;
use super::wire::{LONGEST_LIST, QuestionBody};
use crate::gallery::Searched;
use aio_gallery::{CANDIDATES, Dialogue, Hit, Question, described};
use std::collections::BTreeSet;

/// The column by which a list shows people.
const PEOPLE: &str = "identity";

/// Results that are looked through first.
const FIRST: usize = 100;

/// The question about the best people with captions. Where the best rows of people have too few captions, further rows are looked through.
///
/// # Errors
/// As the search.
pub(super) async fn about(
    mut prepared: Prepared,
    queue: &Queue,
) -> std::result::Result<QuestionBody, Failure> {
    let terms = &mut prepared.terms;
    terms.group_by = terms.group_by.take().filter(|column| column == PEOPLE);
    terms.top = FIRST;
    let first = queue.ask(prepared.clone()).await?;
    let mut lists = vec![first];
    if described(results(&lists)) < CANDIDATES {
        prepared.terms.group_by = None;
        prepared.terms.top = LONGEST_LIST;
        lists.push(queue.ask(prepared.clone()).await?);
    }
    let query = &prepared.query;
    let mut dialogue = Dialogue::new(query.row.text.as_deref());
    query.replies.iter().for_each(|replied| dialogue.add(&replied.words, replied.reply));
    Ok(QuestionBody { question: Question::about(results(&lists), &dialogue) })
}

/// The results of lists one after the other, each once.
fn results(lists: &[Searched]) -> impl Iterator<Item = (u64, &aio_gallery::Record)> {
    let hits = lists.iter().flat_map(|list| &list.answers).flat_map(|one| &one.answer.hits);
    let mut seen = BTreeSet::new();
    hits.filter(move |hit| seen.insert(hit.row)).map(|Hit { row, record, .. }| (*row, record))
}
