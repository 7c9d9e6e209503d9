//! A person in a pose as outlined parts, in metres.
//!
//! The skeleton is three-dimensional (x to the person's left, y up from the ground, z forward); parts are
//! projected for the viewing direction and ordered from far to near. The same parts are painted as a
//! photograph, an infrared photograph or a drawing, so all modalities of a person agree in shape.

mod arms;
mod bags;
mod head;
mod legs;
mod shapes;
mod skeleton;
mod torso;

use super::person::{Build, Material, Pattern, Person};
use skeleton::Builder;

/// A point of the figure plane: metres to the right of the body's axis, metres above the ground.
pub type Point = (f32, f32);

/// How the person stands relative to the camera.
#[derive(Debug, Clone, Copy)]
pub struct Pose {
    /// Viewing direction in radians: 0 faces the camera, π shows the back.
    pub yaw: f32,
    /// Phase of the walking cycle in radians.
    pub phase: f32,
    /// Swing of the legs in radians; 0 stands still.
    pub stride: f32,
    /// Bend of the elbows in radians.
    pub elbow: f32,
    /// Sideways lean of the upper body, in metres at the shoulders.
    pub lean: f32,
}

/// Fabric pattern on a part.
#[derive(Debug, Clone, Copy)]
pub struct Print {
    /// Its kind.
    pub kind: Pattern,
    /// What its second colour is made of.
    pub material: Material,
    /// Period in metres.
    pub period: f32,
    /// Centre of the part, where a logo sits.
    pub centre: Point,
}

/// One visible piece.
#[derive(Debug, Clone)]
pub struct Part {
    /// Closed outline, or an open polyline where `line` is set.
    pub outline: Vec<Point>,
    /// Width in metres of a part that is a line.
    pub line: Option<f32>,
    /// What it is made of.
    pub material: Material,
    /// Fabric pattern, if any.
    pub print: Option<Print>,
    /// Order from far (small) to near.
    depth: f32,
    /// Whether a hurried artist may leave it out.
    pub detail: bool,
}

/// A person in a pose.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Parts from far to near.
    pub parts: Vec<Part>,
    /// Height in metres from the ground to the top of the head.
    pub height: f32,
}

/// Builds the parts of `person` in `pose`, ordered from far to near.
#[must_use]
pub fn figure(person: &Person, pose: Pose) -> Figure {
    let scale = person.height / 1.75;
    let girth = match person.build {
        Build::Slim => 0.86,
        Build::Average => 1.0,
        Build::Heavy => 1.28,
    };
    let mut builder = Builder { person, pose, parts: Vec::new(), scale, girth };
    builder.legs();
    builder.torso();
    builder.arms();
    builder.head();
    let mut parts = builder.parts;
    parts.sort_by(|a, b| a.depth.total_cmp(&b.depth));
    Figure { parts, height: 1.76 * scale }
}
