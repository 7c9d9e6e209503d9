//! Patterns: how much of the second colour is seen at a point of a garment.

use super::Piece;
use crate::street::person::{Look, Pattern};
use crate::street::scene::noise::{cell, fade, noise};

/// Share of the second colour, and whether it sends light back to its source.
pub(super) struct Second {
    pub(super) share: f32,
    pub(super) retro: f32,
}

/// Radius in metres around which patterns of legs and arms are wound.
const SIDE: f32 = 0.06 * std::f32::consts::FRAC_PI_2;

pub(super) fn second(look: &Look, piece: Piece, u: f32, v: f32, footprint: f32) -> Second {
    let seed = (look.seed >> 24) as u32;
    let free = |shift: u32| (seed >> shift & 0xf) as f32 / 15.0;
    let soft = footprint.max(0.002);
    // 1 inside an interval, with edges as soft as a sample.
    let within = |value: f32, low: f32, high: f32| {
        (((value - low).min(high - value)) / soft + 0.5).clamp(0.0, 1.0)
    };
    // Stripes of `period`, of which the share `part` has the second colour; their mean where they are too fine.
    let stripes = |at: f32, period: f32, part: f32| {
        let phase = at.rem_euclid(period);
        let seen = fade(period, footprint);
        part + seen
            * (within(phase, 0.5 * period * (1.0 - part), 0.5 * period * (1.0 + part)) - part)
    };
    let front = matches!(piece, Piece::Trunk { .. });
    let mut retro = 0.0;
    let share = match look.pattern {
        Pattern::Plain => 0.0,
        Pattern::HorizontalStripes { period } => stripes(v, period, 0.25 + 0.35 * free(0)),
        Pattern::VerticalStripes { period } => stripes(u, period, 0.2 + 0.3 * free(0)),
        Pattern::Checks { period } => {
            let part = 0.3 + 0.25 * free(0);
            let fine = 0.3 * free(4);
            let (a, b) = (stripes(u, period, part), stripes(v, period, part));
            let lines = stripes(u + 0.5 * period, period, 0.08).max(stripes(
                v + 0.5 * period,
                period,
                0.08,
            ));
            (0.5 * (a + b)).max(fine * lines)
        }
        Pattern::Dots { period } => dots(u, v, period, footprint),
        Pattern::AllOver { period } => {
            let wave = noise(u / period, v / period, seed)
                + 0.5 * noise(2.1 * u / period, 2.1 * v / period, seed ^ 9);
            let sharp = (0.5 * period / soft).clamp(1.0, 9.0);
            (0.5 + sharp * (wave - 0.80 + 0.2 * free(0))).clamp(0.0, 1.0)
        }
        Pattern::ChestLogo => {
            let back = seed >> 20 & 7 == 0;
            if front && (u.abs() < 0.25) != back { logo(u, v, within, seed, look) } else { 0.0 }
        }
        Pattern::Lettering => {
            if front && u.abs() < 0.2 {
                letters(u, v, footprint, seed)
            } else {
                0.0
            }
        }
        Pattern::ChestBand => {
            let (top, wide) = (0.14 + 0.12 * free(0), 0.07 + 0.13 * free(4));
            match piece {
                Piece::Trunk { .. } => within(v, top, top + wide),
                Piece::Sleeve if seed & 0x100 == 0 => within(v, top - 0.02, top + wide - 0.02),
                _ => 0.0,
            }
        }
        Pattern::TwoTone => two_tone(piece, u, v, within, seed),
        Pattern::ReflectiveStrips => {
            retro = 1.0;
            match piece {
                Piece::Trunk { .. } => {
                    let upright = if u.abs() < 0.2 {
                        within(u.abs(), 0.075, 0.12)
                    } else {
                        within(u.abs(), 0.36, 0.41)
                    };
                    within(v, 0.22, 0.27).max(within(v, 0.40, 0.45)).max(if v < 0.22 {
                        upright
                    } else {
                        0.0
                    })
                }
                Piece::Sleeve => within(v, 0.18, 0.23).max(within(v, 0.36, 0.41)),
                Piece::Leg(_) => within(v, 0.55, 0.60).max(within(v, 0.66, 0.71)),
                _ => 0.0,
            }
        }
    };
    Second { share: share.clamp(0.0, 1.0), retro }
}

fn dots(u: f32, v: f32, period: f32, footprint: f32) -> f32 {
    let row = (v / period).floor();
    let shift = if row as i32 % 2 == 0 { 0.0 } else { 0.5 };
    let (x, y) = ((u / period + shift).rem_euclid(1.0) - 0.5, (v / period).rem_euclid(1.0) - 0.5);
    let away = (0.30 - x.hypot(y)) * period;
    let mean = std::f32::consts::PI * 0.30 * 0.30;
    let dot = (away / footprint.max(0.002) + 0.5).clamp(0.0, 1.0);
    mean + fade(period, footprint) * (dot - mean)
}

