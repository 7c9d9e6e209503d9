//! Halls and corridors.

use super::materials::{board, coloured, front, grey, lamp, metal, of, paint, ribbed, wall};
use super::things::{bush, furniture};
use super::{Ground, Item, Place, Setting, between, chance};
use crate::street::scene::shape::{Holes, Shape};
use crate::street::scene::surface::{Kind, Surface};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A floor of stone tiles, linoleum or carpet.
fn floor(rng: &mut ChaCha8Rng) -> Surface {
    let base = if chance(rng, 0.7) { grey(rng, 0.2, 0.6) } else { coloured(rng) };
    let side = between(rng, 0.3, 0.9);
    let (kind, gloss) = match rng.random_range(0..3) {
        0 => (Kind::Grainy, 0.12),
        1 => (Kind::Plaster, 0.0),
        _ => {
            let variety = between(rng, 0.03, 0.2);
            (Kind::Tiled { size: (side, side), shift: 0.0, joint: 0.006, variety }, 0.2)
        }
    };
    Surface { gloss, ..of(rng, kind, base, base.map(|c| 0.5 * c), 0.5) }
}

fn inner_wall(rng: &mut ChaCha8Rng) -> Surface {
    if chance(rng, 0.2) {
        return wall(rng);
    }
    let base = if chance(rng, 0.75) { grey(rng, 0.4, 0.75) } else { coloured(rng) };
    of(rng, Kind::Paint, base, base, 0.65)
}

fn upright(foot: [f32; 3], run: (f32, f32), size: (f32, f32)) -> Shape {
    Shape::Wall { foot, run, size, holes: Holes::None }
}

/// Doors, posters, panels and skirting along a wall from `foot`; `out` points into the room.
fn furnish(
    rng: &mut ChaCha8Rng,
    foot: [f32; 3],
    run: (f32, f32),
    long: f32,
    out: (f32, f32),
) -> Vec<Item> {
    let place = |from: f32, up: f32, size: (f32, f32), depth: f32| {
        upright(
            [foot[0] + from * run.0 + depth * out.0, up, foot[2] + from * run.1 + depth * out.1],
            run,
            size,
        )
    };
    let dark = grey(rng, 0.05, 0.25);
    let skirting = paint(rng, dark);
    let mut items = vec![Item { shape: place(0.0, 0.0, (long, 0.1), 0.01), surface: skirting }];
    if chance(rng, 0.3) {
        let colour = coloured(rng);
        let surface = paint(rng, colour);
        items.push(Item { shape: place(0.0, 0.0, (long, 1.1), 0.005), surface });
    }
    let mut from = between(rng, 0.0, 2.0);
    while from < long - 1.2 {
        let (shape, surface) = match rng.random_range(0..5) {
            0 | 1 => {
                let colour = if chance(rng, 0.5) { [0.3, 0.18, 0.09] } else { grey(rng, 0.1, 0.6) };
                (place(from, 0.0, (0.95, 2.05), 0.02), paint(rng, colour))
            }
            2 => (place(from, 1.0, (between(rng, 0.5, 1.4), 0.9), 0.02), board(rng)),
            3 => (place(from, 0.0, (between(rng, 1.0, 2.4), 2.3), 0.02), front(rng, 0.08)),
            _ => (place(from, 0.6, (0.5, 1.0), 0.02), ribbed(rng)),
        };
        items.push(Item { shape, surface });
        from += between(rng, 1.4, 4.0);
    }
    items
}

/// A ceiling with lamps in it; returns where they are.
fn ceiling(rng: &mut ChaCha8Rng, high: f32, half: f32, long: f32) -> (Vec<Item>, Vec<[f32; 3]>) {
    let colour = grey(rng, 0.5, 0.75);
    let surface = paint(rng, colour);
    let mut items = vec![Item {
        shape: Shape::Slab { corner: [-half, high, -8.0], size: (2.0 * half, long + 8.0) },
        surface,
    }];
    let mut lamps = Vec::new();
    let light = lamp(rng);
    let columns = if half > 3.0 { vec![-0.5 * half, 0.5 * half] } else { vec![0.0] };
    let step = between(rng, 2.2, 4.5);
    let mut z = -4.0;
    while z < long {
        for x in &columns {
            let corner = [x - 0.3, high - 0.02, z - 0.6];
            items.push(Item { shape: Shape::Slab { corner, size: (0.6, 1.2) }, surface: light });
            if z < 8.0 {
                lamps.push([*x, high - 0.1, z]);
            }
        }
        z += step;
    }
    (items, lamps)
}

