//! Things that stand around: cars, trees, bicycles, bins, signs, poles, fences.

use super::materials::{board, coloured, grey, leaves, metal, paint, ribbed, wall};
use super::{Item, between, chance};
use crate::street::scene::shape::{Holes, Shape};
use crate::street::scene::surface::Surface;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

fn direction(angle: f32) -> (f32, f32) {
    (angle.cos(), angle.sin())
}

/// A car at (x, z), pointing along `angle`.
pub(super) fn car(rng: &mut ChaCha8Rng, x: f32, z: f32, angle: f32) -> Vec<Item> {
    let run = direction(angle);
    let colour = if chance(rng, 0.7) { grey(rng, 0.02, 0.7) } else { coloured(rng) };
    let body = Surface { gloss: 0.3, ..paint(rng, colour) };
    let glass = Surface { gloss: 0.6, infrared: 0.06, ..paint(rng, [0.015; 3]) };
    let tyre = Surface { infrared: 0.07, ..paint(rng, [0.02; 3]) };
    let half = between(rng, 1.9, 2.4);
    let van = chance(rng, 0.25);
    let place = |u: f32, v: f32, w: f32| [x + u * run.0 - w * run.1, v, z + u * run.1 + w * run.0];
    let mut items = vec![Item {
        shape: Shape::Block { middle: place(0.0, 0.58, 0.0), half: [half, 0.36, 0.86], run },
        surface: body,
    }];
    if van {
        let shape =
            Shape::Block { middle: place(-0.2, 1.3, 0.0), half: [half - 0.3, 0.5, 0.82], run };
        items.push(Item { shape, surface: body });
        let shape =
            Shape::Block { middle: place(0.0, 1.35, 0.0), half: [half - 0.45, 0.28, 0.84], run };
        items.push(Item { shape, surface: glass });
    } else {
        let cabin = |up: f32, long: f32, wide: f32| Shape::Block {
            middle: place(-0.25, 0.94 + 0.5 * up, 0.0),
            half: [long, 0.5 * up, wide],
            run,
        };
        items.push(Item { shape: cabin(0.28, 0.52 * half, 0.76), surface: glass });
        items.push(Item { shape: cabin(0.44, 0.42 * half, 0.70), surface: glass });
        items.push(Item {
            shape: Shape::Block {
                middle: place(-0.25, 1.4, 0.0),
                half: [0.40 * half, 0.035, 0.68],
                run,
            },
            surface: body,
        });
    }
    for (u, w) in [(0.62, 0.8), (-0.62, 0.8), (0.62, -0.8), (-0.62, -0.8)] {
        // Cars stand nearly along or across the axes, so that an ellipsoid along them is a wheel.
        let flat = if run.0.abs() > run.1.abs() { [0.33, 0.33, 0.14] } else { [0.14, 0.33, 0.33] };
        let shape = Shape::Blob { middle: place(u * half, 0.33, w), half: flat, ragged: None };
        items.push(Item { shape, surface: tyre });
    }
    items
}

/// A tree with a trunk and a crown of several clumps.
pub(super) fn tree(rng: &mut ChaCha8Rng, x: f32, z: f32) -> Vec<Item> {
    let bark = paint(rng, [0.09, 0.065, 0.045]);
    let height = between(rng, 2.2, 3.8);
    let radius = between(rng, 0.08, 0.25);
    let mut items =
        vec![Item { shape: Shape::Post { foot: [x, 0.0, z], radius, height }, surface: bark }];
    let green = leaves(rng);
    for _ in 0..rng.random_range(2..4) {
        let middle = [
            x + between(rng, -1.1, 1.1),
            height + between(rng, 0.2, 1.6),
            z + between(rng, -1.1, 1.1),
        ];
        let half = [between(rng, 0.9, 1.9), between(rng, 0.8, 1.5), between(rng, 0.9, 1.9)];
        let ragged = Some(rng.random());
        items.push(Item { shape: Shape::Blob { middle, half, ragged }, surface: green });
    }
    items
}

/// A bush.
pub(super) fn bush(rng: &mut ChaCha8Rng, x: f32, z: f32) -> Vec<Item> {
    let green = leaves(rng);
    (0..rng.random_range(1..4))
        .map(|_| {
            let up = between(rng, 0.3, 0.8);
            let middle = [x + between(rng, -0.6, 0.6), 0.8 * up, z + between(rng, -0.4, 0.4)];
            let half = [between(rng, 0.4, 0.9), up, between(rng, 0.4, 0.8)];
            let ragged = Some(rng.random());
            Item { shape: Shape::Blob { middle, half, ragged }, surface: green }
        })
        .collect()
}

/// A hedge or a low wall along `run`.
pub(super) fn hedge(rng: &mut ChaCha8Rng, x: f32, z: f32, angle: f32) -> Vec<Item> {
    let high = 0.5 * between(rng, 0.5, 1.3);
    let half = [between(rng, 1.5, 4.0), high, between(rng, 0.15, 0.5)];
    let surface = if chance(rng, 0.6) { leaves(rng) } else { wall(rng) };
    vec![Item {
        shape: Shape::Block { middle: [x, high, z], half, run: direction(angle) },
        surface,
    }]
}