/// A figure on the chest, or on the back.
fn logo(u: f32, v: f32, within: impl Fn(f32, f32, f32) -> f32, seed: u32, look: &Look) -> f32 {
    let u = if u.abs() > 0.25 { u - 0.487 * u.signum() } else { u };
    let large = seed >> 8 & 3 != 0;
    let (x, y, size) = if large {
        (u, v - 0.20, 0.075 + 0.05 * (seed >> 12 & 0xf) as f32 / 15.0)
    } else {
        (u - 0.075, v - 0.13, 0.03)
    };
    let away = x.hypot(y);
    match seed >> 16 & 7 {
        0 => within(away, -1.0, size),
        1 => within(away, 0.6 * size, size)
            .max(within(x.abs(), -1.0, 0.3 * size) * within(y.abs(), -1.0, 0.3 * size)),
        2 => within(x.abs(), -1.0, size) * within(y.abs(), -1.0, 0.7 * size),
        3 => within(x.abs() - 0.55 * (y + size), -1.0, 0.0) * within(y, -size, 0.8 * size),
        4 => within(y.abs(), -1.0, 0.25 * size) * within(x.abs(), -1.0, 1.3 * size),
        _ => {
            let blot = noise(x / size * 2.5, y / size * 2.5, look.seed as u32);
            within(away, -1.0, size * (0.45 + 0.8 * blot)) * if blot > 0.3 { 1.0 } else { 0.4 }
        }
    }
}

/// Lines of marks that look like letters.
fn letters(u: f32, v: f32, footprint: f32, seed: u32) -> f32 {
    let lines = 1 + (seed & 3).min(2) as i32;
    let high = [0.085, 0.055, 0.042][(lines - 1) as usize];
    let top = 0.13 + 0.03 * (seed >> 4 & 3) as f32;
    let row = ((v - top) / (1.35 * high)).floor() as i32;
    let y = (v - top) - row as f32 * 1.35 * high;
    if row < 0 || row >= lines || y > high {
        return 0.0;
    }
    let wide = 0.72 * high;
    let half = 0.09 + 0.05 * cell(row, 3, seed);
    let letter = (u / wide).floor() as i32;
    let x = u / wide - letter as f32;
    if u.abs() > half || x > 0.78 {
        return 0.0;
    }
    // Five by three strokes per letter; the stem is always there.
    let (i, j) = ((y / high * 5.0) as i32, (x / 0.78 * 3.0) as i32);
    let ink = j == 0 || cell(letter * 3 + j, row * 5 + i, seed) > 0.5;
    let mean = 0.55;
    let seen = fade(0.6 * high, footprint);
    mean + seen * (f32::from(u8::from(ink)) - mean)
}

fn two_tone(piece: Piece, u: f32, v: f32, within: impl Fn(f32, f32, f32) -> f32, seed: u32) -> f32 {
    match (piece, seed >> 8 & 3) {
        (Piece::Sleeve, 0 | 1) => 1.0,
        (Piece::Trunk { .. }, 2) => within(v, -1.0, 0.17 + 0.02 * (4.0 * u).cos()),
        (Piece::Sleeve, 2) => within(v, -1.0, 0.12),
        (Piece::Trunk { .. }, 3) => within(u.abs(), 0.17, 0.32),
        (Piece::Sleeve, _) => {
            within((u - SIDE).abs(), -1.0, 0.022).max(within((u + SIDE).abs(), -1.0, 0.022))
        }
        (Piece::Leg(side), kind) => {
            let wide = if kind == 0 { 0.035 } else { 0.014 };
            within((u - side * SIDE).abs(), -1.0, wide)
        }
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::street::person::{Dye, Fabric, Shade};

    fn look(pattern: Pattern) -> Look {
        let dye = |v: f32| Dye { shade: Shade::Grey, rgb: [v; 3] };
        Look {
            colour: dye(0.1),
            second: dye(0.7),
            infrared: [0.4; 2],
            fabric: Fabric::Cotton,
            pattern,
            seed: 77,
        }
    }

    #[test]
    fn stripes_repeat_with_their_period_in_their_direction() {
        let piece = Piece::Trunk { opens: false };
        let at = |p: Pattern, u: f32, v: f32| second(&look(p), piece, u, v, 0.002).share;
        for pattern in
            [Pattern::HorizontalStripes { period: 0.05 }, Pattern::VerticalStripes { period: 0.05 }]
        {
            let along = matches!(pattern, Pattern::HorizontalStripes { .. });
            let mut range = (1.0_f32, 0.0_f32);
            for k in 0..50 {
                let t = k as f32 * 0.001;
                let (here, next) = if along {
                    (at(pattern, 0.3, t), at(pattern, 0.1, t + 0.05))
                } else {
                    (at(pattern, t, 0.3), at(pattern, t + 0.05, 0.1))
                };
                assert!((here - next).abs() < 0.02);
                range = (range.0.min(here), range.1.max(here));
            }
            assert_eq!(range, (0.0, 1.0));
        }
    }

    #[test]
    fn what_is_finer_than_a_sample_has_its_mean_colour() {
        let piece = Piece::Trunk { opens: false };
        for pattern in [Pattern::HorizontalStripes { period: 0.02 }, Pattern::Dots { period: 0.02 }]
        {
            let all: Vec<f32> = (0..40)
                .map(|k| {
                    second(&look(pattern), piece, 0.003 * k as f32, 0.002 * k as f32, 0.02).share
                })
                .collect();
            assert!(all.iter().all(|s| (s - all[0]).abs() < 1e-6), "{all:?}");
            assert!(all[0] > 0.05 && all[0] < 0.95);
        }
    }

    #[test]
    fn a_logo_is_on_the_trunk_alone() {
        let look = look(Pattern::Lettering);
        let sum = |piece: Piece| -> f32 {
            (0..900)
                .map(|k| {
                    second(
                        &look,
                        piece,
                        0.01 * (k % 30) as f32 - 0.15,
                        0.015 * (k / 30) as f32,
                        0.005,
                    )
                    .share
                })
                .sum()
        };
        assert!(sum(Piece::Trunk { opens: false }) > 5.0);
        assert_eq!(sum(Piece::Sleeve), 0.0);
    }
}
