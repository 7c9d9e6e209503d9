//! Drawings of people from their geometry: lines first, tone and colour as an artist adds them.
//!
//! A [`Relief`] is what an artist looks at: depth, normals, parts and colours of the figure without any light.
//! [`edges`] finds lines in it, [`chains`] makes curves of them, `lines` draws them with the habits of an [`Artist`]
//! on a [`sheet`], and the sheet is scanned to the size that is asked for.

pub mod artist;
pub mod chains;
mod coloured;
pub mod edges;
mod face;
mod lines;
pub mod sheet;
mod tone;
pub mod warp;

use crate::street::photo::signed;
use crate::street::scene::space::V3;
pub use artist::Artist;
use chains::Point;
pub use face::Face;
use image::RgbImage;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use sheet::{Pencil, Scan, Sheet, scan};
use warp::Warp;

/// What a part is, as far as artists treat it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Background.
    Nothing,
    /// Skin, which stays white.
    Skin,
    /// Hair.
    Hair,
    /// Clothes, shoes, bags.
    Cloth,
}

/// A figure as an artist looks at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Relief {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Metres from the viewer.
    pub depth: Vec<f32>,
    /// Unit normals; the third component points to the viewer, the second upwards.
    pub normal: Vec<V3>,
    /// Number of the part; 0 is background.
    pub part: Vec<u16>,
    /// Linear colours.
    pub albedo: Vec<[f32; 3]>,
    /// What each part is, by its number.
    pub roles: Vec<Role>,
    /// Metres that a pixel covers.
    pub pixel: f32,
    /// The face, if it is turned to the viewer.
    pub face: Option<Face>,
}

impl Relief {
    /// First and last row of the figure.
    fn rows(&self) -> (f32, f32) {
        let drawn = |i: &usize| self.part[*i] != 0;
        let first = (0..self.part.len()).find(drawn).unwrap_or(0) / self.width;
        let last = (0..self.part.len()).rev().find(drawn).unwrap_or(0) / self.width + 1;
        (first as f32, last as f32)
    }

    /// First and last column of the figure.
    fn columns(&self) -> (f32, f32) {
        let used = |x: &usize| (0..self.height).any(|y| self.part[y * self.width + x] != 0);
        let first = (0..self.width).find(used).unwrap_or(0);
        let last = (0..self.width).rev().find(used).unwrap_or(0) + 1;
        (first as f32, last as f32)
    }

    /// The pixel of the figure under a point, if there is one.
    fn under(&self, point: Point) -> Option<usize> {
        let inside = point.0 >= 0.0
            && point.1 >= 0.0
            && point.0 < self.height as f32
            && point.1 < self.width as f32;
        let i = inside.then(|| point.0 as usize * self.width + point.1 as usize)?;
        (self.part[i] != 0).then_some(i)
    }

    fn role(&self, index: usize) -> Role {
        self.roles.get(usize::from(self.part[index])).copied().unwrap_or(Role::Cloth)
    }
}

/// Whether colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A pencil on paper.
    Pencil,
    /// Colour pencils.
    ColourPencils,
}

