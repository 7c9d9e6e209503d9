use super::domains;
use super::plan::{Plan, sketch};
use crate::person::Person;
use crate::world::Domain;
use aio_data::{Result, fs};
use image::RgbImage;
use std::path::Path;

/// One row of pictures per domain and modality, for looking at.
///
/// # Errors
/// [`aio_data::DataError`] if the sheet cannot be written to `path`.
///
/// # Panics
/// Never: the thumbnails have a fixed size.
pub fn contact_sheet(path: &Path, seed: u64) -> Result<()> {
    const W: u32 = 64;
    const H: u32 = 128;
    const COLUMNS: usize = 14;
    let mut rows: Vec<Vec<RgbImage>> = Vec::new();
    for spec in domains::ALL {
        let domain = Domain::new(seed, spec);
        let plan = Plan { domain: &domain, seed, name: spec.name, jobs: Vec::new() };
        let people = plan.people("sheet", COLUMNS);
        let stream = |i: usize, what: &str| plan.stream(what, i as u64);
        let row = |draw: &dyn Fn(usize, &Person) -> RgbImage| -> Vec<RgbImage> {
            people.iter().enumerate().map(|(i, person)| draw(i, person)).collect()
        };
        let sketched = |i: usize, person: &Person, coloured: bool, what: &str| {
            sketch(person, plan.hand(i), coloured, &mut stream(i, what))
        };
        rows.push(row(&|i, p| plan.visible(i).shoot(p, &mut stream(i, "sheet photo"))));
        if !domain.infrared.is_empty() {
            let camera = |i: usize| &domain.infrared[i % domain.infrared.len()];
            rows.push(row(&|i, p| camera(i).shoot(p, &mut stream(i, "sheet infrared"))));
        }
        if !domain.hands.is_empty() {
            rows.push(row(&|i, p| sketched(i, p, false, "sheet sketch")));
        }
        if spec.name == domains::ORBENCH.name {
            rows.push(row(&|i, p| sketched(i, p, true, "sheet pencil")));
        }
    }
    let (gap, columns) = (2, COLUMNS as u32);
    let mut sheet = RgbImage::from_pixel(
        columns * (W + gap) + gap,
        rows.len() as u32 * (H + gap) + gap,
        image::Rgb([255; 3]),
    );
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            let thumbnail =
                image::imageops::resize(picture, W, H, image::imageops::FilterType::Triangle);
            let (x, y) = (gap + x as u32 * (W + gap), gap + y as u32 * (H + gap));
            image::imageops::replace(&mut sheet, &thumbnail, i64::from(x), i64::from(y));
        }
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    sheet.write_to(&mut bytes, image::ImageFormat::Png).expect("encoding to memory");
    fs::write_then_rename(path, bytes.get_ref())
}