pub(super) fn corridor(rng: &mut ChaCha8Rng) -> Place {
    let half = between(rng, 1.3, 2.2);
    let long = between(rng, 9.0, 24.0);
    let high = between(rng, 2.6, 3.2);
    let surface = inner_wall(rng);
    let end = if chance(rng, 0.4) { front(rng, 0.1) } else { surface };
    let mut items = vec![
        Item { shape: upright([-half, 0.0, -8.0], (0.0, 1.0), (long + 8.0, high)), surface },
        Item { shape: upright([half, 0.0, -8.0], (0.0, 1.0), (long + 8.0, high)), surface },
        Item { shape: upright([-half, 0.0, long], (1.0, 0.0), (2.0 * half, high)), surface: end },
    ];
    items.extend(furnish(rng, [-half, 0.0, -6.0], (0.0, 1.0), long + 6.0, (1.0, 0.0)));
    items.extend(furnish(rng, [half, 0.0, -6.0], (0.0, 1.0), long + 6.0, (-1.0, 0.0)));
    let (above, lamps) = ceiling(rng, high, half, long);
    items.extend(above);
    let ground = Ground { across: (1.0, 0.0), strips: vec![(99.0, floor(rng))], wander: 0.0 };
    Place { setting: Setting::Corridor, ground, items, lamps, walk: (half - 0.5, 3.0) }
}

pub(super) fn hall(rng: &mut ChaCha8Rng, clutter: usize) -> Place {
    let half = between(rng, 5.0, 10.0);
    let long = between(rng, 7.0, 16.0);
    let high = between(rng, 3.0, 5.0);
    let surface = inner_wall(rng);
    let back = if chance(rng, 0.45) { front(rng, 0.1) } else { surface };
    let mut items = vec![
        Item { shape: upright([-half, 0.0, -8.0], (0.0, 1.0), (long + 8.0, high)), surface },
        Item { shape: upright([half, 0.0, -8.0], (0.0, 1.0), (long + 8.0, high)), surface },
        Item { shape: upright([-half, 0.0, long], (1.0, 0.0), (2.0 * half, high)), surface: back },
    ];
    items.extend(furnish(rng, [-half, 0.0, long], (1.0, 0.0), 2.0 * half, (0.0, -1.0)));
    items.extend(furnish(rng, [-half, 0.0, -4.0], (0.0, 1.0), long + 4.0, (1.0, 0.0)));
    items.extend(furnish(rng, [half, 0.0, -4.0], (0.0, 1.0), long + 4.0, (-1.0, 0.0)));
    let walk = (3.0, 3.0);
    let stone = if chance(rng, 0.5) { metal(rng) } else { inner_wall(rng) };
    let radius = between(rng, 0.2, 0.5);
    let step = between(rng, 3.0, 6.0);
    for i in 0..3 {
        for x in [-walk.0 - 0.8, walk.0 + 0.8] {
            let foot = [x, 0.0, walk.1 - 1.0 + step * i as f32];
            if foot[2] < long - 0.5 {
                let shape = Shape::Post { foot, radius, height: high };
                items.push(Item { shape, surface: stone });
            }
        }
    }
    for _ in 0..2 + clutter / 2 {
        let x = between(rng, -5.0, 5.0);
        let z = between(rng, walk.1 + 1.3, long.max(walk.1 + 1.5));
        items.extend(if chance(rng, 0.7) { furniture(rng, x, z) } else { bush(rng, x, z) });
    }
    let (above, lamps) = ceiling(rng, high, half, long);
    items.extend(above);
    let (first, second) = (floor(rng), floor(rng));
    let strips = if chance(rng, 0.3) {
        let edge = between(rng, -1.0, 2.0);
        vec![(edge, first), (edge + 0.8, second), (99.0, first)]
    } else {
        vec![(99.0, first)]
    };
    let angle = between(rng, 0.0, 1.6);
    let ground = Ground { across: (angle.cos(), angle.sin()), strips, wander: 0.0 };
    Place { setting: Setting::Hall, ground, items, lamps, walk }
}
