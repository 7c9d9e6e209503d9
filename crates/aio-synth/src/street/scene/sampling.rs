//! From rays to pixels: every pixel is the mean of 2 × 2 rays, but a surface is looked at once per pixel.

use super::space::V3;
use super::trace::{Seen, Visible};
use super::view::{Crop, Eye};
use crate::street::photo::Film;

/// Rays per pixel along each axis.
pub const SAMPLES: usize = 2;

/// Light of what a crop shows: of people, of the place, and of the sky.
pub struct Sources<'a, const C: usize> {
    /// Depth and light of the people at a sample of the raster of `SAMPLES` times the crop's (row, column); `None`
    /// where nobody is.
    pub people: &'a dyn Fn(usize, usize) -> Option<(f32, [f32; C])>,
    /// Light of a point of the place.
    pub place: &'a dyn Fn(&Seen) -> [f32; C],
    /// Light from a direction in which nothing stands.
    pub sky: &'a dyn Fn(V3) -> [f32; C],
}

/// The light that arrives at every pixel of `crop`.
#[must_use]
pub fn film<const C: usize>(
    eye: &Eye,
    crop: &Crop,
    visible: &Visible,
    sources: &Sources<C>,
) -> Film<C> {
    let (height, width) = crop.raster;
    let mut film = Film::filled(height, width, [0.0; C]);
    let share = 1.0 / (SAMPLES * SAMPLES) as f32;
    for y in 0..height {
        for x in 0..width {
            let mut known: [Option<(Option<usize>, [f32; C])>; SAMPLES * SAMPLES] =
                [None; SAMPLES * SAMPLES];
            let mut sum = [0.0; C];
            for sample in 0..SAMPLES * SAMPLES {
                let (row, column) =
                    (y * SAMPLES + sample / SAMPLES, x * SAMPLES + sample % SAMPLES);
                let person = (sources.people)(row, column);
                let at = |i: usize| (i as f32 + 0.5) / SAMPLES as f32;
                let (r, c) = crop.frame_pixel(at(row), at(column));
                let value = match (visible.meet(r, c, person.map(|p| p.0)), person) {
                    (None, Some((_, value))) => value,
                    (None, None) => (sources.sky)(eye.ray(r, c)),
                    (Some(met), _) => {
                        let seen = known.iter().flatten().find(|k| k.0 == met.thing);
                        match seen {
                            Some((_, value)) => *value,
                            None => {
                                let value = (sources.place)(&visible.describe(&met));
                                known[sample] = Some((met.thing, value));
                                value
                            }
                        }
                    }
                };
                (0..C).for_each(|k| sum[k] += share * value[k]);
            }
            film.pixels[y * width + x] = sum;
        }
    }
    film
}