/// A lamp post, a bollard or the pole of a sign.
pub(super) fn pole(rng: &mut ChaCha8Rng, x: f32, z: f32) -> Vec<Item> {
    let surface = metal(rng);
    let (radius, height) = match rng.random_range(0..3) {
        0 => (between(rng, 0.06, 0.14), 6.0),
        1 => (between(rng, 0.05, 0.12), between(rng, 0.7, 1.1)),
        _ => (0.03, between(rng, 2.2, 2.9)),
    };
    let mut items =
        vec![Item { shape: Shape::Post { foot: [x, 0.0, z], radius, height }, surface }];
    if radius < 0.04 {
        let (w, h) = (between(rng, 0.4, 0.8), between(rng, 0.4, 0.8));
        let shape = Shape::Wall {
            foot: [x - 0.5 * w, height - h, z - 0.05],
            run: (1.0, 0.0),
            size: (w, h),
            holes: Holes::None,
        };
        let surface = if chance(rng, 0.5) {
            board(rng)
        } else {
            let colour = coloured(rng);
            paint(rng, colour)
        };
        items.push(Item { shape, surface });
    }
    items
}

/// A fence along `angle` that starts at (x, z).
pub(super) fn fence(rng: &mut ChaCha8Rng, x: f32, z: f32, angle: f32, long: f32) -> Vec<Item> {
    let (high, holes) = match rng.random_range(0..3) {
        0 => {
            let holes =
                Holes::Bars { period: between(rng, 0.1, 0.16), width: between(rng, 0.02, 0.035) };
            (between(rng, 1.0, 2.2), holes)
        }
        1 => {
            let holes =
                Holes::Rails { period: between(rng, 0.3, 0.5), width: between(rng, 0.04, 0.06) };
            (between(rng, 0.9, 1.1), holes)
        }
        _ => (between(rng, 1.5, 2.5), Holes::Net { period: 0.12, width: 0.012 }),
    };
    let shape = Shape::Wall { foot: [x, 0.0, z], run: direction(angle), size: (long, high), holes };
    vec![Item { shape, surface: metal(rng) }]
}

/// A bicycle.
pub(super) fn bicycle(rng: &mut ChaCha8Rng, x: f32, z: f32, angle: f32) -> Vec<Item> {
    let shape = Shape::Wall {
        foot: [x, 0.0, z],
        run: direction(angle),
        size: (1.7, 1.05),
        holes: Holes::Bicycle,
    };
    vec![Item { shape, surface: metal(rng) }]
}

/// A bin, a box, a stall or a bench.
pub(super) fn furniture(rng: &mut ChaCha8Rng, x: f32, z: f32) -> Vec<Item> {
    let angle = between(rng, -0.5, 0.5);
    let colour = coloured(rng);
    match rng.random_range(0..4) {
        0 => {
            let surface = paint(rng, colour);
            let (radius, height) = (between(rng, 0.2, 0.35), between(rng, 0.8, 1.1));
            vec![Item { shape: Shape::Post { foot: [x, 0.0, z], radius, height }, surface }]
        }
        1 => {
            let high = between(rng, 0.3, 0.8);
            let half = [between(rng, 0.25, 0.7), high, between(rng, 0.25, 0.5)];
            let surface = if chance(rng, 0.5) { ribbed(rng) } else { board(rng) };
            vec![Item {
                shape: Shape::Block { middle: [x, high, z], half, run: direction(angle) },
                surface,
            }]
        }
        2 => {
            let surface = ribbed(rng);
            let run = direction(angle);
            let seat = Shape::Block { middle: [x, 0.43, z], half: [0.85, 0.04, 0.24], run };
            let back = Shape::Block { middle: [x, 0.7, z + 0.24], half: [0.85, 0.18, 0.03], run };
            let legs = Shape::Block { middle: [x, 0.2, z], half: [0.7, 0.2, 0.05], run };
            [seat, back, legs].map(|shape| Item { shape, surface }).to_vec()
        }
        _ => {
            let canopy = paint(rng, colour);
            let pole = metal(rng);
            let goods = board(rng);
            let run = (1.0, 0.0);
            let roof = Shape::Block { middle: [x, 2.5, z], half: [1.5, 0.12, 1.2], run };
            let table = Shape::Block { middle: [x, 0.45, z], half: [1.2, 0.45, 0.5], run };
            let post =
                |dx: f32| Shape::Post { foot: [x + dx, 0.0, z - 1.1], radius: 0.03, height: 2.4 };
            vec![
                Item { shape: roof, surface: canopy },
                Item { shape: table, surface: goods },
                Item { shape: post(-1.4), surface: pole },
                Item { shape: post(1.4), surface: pole },
            ]
        }
    }
}
