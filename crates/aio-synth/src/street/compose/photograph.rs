//! One picture of a camera: light, window, people and place, and what the camera makes of it.

use super::layer::{Figure, Layer, Sample};
use super::occluder::occluder;
use super::station::{Band, Station};
use super::style::Style;
use crate::street::infrared::Infrared;
use crate::street::photo::{Film, Stored, Window};
use crate::street::scene::light::Light;
use crate::street::scene::render::{Footing, Lit};
use crate::street::scene::sampling::{SAMPLES, Sources, film};
use crate::street::scene::space::{V3, dot, scale, sub, unit};
use crate::street::scene::trace::{Casters, Visible};
use crate::street::scene::view::Crop;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Who is in a picture: the person it is of, and others.
pub struct Cast<'a> {
    /// The person the detector found.
    pub person: &'a dyn Figure,
    /// Everybody else.
    pub others: &'a [&'a dyn Figure],
}

impl Cast<'_> {
    fn all(&self) -> impl Iterator<Item = &dyn Figure> {
        std::iter::once(self.person).chain(self.others.iter().copied())
    }
}

/// Takes a picture of `cast`, as the camera stores it.
#[must_use]
pub fn photograph(station: &Station, style: &Style, cast: &Cast, rng: &mut ChaCha8Rng) -> Stored {
    let eye = &station.eye;
    let light = station.light(rng);
    let ground = cast.person.ground();
    let crop = Crop::around(eye, &cast.person.extent(), style.detector, rng);
    let extra = if rng.random_bool(style.occlusion) {
        let share = 0.12 + 0.25 * rng.random::<f32>();
        let right = unit([eye.right[0], 0.0, eye.right[2]]);
        occluder(station.before(ground, share), (right[0], right[2]), rng)
    } else {
        Vec::new()
    };
    let (rows, columns) = (crop.raster.0 * SAMPLES, crop.raster.1 * SAMPLES);
    let mut people = cast.person.layer(eye, &crop, rows, columns);
    for (owner, other) in (1..).zip(cast.others) {
        people.add(&other.layer(eye, &crop, rows, columns), owner);
    }
    let visible = Visible::select(&station.place, &extra, eye, &crop);
    let middle = [ground[0], 1.0, ground[2]];
    let feet: Vec<Footing> =
        cast.all().map(|figure| Footing { at: figure.ground(), radius: 0.32 }).collect();
    let lit = Lit {
        light: &light,
        casters: Casters::select(&station.place, &extra, light.sun, middle, 9.0),
        feet: &feet,
        from: eye.position,
        haze: if station.place.setting.indoor() {
            0.0
        } else {
            0.003 * (1.0 + 6.0 * rng.random::<f32>().powi(4))
        },
    };
    let size = style.stored.unwrap_or(crop.raster);
    let scene = Scene { station, cast, crop: &crop, people: &people, visible: &visible, lit: &lit };
    match station.band {
        Band::Visible => scene.visible(&light, size, rng),
        Band::Infrared => scene.infrared(&light, size, rng),
    }
}

struct Scene<'a> {
    station: &'a Station,
    cast: &'a Cast<'a>,
    crop: &'a Crop,
    people: &'a Layer,
    visible: &'a Visible<'a>,
    lit: &'a Lit<'a>,
}

