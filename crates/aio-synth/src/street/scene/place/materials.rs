//! Surfaces with the colours that buildings, streets and plants have.

use super::between;
use crate::street::scene::surface::{Kind, Surface};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

/// A grey of brightness `low..high`, slightly warm or cold.
pub(super) fn grey(rng: &mut ChaCha8Rng, low: f32, high: f32) -> [f32; 3] {
    let value = between(rng, low, high);
    let warmth = 0.12 * (rng.random::<f32>() - 0.4);
    [value * (1.0 + warmth), value, value * (1.0 - warmth)]
}

/// A colour of any hue and of moderate strength.
pub(super) fn coloured(rng: &mut ChaCha8Rng) -> [f32; 3] {
    let value = between(rng, 0.08, 0.5);
    let strength = between(rng, 0.15, 0.75);
    std::array::from_fn(|_| value * (1.0 - strength * rng.random::<f32>()))
}

/// A surface of `kind` without gloss.
pub(super) fn of(
    rng: &mut ChaCha8Rng,
    kind: Kind,
    base: [f32; 3],
    second: [f32; 3],
    infrared: f32,
) -> Surface {
    Surface { kind, base, second, infrared, gloss: 0.0, seed: rng.next_u32() }
}

pub(super) fn asphalt(rng: &mut ChaCha8Rng) -> Surface {
    let base = grey(rng, 0.06, 0.17);
    of(rng, Kind::Grainy, base, base, 0.18)
}

pub(super) fn concrete(rng: &mut ChaCha8Rng) -> Surface {
    let base = grey(rng, 0.22, 0.42);
    of(rng, Kind::Grainy, base, base, 0.4)
}

pub(super) fn lawn(rng: &mut ChaCha8Rng) -> Surface {
    let value = between(rng, 0.06, 0.13);
    let base = [value * between(rng, 0.6, 0.95), value, value * between(rng, 0.25, 0.45)];
    of(rng, Kind::Lawn, base, [0.2, 0.15, 0.09], 0.6)
}

pub(super) fn leaves(rng: &mut ChaCha8Rng) -> Surface {
    let value = between(rng, 0.04, 0.11);
    let base = [value * between(rng, 0.45, 1.0), value, value * between(rng, 0.2, 0.5)];
    let infrared = between(rng, 0.5, 0.8);
    of(rng, Kind::Leaves, base, base, infrared)
}

/// Slabs on the ground.
pub(super) fn paving(rng: &mut ChaCha8Rng) -> Surface {
    let long = between(rng, 0.2, 0.8);
    let square = rng.random_bool(0.5);
    let size = (if square { long } else { 0.5 * long }, long);
    let kind = Kind::Tiled {
        size,
        shift: if rng.random_bool(0.5) { 0.5 } else { 0.0 },
        joint: between(rng, 0.006, 0.02),
        variety: between(rng, 0.05, 0.35),
    };
    let base = match rng.random_range(0..4) {
        0 => [0.32, 0.17, 0.12],
        1 => [0.36, 0.29, 0.2],
        _ => grey(rng, 0.16, 0.45),
    };
    let joints = base.map(|c| 0.45 * c);
    let infrared = between(rng, 0.25, 0.5);
    of(rng, kind, base, joints, infrared)
}

/// The wall of a building.
pub(super) fn wall(rng: &mut ChaCha8Rng) -> Surface {
    match rng.random_range(0..5) {
        0 | 1 => {
            let kind = Kind::Tiled { size: (0.075, 0.22), shift: 0.5, joint: 0.012, variety: 0.5 };
            let base = [between(rng, 0.2, 0.36), between(rng, 0.1, 0.16), between(rng, 0.06, 0.11)];
            of(rng, kind, base, [0.4, 0.38, 0.34], 0.4)
        }
        2 => {
            let kind = Kind::Tiled { size: (0.3, 0.6), shift: 0.5, joint: 0.01, variety: 0.25 };
            let base = grey(rng, 0.2, 0.5);
            of(rng, kind, base, base.map(|c| 0.5 * c), 0.45)
        }
        3 => {
            let base = [between(rng, 0.35, 0.6), between(rng, 0.3, 0.5), between(rng, 0.2, 0.4)];
            of(rng, Kind::Plaster, base, base, 0.55)
        }
        _ => {
            let base = grey(rng, 0.3, 0.7);
            of(rng, Kind::Plaster, base, base, 0.6)
        }
    }
}

/// A front with windows.
pub(super) fn front(rng: &mut ChaCha8Rng, frame: f32) -> Surface {
    let kind = Kind::Windows {
        size: (between(rng, 2.2, 3.4), between(rng, 1.1, 2.4)),
        frame,
        lit: between(rng, 0.1, 0.6),
    };
    let base = if rng.random_bool(0.5) { grey(rng, 0.15, 0.6) } else { coloured(rng) };
    let glass = [0.02, 0.025, between(rng, 0.025, 0.04)];
    of(rng, kind, base, glass, 0.4)
}

pub(super) fn paint(rng: &mut ChaCha8Rng, base: [f32; 3]) -> Surface {
    let infrared = between(rng, 0.1, 0.8);
    of(rng, Kind::Paint, base, base, infrared)
}

pub(super) fn metal(rng: &mut ChaCha8Rng) -> Surface {
    let base = if rng.random_bool(0.6) { grey(rng, 0.05, 0.5) } else { coloured(rng) };
    Surface { gloss: 0.15, ..paint(rng, base) }
}

pub(super) fn ribbed(rng: &mut ChaCha8Rng) -> Surface {
    let kind = Kind::Ribbed { period: between(rng, 0.07, 0.25), upright: rng.random_bool(0.4) };
    let base = if rng.random_bool(0.5) { grey(rng, 0.15, 0.5) } else { coloured(rng) };
    let infrared = between(rng, 0.2, 0.6);
    of(rng, kind, base, base, infrared)
}

pub(super) fn board(rng: &mut ChaCha8Rng) -> Surface {
    let base = if rng.random_bool(0.4) { [0.7, 0.7, 0.68] } else { coloured(rng) };
    let letters = if base[1] > 0.3 { [0.05; 3] } else { [0.8; 3] };
    let infrared = between(rng, 0.3, 0.8);
    of(rng, Kind::Board, base, letters, infrared)
}

pub(super) fn lamp(rng: &mut ChaCha8Rng) -> Surface {
    of(rng, Kind::Lamp, [0.8; 3], [0.8; 3], 0.8)
}
