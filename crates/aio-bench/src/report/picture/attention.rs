//! Attention roll-out over example queries: how much each part of a picture and each word contributes to the embedding.

use super::{Label, with_labels, wrong_size};
use crate::error::Result;
use crate::report::{
    AttentionExample, AttentionQuery, CaptionRelevance, CaptionWords, PictureRelevance,
    ShownPicture,
};
use aio_data::picture;
use aio_tokenize::bpe::Bpe;
use aio_types::PictureSize;
use image::{Rgb, RgbImage, imageops};
use plotters::prelude::{BLACK, RGBColor};

/// Width and height of a picture.
const CELL: (u32, u32) = (96, 192);
const GAP: u32 = 10;
/// Height of the title.
const HEAD: u32 = 34;
/// Width of the column with captions.
const CAPTION_WIDTH: u32 = 340;
/// Width of a picture and its copy with the relevance.
const PAIR: u32 = 2 * CELL.0 + 2 * GAP;
/// Okabe and Ito's vermilion.
const HOT: [f32; 3] = [213.0, 94.0, 0.0];

/// Draws queries: each picture beside a copy coloured by relevance, and the caption with its words coloured likewise. Relevance is scaled
/// within each picture and caption, so that it compares places, not modalities. `None` if no query has a picture.
///
/// # Errors
/// [`Error`](crate::error::Error) naming the picture that cannot be read.
pub(in crate::report) fn attention(example: &AttentionExample) -> Result<Option<RgbImage>> {
    let AttentionExample { task, size, queries } = example;
    let most_pictures = queries.iter().map(|query| query.pictures.len()).max().unwrap_or(0) as u32;
    if most_pictures == 0 {
        return Ok(None);
    }
    let captions = GAP + most_pictures * PAIR;
    let has_captions = queries.iter().any(|query| query.caption.is_some());
    let width = captions + if has_captions { CAPTION_WIDTH } else { 0 };
    let height = HEAD + queries.len() as u32 * (CELL.1 + GAP);
    let mut canvas = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let title = format!("{task}: attention roll-out");
    let mut labels = vec![Label { text: title, at: (GAP as i32, 8), size: 17, colour: BLACK }];
    for (row, query) in (0..).zip(queries) {
        let y = HEAD + row * (CELL.1 + GAP);
        draw_pictures(&mut canvas, query, *size, y)?;
        if let Some(caption) = &query.caption {
            labels.extend(word_labels(caption, captions as i32, y as i32 + 4));
        }
    }
    with_labels(canvas, labels).map(Some)
}

fn draw_pictures(
    canvas: &mut RgbImage,
    query: &AttentionQuery,
    size: PictureSize,
    y: u32,
) -> Result<()> {
    for (column, PictureRelevance { picture, relevance }) in (0..).zip(&query.pictures) {
        let ShownPicture { picture, .. } = picture;
        let seen = picture.prepared(picture::open(&picture.path, size)?);
        let seen = RgbImage::from_raw(size.width as u32, size.height as u32, seen.pixels)
            .ok_or_else(wrong_size)?;
        let plain = imageops::resize(&seen, CELL.0, CELL.1, imageops::FilterType::Triangle);
        let x = GAP + column * PAIR;
        imageops::replace(canvas, &plain, x.into(), y.into());
        let coloured = coloured(plain, size, relevance)?;
        imageops::replace(canvas, &coloured, (x + CELL.0 + 4).into(), y.into());
    }
    Ok(())
}

/// Scales values to 0..1 by the lowest and the highest of them.
fn scaled(values: &[f32]) -> Vec<f32> {
    let low = values.iter().copied().fold(f32::MAX, f32::min);
    let high = values.iter().copied().fold(f32::MIN, f32::max);
    values.iter().map(|v| (v - low) / (high - low).max(1e-9)).collect()
}

