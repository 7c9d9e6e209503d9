//! Things that stand between the camera and the person in one picture.

use crate::street::photo::signed;
use crate::street::scene::place::Item;
use crate::street::scene::shape::{Holes, Shape};
use crate::street::scene::space::V3;
use crate::street::scene::surface::{Kind, Surface};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

fn surface(rng: &mut ChaCha8Rng, kind: Kind, strength: f32) -> Surface {
    let value = 0.04 + 0.45 * rng.random::<f32>();
    let base = std::array::from_fn(|_| value * (1.0 - strength * rng.random::<f32>()));
    Surface {
        kind,
        base,
        second: [0.6; 3],
        infrared: 0.1 + 0.7 * rng.random::<f32>(),
        gloss: 0.05,
        seed: rng.next_u32(),
    }
}

/// A pole, a railing, a bush, a box or a low wall around `at`, a point of the ground before the person; `right` is
/// the direction (x, z) to the right of the picture.
#[must_use]
pub(super) fn occluder(at: V3, right: (f32, f32), rng: &mut ChaCha8Rng) -> Vec<Item> {
    let beside = |metres: f32| [at[0] + metres * right.0, 0.0, at[2] + metres * right.1];
    match rng.random_range(0..6) {
        0 => {
            let foot = beside(0.3 * signed(rng));
            let radius = 0.03 + 0.06 * rng.random::<f32>();
            let surface = surface(rng, Kind::Paint, 0.3);
            vec![Item { shape: Shape::Post { foot, radius, height: 5.0 }, surface }]
        }
        1 => {
            let foot = beside(-3.0);
            let high = 0.75 + 0.3 * rng.random::<f32>();
            let holes = if rng.random_bool(0.5) {
                Holes::Rails { period: 0.3, width: 0.045 }
            } else {
                Holes::Bars { period: 0.13, width: 0.025 }
            };
            let surface = surface(rng, Kind::Paint, 0.2);
            vec![Item {
                shape: Shape::Wall { foot, run: right, size: (6.0, high), holes },
                surface,
            }]
        }
        2 => {
            let side = signed(rng).signum();
            let green = Surface {
                base: [0.04, 0.07, 0.02],
                infrared: 0.65,
                ..surface(rng, Kind::Leaves, 0.0)
            };
            (0..2)
                .map(|_| {
                    let place = beside(side * (0.3 + 0.35 * rng.random::<f32>()));
                    let up = 0.3 + 0.35 * rng.random::<f32>();
                    let half = [0.4 + 0.3 * rng.random::<f32>(), up, 0.35];
                    let middle = [place[0], 0.85 * up, place[2]];
                    let ragged = Some(rng.next_u32());
                    Item { shape: Shape::Blob { middle, half, ragged }, surface: green }
                })
                .collect()
        }
        3 => {
            let place = beside(0.45 * signed(rng));
            let high = 0.25 + 0.2 * rng.random::<f32>();
            let half = [0.25 + 0.3 * rng.random::<f32>(), high, 0.2];
            let surface = surface(rng, Kind::Ribbed { period: 0.2, upright: false }, 0.8);
            let middle = [place[0], high, place[2]];
            vec![Item { shape: Shape::Block { middle, half, run: right }, surface }]
        }
        4 => {
            let side = signed(rng).signum();
            let place = beside(side * (2.0 + 0.25));
            let surface = surface(rng, Kind::Plaster, 0.2);
            let middle = [place[0], 1.5, place[2]];
            vec![Item {
                shape: Shape::Block { middle, half: [2.0, 1.5, 0.1], run: right },
                surface,
            }]
        }
        _ => {
            // A bonnet or the edge of a car.
            let place = beside(1.2 * signed(rng));
            let surface = Surface { gloss: 0.3, ..surface(rng, Kind::Paint, 0.6) };
            let middle = [place[0], 0.42, place[2]];
            vec![Item {
                shape: Shape::Block { middle, half: [1.1, 0.36, 0.7], run: right },
                surface,
            }]
        }
    }
}
