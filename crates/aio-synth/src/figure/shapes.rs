//! Outlines and materials that several parts share.

use super::Point;
use crate::person::Material;
use std::f32::consts::{PI, TAU};

pub(super) const DARK: Material = Material { rgb: [0.10, 0.09, 0.10], infrared: 0.12 };
pub(super) const METAL: Material = Material { rgb: [0.70, 0.70, 0.72], infrared: 0.55 };
pub(super) const SOLE: Material = Material { rgb: [0.86, 0.85, 0.83], infrared: 0.60 };

pub(super) fn darker(material: Material, factor: f32) -> Material {
    Material { rgb: material.rgb.map(|c| c * factor), infrared: material.infrared * factor }
}

/// Outline of two circles and what lies between them.
pub(super) fn capsule(a: Point, b: Point, ra: f32, rb: f32) -> Vec<Point> {
    let angle = (b.1 - a.1).atan2(b.0 - a.0);
    let arc = |centre: Point, radius: f32, from: f32| {
        (0..=6).map(move |i| {
            let t = from + PI * i as f32 / 6.0;
            (centre.0 + radius * t.cos(), centre.1 + radius * t.sin())
        })
    };
    arc(b, rb, angle - PI / 2.0).chain(arc(a, ra, angle + PI / 2.0)).collect()
}

pub(super) fn ellipse(centre: Point, rx: f32, ry: f32) -> Vec<Point> {
    arc(centre, rx, ry, 0.0, TAU)
}

pub(super) fn arc(centre: Point, rx: f32, ry: f32, from: f32, to: f32) -> Vec<Point> {
    (0..20)
        .map(|i| {
            let t = from + (to - from) * i as f32 / 19.0;
            (centre.0 + rx * t.cos(), centre.1 + ry * t.sin())
        })
        .collect()
}

/// Outline around a vertical axis given as (x, y, half width) from top to bottom.
pub(super) fn tube(levels: &[(f32, f32, f32)]) -> Vec<Point> {
    let right = levels.iter().map(|l| (l.0 + l.2, l.1));
    let left = levels.iter().rev().map(|l| (l.0 - l.2, l.1));
    right.chain(left).collect()
}
