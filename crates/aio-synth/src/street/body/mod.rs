//! People as triangles: a skeleton in a pose, a body around it, and what is worn and carried.
//!
//! A [`Person`] is a [`Model`]: it can be put anywhere in a pose that is drawn from a generator of random numbers, and
//! gives samples in a crop. All lengths follow from its attributes, so that pictures of one person show one body.

mod bag;
mod cloth;
mod collar;
mod cut;
mod ends;
mod form;
mod frame;
mod garment;
mod hair;
mod head;
mod legwear;
mod limb;
mod mesh;
mod occlusion;
mod paint;
mod pose;
mod proportions;
mod shapes;
mod skeleton;
mod trunk;
mod vehicle;

use super::compose::layer::{Features, Figure, Layer, Model, Sample, Stand};
use super::drawing::Role;
use super::person::{Bag, Fabric, Outer, Person, Sex, Shoes};
use super::raster::{ShadowMap, rasterise};
use super::scene::space::{V3, add, dot, scale, sub, unit};
use super::scene::view::{Crop, Eye};
use super::texture::Piece;
use form::Form;
use frame::{Frame, cross};
use garment::Tailor;
use head::Skull;
use mesh::{Mesh, Vertex};
use occlusion::{capsules, darken};
use paint::{Paint, Part};
use pose::Pose;
use proportions::Bones;
use rand_chacha::ChaCha8Rng;
use skeleton::{SIDES, Skeleton};
use std::cell::OnceCell;
use trunk::Trunk;

/// Someone in a pose at a place.
struct Body {
    mesh: Mesh,
    parts: Vec<Part>,
    /// How many triangles are body and clothes; what is carried follows.
    own: usize,
    features: Features,
    at: V3,
    /// Made when it is first asked for: it depends on the sun.
    shadows: OnceCell<ShadowMap>,
}

impl Model for Person {
    fn stand(&self, stand: Stand, rng: &mut ChaCha8Rng) -> Box<dyn Figure + '_> {
        let bags: Vec<Bag> = self.bags.iter().map(|b| b.0).collect();
        let pose = Pose::sample(stand.still, self.physique.age, &bags, rng);
        let place = Frame::LEVEL.yaw(stand.turn).put(stand.at);
        // Artists look closer than cameras.
        Box::new(Body::new(self, &pose, &place, !stand.still))
    }
}

impl Body {
    fn new(person: &Person, pose: &Pose, place: &Frame, coarse: bool) -> Self {
        let physique = &person.physique;
        let bones = Bones::of(physique);
        let form = Form::of(physique);
        let lift = ends::lift(person.outfit.shoes.0, physique);
        let worn = match person.outfit.outer {
            Some((Outer::Gilet, ..)) | None => 0.01,
            Some((_, look, _)) if look.fabric == Fabric::Padded => 0.05,
            Some(_) => 0.03,
        };
        let skeleton = Skeleton::new(bones, pose, lift, form.beside() + worn);
        let mut mesh = Mesh { coarse, ..Mesh::default() };
        let mut parts = Vec::new();
        let mut add_part = |part: Part| {
            parts.push(part);
            parts.len() as u16
        };
        let skin = add_part(Part::skin(physique.skin));
        let female = physique.sex == Sex::Female;
        let brows = person.head.hair_colour.rgb.map(|c| 0.6 * c);
        let paint = Paint::Face(physique.skin, brows, female && physique.age > 15.0);
        let face = add_part(Part { paint, ..Part::skin(physique.skin) });
        let [red, _, blue] = person.head.hair_colour.rgb.map(f32::to_bits);
        let seed = red ^ blue.rotate_left(13);
        let hair = add_part(Part::hair(person.head.hair_colour.rgb, seed));
        let skull = Skull {
            frame: skeleton.head,
            high: bones.head,
            wide: 1.0 + 0.25 * (physique.girth - 1.0) - if female { 0.02 } else { 0.0 },
        };
        skull.mesh(&mut mesh, face, skin);
        head::neck(&mut mesh, skin, &skeleton, &skull, form.neck());
        hair::hair(&mut mesh, hair, &skull, &person.head, seed);
        hair::worn(&mut mesh, &mut parts, &skull, &person.head, physique.sex);
        for (i, side) in SIDES.into_iter().enumerate() {
            let size = if female { 0.92 } else { 1.0 };
            if skeleton.tasks[i] != pose::Task::Pocket {
                ends::hand(
                    &mut mesh,
                    skin,
                    &skeleton.hands[i],
                    side,
                    skeleton.tasks[i],
                    &bones,
                    size,
                );
            }
            let (shoes, look) = &person.outfit.shoes;
            ends::shoe(
                &mut mesh,
                &mut parts,
                &skeleton.feet[i],
                &bones,
                (*shoes, look),
                skin,
                lift,
            );
        }
        if person.outfit.shoes.0 == Shoes::Boots {
            boots(&mut mesh, &mut parts, &skeleton, &form, person);
        }
        let trunk = Trunk { skeleton: &skeleton, form: &form, beneath: 0.0 };
        let mut tailor = Tailor { trunk, mesh: &mut mesh, parts: &mut parts, skin };
        let ease = tailor.dress(&person.outfit);
        if let Some(colour) = person.outfit.scarf {
            tailor.scarf(colour.rgb, ease);
        }
        let own = mesh.triangles.len();
        for bag in &person.bags {
            bag::carry(&mut mesh, &mut parts, &trunk, *bag, ease);
        }
        darken(&mut mesh, &capsules(&skeleton, &form, ease));
        for vertex in &mut mesh.vertices {
            vertex.position = place.at(vertex.position);
            vertex.normal = place.along(vertex.normal);
        }
        let [left, right, nose, mouth] = skull.features().map(|p| place.at(p));
        let forward = place.along(skeleton.head.z);
        let features = Features { eyes: [left, right], nose, mouth, forward };
        Self { mesh, parts, own, features, at: place.o, shadows: OnceCell::new() }
    }

