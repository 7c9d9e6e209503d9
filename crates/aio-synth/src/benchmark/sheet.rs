use super::domains::{self, Purpose};
use super::plan::Plan;
use crate::street::compose::domain::Picture;
use crate::street::compose::layer::Model;
use crate::street::person::Person;
use aio_data::{Result, fs};
use image::RgbImage;
use rayon::prelude::*;
use std::path::Path;

const WIDTH: usize = 64;
const HEIGHT: usize = 128;
const COLUMNS: usize = 20;
const GAP: usize = 2;

/// Rows of pictures per domain and modality, for looking at: people of each data set's fashion, who are in none of its parts.
///
/// # Errors
/// [`aio_data::DataError`] if the sheet cannot be written to `path`.
///
/// # Panics
/// Never: a picture in memory can be encoded.
pub fn contact_sheet(path: &Path, seed: u64) -> Result<()> {
    let mut rows: Vec<Vec<RgbImage>> = Vec::new();
    for domain in &domains::all(seed) {
        let plan = Plan { domain, seed, jobs: Vec::new() };
        let people = plan.people("sheet", COLUMNS);
        let street = &domain.street;
        let mut kinds: Vec<fn(usize) -> Picture> = vec![Picture::Rgb];
        if !street.infrared.is_empty() {
            kinds.push(Picture::Infrared);
        }
        if !street.artists.is_empty() {
            kinds.push(Picture::Sketch);
        }
        if domain.purpose == Purpose::Test && kinds.len() == 3 {
            kinds.push(Picture::ColourPencil);
        }
        for (k, kind) in kinds.into_iter().enumerate() {
            let draw = |(i, person): (usize, &Person)| {
                let other: &dyn Model = &people[(i + COLUMNS / 2) % COLUMNS];
                let rng = &mut plan.stream(&format!("sheet {k}"), i as u64);
                street.picture(kind(i), person, &[other], (HEIGHT, WIDTH), rng)
            };
            rows.push(people.par_iter().enumerate().map(draw).collect());
        }
    }
    let of = |count: usize, size: usize| (count * (size + GAP) + GAP) as u32;
    let mut sheet =
        RgbImage::from_pixel(of(COLUMNS, WIDTH), of(rows.len(), HEIGHT), image::Rgb([255; 3]));
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            let (x, y) = (of(x, WIDTH), of(y, HEIGHT));
            image::imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
        }
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet.write_to(&mut bytes, image::ImageFormat::Png).expect("encoding to memory");
    fs::write_output(path, bytes.get_ref())
}
