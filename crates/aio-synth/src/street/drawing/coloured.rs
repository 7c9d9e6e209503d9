//! Colour pencils: flat, uneven fills in colours as they are remembered.

use super::artist::Artist;
use super::sheet::{Pencil, Sheet};
use super::tone::{Hatching, hatch};
use super::warp::Warp;
use super::{Relief, Role};
use crate::street::photo::signed;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The one or two colours of a part.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Colours {
    centres: [[f32; 3]; 2],
    pencils: [[f32; 3]; 2],
}

/// Squared distance of two colours in square roots of linear values.
fn apart(a: [f32; 3], b: [f32; 3]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a.max(0.0).sqrt() - b.max(0.0).sqrt()).powi(2)).sum()
}

/// Two means of the colours of a part; equal where the part has one colour.
fn two_means(colours: &[[f32; 3]]) -> [[f32; 3]; 2] {
    let mean = |chosen: &dyn Fn(&[f32; 3]) -> bool| {
        let mut sum = [0.0_f32; 3];
        let mut count = 0.0_f32;
        for colour in colours.iter().filter(|c| chosen(c)) {
            (0..3).for_each(|c| sum[c] += colour[c]);
            count += 1.0;
        }
        (count > 0.0).then(|| sum.map(|s| s / count))
    };
    let whole = mean(&|_| true).unwrap_or([0.5; 3]);
    let farthest = colours
        .iter()
        .copied()
        .max_by(|a, b| apart(*a, whole).total_cmp(&apart(*b, whole)))
        .unwrap_or(whole);
    let mut centres = [whole, farthest];
    for _ in 0..4 {
        let [a, b] = centres;
        let first = mean(&|c| apart(*c, a) <= apart(*c, b)).unwrap_or(a);
        let second = mean(&|c| apart(*c, a) > apart(*c, b)).unwrap_or(b);
        centres = [first, second];
    }
    if apart(centres[0], centres[1]) < 0.03 { [whole; 2] } else { centres }
}

/// The display colour of a pencil for a linear colour as it is remembered: shifted, stronger, never black.
fn remembered(colour: [f32; 3], rng: &mut ChaCha8Rng) -> [f32; 3] {
    let shown = colour.map(|c| c.max(0.0).sqrt());
    let grey = (shown[0] + shown[1] + shown[2]) / 3.0;
    let strength = 1.15 + 0.35 * signed(rng);
    let value = 0.06 * signed(rng);
    shown.map(|c| {
        let c = grey + strength * (c - grey) + value + 0.07 * signed(rng);
        c.clamp(0.12, 0.97)
    })
}

/// Fills every part of the relief with strokes of its remembered colour.
pub(super) fn fill(
    sheet: &mut Sheet,
    relief: &Relief,
    artist: &Artist,
    warp: &Warp,
    rng: &mut ChaCha8Rng,
) {
    let count = relief.roles.len();
    let mut palette: Vec<Option<Colours>> = vec![None; count];
    for (part, slot) in palette.iter_mut().enumerate().skip(1) {
        let own: Vec<[f32; 3]> = (0..relief.part.len())
            .filter(|i| usize::from(relief.part[*i]) == part)
            .step_by(3)
            .map(|i| relief.albedo[i])
            .collect();
        if own.is_empty() {
            continue;
        }
        let centres = two_means(&own);
        // Two parts of one garment have one colour and get one pencil.
        *slot = Some(Colours { centres, pencils: centres });
    }
    share_pencils(&mut palette, rng);
    let pale = relief.roles.iter().map(|role| *role == Role::Skin).collect::<Vec<_>>();
    let choose = |i: usize| {
        let part = usize::from(relief.part[i]);
        let colours = palette[part]?;
        let [a, b] = colours.centres.map(|c| apart(c, relief.albedo[i]));
        let colour = colours.pencils[usize::from(b < a)];
        let darkness = if pale[part] { 0.55 } else { 0.95 };
        Some(Pencil { width: 3.0, darkness, colour })
    };
    for (turn, pressure) in [(0.0, 0.85), (0.35 + 0.5 * rng.random::<f32>(), 0.6)] {
        let hatching = Hatching {
            angle: artist.slant + turn,
            spacing: (1.7 + 0.22 * artist.spacing) / artist.fill,
            pressure: artist.fill * (pressure + 0.1 * signed(rng)),
        };
        hatch(sheet, relief, warp, hatching, rng, &choose);
    }
}

/// Gives colours that are nearly equal the same pencil.
fn share_pencils(palette: &mut [Option<Colours>], rng: &mut ChaCha8Rng) {
    let mut box_of_pencils: Vec<([f32; 3], [f32; 3])> = Vec::new();
    for colours in palette.iter_mut().flatten() {
        for (centre, pencil) in colours.centres.iter().zip(&mut colours.pencils) {
            let known = box_of_pencils.iter().find(|(c, _)| apart(*c, *centre) < 0.01);
            *pencil = match known {
                Some((_, pencil)) => *pencil,
                None => {
                    let new = remembered(*centre, rng);
                    box_of_pencils.push((*centre, new));
                    new
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_have_two_colours_and_plain_cloth_has_one() {
        let stripes: Vec<[f32; 3]> =
            (0..60).map(|i| if i % 3 == 0 { [0.8; 3] } else { [0.1, 0.1, 0.4] }).collect();
        let [a, b] = two_means(&stripes);
        let near = |c: [f32; 3], to: [f32; 3]| c.iter().zip(to).all(|(c, t)| (c - t).abs() < 1e-3);
        assert!(
            near(a, [0.8; 3]) && near(b, [0.1, 0.1, 0.4])
                || near(b, [0.8; 3]) && near(a, [0.1, 0.1, 0.4]),
            "{a:?} {b:?}"
        );
        let plain = two_means(&[[0.3, 0.31, 0.3]; 20]);
        assert_eq!(plain[0], plain[1]);
    }
}
