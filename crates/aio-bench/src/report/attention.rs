//! Attention roll-out over example queries: what of each picture and sentence reached the embedding.

use crate::error::{Error, Result};
use crate::evaluate::{RankedList, ShownPicture};
use aio_data::picture;
use aio_model::Extractor;
use aio_tokenize::bpe::Bpe;
use aio_types::{Observation, PictureSize};
use image::{Rgb, RgbImage, imageops};
use plotters::prelude::*;

const CELL: (u32, u32) = (96, 192);
const GAP: u32 = 10;
const HEAD: u32 = 34;
const SENTENCE: u32 = 340;
/// Okabe and Ito's vermilion.
const HOT: [f32; 3] = [213.0, 94.0, 0.0];

/// A value between 0 and 1 by where it lies among all of its picture's.
fn scaled(values: &[f32]) -> Vec<f32> {
    let (low, high) =
        values.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    values.iter().map(|v| (v - low) / (high - low).max(1e-9)).collect()
}

/// A picture, of `size` before it was made `shown`, under its relevance: grey where little of it counts, coloured where much does.
fn overlaid(mut shown: RgbImage, size: PictureSize, relevance: &[f32]) -> Result<RgbImage> {
    let PictureSize { height, width } = size;
    // The grid has the picture's proportions.
    let columns = ((relevance.len() * width) as f32 / height as f32).sqrt().round().max(1.0) as u32;
    let rows = relevance.len() as u32 / columns;
    let map = image::ImageBuffer::<image::Luma<f32>, Vec<f32>>::from_raw(
        columns,
        rows,
        scaled(relevance)[..(rows * columns) as usize].to_vec(),
    );
    let map = map.ok_or_else(|| Error::Failure("a map of relevance has the wrong size".into()))?;
    let map = imageops::resize(&map, CELL.0, CELL.1, imageops::FilterType::Triangle);
    for (pixel, heat) in shown.pixels_mut().zip(map.pixels()) {
        let (strength, light) = (0.65 * heat.0[0], pixel.0.map(f32::from));
        let grey = 0.299 * light[0] + 0.587 * light[1] + 0.114 * light[2];
        let blend = |c: usize| (1.0 - strength) * (0.5 * light[c] + 0.5 * grey) + strength * HOT[c];
        *pixel = Rgb([0, 1, 2].map(|c| blend(c) as u8));
    }
    Ok(shown)
}

/// Draws queries, each picture beside itself under its relevance, and the sentence with its words coloured by theirs. Relevance is scaled within
/// each picture and sentence: it compares places, not modalities.
pub(super) fn draw(
    extractor: &Extractor,
    task: &str,
    lists: &[RankedList],
) -> Result<Option<RgbImage>> {
    let size = extractor.preprocessing().size();
    let parts = lists.iter().map(|l| l.pictures.len() as u32).max().unwrap_or(0);
    if lists.is_empty() || parts == 0 {
        return Ok(None);
    }
    let pair = 2 * CELL.0 + 2 * GAP;
    let left = GAP + parts * pair;
    let texts = lists.iter().any(|l| l.caption.is_some());
    let (width, height) =
        (left + if texts { SENTENCE } else { 0 }, HEAD + lists.len() as u32 * (CELL.1 + GAP));
    let mut canvas = RgbImage::from_pixel(width, height, Rgb([255; 3]));
    let mut words: Vec<(String, i32, i32, RGBColor)> = Vec::new();
    for (row, list) in lists.iter().enumerate() {
        let y = HEAD + row as u32 * (CELL.1 + GAP);
        let mut input = Input { pictures: Vec::new(), caption: list.caption.clone() };
        for ShownPicture { modality, picture } in &list.pictures {
            input.pictures.push((*modality, picture.prepared(picture::open(&picture.path, size)?)));
        }
        let rolled =
            extractor.rollout(&input).map_err(|e| Error::Failure(format!("{task}: {e}")))?;
        // Modalities come in their own order in a sequence, whatever the order of the pictures.
        input.pictures.sort_by_key(|(modality, _)| *modality);
        for (i, ((_, picture), relevance)) in (0..).zip(input.pictures.into_iter().zip(&rolled)) {
            let plain = RgbImage::from_raw(size.width as u32, size.height as u32, picture.pixels);
            let plain =
                plain.ok_or_else(|| Error::Failure("a picture has the wrong size".into()))?;
            let plain = imageops::resize(&plain, CELL.0, CELL.1, imageops::FilterType::Triangle);
            let x = GAP + i * pair;
            imageops::replace(&mut canvas, &plain, x.into(), y.into());
            imageops::replace(
                &mut canvas,
                &overlaid(plain, size, relevance)?,
                (x + CELL.0 + 4).into(),
                y.into(),
            );
        }
        if let Some(caption) = &list.caption {
            let (mut x, mut line) = (left as i32, y as i32 + 4);
            for (word, strength) in
                by_word(caption, rolled.last().map(Vec::as_slice).unwrap_or_default())
            {
                let room = 8 * word.chars().count() as i32 + 8;
                if x + room > (left + SENTENCE) as i32 {
                    (x, line) = (left as i32, line + 20);
                }
                let blend = |c: usize| (150.0 + (HOT[c] - 150.0) * strength) as u8;
                words.push((word, x, line, RGBColor(blend(0), blend(1), blend(2))));
                x += room;
            }
        }
    }
    let mut pixels = canvas.into_raw();
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        let failed =
            |e: String| Error::Failure(format!("cannot draw the attention of {task}: {e}"));
        let title = Text::new(
            format!("{task}: attention roll-out"),
            (GAP as i32, 8),
            ("sans-serif", 17).into_font().color(&BLACK),
        );
        area.draw(&title).map_err(|e| failed(e.to_string()))?;
        for (word, x, y, colour) in words {
            area.draw(&Text::new(word, (x, y), ("sans-serif", 15).into_font().color(&colour)))
                .map_err(|e| failed(e.to_string()))?;
        }
        area.present().map_err(|e| failed(e.to_string()))?;
    }
    RgbImage::from_raw(width, height, pixels)
        .ok_or_else(|| Error::Failure("the canvas has the wrong size".into()))
        .map(Some)
}

/// The words of a sentence and how much each counts, scaled; a word counts as much as its pieces together.
fn by_word(caption: &str, relevance: &[f32]) -> Vec<(String, f32)> {
    let encoded = Bpe::clip().encode(caption);
    let mut sums = vec![0.0; encoded.words.len()];
    for (word, value) in encoded.word_of.iter().zip(relevance) {
        if let Some(word) = word {
            sums[*word] += value;
        }
    }
    encoded.words.into_iter().zip(scaled(&sums)).collect()
}
