//! What people cover in a crop, sample by sample.

use crate::street::drawing::Role;
use crate::street::scene::space::V3;
use crate::street::scene::view::{Crop, Eye};
use rand_chacha::ChaCha8Rng;

/// One sample of a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Metres along the direction of view.
    pub depth: f32,
    /// Linear colour.
    pub albedo: [f32; 3],
    /// Near-infrared reflectance.
    pub infrared: f32,
    /// Unit normal in the world.
    pub normal: V3,
    /// Position in the world.
    pub position: V3,
    /// Share of sky and room that is not hidden by the body itself.
    pub open: f32,
    /// Share of mirrored light.
    pub gloss: f32,
    /// Share of light that is sent straight back to where it came from, as reflective strips do.
    pub retro: f32,
    /// Number of the part, from 1.
    pub part: u16,
    /// Whose sample it is: 0 in the layer of one person, set by [`Layer::add`].
    pub owner: usize,
}

/// Samples of a crop, at twice its raster along each axis; `None` where nobody is.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Rows of samples.
    pub rows: usize,
    /// Columns of samples.
    pub columns: usize,
    /// The samples.
    pub samples: Vec<Option<Sample>>,
}

impl Layer {
    /// Nobody.
    #[must_use]
    pub fn empty(rows: usize, columns: usize) -> Self {
        Self { rows, columns, samples: vec![None; rows * columns] }
    }

    /// Adds what is nearer in `other`, a layer of the same crop that belongs to the person number `owner`.
    ///
    /// # Panics
    /// If the sizes differ.
    pub fn add(&mut self, other: &Self, owner: usize) {
        assert_eq!((self.rows, self.columns), (other.rows, other.columns), "layers of one crop");
        for (own, new) in self.samples.iter_mut().zip(&other.samples) {
            if let Some(new) = new
                && own.is_none_or(|own| new.depth < own.depth)
            {
                *own = Some(Sample { owner, ..*new });
            }
        }
    }
}

/// Points of a face in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Features {
    /// Both eyes.
    pub eyes: [V3; 2],
    /// Tip of the nose.
    pub nose: V3,
    /// Middle of the mouth.
    pub mouth: V3,
    /// Unit direction in which the face looks.
    pub forward: V3,
}

/// Someone who stands or walks at a place in the world.
pub trait Figure {
    /// Points whose projections bound the person: what a detector's box is drawn around.
    fn extent(&self) -> Vec<V3>;
    /// What `crop` shows of the person, at `rows` × `columns` samples.
    fn layer(&self, eye: &Eye, crop: &Crop, rows: usize, columns: usize) -> Layer;
    /// Share of the sun, in the unit direction `sun`, that the person keeps from `position`, a point of the place.
    fn shadow(&self, position: V3, sun: V3) -> f32;
    /// Share of the sun, in the unit direction `sun`, that the body keeps from a sample of itself; none unless the
    /// figure knows better.
    fn self_shadow(&self, _sample: &Sample, _sun: V3) -> f32 {
        0.0
    }
    /// Where the person stands.
    fn ground(&self) -> V3;
    /// What each part is for an artist, by its number.
    fn roles(&self) -> Vec<Role>;
    /// Where the features of the face are.
    fn features(&self) -> Features;
}

/// Where and how someone stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stand {
    /// Point of the ground.
    pub at: V3,
    /// Direction of walking and looking in radians: 0 is towards positive z, a quarter turn towards positive x.
    pub turn: f32,
    /// Whether the person stands still, as artists show people, or walks.
    pub still: bool,
}

/// Someone who can be put anywhere.
pub trait Model: Sync {
    /// The person at a place, in a pose drawn from `rng`.
    fn stand(&self, stand: Stand, rng: &mut ChaCha8Rng) -> Box<dyn Figure + '_>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearer_person_is_seen() {
        let sample = |depth: f32| Sample {
            depth,
            albedo: [depth / 10.0; 3],
            infrared: 0.5,
            normal: [0.0, 1.0, 0.0],
            position: [0.0; 3],
            open: 1.0,
            gloss: 0.0,
            retro: 0.0,
            part: 1,
            owner: 0,
        };
        let layer = |depths: [Option<f32>; 3]| Layer {
            rows: 1,
            columns: 3,
            samples: depths.map(|d| d.map(sample)).to_vec(),
        };
        let mut both = layer([Some(3.0), Some(3.0), None]);
        both.add(&layer([Some(2.0), Some(5.0), Some(4.0)]), 1);
        let depths: Vec<Option<f32>> = both.samples.iter().map(|s| s.map(|s| s.depth)).collect();
        assert_eq!(depths, [Some(2.0), Some(3.0), Some(4.0)]);
        let owners: Vec<_> = both.samples.iter().flatten().map(|s| s.owner).collect();
        assert_eq!(owners, [1, 0, 1]);
    }
}
