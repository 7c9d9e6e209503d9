//! Squares, streets, parks and yards.

use super::materials::{
    asphalt, board, concrete, front, lawn, leaves, metal, paint, paving, ribbed, wall,
};
use super::things::{bicycle, bush, car, fence, furniture, hedge, pole, tree};
use super::{Ground, Item, Place, Setting, between, chance};
use crate::street::scene::shape::{Holes, Shape};
use crate::street::scene::surface::Surface;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::f32::consts::{FRAC_PI_2, PI};

/// A side of a building along x that faces the camera, from (x, z), as storeys: a foot of shops or wall, then windows.
fn building(rng: &mut ChaCha8Rng, x: f32, z: f32, angle: f32, long: f32) -> Vec<Item> {
    let run = (angle.cos(), angle.sin());
    let foot = between(rng, 2.4, 4.2);
    let part = |up: f32, high: f32, from: f32, wide: f32| Shape::Wall {
        foot: [x + from * run.0, up, z + from * run.1],
        run,
        size: (wide, high),
        holes: Holes::None,
    };
    let lower = match rng.random_range(0..3) {
        0 => front(rng, 0.12),
        1 => front(rng, 0.45),
        _ => wall(rng),
    };
    let upper = front(rng, 0.4);
    let mut items = vec![
        Item { shape: part(0.0, foot, 0.0, long), surface: lower },
        Item { shape: part(foot, 9.0, 0.0, long), surface: upper },
    ];
    // What hangs on the wall or is set into it lies a little before it.
    let before = |up: f32, high: f32, from: f32, wide: f32| Shape::Wall {
        foot: [x + from * run.0 + 0.04 * run.1, up, z + from * run.1 - 0.04 * run.0],
        run,
        size: (wide, high),
        holes: Holes::None,
    };
    let mut from = between(rng, 0.0, 3.0);
    while from < long - 3.0 {
        let wide = between(rng, 0.9, 3.0);
        match rng.random_range(0..4) {
            0 => {
                let surface = ribbed(rng);
                items.push(Item { shape: before(0.0, 2.3, from, wide), surface });
            }
            1 => {
                let (up, high) = (between(rng, 0.9, 2.6), between(rng, 0.5, 1.2));
                items.push(Item { shape: before(up, high, from, wide), surface: board(rng) });
            }
            2 => {
                let surface = front(rng, 0.15);
                items.push(Item { shape: before(0.0, 2.4, from, wide), surface });
            }
            _ => {}
        }
        from += wide + between(rng, 0.5, 4.0);
    }
    items
}

/// White stripes over the road; `at` gives the point (x, z) along and across the street.
fn crossing(rng: &mut ChaCha8Rng, at: &dyn Fn(f32, f32) -> (f32, f32), wide: f32) -> Vec<Item> {
    let surface = paint(rng, [0.5, 0.5, 0.48]);
    let from = between(rng, -4.0, 2.0);
    let ahead = (at(1.0, 0.0).0 - at(0.0, 0.0).0, at(1.0, 0.0).1 - at(0.0, 0.0).1);
    (0..6)
        .map(|i| {
            let (x, z) = at(from + 1.5, -wide - 0.7 - 1.0 * i as f32);
            let shape = Shape::Block { middle: [x, 0.0, z], half: [1.5, 0.008, 0.25], run: ahead };
            Item { shape, surface }
        })
        .collect()
}

/// Things at random in a ring around the region where people walk, mostly behind it.
fn scatter(
    rng: &mut ChaCha8Rng,
    walk: (f32, f32),
    deep: f32,
    count: usize,
    thing: &mut dyn FnMut(&mut ChaCha8Rng, f32, f32) -> Vec<Item>,
) -> Vec<Item> {
    let mut items = Vec::new();
    for _ in 0..count {
        let beside = chance(rng, 0.3);
        let (x, z) = if beside {
            let side = if chance(rng, 0.5) { 1.0 } else { -1.0 };
            (side * (walk.0 + between(rng, 1.2, 4.0)), between(rng, -walk.1, walk.1 + deep))
        } else {
            (between(rng, -7.0, 7.0), walk.1 + between(rng, 1.2, 1.2 + deep))
        };
        items.extend(thing(rng, x, z));
    }
    items
}

fn lamps(rng: &mut ChaCha8Rng, count: usize) -> Vec<[f32; 3]> {
    (0..count)
        .map(|_| [between(rng, -7.0, 7.0), between(rng, 3.5, 7.0), between(rng, -5.0, 9.0)])
        .collect()
}

