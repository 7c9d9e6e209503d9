//! A person of capsules, met by rays: what tests and the example need of a person.

use aio_synth::street::compose::layer::{Features, Figure, Layer, Model, Sample, Stand};
use aio_synth::street::drawing::Role;
use aio_synth::street::scene::view::{Crop, Eye};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

type V3 = [f32; 3];

struct Bone {
    a: V3,
    b: V3,
    r: f32,
    part: u16,
}

struct Standing {
    at: V3,
    bones: Vec<Bone>,
    colours: [V3; 6],
    infrared: [f32; 6],
    features: Features,
}

fn sub(a: V3, b: V3) -> V3 {
    std::array::from_fn(|i| a[i] - b[i])
}
fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Colours of its parts.
pub(crate) struct Puppet {
    colours: [V3; 6],
    infrared: [f32; 6],
}

impl Puppet {
    pub(crate) fn sample(r: &mut ChaCha8Rng) -> Self {
        let mut c = || {
            let v = 0.5 * r.random::<f32>().powi(2) + 0.02;
            let s = r.random::<f32>().powi(2);
            std::array::from_fn(|_| v * (1.0 - s * r.random::<f32>()))
        };
        let colours = [[0.0; 3], [0.42, 0.26, 0.19], [0.03, 0.025, 0.02], c(), c(), [0.05; 3]];
        let mut cloth = || 0.2 + 0.6 * r.random::<f32>();
        Self { colours, infrared: [0.0, 0.6, 0.3, cloth(), cloth(), 0.3] }
    }
}

impl Model for Puppet {
    fn stand(&self, stand: Stand, r: &mut ChaCha8Rng) -> Box<dyn Figure + '_> {
        let at = stand.at;
        let (s, c) = stand.turn.sin_cos();
        let place = |x: f32, y: f32, z: f32| [at[0] + x * c + z * s, y, at[2] - x * s + z * c];
        let swing = if stand.still { 0.06 } else { 0.45 };
        let k = swing * (2.0 * r.random::<f32>() - 1.0);
        let mut bones = Vec::new();
        let mut bone = |a: V3, b: V3, r: f32, part| {
            let [a, b] = [a, b].map(|p| place(p[0], p[1], p[2]));
            bones.push(Bone { a, b, r, part });
        };
        bone([0.0, 1.58, 0.02], [0.0, 1.62, 0.02], 0.095, 1);
        bone([0.0, 1.64, -0.02], [0.0, 1.66, -0.03], 0.095, 2);
        bone([0.0, 1.45, 0.0], [0.0, 1.55, 0.0], 0.055, 1);
        bone([-0.12, 1.36, 0.0], [0.12, 1.36, 0.0], 0.09, 3);
        bone([-0.07, 1.0, 0.0], [-0.06, 1.36, 0.0], 0.12, 3);
        bone([0.07, 1.0, 0.0], [0.06, 1.36, 0.0], 0.12, 3);
        for side in [-1.0, 1.0] {
            let sw = side * k;
            let (sn, cs) = sw.sin_cos();
            let hip = [0.09 * side, 0.95, 0.0];
            let knee = [0.095 * side, 0.95 - 0.43 * cs, 0.43 * sn];
            let bend = sw - 0.15;
            let ankle = [0.1 * side, knee[1] - 0.41 * bend.cos(), knee[2] + 0.41 * bend.sin()];
            bone(hip, knee, 0.085, 4);
            bone(knee, ankle, 0.062, 4);
            let toe = [ankle[0] * 1.2, ankle[1] - 0.05, ankle[2] + 0.15];
            bone([ankle[0], ankle[1] - 0.03, ankle[2] - 0.02], toe, 0.048, 5);
            let elbow = [0.26 * side, 1.36 - 0.28 * cs, -0.28 * sn];
            let wrist = [0.27 * side, elbow[1] - 0.24, elbow[2] + 0.1];
            bone([0.2 * side, 1.36, 0.0], elbow, 0.06, 3);
            bone(elbow, wrist, 0.046, 3);
            bone(wrist, [wrist[0], wrist[1] - 0.08, wrist[2] + 0.02], 0.045, 1);
        }
        let features = Features {
            eyes: [place(-0.032, 1.63, 0.105), place(0.032, 1.63, 0.105)],
            nose: place(0.0, 1.59, 0.125),
            mouth: place(0.0, 1.55, 0.11),
            forward: [s, 0.0, c],
        };
        let (colours, infrared) = (self.colours, self.infrared);
        Box::new(Standing { at, bones, colours, infrared, features })
    }
}

