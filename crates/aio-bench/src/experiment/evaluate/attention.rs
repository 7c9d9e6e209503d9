//! Attention roll-out over the example queries of one task.

use crate::error::{Error, Result};
use crate::report::{
    AttentionExample, AttentionQuery, CaptionRelevance, CaptionWords, PictureRelevance, RankedList,
    RankedLists, ShownPicture,
};
use aio_data::picture;
use aio_model::Extractor;
use aio_tokenize::SentenceTokenizer;
use aio_types::{Observation, PictureSize, TaskId};
use std::collections::BTreeMap;

/// Computes how much every token of the task's chosen queries contributes to their embeddings; `None` without a task or a
/// query.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read or the task that the model cannot embed.
pub(super) fn roll_out(
    extractor: &Extractor,
    task: Option<&TaskId>,
    rankings: &BTreeMap<TaskId, RankedLists>,
) -> Result<Option<AttentionExample>> {
    let Some((task, lists)) = task.and_then(|task| Some((task, rankings.get(task)?))) else {
        return Ok(None);
    };
    if lists.chosen.is_empty() {
        return Ok(None);
    }
    let size = extractor.preprocessing().size();
    let mut queries = Vec::new();
    for list in &lists.chosen {
        queries.push(roll_out_query(extractor, task, list, size)?);
    }
    Ok(Some(AttentionExample { task: task.clone(), size, queries }))
}

fn roll_out_query(
    extractor: &Extractor,
    task: &TaskId,
    list: &RankedList,
    size: PictureSize,
) -> Result<AttentionQuery> {
    // One picture of each modality, in the order in which a sequence holds them.
    let mut pictures = list.pictures.clone();
    pictures.sort_by_key(|picture| picture.modality);
    pictures.dedup_by_key(|picture| picture.modality);
    let mut input = Observation { pictures: Vec::new(), caption: list.caption.clone() };
    for ShownPicture { modality, picture } in &pictures {
        let decoded = picture.prepared(picture::open(&picture.path, size)?);
        input.pictures.push((*modality, decoded));
    }
    let mut relevance =
        extractor.rollout(&input).map_err(|e| Error::Failure(format!("{task}: {e}")))?.into_iter();
    let pictures = pictures
        .into_iter()
        .zip(relevance.by_ref())
        .map(|(picture, relevance)| PictureRelevance { picture, relevance })
        .collect();
    let caption = list.caption.clone().zip(relevance.next());
    let caption = caption.map(|(text, relevance)| {
        let words = words(extractor.sentences(), &text);
        CaptionRelevance { text, relevance, words }
    });
    Ok(AttentionQuery { pictures, caption })
}

/// The words of a caption. Those of CLIP's tokenizer are found again where they are drawn.
fn words(sentences: &SentenceTokenizer, text: &str) -> Option<CaptionWords> {
    match sentences {
        SentenceTokenizer::Clip { .. } => None,
        SentenceTokenizer::Pieces(pieces) => Some(pieces.encode(text).into()),
    }
}
