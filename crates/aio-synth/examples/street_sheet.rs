//! Draws people of the street in front of a plain wall, to judge them:
//! `cargo run --locked --profile quick -p aio-synth --example street_sheet OUT.png [SEED] [HEIGHT] [still|alike]`.
//!
//! Every row is one or more people from four sides; with `alike`, a person and look-alikes.

use aio_synth::street::compose::layer::{Model, Stand};
use aio_synth::street::person::Person;
use aio_synth::street::scene::light::Light;
use aio_synth::street::scene::view::{Crop, Eye};
use aio_types::rng;
use image::{Rgb, RgbImage, imageops};
use std::f32::consts::{FRAC_PI_2, PI};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path =
        arguments.first().ok_or("usage: street_sheet OUT.png [SEED] [HEIGHT] [still|alike]")?;
    let seed: u64 = arguments.get(1).map_or(Ok(0), |s| s.parse())?;
    let height: usize = arguments.get(2).map_or(Ok(384), |s| s.parse())?;
    let mode = arguments.get(3).map_or("", String::as_str);
    let width = height / 2;
    let (columns, rows) = (1920 / width, (1600 / height).max(1));
    let mut sheet = RgbImage::new((columns * width) as u32, (rows * height) as u32);
    for number in 0..rows * columns {
        let who = number / 4;
        let mut person = Person::sample(&mut rng(seed, "person", who as u64));
        if mode == "alike" && number % 4 > 0 {
            person = person.look_alike(&mut rng(seed, "alike", number as u64), number % 4);
        }
        let turn =
            if mode == "alike" { PI + 0.4 } else { PI + 0.45 + FRAC_PI_2 * (number % 4) as f32 };
        let picture = studio(&person, turn, mode == "still", (height, width), number as u64);
        let at = ((number % columns * width) as i64, (number / columns * height) as i64);
        imageops::replace(&mut sheet, &picture, at.0, at.1);
    }
    sheet.save(path)?;
    Ok(())
}

/// A person in plain light, seen from the height of a shoulder.
fn studio(person: &Person, turn: f32, still: bool, size: (usize, usize), number: u64) -> RgbImage {
    let figure = person.stand(Stand { at: [0.0; 3], turn, still }, &mut rng(0, "pose", number));
    let focal = 3.0 * size.0 as f32;
    let eye = Eye::looking(
        [0.0, 1.7, -6.0],
        [0.0, 0.95, 0.0],
        0.0,
        focal,
        (size.0 as f32, size.1 as f32),
    );
    let crop =
        Crop { top: 0.0, left: 0.0, height: size.0 as f32, width: size.1 as f32, raster: size };
    let layer = figure.layer(&eye, &crop, 2 * size.0, 2 * size.1);
    let light = Light {
        sun: [-0.48, 0.72, -0.50],
        sunlight: [1.0, 0.96, 0.9],
        sky: [0.62, 0.68, 0.76],
        bounce: [0.25, 0.24, 0.22],
        lamps: Vec::new(),
        glow: [0.0; 3],
        closeness: 0.5,
    };
    let mut picture = RgbImage::new(size.1 as u32, size.0 as u32);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let mut sum = [0.0; 3];
        for k in 0..4 {
            let at = (2 * y as usize + k / 2) * layer.columns + 2 * x as usize + k % 2;
            let value = layer.samples[at].as_ref().map_or([0.30; 3], |s| {
                let lit = 1.0 - figure.self_shadow(s, light.sun);
                let irradiance = light.irradiance(s.position, s.normal, lit, s.open);
                std::array::from_fn(|c| s.albedo[c] * irradiance[c])
            });
            (0..3).for_each(|c| sum[c] += 0.25 * value[c]);
        }
        let encode = |v: f32| (255.0 * v.clamp(0.0, 1.0).powf(1.0 / 2.2)) as u8;
        *pixel = Rgb(sum.map(encode));
    }
    picture
}
