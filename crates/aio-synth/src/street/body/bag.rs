//! What is carried.

use super::frame::{Frame, mix};
use super::mesh::{Grid, Mesh};
use super::paint::Part;
use super::pose::Task;
use super::shapes::{block, ribbon, tube};
use super::trunk::Trunk;
use super::vehicle::{bicycle, pushchair};
use crate::street::person::{Bag, Dye};
use crate::street::scene::space::{V3, add, scale, unit};
use std::f32::consts::TAU;

/// Adds `bag`, carried over clothes that are `ease` metres away from the trunk.
pub(super) fn carry(
    mesh: &mut Mesh,
    parts: &mut Vec<Part>,
    trunk: &Trunk,
    (bag, dye): (Bag, Dye),
    ease: f32,
) {
    let colour = dye.rgb;
    let mut put = |colour: [f32; 3], gloss: f32| {
        parts.push(Part::thing(colour, gloss));
        parts.len() as u16
    };
    let own = put(colour, 0.03);
    let dark = put(colour.map(|c| 0.55 * c), 0.02);
    let hand = |task: Task| {
        let at = trunk.skeleton.tasks.iter().position(|t| *t == task).unwrap_or(1);
        trunk.skeleton.hands[at]
    };
    match bag {
        Bag::Backpack => backpack(mesh, own, dark, trunk, ease),
        Bag::ShoulderBag => shoulder_bag(mesh, own, dark, trunk, ease),
        Bag::Handbag => {
            in_hand(mesh, own, dark, trunk, &hand(Task::Carry), [0.055, 0.10, 0.15], 0.13)
        }
        Bag::ShoppingBag => {
            in_hand(mesh, own, own, trunk, &hand(Task::Carry), [0.06, 0.19, 0.15], 0.10)
        }
        Bag::Trolley => trolley(mesh, own, dark, &hand(Task::Pull)),
        Bag::Pushchair => pushchair(mesh, own, dark, trunk.skeleton),
        Bag::Bicycle => bicycle(mesh, own, dark),
        Bag::Umbrella => umbrella(mesh, own, dark, &hand(Task::Raise), trunk),
    }
}

fn backpack(mesh: &mut Mesh, own: u16, dark: u16, trunk: &Trunk, ease: f32) {
    let b = &trunk.skeleton.bones;
    let (frame, section) = trunk.ring(0.62, 0.2);
    let half = [0.083 * b.stature, 0.44 * b.trunk, 0.045 * b.stature];
    let at = frame.at([0.0, 0.0, -(section.back + ease + 0.7 * half[2])]);
    let chest = trunk.skeleton.chest;
    block(mesh, own, &chest.put(at), half, 3.2);
    let pocket =
        chest.put(add(at, add(scale(chest.y, -0.45 * half[1]), scale(chest.z, -0.9 * half[2]))));
    block(mesh, dark, &pocket, [0.8 * half[0], 0.4 * half[1], 0.45 * half[2]], 3.0);
    for side in [-1.0, 1.0] {
        let x = side * 0.062 * b.stature;
        let (points, normals) = trunk.over_shoulder(x, (0.52, 0.85), ease + 0.012);
        ribbon(mesh, dark, &points, &normals, 0.026);
    }
}

fn shoulder_bag(mesh: &mut Mesh, own: u16, dark: u16, trunk: &Trunk, ease: f32) {
    let b = &trunk.skeleton.bones;
    // From the left shoulder to the right hip, in front and behind.
    let start = -0.052 * b.stature;
    let top = 1.0;
    for front in [true, false] {
        let mut points = Vec::new();
        let mut normals = Vec::new();
        for k in 0..=12 {
            let t = k as f32 / 12.0;
            let h = mix(top, 0.12, t);
            let (frame, section) = trunk.ring(h, 0.2);
            let x = mix(start, 0.92 * section.wide, t * (0.75 + 0.25 * t));
            let z = section.depth(x, front, ease + 0.012);
            points.push(frame.at([x, 0.0, z]));
            let out = if front { 1.0 } else { -1.0 };
            let up = (1.0 - 6.0 * t).max(0.0);
            normals
                .push(unit(add(scale(frame.z, out), add(scale(frame.y, up), scale(frame.x, t)))));
        }
        ribbon(mesh, dark, &points, &normals, 0.019);
    }
    let (frame, section) = trunk.ring(0.02, 0.2);
    let half = [0.045, 0.095, 0.14].map(|v: f32| v * b.stature / 1.75);
    let bag = frame.put(frame.at([section.wide + ease + 0.6 * half[0], 0.0, -0.03])).yaw(0.25);
    block(mesh, own, &bag, half, 3.5);
    let flap = bag.put(bag.at([0.35 * half[0], 0.45 * half[1], 0.0]));
    block(mesh, dark, &flap, [0.75 * half[0], 0.52 * half[1], 1.02 * half[2]], 3.5);
}