/// Colours a picture by the relevance of its tokens: grey where it is low, vermilion where it is high. `size` is that of the picture that the
/// model took.
fn coloured(mut picture: RgbImage, size: PictureSize, relevance: &[f32]) -> Result<RgbImage> {
    let map = relevance_map(size, relevance)?;
    for (pixel, heat) in picture.pixels_mut().zip(map.pixels()) {
        let strength = 0.65 * heat.0[0];
        let light = pixel.0.map(f32::from);
        let grey = 0.299 * light[0] + 0.587 * light[1] + 0.114 * light[2];
        let blend = |c: usize| (1.0 - strength) * (0.5 * light[c] + 0.5 * grey) + strength * HOT[c];
        *pixel = Rgb([0, 1, 2].map(|c| blend(c) as u8));
    }
    Ok(picture)
}

type Map = image::ImageBuffer<image::Luma<f32>, Vec<f32>>;

/// The relevance of every pixel of a cell, scaled to 0..1. The token grid has the proportions of the picture.
fn relevance_map(size: PictureSize, relevance: &[f32]) -> Result<Map> {
    let PictureSize { height, width } = size;
    let columns = ((relevance.len() * width) as f32 / height as f32).sqrt().round().max(1.0) as u32;
    let rows = relevance.len() as u32 / columns;
    let values = scaled(relevance)[..(rows * columns) as usize].to_vec();
    let grid = Map::from_raw(columns, rows, values).ok_or_else(wrong_size)?;
    Ok(imageops::resize(&grid, CELL.0, CELL.1, imageops::FilterType::Triangle))
}

/// The words of a caption, in lines from (`left`, `top`) on, coloured by their relevance.
fn word_labels(caption: &CaptionRelevance, left: i32, top: i32) -> Vec<Label> {
    let (mut x, mut y) = (left, top);
    let mut labels = Vec::new();
    for (word, strength) in relevance_by_word(caption) {
        let width = 8 * word.chars().count() as i32 + 8;
        if x + width > left + CAPTION_WIDTH as i32 {
            (x, y) = (left, y + 20);
        }
        let blend = |c: usize| (150.0 + (HOT[c] - 150.0) * strength) as u8;
        let colour = RGBColor(blend(0), blend(1), blend(2));
        labels.push(Label { text: word, at: (x, y), size: 15, colour });
        x += width;
    }
    labels
}

/// The words of a caption and their relevance, scaled to 0..1; a word has the sum of its tokens.
fn relevance_by_word(caption: &CaptionRelevance) -> Vec<(String, f32)> {
    let of_clip = || Bpe::clip().encode(&caption.text).into();
    let CaptionWords { words, word_of } = caption.words.clone().unwrap_or_else(of_clip);
    let mut sums = vec![0.0; words.len()];
    for (word, value) in word_of.iter().zip(&caption.relevance) {
        if let Some(sum) = word.and_then(|word| sums.get_mut(word)) {
            *sum += value;
        }
    }
    words.into_iter().zip(scaled(&sums)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_the_sum_of_its_tokens_whichever_tokenizer_found_them() {
        let text = "a turquoise bag".to_owned();
        let sums = |relevance: &[f32], words| {
            let relevance = relevance.to_vec();
            relevance_by_word(&CaptionRelevance { text: text.clone(), relevance, words })
        };
        // Start, "a", "turquoise", "bag", end.
        let of_clip = sums(&[9.0, 1.0, 2.0, 5.0, 9.0], None);
        let words = vec!["a".to_owned(), "turquoise".to_owned(), "bag".to_owned()];
        let expected: Vec<(String, f32)> = words.iter().cloned().zip([0.0, 0.25, 1.0]).collect();
        assert_eq!(of_clip, expected);
        let word_of = vec![Some(0), Some(1), Some(1), Some(2), None, None];
        let of_pieces =
            sums(&[1.0, 1.5, 0.5, 5.0, 9.0, 9.0], Some(CaptionWords { words, word_of }));
        assert_eq!(of_pieces, expected);
    }
}
