//! The skeleton: projection of joints, and the list of parts that grows around it.

use super::{Part, Point, Pose, Print};
use crate::person::{Material, Pattern, Person};

pub(super) struct Builder<'a> {
    pub(super) person: &'a Person,
    pub(super) pose: Pose,
    pub(super) parts: Vec<Part>,
    /// Body scale relative to the reference height of 1.75 m.
    pub(super) scale: f32,
    /// Body width relative to the average.
    pub(super) girth: f32,
}

impl Builder<'_> {
    /// Projects a joint: the point on the figure plane, and how near it is.
    pub(super) fn project(&self, x: f32, y: f32, z: f32) -> (Point, f32) {
        let (sin, cos) = self.pose.yaw.sin_cos();
        let lean = self.pose.lean * ((y / self.scale - 0.9) / 0.55).clamp(0.0, 1.3);
        ((x * cos + z * sin + lean, y), z * cos - x * sin)
    }

    /// Half width of an elliptic cross-section seen from the pose's direction.
    pub(super) fn half(&self, wide: f32, deep: f32) -> f32 {
        let (sin, cos) = self.pose.yaw.sin_cos();
        ((wide * cos).powi(2) + (deep * sin).powi(2)).sqrt()
    }

    pub(super) fn facing(&self) -> f32 {
        self.pose.yaw.cos()
    }

    pub(super) fn push(
        &mut self,
        outline: Vec<Point>,
        material: Material,
        depth: f32,
    ) -> &mut Part {
        self.parts.push(Part { outline, line: None, material, print: None, depth, detail: false });
        let last = self.parts.len() - 1;
        &mut self.parts[last]
    }

    pub(super) fn stroke(
        &mut self,
        points: Vec<Point>,
        width: f32,
        material: Material,
        depth: f32,
    ) {
        self.parts.push(Part {
            outline: points,
            line: Some(width),
            material,
            print: None,
            depth,
            detail: true,
        });
    }

    pub(super) fn print(&self, centre: Point) -> Option<Print> {
        let person = self.person;
        if person.pattern == Pattern::Plain
            || (person.pattern == Pattern::Logo && self.facing() < 0.25)
        {
            return None;
        }
        let period = 0.07 + 0.08 * person.pattern_scale;
        Some(Print {
            kind: person.pattern,
            material: person.second_colour.material,
            period,
            centre,
        })
    }
}