impl Standing {
    fn meet(&self, o: V3, d: V3) -> Option<(f32, usize, V3)> {
        let mut best: Option<(f32, usize, V3)> = None;
        for (i, b) in self.bones.iter().enumerate() {
            if let Some(t) = capsule(o, d, b)
                && best.is_none_or(|x| t < x.0)
            {
                let p: V3 = std::array::from_fn(|k| o[k] + t * d[k]);
                let ab = sub(b.b, b.a);
                let h = (dot(sub(p, b.a), ab) / dot(ab, ab)).clamp(0.0, 1.0);
                let n = std::array::from_fn(|k| (p[k] - b.a[k] - h * ab[k]) / b.r);
                best = Some((t, i, n));
            }
        }
        best
    }
}

fn capsule(o: V3, d: V3, b: &Bone) -> Option<f32> {
    let ba = sub(b.b, b.a);
    let oa = sub(o, b.a);
    let (dd, baba, bard, baoa, rdoa, oaoa) =
        (dot(d, d), dot(ba, ba), dot(ba, d), dot(ba, oa), dot(d, oa), dot(oa, oa));
    let a = baba * dd - bard * bard;
    let bb = baba * rdoa - baoa * bard;
    let c = baba * oaoa - baoa * baoa - b.r * b.r * baba;
    let h = bb * bb - a * c;
    if h < 0.0 {
        return None;
    }
    let t = (-bb - h.sqrt()) / a;
    let y = baoa + t * bard;
    if y > 0.0 && y < baba {
        return (t > 0.0).then_some(t);
    }
    let oc = if y <= 0.0 { oa } else { sub(o, b.b) };
    let bq = dot(d, oc);
    let h = bq * bq - dd * (dot(oc, oc) - b.r * b.r);
    (h > 0.0).then(|| (-bq - h.sqrt()) / dd).filter(|t| *t > 0.0)
}

impl Figure for Standing {
    fn extent(&self) -> Vec<V3> {
        self.bones
            .iter()
            .flat_map(|b| {
                [b.a, b.b].map(|p| [[p[0] - b.r, p[1] - b.r, p[2]], [p[0] + b.r, p[1] + b.r, p[2]]])
            })
            .flatten()
            .collect()
    }
    fn layer(&self, eye: &Eye, crop: &Crop, rows: usize, columns: usize) -> Layer {
        let mut layer = Layer::empty(rows, columns);
        for y in 0..rows {
            for x in 0..columns {
                let (r, c) = crop.frame_pixel(
                    (y as f32 + 0.5) * crop.raster.0 as f32 / rows as f32,
                    (x as f32 + 0.5) * crop.raster.1 as f32 / columns as f32,
                );
                let d = eye.ray(r, c);
                if let Some((t, i, normal)) = self.meet(eye.position, d) {
                    let part = self.bones[i].part;
                    layer.samples[y * columns + x] = Some(Sample {
                        depth: t,
                        albedo: self.colours[part as usize],
                        infrared: self.infrared[part as usize],
                        normal,
                        position: std::array::from_fn(|k| eye.position[k] + t * d[k]),
                        open: 0.9,
                        gloss: 0.0,
                        retro: 0.0,
                        owner: 0,
                        part,
                    });
                }
            }
        }
        layer
    }
    fn shadow(&self, position: V3, sun: V3) -> f32 {
        f32::from(u8::from(self.meet(position, sun).is_some()))
    }
    fn features(&self) -> Features {
        self.features
    }
    fn ground(&self) -> V3 {
        self.at
    }
    fn roles(&self) -> Vec<Role> {
        vec![Role::Nothing, Role::Skin, Role::Hair, Role::Cloth, Role::Cloth, Role::Cloth]
    }
}
