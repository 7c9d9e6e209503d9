//! What lies beside the visual tower of a CLIP or SigLIP checkpoint: the text tower, or CLIP's token table alone.

use super::key_map::KeyMap;
use super::parts::{OPEN_CLIP_TRUNK, TOKEN_TABLE, TOWER, TextPart};
use super::siglip_text::Names;
use super::{Hints, Layout, blocks};
use crate::TextUse;
use aio_encoder::EncoderConfig;
use aio_encoder::weights::RawTensor;
use aio_tokenize::bpe::{CONTEXT, VOCABULARY};

/// What follows the prefix of the visual tower.
const VISUAL: &str = "visual.";

/// Names of the text tower, below its prefix.
const TABLE: &str = "token_embedding.weight";
const POSITIONS: &str = "positional_embedding";
const PROJECTION: &str = "text_projection";
const NORM: &str = "ln_final";

/// Takes over the text tower, or CLIP's token table where the tower is not wanted or there is none.
///
/// `visual` are the sizes of the visual tower, `embedding` the width of its embeddings.
///
/// # Errors
/// A sentence that says what a tower that was asked for lacks.
pub(super) fn text(
    keys: &mut KeyMap,
    layout: Layout,
    hints: &Hints,
    visual: &EncoderConfig,
    embedding: Option<usize>,
) -> Result<Option<TextPart>, String> {
    let wants_tower = hints.text.is_some_and(TextUse::is_tower);
    if let Some(names) = Names::of(keys, layout) {
        // The token table alone is of no use here: its ids are those of another tokenizer.
        return match names.find(keys) {
            Ok(found) if !hints.leave_out_tower() => {
                let embedding = embedding.unwrap_or(visual.embed_dim);
                found.take(keys, visual, embedding).map(Some)
            }
            Err(problem) if wants_tower => {
                Err(format!("it has no text tower of SigLIP: {problem}"))
            }
            _ => Ok(None),
        };
    }
    if layout != Layout::Clip && !keys.prefix.ends_with(OPEN_CLIP_TRUNK) {
        return if wants_tower {
            Err(format!("it has no text tower of CLIP or SigLIP: its layout is {layout}"))
        } else {
            Ok(None)
        };
    }
    let beside = [VISUAL, OPEN_CLIP_TRUNK].iter().find_map(|part| keys.prefix.strip_suffix(part));
    let beside = beside.map(str::to_owned);
    let found = match &beside {
        Some(beside) => find(keys, beside),
        None => Err("its names have no part `visual.` beside which one could be".into()),
    };
    match found {
        Ok(prefix) if !hints.leave_out_tower() => {
            let encoder = tower(keys, prefix, visual, embedding)?;
            Ok(Some(TextPart { encoder, vocabulary: None }))
        }
        Err(problem) if wants_tower => Err(format!("it has no text tower of CLIP: {problem}")),
        _ => {
            let beside = beside.unwrap_or_else(|| keys.prefix.clone());
            token_table(keys, &beside);
            Ok(None)
        }
    }
}

/// The prefix of a complete text tower; a sentence that says what is missing otherwise.
fn find(keys: &KeyMap, beside: &str) -> Result<String, String> {
    let text = format!("{beside}text.");
    let has = |prefix: &str, name: &str| keys.left.contains_key(&format!("{prefix}{name}"));
    let prefix = if has(&text, TABLE) { text } else { beside.to_owned() };
    let norm = format!("{}{}.weight", Layout::Clip.block(0), Layout::Clip.block_names().norm1);
    for name in [TABLE, POSITIONS, PROJECTION, "ln_final.weight", norm.as_str()] {
        if !has(&prefix, name) {
            return Err(format!("`{prefix}{name}` is missing"));
        }
    }
    if has(&prefix, "cls_emb") {
        return Err(format!("`{prefix}cls_emb` is CoCa's, whose feature is not the end token's"));
    }
    let shape = |name: &str| &keys.left[&format!("{prefix}{name}")].shape;
    let (table, positions) = (shape(TABLE), shape(POSITIONS));
    match (&table[..], &positions[..]) {
        ([VOCABULARY, width], [1..=CONTEXT, of_positions]) if width == of_positions => Ok(prefix),
        _ => Err(format!(
            "`{prefix}{TABLE}` is {table:?} and `{prefix}{POSITIONS}` {positions:?}, expected [{VOCABULARY}, width] and [{CONTEXT} or fewer, width] of CLIP's tokenizer"
        )),
    }
}

/// Moves the tensors of a tower that [`find`] has found.
fn tower(
    keys: &mut KeyMap,
    prefix: String,
    visual: &EncoderConfig,
    embedding: Option<usize>,
) -> Result<EncoderConfig, String> {
    let encoder = keys.below(&prefix, |keys| move_tensors(keys, visual, embedding))?;
    keys.note_unknown(&format!("{prefix}transformer."));
    Ok(EncoderConfig { causal: true, ..encoder })
}

/// Moves the tensors of a tower, all of which begin with the prefix of `keys`.
fn move_tensors(
    keys: &mut KeyMap,
    visual: &EncoderConfig,
    embedding: Option<usize>,
) -> Result<EncoderConfig, String> {
    let heads = keys.shape(TABLE).and_then(|shape| shape.get(1)).copied();
    let heads = heads.map(|width| blocks::text_heads(width, false));
    let hints = Hints { heads, activation: Some(visual.activation), ..Hints::default() };
    let encoder = blocks::encoder(keys, Layout::Clip, &hints, &format!("{TOWER}encoder."))?;
    let width = encoder.embed_dim;
    let tokenizer = format!("{TOWER}tokenizer.");
    keys.require(TABLE, &format!("{tokenizer}embedding.weight"), &[VOCABULARY, width]);
    let context = keys.shape(POSITIONS).map_or(CONTEXT, |shape| shape[0]);
    keys.require(POSITIONS, &format!("{tokenizer}positions"), &[context, width]);
    keys.require_norm(NORM, &format!("{TOWER}projection.norm"), width);
    if let Some(tensor) = keys.take(PROJECTION) {
        projection(keys, tensor, width, embedding);
    }
    Ok(encoder)
}

/// CLIP multiplies by a matrix `[width, embedding]`; the embedding is as wide as that of pictures.
fn projection(keys: &mut KeyMap, tensor: RawTensor, width: usize, embedding: Option<usize>) {
    match &tensor.shape[..] {
        [from, to] if *from == width && embedding.is_none_or(|wanted| wanted == *to) => {
            keys.put(PROJECTION, &format!("{TOWER}projection.linear.weight"), tensor.transposed());
        }
        _ => {
            let to = embedding.map_or("embedding".to_owned(), |to| to.to_string());
            keys.note_misshaped(PROJECTION, &tensor, &format!("[{width}, {to}]"));
        }
    }
}

/// The token table, which is stored beside the visual tower.
fn token_table(keys: &mut KeyMap, beside: &str) {
    for name in [TABLE.to_owned(), format!("text.{TABLE}")] {
        let name = format!("{beside}{name}");
        if let Some(tensor) = keys.left.remove(&name) {
            match &tensor.shape[..] {
                [VOCABULARY, _] => {}
                // The table of another tokenizer is of no use here.
                [_, _] => return drop(keys.left.insert(name, tensor)),
                _ => {
                    let problem = format!("{name}: {:?}, expected [tokens, width]", tensor.shape);
                    keys.coverage.misshaped.push(problem);
                    return;
                }
            }
            keys.coverage.loaded.push((name, TOKEN_TABLE.into()));
            keys.moved.insert(TOKEN_TABLE.into(), tensor);
            return;
        }
    }
}
