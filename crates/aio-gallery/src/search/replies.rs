//! What answers about captions change: how far every row moves.

use crate::error::Result;
use crate::gallery::Gallery;
use crate::refine::{Dialogue, Mentions, REPLY_WEIGHT, Replied, Reply};
use rayon::prelude::*;

/// For every segment, what is added to the similarities of those of its rows that are chosen; none if the answers move no row.
pub(super) fn shifts(
    gallery: &Gallery,
    replies: &[Replied],
    chosen: &[Vec<bool>],
) -> Result<Option<Vec<Vec<f32>>>> {
    if replies.iter().all(|replied| replied.reply == Reply::Unknown) {
        return Ok(None);
    }
    let mut dialogue = Dialogue::new(None);
    replies.iter().for_each(|replied| dialogue.add(&replied.words, replied.reply));
    let mut shifts = Vec::with_capacity(gallery.segments.len());
    for (segment, chosen) in gallery.segments.iter().zip(chosen) {
        let rows = segment.rows()?;
        let column = rows.column("caption");
        let shift = |position: usize| {
            let column = column.filter(|_| chosen[position]);
            let caption = column.and_then(|column| rows.text(column, position));
            caption.map_or(0.0, |text| REPLY_WEIGHT * dialogue.agreement(&Mentions::of([text])))
        };
        shifts.push((0..segment.len()).into_par_iter().map(shift).collect());
    }
    Ok(Some(shifts))
}