fn anything(rng: &mut ChaCha8Rng, x: f32, z: f32) -> Vec<Item> {
    let turn = between(rng, -0.4, 0.4);
    match rng.random_range(0..8) {
        0 => tree(rng, x, z),
        1 => bush(rng, x, z),
        2 => hedge(rng, x, z + 1.0, turn),
        3 | 4 => pole(rng, x, z),
        5 => bicycle(rng, x, z, turn),
        6 => fence(rng, x - 2.0, z + 0.5, turn, 4.0),
        _ => furniture(rng, x, z),
    }
}

pub(super) fn plaza(rng: &mut ChaCha8Rng, clutter: usize) -> Place {
    let angle = between(rng, 0.0, PI);
    let main = if chance(rng, 0.8) { paving(rng) } else { concrete(rng) };
    let mut strips = vec![(between(rng, -4.0, 0.5), main)];
    for _ in 0..rng.random_range(0..3) {
        let from = strips[strips.len() - 1].0;
        strips.push((from + between(rng, 0.3, 2.5), paving(rng)));
    }
    strips.push((100.0, if chance(rng, 0.6) { main } else { paving(rng) }));
    let walk = (3.0, 3.5);
    let deep = between(rng, 4.0, 14.0);
    let turn = between(rng, -0.35, 0.35);
    let mut items = building(rng, -25.0, walk.1 + deep + 2.0 - 25.0 * turn.sin(), turn, 50.0);
    items.extend(scatter(rng, walk, deep, 3 + clutter, &mut anything));
    for _ in 0..rng.random_range(0..5) {
        let (x, z) = (between(rng, -6.0, 6.0), walk.1 + between(rng, 1.0, deep));
        items.extend(bicycle(rng, x, z, 0.2));
    }
    let ground = Ground { across: (angle.cos(), angle.sin()), strips, wander: 0.0 };
    Place { setting: Setting::Plaza, ground, items, lamps: lamps(rng, 3), walk }
}

pub(super) fn street(rng: &mut ChaCha8Rng, clutter: usize) -> Place {
    // The street runs along `angle`; people walk on the pavement, which the origin belongs to.
    let angle = if chance(rng, 0.5) { between(rng, -0.4, 0.4) } else { between(rng, 1.0, 2.1) };
    let across = (-angle.sin(), angle.cos());
    let side = if chance(rng, 0.5) { 1.0 } else { -1.0 };
    let (pavement, road, kerb) = (paving(rng), asphalt(rng), concrete(rng));
    let white = paint(rng, [0.55, 0.55, 0.52]);
    let verge = if chance(rng, 0.4) { lawn(rng) } else { pavement };
    let wide = between(rng, 1.4, 2.4);
    let strips = vec![
        (-wide - 7.0, pavement),
        (-wide - 3.6, road),
        (-wide - 3.48, white),
        (-wide - 0.15, road),
        (-wide, kerb),
        (wide, pavement),
        (100.0, verge),
    ];
    let ground = Ground { across: (side * across.0, side * across.1), strips, wander: 0.0 };
    let at = |along: f32, s: f32| {
        (along * angle.cos() + side * s * across.0, along * angle.sin() + side * s * across.1)
    };
    let mut items = Vec::new();
    if chance(rng, 0.35) {
        items.extend(crossing(rng, &at, wide));
    }
    let mut along = between(rng, -12.0, -6.0);
    while along < 25.0 {
        let (x, z) = at(along, -wide - between(rng, 1.1, 1.4));
        if chance(rng, 0.65) && (x.hypot(z) > 2.6) && z > -4.0 {
            items.extend(car(rng, x, z, angle));
        }
        along += between(rng, 5.0, 8.0);
    }
    let (x, z) = at(-30.0 * side, wide + between(rng, 0.5, 5.0));
    let facing = if side > 0.0 { angle } else { angle + PI };
    items.extend(building(rng, x, z, facing, 60.0));
    let (x, z) = at(-40.0 * side, -wide - between(rng, 9.0, 16.0));
    items.extend(building(rng, x, z, facing, 80.0));
    let mut along = between(rng, 2.5, 5.0);
    while along < 20.0 {
        for sign in [1.0, -1.0] {
            let (x, z) = at(sign * along, wide - 0.3);
            if z > 1.5 && chance(rng, 0.6) {
                items.extend(if chance(rng, 0.5) { tree(rng, x, z) } else { pole(rng, x, z) });
            }
        }
        along += between(rng, 2.5, 6.0);
    }
    let walk = (2.5, 3.0);
    items.extend(scatter(rng, walk, 8.0, clutter / 2, &mut anything));
    Place { setting: Setting::Street, ground, items, lamps: lamps(rng, 3), walk }
}

