//! What is missing in walls: fences, railings, nets and the outline of a bicycle.

/// What is missing in a wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Holes {
    /// Nothing.
    None,
    /// All but upright bars and two rails: distance and width of bars.
    Bars {
        /// Distance of two bars.
        period: f32,
        /// Width of a bar.
        width: f32,
    },
    /// All but rails along it.
    Rails {
        /// Distance of two rails.
        period: f32,
        /// Width of a rail.
        width: f32,
    },
    /// All but a net of wires at 45°.
    Net {
        /// Distance of two wires.
        period: f32,
        /// Width of a wire.
        width: f32,
    },
    /// All but the outline of a bicycle of length 1.7 and height 1.
    Bicycle,
}

impl Holes {
    /// Whether something is left at `(u, v)` of a wall of this size.
    pub(super) fn solid(self, u: f32, v: f32, (width, height): (f32, f32)) -> bool {
        let near = |x: f32, period: f32, w: f32| (x / period).fract() * period < w;
        match self {
            Self::None => true,
            Self::Bars { period, width: w } => {
                near(u, period, w) || v > height - 1.5 * w || (v - 0.12).abs() < w
            }
            Self::Rails { period, width: w } => {
                near(v + w, period, w) || v > height - w || near(u, 1.6, 1.2 * w) || u > width - w
            }
            Self::Net { period, width: w } => {
                near(u + v + 100.0, period, w)
                    || near(u - v + 100.0, period, w)
                    || v > height - 0.04
            }
            Self::Bicycle => bicycle(u, v),
        }
    }
}

fn bicycle(u: f32, v: f32) -> bool {
    let ring = |x: f32| ((u - x).hypot(v - 0.34) - 0.32).abs() < 0.028;
    let bar = |a: (f32, f32), b: (f32, f32)| {
        let (du, dv) = (b.0 - a.0, b.1 - a.1);
        let t = (((u - a.0) * du + (v - a.1) * dv) / (du * du + dv * dv)).clamp(0.0, 1.0);
        (u - a.0 - t * du).hypot(v - a.1 - t * dv) < 0.026
    };
    ring(0.34)
        || ring(1.36)
        || bar((0.34, 0.34), (0.62, 0.36))
        || bar((0.62, 0.36), (0.55, 0.86))
        || bar((0.60, 0.72), (1.22, 0.78))
        || bar((0.62, 0.36), (1.22, 0.74))
        || bar((1.36, 0.34), (1.18, 0.98))
        || bar((0.42, 0.88), (0.66, 0.88))
        || bar((1.02, 1.0), (1.22, 0.98))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::street::scene::shape::Shape;

    #[test]
    fn a_fence_is_mostly_air() {
        let fence = Shape::Wall {
            foot: [-5.0, 0.0, 5.0],
            run: (1.0, 0.0),
            size: (10.0, 2.0),
            holes: Holes::Bars { period: 0.1, width: 0.02 },
        };
        let met = (0..1000)
            .filter(|i| {
                fence
                    .hit([-4.9 + 0.009_37 * *i as f32, 1.0, 0.0], [0.0, 0.0, 1.0], 0.0, 9.0)
                    .is_some()
            })
            .count();
        assert!((150..250).contains(&met), "{met} of 1000, a fifth expected");
    }
}