/// Draws `relief` and scans the drawing to `size` (height, width).
#[must_use]
pub fn draw(
    relief: &Relief,
    artist: &Artist,
    medium: Medium,
    size: (usize, usize),
    rng: &mut ChaCha8Rng,
) -> RgbImage {
    let mut sheet =
        Sheet::empty(relief.height, relief.width, artist.paper, artist.rough, rng.next_u32());
    let warp = Warp::sample(artist, relief, rng);
    let artist = &artist.on_rows(relief.height);
    let lead = Pencil { width: artist.width, darkness: artist.darkness, colour: [0.14; 3] };
    match medium {
        Medium::Pencil => tone::shade(&mut sheet, relief, artist, &warp, lead, rng),
        Medium::ColourPencils => coloured::fill(&mut sheet, relief, artist, &warp, rng),
    }
    lines::draw(&mut sheet, relief, artist, &warp, lead, rng);
    if let Some(face) = &relief.face {
        face::draw(&mut sheet, face, artist, &warp, lead, rng);
    }
    let how = Scan {
        exposure: 1.04 + 0.06 * signed(rng),
        gamma: 1.0 + 0.2 * signed(rng),
        blur: 0.5 + 0.5 * rng.random::<f32>(),
        slope: (0.05 * signed(rng), 0.05 * signed(rng)),
        quality: rng.random_range(70..=95),
        grey: medium == Medium::Pencil && rng.random_bool(0.6),
    };
    scan(sheet, how, size.0, size.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::rng;

    /// A figure of a head and a body.
    pub(super) fn block(height: usize, width: usize) -> Relief {
        let count = height * width;
        let part = (0..count)
            .map(|i| {
                let (y, x) = (i / width * 96 / height, i % width * 48 / width);
                let across = x.abs_diff(24);
                match y {
                    10..22 if across < 6 => 1,
                    22..86 if across < 12 => 2,
                    _ => 0,
                }
            })
            .collect();
        Relief {
            height,
            width,
            depth: vec![5.0; count],
            normal: vec![[0.0, 0.0, 1.0]; count],
            part,
            albedo: vec![[0.1, 0.2, 0.5]; count],
            roles: vec![Role::Nothing, Role::Skin, Role::Cloth],
            pixel: 2.0 / height as f32,
            face: None,
        }
    }

    fn drawn(artist: u64, seed: u64, medium: Medium) -> RgbImage {
        let artist = Artist::sample(&mut rng(artist, "artist", 0), 1.0);
        draw(&block(384, 192), &artist, medium, (128, 64), &mut rng(seed, "drawing", 0))
    }

    #[test]
    fn a_drawing_is_a_function_of_its_seed_and_artists_differ() {
        for medium in [Medium::Pencil, Medium::ColourPencils] {
            assert_eq!(drawn(1, 3, medium), drawn(1, 3, medium));
            assert_ne!(drawn(1, 3, medium), drawn(1, 4, medium));
            assert_ne!(drawn(1, 3, medium), drawn(2, 3, medium));
        }
    }

    #[test]
    fn lines_lie_at_the_outline_and_paper_stays_paper() {
        let plain = Artist {
            tone: artist::Tone::None,
            fills_hair: false,
            proportions: [1.0; 4],
            unsteadiness: 0.0,
            width: 5.0,
            darkness: 0.95,
            wobble: 0.0,
            gaps: 0.0,
            ..Artist::sample(&mut rng(5, "artist", 0), 1.0)
        };
        let picture =
            draw(&block(384, 192), &plain, Medium::Pencil, (128, 64), &mut rng(6, "drawing", 0));
        let dark = |row: u32, columns: std::ops::Range<u32>| {
            columns.map(|x| picture.get_pixel(x, row).0[0]).min().unwrap_or(255)
        };
        // The body is 24 of 48 columns wide: its sides lie at columns 17 and 48 of 64.
        assert!(dark(70, 14..20) < 170, "left side");
        assert!(dark(70, 45..51) < 170, "right side");
        assert!(dark(70, 24..40) > 190, "inside");
        assert!(dark(70, 0..10) > 190, "outside");
    }

    #[test]
    fn a_face_is_drawn_by_those_who_draw_faces() {
        let ink = |precision: f32, face: Option<Face>| {
            let artist = Artist {
                face: precision,
                fills_hair: false,
                ..Artist::sample(&mut rng(5, "artist", 0), 1.0)
            };
            let relief = Relief { face, ..block(384, 192) };
            let picture =
                draw(&relief, &artist, Medium::Pencil, (384, 192), &mut rng(6, "drawing", 0));
            let head = (50..80).flat_map(|y| (82..110).map(move |x| (x, y)));
            head.map(|(x, y)| 255 - u64::from(picture.get_pixel(x, y).0[0])).sum::<u64>()
        };
        let face = Face {
            eyes: [Some((60.0, 90.0)), Some((60.0, 102.0))],
            nose: (66.0, 96.0),
            mouth: (73.0, 96.0),
            scale: 12.0,
            turn: 0.0,
        };
        assert_eq!(ink(0.1, Some(face)), ink(0.1, None));
        assert!(ink(0.9, Some(face)) > ink(0.9, None) + 2000);
    }

    #[test]
    fn half_of_the_artists_or_more_never_show_how_dark_cloth_is() {
        let tones = |t: artist::Tone| matches!(t, artist::Tone::Hatching | artist::Tone::Smudge);
        let dark =
            (0..400).filter(|i| tones(Artist::sample(&mut rng(*i, "artist", 1), 1.0).tone)).count();
        assert!(dark < 200, "{dark} of 400");
    }
}