pub(super) fn park(rng: &mut ChaCha8Rng, clutter: usize) -> Place {
    let angle = between(rng, 0.0, PI);
    let path = match rng.random_range(0..3) {
        0 => asphalt(rng),
        1 => paving(rng),
        _ => Surface { base: [0.3, 0.24, 0.17], ..concrete(rng) },
    };
    let (left, right) = (lawn(rng), lawn(rng));
    let wide = between(rng, 1.2, 2.8);
    let border = Surface { base: [0.25; 3], ..concrete(rng) };
    let strips = if chance(rng, 0.5) {
        vec![
            (-wide, left),
            (-wide + 0.12, border),
            (wide - 0.12, path),
            (wide, border),
            (99.0, right),
        ]
    } else {
        vec![(-wide, left), (wide, path), (99.0, right)]
    };
    let walk = (2.5, 3.0);
    let mut items = scatter(rng, walk, 10.0, 5 + clutter / 2, &mut |rng, x, z| tree(rng, x, z));
    items.extend(scatter(
        rng,
        walk,
        7.0,
        3 + clutter,
        &mut |rng, x, z| match rng.random_range(0..4) {
            0 => hedge(rng, x, z + 1.5, 0.2),
            1 => furniture(rng, x, z),
            2 => pole(rng, x, z),
            _ => bush(rng, x, z),
        },
    ));
    // The edge of the park: a wall of leaves or a building far away.
    let far = walk.1 + between(rng, 12.0, 20.0);
    if chance(rng, 0.6) {
        let shape = Shape::Wall {
            foot: [-40.0, 0.0, far],
            run: (1.0, 0.0),
            size: (80.0, 7.0),
            holes: Holes::None,
        };
        items.push(Item { shape, surface: leaves(rng) });
    } else {
        items.extend(building(rng, -40.0, far, 0.1, 80.0));
    }
    let ground = Ground { across: (angle.cos(), angle.sin()), strips, wander: 0.5 };
    Place { setting: Setting::Park, ground, items, lamps: lamps(rng, 2), walk }
}

pub(super) fn yard(rng: &mut ChaCha8Rng, clutter: usize) -> Place {
    let main = if chance(rng, 0.5) { asphalt(rng) } else { concrete(rng) };
    let white = chance(rng, 0.7);
    let line = paint(rng, if white { [0.5; 3] } else { [0.5, 0.36, 0.03] });
    let edge = between(rng, -2.5, 1.5);
    let strips = vec![(edge, main), (edge + 0.12, line), (99.0, main)];
    let walk = (3.0, 3.0);
    let deep = between(rng, 1.5, 9.0);
    let far = walk.1 + deep;
    let mut items = Vec::new();
    let side = if chance(rng, 0.5) { wall(rng) } else { ribbed(rng) };
    let upright = |foot: [f32; 3], run: (f32, f32), long: f32, high: f32| Shape::Wall {
        foot,
        run,
        size: (long, high),
        holes: Holes::None,
    };
    let high = between(rng, 2.0, 5.0);
    let back = if chance(rng, 0.6) { wall(rng) } else { front(rng, 0.3) };
    items.push(Item {
        shape: upright([-30.0, 0.0, far + 1.5], (1.0, 0.0), 60.0, high),
        surface: back,
    });
    items.extend(building(rng, -40.0, far + 16.0, 0.0, 80.0));
    let x = if chance(rng, 0.5) { -1.0 } else { 1.0 } * (walk.0 + between(rng, 1.0, 4.0));
    items.push(Item { shape: upright([x, 0.0, -4.0], (0.0, 1.0), far + 6.0, high), surface: side });
    if chance(rng, 0.6) {
        let z = walk.1 + between(rng, 1.0, deep);
        items.extend(fence(rng, -12.0, z, 0.05, 24.0));
    }
    if chance(rng, 0.5) {
        let (x, z) = (between(rng, -4.0, 4.0), walk.1 + between(rng, 2.5, 2.5 + deep));
        let angle = if chance(rng, 0.5) { FRAC_PI_2 } else { 0.1 };
        items.extend(car(rng, x, z, angle));
    }
    if chance(rng, 0.3) {
        let surface = metal(rng);
        let shape = Shape::Slab { corner: [-4.0, 3.6, walk.1 - 0.5], size: (8.0, 4.0) };
        items.push(Item { shape, surface });
    }
    items.extend(scatter(rng, walk, deep, 2 + clutter, &mut anything));
    let turn = between(rng, 0.0, PI);
    let ground = Ground { across: (turn.cos(), turn.sin()), strips, wander: 0.0 };
    Place { setting: Setting::Yard, ground, items, lamps: lamps(rng, 2), walk }
}
