//! Draws contact sheets of the street:
//! `cargo run --profile quick -p aio-synth --example street OUT.png rgb|infrared|sketch|colour [SEED] [HEIGHT]`.
//!
//! Every row is one camera or artist.

use aio_synth::street::compose::domain::{Counts, Domain, Picture};
use aio_synth::street::compose::layer::Model;
use aio_synth::street::compose::style::Style;
use aio_synth::street::person::Person;
use aio_types::rng;
use image::{RgbImage, imageops};

const ROWS: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let usage = "usage: street OUT.png rgb|infrared|sketch|colour [SEED] [HEIGHT]";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments.first().ok_or(usage)?;
    let kind: fn(usize) -> Picture = match arguments.get(1).map(String::as_str) {
        Some("rgb") => Picture::Rgb,
        Some("infrared") => Picture::Infrared,
        Some("sketch") => Picture::Sketch,
        Some("colour") => Picture::ColourPencil,
        _ => return Err(usage.into()),
    };
    let seed: u64 = arguments.get(2).map_or(Ok(0), |s| s.parse())?;
    let height: usize = arguments.get(3).map_or(Ok(128), |s| s.parse())?;
    let width = height / 2;
    let columns = 1792 / height;
    let counts = Counts { visible: 4, infrared: 4, artists: 4 };
    let domains = [
        Domain::sample(seed, "campus", Style::CAMPUS, counts),
        Domain::sample(seed, "building", Style::BUILDING, counts),
    ];
    let people: Vec<Person> =
        (0..40).map(|i| Person::sample(&mut rng(seed, "person", i))).collect();
    let mut sheet = RgbImage::new((columns * (width + 2)) as u32, (ROWS * (height + 2)) as u32);
    for row in 0..ROWS {
        for column in 0..columns {
            let number = row * columns + column;
            let person = &people[number % people.len()];
            let passers: Vec<&dyn Model> =
                (1..3).map(|k| &people[(number + k) % people.len()] as &dyn Model).collect();
            let rng = &mut rng(seed, "picture", number as u64);
            let picture =
                domains[row % 2].picture(kind(row / 2), person, &passers, (height, width), rng);
            let at = ((column * (width + 2)) as i64, (row * (height + 2)) as i64);
            imageops::replace(&mut sheet, &picture, at.0, at.1);
        }
    }
    sheet.save(path)?;
    Ok(())
}