impl Scene<'_> {
    fn shadow(&self, position: V3, sunny: bool) -> f32 {
        if !sunny || position[1] > 2.2 {
            return 0.0;
        }
        self.cast.all().map(|f| f.shadow(position, self.lit.light.sun)).fold(0.0, f32::max)
    }

    /// Share of the sun on a sample of the person.
    fn sun_on(&self, sample: &Sample, sunny: bool) -> f32 {
        let sun = self.lit.light.sun;
        if !sunny || dot(sample.normal, sun) <= 0.0 || !self.lit.casters.lit(sample.position) {
            return 0.0;
        }
        let kept = self.cast.all().enumerate().map(|(i, figure)| {
            if i == sample.owner {
                figure.self_shadow(sample, sun)
            } else {
                figure.shadow(sample.position, sun)
            }
        });
        1.0 - kept.fold(0.0, f32::max)
    }

    fn visible(&self, light: &Light, size: (usize, usize), rng: &mut ChaCha8Rng) -> Stored {
        let level = light.level();
        let mean = (level[0] + level[1] + level[2]) / 3.0;
        // The camera's white balance takes out most of the colour of the light.
        let balance: [f32; 3] = level.map(|l| 0.8 / mean / (l / mean).powf(0.75));
        let balanced =
            |value: [f32; 3]| -> [f32; 3] { std::array::from_fn(|c| value[c] * balance[c]) };
        let sunny = light.sunlight[1] > 0.02;
        let film = film(
            &self.station.eye,
            self.crop,
            self.visible,
            &Sources {
                people: &|row, column| {
                    let sample =
                        self.people.samples[row * self.people.columns + column].as_ref()?;
                    let lit = self.sun_on(sample, sunny);
                    let irradiance =
                        light.irradiance(sample.position, sample.normal, lit, sample.open);
                    let shine = self.shine(sample, lit);
                    let value = std::array::from_fn(|c| {
                        sample.albedo[c] * irradiance[c]
                            + shine * (lit * light.sunlight[c] + light.sky[c])
                    });
                    Some((sample.depth, balanced(value)))
                },
                place: &|seen| balanced(self.lit.radiance(seen, self.shadow(seen.position, sunny))),
                sky: &|direction| balanced(self.lit.sky(direction)),
            },
        );
        let film = adapted(film, 0.35);
        // The darker it is, the more the sensor has to amplify.
        let gain = (0.8 / mean).clamp(1.0, 16.0).sqrt();
        let shot = self.station.camera.shot(gain, rng);
        self.station.camera.develop(film, &shot, self.window(), size, rng)
    }

    /// Strength of a highlight for a glossy sample.
    fn shine(&self, sample: &Sample, lit: f32) -> f32 {
        if sample.gloss <= 0.0 {
            return 0.0;
        }
        let to_eye = unit(sub(self.station.eye.position, sample.position));
        let sun = if lit > 0.0 { self.lit.light.sun } else { [0.0, 1.0, 0.0] };
        let half = unit([sun[0] + to_eye[0], sun[1] + to_eye[1], sun[2] + to_eye[2]]);
        sample.gloss * dot(sample.normal, half).max(0.0).powi(24)
    }

    fn infrared(&self, light: &Light, size: (usize, usize), rng: &mut ChaCha8Rng) -> Stored {
        let infrared = Infrared { beam: self.station.beam, ambient: self.station.ambient, light };
        let sunny = light.sunlight[1] > 0.02 && self.station.ambient > 0.0;
        let shown = 0.55;
        let film = film(
            &self.station.eye,
            self.crop,
            self.visible,
            &Sources {
                people: &|row, column| {
                    let sample =
                        self.people.samples[row * self.people.columns + column].as_ref()?;
                    let lit = self.sun_on(sample, sunny);
                    let value = infrared.radiance(
                        sample.infrared,
                        sample.position,
                        sample.normal,
                        (lit, sample.open),
                    );
                    let glare = infrared.glare(sample.retro, sample.position);
                    Some((sample.depth, [shown * (value + glare)]))
                },
                place: &|seen| {
                    let shaded = self.shadow(seen.position, sunny);
                    let lit = if sunny && self.lit.casters.lit(seen.position) {
                        1.0 - shaded
                    } else {
                        0.0
                    };
                    let matt = infrared.radiance(
                        seen.look.infrared,
                        seen.position,
                        seen.normal,
                        (lit, self.lit.openness(seen)),
                    );
                    // Mirrors that face the camera show its lamp.
                    let to_eye = unit(scale(sub(seen.position, self.lit.from), -1.0));
                    let straight = dot(to_eye, seen.normal).max(0.0).powi(200);
                    let glare = infrared.glare(3.0 * seen.look.gloss * straight, seen.position);
                    [shown * (matt + glare)]
                },
                sky: &|_| [shown * infrared.sky()],
            },
        );
        let film = self.with_eyes(film, &infrared);
        let gain = 1.5 + 2.0 * rng.random::<f32>();
        let film = adapted(film, 0.5);
        let shot = self.station.camera.shot(gain, rng);
        self.station.camera.develop_infrared(film, &shot, self.window(), size, rng)
    }

    /// Eyes that look towards the lamp send its light back: a spark much smaller than a pixel.
    fn with_eyes(&self, mut film: Film<1>, infrared: &Infrared) -> Film<1> {
        let eye = &self.station.eye;
        for figure in self.cast.all() {
            let features = figure.features();
            let straight = -dot(features.forward, eye.forward);
            if straight < 0.6 {
                continue;
            }
            for point in features.eyes {
                let (row, column, depth) = eye.project(point);
                let y = (row - self.crop.top) * self.crop.raster.0 as f32 / self.crop.height;
                let x = (column - self.crop.left) * self.crop.raster.1 as f32 / self.crop.width;
                let inside =
                    y >= 0.0 && x >= 0.0 && y < film.height as f32 && x < film.width as f32;
                if !inside || self.visible.meet(row, column, Some(depth - 0.1)).is_some() {
                    continue;
                }
                let at = y as usize * SAMPLES * self.people.columns + x as usize * SAMPLES;
                let free = self.people.samples[at].is_none_or(|s| s.depth > depth - 0.06);
                if free {
                    // A pupil of 6 mm in a pixel of this size.
                    let pixel = depth / eye.focal * self.crop.height / film.height as f32;
                    let share = (0.006 / pixel).powi(2).min(1.0);
                    let spark = infrared.glare(35.0 * share * straight.powi(4), point);
                    film.pixels[y as usize * film.width + x as usize][0] += 0.55 * spark;
                }
            }
        }
        film
    }

    fn window(&self) -> Window {
        let frame = self.station.eye.frame;
        let half = 0.5 * frame.0.hypot(frame.1);
        let crop = self.crop;
        let centre = (crop.top + 0.5 * crop.height, crop.left + 0.5 * crop.width);
        Window {
            centre: ((centre.0 - 0.5 * frame.0) / half, (centre.1 - 0.5 * frame.1) / half),
            half: (0.5 * crop.height / half, 0.5 * crop.width / half),
        }
    }
}

/// Moves the mean of the crop towards mid-grey by a `share`, as exposure that is measured over the frame does for a
/// crop that is like the rest of it.
fn adapted<const C: usize>(mut film: Film<C>, share: f32) -> Film<C> {
    let mean = film.mean();
    let level = mean.iter().sum::<f32>() / C as f32;
    let factor = (0.22 / level.max(1e-4)).powf(share).clamp(0.4, 3.0);
    film.each(|pixel| pixel.iter_mut().for_each(|v| *v *= factor));
    film
}