/// Hangs a bag from the fingers on two handles.
fn in_hand(
    mesh: &mut Mesh,
    own: u16,
    handle: u16,
    trunk: &Trunk,
    hand: &Frame,
    half: V3,
    drop: f32,
) {
    let k = trunk.skeleton.bones.stature / 1.75;
    let half = half.map(|v| v * k);
    let grip = hand.at([0.0, -0.55 * trunk.skeleton.bones.hand, 0.0]);
    let level = Frame::upright(grip, [0.0, 1.0, 0.0], trunk.skeleton.pelvis.x);
    // What touches the ground is held higher.
    let low = (grip[1] - drop * k - 2.0 * half[1] - 0.03).min(0.0);
    let bag = level.put(level.at([0.0, -(drop * k) - half[1] - low, 0.0]));
    block(mesh, own, &bag, half, 4.0);
    for side in [-0.6, 0.6] {
        let end = |z: f32| bag.at([side * half[0], 0.9 * half[1], z * half[2]]);
        let points = [
            end(0.55),
            level.at([0.3 * side * half[0], 0.0, 0.02]),
            level.at([0.3 * side * half[0], 0.0, -0.02]),
            end(-0.55),
        ];
        tube(mesh, handle, &points, &[0.007; 4], (level.x, 1.0));
    }
}

fn trolley(mesh: &mut Mesh, own: u16, dark: u16, hand: &Frame) {
    let grip = hand.at([0.0, -0.08, 0.0]);
    let wheels = [grip[0], 0.04, grip[2] - 0.42];
    let up = unit([0.0, grip[1] - 0.04, 0.42]);
    let body = Frame::upright(wheels, up, [1.0, 0.0, 0.0]);
    block(mesh, own, &body.put(body.at([0.0, 0.29, 0.0])), [0.18, 0.28, 0.11], 5.0);
    let long = (grip[1] - 0.04).hypot(0.42);
    for x in [-0.07, 0.07] {
        let points = [body.at([x, 0.5, 0.06]), body.at([x, long, 0.0])];
        tube(mesh, dark, &points, &[0.008; 2], (body.x, 1.0));
        let wheel =
            Frame::upright(body.at([2.0 * x, 0.0, -0.05]), [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]);
        block(mesh, dark, &wheel, [0.02, 0.04, 0.04], 2.5);
    }
    let bar = [body.at([-0.08, long, 0.0]), body.at([0.08, long, 0.0])];
    tube(mesh, dark, &bar, &[0.012; 2], (body.y, 1.0));
}

fn umbrella(mesh: &mut Mesh, own: u16, dark: u16, hand: &Frame, trunk: &Trunk) {
    let b = &trunk.skeleton.bones;
    let grip = hand.at([0.0, -0.05, 0.02]);
    let over = trunk.skeleton.head.at([0.0, b.head + 0.28, 0.0]);
    let top = [mix(grip[0], over[0], 0.6), over[1], mix(grip[2], over[2], 0.5)];
    let way = [top[0] - grip[0], top[1] - grip[1], top[2] - grip[2]];
    let frame = Frame::upright(top, way, [1.0, 0.0, 0.0]);
    tube(
        mesh,
        dark,
        &[add(grip, scale(way, -0.12)), add(grip, scale(way, 1.05))],
        &[0.009; 2],
        ([1.0, 0.0, 0.0], 1.0),
    );
    let (rows, columns) = (9, 33);
    mesh.grid(Grid { rows, columns, closed: true, part: own }, |i, j| {
        let t = i as f32 / (rows - 1) as f32;
        let turn = TAU * j as f32 / (columns - 1) as f32;
        // Cloth sags between eight ribs.
        let sag = 0.5 + 0.5 * (8.0 * turn).cos();
        let r = 0.50 * t * mix(0.94, 1.0, sag);
        let p = [r * turn.sin(), -0.24 * t * t + 0.02 * (1.0 - sag) * t, r * turn.cos()];
        Some((frame.at(p), [r * turn, r], 1.0))
    });
}
