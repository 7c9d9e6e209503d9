use super::Hand;
use crate::figure::Point;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A smooth displacement of the plane that belongs to one drawing.
pub(super) struct Wobble {
    waves: Vec<Wave>,
    stretch: [f32; 3],
    height: f32,
}

/// A sine wave over the plane that moves points along both axes.
struct Wave {
    /// Radians per metre to the right and upwards.
    frequency: (f32, f32),
    phase: f32,
    /// Metres to the right and upwards.
    amplitude: (f32, f32),
}

impl Wobble {
    pub(super) fn sample(hand: &Hand, height: f32, rng: &mut ChaCha8Rng) -> Self {
        let waves = (0..5)
            .map(|i| {
                let frequency = 2.0 + 3.0 * i as f32;
                let amplitude = hand.wobble * height / (1.0 + i as f32);
                let mut signed = || 2.0 * rng.random::<f32>() - 1.0;
                Wave {
                    frequency: (frequency * signed(), frequency * signed()),
                    phase: signed() * 3.0,
                    amplitude: (amplitude * signed(), amplitude * signed()),
                }
            })
            .collect();
        let stretch =
            std::array::from_fn(|_| 1.0 + hand.proportion * (2.0 * rng.random::<f32>() - 1.0));
        Self { waves, stretch, height }
    }

    fn apply(&self, (x, y): Point) -> Point {
        let h = self.height;
        let [head, torso, legs] = self.stretch;
        // Piecewise-linear heights keep the figure in one piece while its proportions go wrong.
        let (hip, neck) = (0.53 * h, 0.85 * h);
        let stretched = if y < hip {
            y * legs
        } else if y < neck {
            hip * legs + (y - hip) * torso
        } else {
            hip * legs + (neck - hip) * torso + (y - neck) * head
        };
        let wide = if y < neck { torso } else { head };
        let (mut dx, mut dy) = (0.0, 0.0);
        for Wave { frequency, phase, amplitude } in &self.waves {
            let wave = (frequency.0 * x + frequency.1 * y + phase).sin();
            dx += amplitude.0 * wave;
            dy += amplitude.1 * wave;
        }
        (x * wide + dx, stretched + dy)
    }

    pub(super) fn all(&self, points: &[Point]) -> Vec<Point> {
        points.iter().map(|p| self.apply(*p)).collect()
    }
}