    fn shaded(&self, position: V3, sun: V3, bias: f32) -> f32 {
        let map = self.shadows.get_or_init(|| self.shadow_map(sun));
        if map.sun() == sun {
            map.shadow(position, bias)
        } else {
            self.shadow_map(sun).shadow(position, bias)
        }
    }

    fn shadow_map(&self, sun: V3) -> ShadowMap {
        ShadowMap::new(&self.corners(), &self.mesh.triangles, sun)
    }

    fn corners(&self) -> Vec<V3> {
        self.mesh.vertices.iter().map(|v| v.position).collect()
    }

    /// `fine` is the width of a sample at a depth of one metre.
    fn sample(&self, hit: &super::raster::Hit, eye: &Eye, fine: f32) -> Sample {
        let footprint = fine * hit.depth;
        let corners = self.mesh.triangles[hit.triangle as usize];
        let corners = corners.map(|i| &self.mesh.vertices[i as usize]);
        let w = hit.weights;
        let blend = |value: &dyn Fn(usize) -> f32| -> f32 { (0..3).map(|i| w[i] * value(i)).sum() };
        let position: V3 = std::array::from_fn(|k| blend(&|i| corners[i].position[k]));
        let mut normal = unit(std::array::from_fn(|k| blend(&|i| corners[i].normal[k])));
        let surface = std::array::from_fn(|k| blend(&|i| corners[i].surface[k]));
        let mut open = blend(&|i| corners[i].open);
        let to_eye = sub(eye.position, position);
        if dot(normal, to_eye) < -0.35 * dot(to_eye, to_eye).sqrt() {
            // The inside of a sleeve, a coat or a hood.
            normal = scale(normal, -1.0);
            open *= 0.35;
        }
        let number = corners[0].part;
        let part = &self.parts[usize::from(number) - 1];
        // Creases are a few centimetres wide.
        if footprint < 0.03
            && let Some(slope) = part.slope(surface)
        {
            normal = crease(corners, normal, slope);
        }
        let (albedo, infrared, retro) = part.colour(surface, footprint);
        Sample {
            depth: hit.depth,
            albedo,
            infrared,
            normal,
            position,
            open: open.clamp(0.0, 1.0),
            gloss: part.gloss,
            retro,
            part: number,
            owner: 0,
        }
    }
}

/// The normal of a triangle's surface whose height has a `slope` along its surface coordinates.
fn crease(corners: [&Vertex; 3], normal: V3, slope: [f32; 2]) -> V3 {
    let side = |k: usize| sub(corners[k].position, corners[0].position);
    let change = |k: usize, c: usize| corners[k].surface[c] - corners[0].surface[c];
    let (a, b) = (side(1), side(2));
    let face = cross(a, b);
    let square = dot(face, face);
    if square < 1e-16 {
        return normal;
    }
    let (over, under) = (cross(b, face), cross(face, a));
    let turned = (0..2).fold(normal, |n, c| {
        let gradient = add(scale(over, change(1, c)), scale(under, change(2, c)));
        sub(n, scale(gradient, slope[c] / square))
    });
    unit(turned)
}

/// Adds shafts of boots.
fn boots(
    mesh: &mut Mesh,
    parts: &mut Vec<Part>,
    skeleton: &Skeleton,
    form: &Form,
    person: &Person,
) {
    parts.push(Part::cloth(person.outfit.shoes.1, Piece::Trim));
    let part = parts.len() as u16;
    let radius = |s: f32| form.leg(s.min(1.9)).map(|r| r + 0.008);
    for limb in &skeleton.legs {
        let folds = cloth::Folds::of(&person.outfit.shoes.1, 0.3);
        limb::sleeve(
            mesh,
            &limb::Sleeve {
                part,
                limb,
                from: 1.55,
                to: 2.05,
                radius: &radius,
                folds,
                dome: false,
                below: None,
            },
        );
    }
}

impl Figure for Body {
    fn extent(&self) -> Vec<V3> {
        self.mesh.used(self.own).step_by(5).map(|v| v.position).collect()
    }

    fn layer(&self, eye: &Eye, crop: &Crop, rows: usize, columns: usize) -> Layer {
        let corners = self.corners();
        let fine = crop.height / rows as f32 / eye.focal;
        let hits = rasterise(&corners, &self.mesh.triangles, eye, crop, rows, columns);
        let samples = hits.iter().map(|h| h.as_ref().map(|h| self.sample(h, eye, fine))).collect();
        Layer { rows, columns, samples }
    }

    fn shadow(&self, position: V3, sun: V3) -> f32 {
        self.shaded(position, sun, 0.0)
    }

    fn self_shadow(&self, sample: &Sample, sun: V3) -> f32 {
        let away = add(sample.position, scale(sample.normal, 0.015));
        self.shaded(away, sun, 0.02)
    }

    fn ground(&self) -> V3 {
        self.at
    }

    fn roles(&self) -> Vec<Role> {
        std::iter::once(Role::Nothing).chain(self.parts.iter().map(|p| p.role)).collect()
    }

    fn features(&self) -> Features {
        self.features
    }
}
