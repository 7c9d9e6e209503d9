//! Hair, beards, and what is worn on the head.

use super::frame::{bump, mix, step};
use super::head::Skull;
use super::mesh::{Grid, Mesh};
use super::paint::Part;
use super::shapes::{block, tube};
use crate::street::person::{HairStyle, Hat, Head, Sex};
use crate::street::scene::noise::{cell, noise};
use crate::street::scene::space::V3;
use std::f32::consts::PI;

/// Height down to which hair grows at `angle` from the front.
fn hairline(angle: f32) -> f32 {
    let a = angle.abs();
    let front = 0.815 - 0.03 * bump(a, 0.0, 0.25);
    let temple = mix(front, 0.60, step(0.75, 1.15, a));
    let side = mix(temple, 0.44, step(1.2, 1.36, a));
    let ear = mix(side, 0.52, step(1.42, 1.55, a));
    mix(ear, 0.14, step(1.75, 2.15, a))
}

struct Cut {
    /// Thickness in heights of the head.
    thick: f32,
    rough: f32,
    /// How it hangs beside and behind the face, where it does.
    hanging: Option<Hanging>,
}

struct Hanging {
    /// Height down to which it hangs.
    end: f32,
    /// Angle from the front from which on it hangs.
    from: f32,
}

fn cut(style: HairStyle) -> Option<Cut> {
    let hanging = |end, from| Some(Hanging { end, from });
    let (thick, rough, hanging) = match style {
        HairStyle::Bald => return None,
        HairStyle::Cropped => (0.022, 0.0, None),
        HairStyle::Short => (0.062, 0.03, None),
        HairStyle::Bob => (0.085, 0.02, hanging(-0.04, 0.95)),
        HairStyle::Long => (0.075, 0.02, hanging(-0.75, 1.05)),
        HairStyle::Ponytail | HairStyle::Bun => (0.040, 0.01, None),
        HairStyle::Curly => (0.19, 0.09, hanging(0.10, 1.1)),
    };
    Some(Cut { thick, rough, hanging })
}

/// Adds the hair of `head` as `part`.
pub(super) fn hair(mesh: &mut Mesh, part: u16, skull: &Skull, head: &Head, seed: u32) {
    let Some(cut) = cut(head.hair) else { return };
    let (rows, columns) = (30, 41);
    // How long it is belongs to the person.
    let length = 0.55 + 0.85 * cell(7, 7, seed);
    let covered = matches!(head.hat, Some((Hat::Cap | Hat::Beanie | Hat::Brimmed, _)));
    let thick = if covered { cut.thick.min(0.03) } else { cut.thick };
    mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
        let angle = 2.0 * PI * (j as f32 / (columns - 1) as f32 - 0.5);
        // How far it hangs here, from 0 to 1, and the height down to which it goes.
        let (hangs, low) = match cut.hanging {
            None => (0.0, hairline(angle)),
            Some(Hanging { end, from }) => {
                let hangs = step(from - 0.12, from + 0.12, angle.abs());
                let end = if end < 0.0 {
                    end * length + 0.16 * noise(2.2 * angle.sin(), 2.2 * angle.cos(), seed)
                } else {
                    end
                };
                (hangs, mix(hairline(angle), end.min(hairline(angle)), hangs))
            }
        };
        let share = i as f32 / (rows - 1) as f32;
        let t = mix(1.0, low, share * (2.0 - share).powf(0.3 * (1.0 - hangs)));
        // Thin at its rim, except where it hangs.
        let rim = step(0.0, 0.10, t - low + 0.02);
        let grain = noise(angle * 3.0, t * 7.0, seed) - 0.5;
        let off =
            thick * mix(0.25 + 0.75 * rim, 1.0, hangs) + cut.rough * grain * (0.3 + 0.7 * rim);
        // Ends are thin.
        let end = mix(0.25, 1.0, step(-0.02, 0.3, t - low));
        let off = off * mix(1.0, end, hangs);
        let p = fallen(skull, t, angle, off.max(0.01), hangs);
        let open = if t < 0.2 { 0.9 } else { 1.0 };
        Some((skull.frame.at(p), [angle * 0.3 * skull.high, t * skull.high], open))
    });
    match head.hair {
        HairStyle::Ponytail => tail(mesh, part, skull),
        HairStyle::Bun => {
            let at = skull.at(0.78, PI, 0.08);
            let k = skull.high;
            block(mesh, part, &skull.frame.put(at), [0.16 * k, 0.15 * k, 0.13 * k], 2.0);
        }
        _ => {}
    }
}

/// A point of hair that follows the skull above the ears and hangs straight below them.
fn fallen(skull: &Skull, t: f32, angle: f32, off: f32, hangs: f32) -> V3 {
    let over = 0.52;
    if t >= over {
        return skull.local(t, angle, off);
    }
    let mut p = skull.local(over, angle, off);
    let inner = skull.local(t.max(0.0), angle, off);
    let k = skull.high;
    // Other hair follows the nape.
    for axis in [0, 2] {
        p[axis] = mix(inner[axis], p[axis], hangs);
    }
    p[1] = t * k;
    // Long hair lies on the back.
    p[2] -= hangs * 0.16 * k * step(0.1, -0.5, t) * step(1.2, 2.4, angle.abs());
    p[0] *= 1.0 + hangs * (0.10 * step(0.3, -0.1, t) - 0.32 * step(-0.2, -1.0, t));
    p
}

fn tail(mesh: &mut Mesh, part: u16, skull: &Skull) {
    let k = skull.high;
    let on = |y: f32, z: f32| skull.frame.at([0.0, y * k, z * k]);
    let points =
        [on(0.74, -0.40), on(0.76, -0.53), on(0.55, -0.60), on(0.2, -0.56), on(-0.25, -0.52)];
    let radius = [0.05, 0.075, 0.10, 0.085, 0.02].map(|r| r * k);
    tube(mesh, part, &points, &radius, (skull.frame.x, 1.1));
}

/// Adds beard, mask, glasses and hat.
pub(super) fn worn(mesh: &mut Mesh, parts: &mut Vec<Part>, skull: &Skull, head: &Head, sex: Sex) {
    let mut add = |part: Part| {
        parts.push(part);
        parts.len() as u16
    };
    if head.beard && sex == Sex::Male {
        let part = add(Part::hair(head.hair_colour.rgb, 5));
        let top = |a: f32| mix(0.150, 0.27, step(0.15, 0.55, a)) + 0.15 * step(0.6, 1.4, a);
        skull.patch(mesh, part, &|a| (0.0, top(a.abs())), 1.45, &|t, a| {
            0.004 + 0.022 * step(0.0, 0.06, top(a.abs()) - t)
        });
        // Between nose and mouth.
        let lip = |a: f32| (0.225 - 0.35 * a * a, 0.285 - 0.35 * a * a);
        skull.patch(mesh, part, &lip, 0.42, &|_, a| 0.030 * (1.0 - (a / 0.42).powi(2)));
    }
    if let Some(colour) = head.mask {
        let part = add(Part::thing(colour.rgb, 0.0));
        let edges = |a: f32| (0.0, 0.43 - 0.10 * step(0.25, 0.9, a.abs()));
        skull.patch(mesh, part, &edges, 1.25, &|t, angle| {
            let nose = 0.085 * bump(angle, 0.0, 0.25) * bump(t, 0.34, 0.12);
            0.025 + nose - 0.02 * step(1.0, 1.25, angle.abs())
        });
    }
    if head.glasses {
        glasses(mesh, add(Part::thing([0.015; 3], 0.25)), skull);
    }
    if let Some((hat, colour)) = head.hat {
        let part = add(Part::thing(colour.rgb, 0.0));
        hats(mesh, part, skull, hat);
    }
}

fn glasses(mesh: &mut Mesh, part: u16, skull: &Skull) {
    let k = skull.high;
    for side in [-1.0, 1.0] {
        // A frame around each eye, and a temple to the ear.
        let columns = 13;
        mesh.grid(Grid { rows: 2, columns, closed: true, part }, |i, j| {
            let (s, c) = (2.0 * PI * j as f32 / (columns - 1) as f32).sin_cos();
            let r = 1.0 - 0.32 * i as f32;
            let x = side * 0.15 + 0.105 * r * s;
            let z = 0.425 - 0.25 * (side * x - 0.10).max(0.0);
            Some((skull.frame.at([x * k, (0.485 + 0.078 * r * c) * k, z * k]), [0.0; 2], 1.0))
        });
        mesh.grid(Grid { rows: 2, columns: 4, closed: false, part }, |i, j| {
            let z = mix(0.38, -0.02, j as f32 / 3.0);
            let y = 0.50 + 0.03 * i as f32;
            let x = side * mix(0.275, 0.345, (j as f32 / 2.0).min(1.0));
            Some((skull.frame.at([x * k, y * k, z * k]), [0.0; 2], 1.0))
        });
    }
}

fn hats(mesh: &mut Mesh, part: u16, skull: &Skull, hat: Hat) {
    let k = skull.high;
    let dome = |mesh: &mut Mesh, low: &dyn Fn(f32) -> f32, off: &dyn Fn(f32) -> f32| {
        let (rows, columns) = (14, 29);
        mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
            let angle = 2.0 * PI * (j as f32 / (columns - 1) as f32 - 0.5);
            let share = i as f32 / (rows - 1) as f32;
            let t = mix(1.0, low(angle), share);
            let p = skull.at(t, angle, off(t));
            Some((p, [angle * 0.35 * k, t * k], 1.0))
        });
    };
    let brim = |mesh: &mut Mesh, half: f32, long: &dyn Fn(f32) -> f32, t: f32, drop: f32| {
        let (rows, columns) = (5, 25);
        mesh.grid(Grid { rows, columns, closed: false, part }, |i, j| {
            let angle = mix(-half, half, j as f32 / (columns - 1) as f32);
            let out = i as f32 / (rows - 1) as f32 * long(angle);
            let mut p = skull.local(t, angle, 0.05 + out);
            p[1] -= drop * out * k * (1.0 + angle.sin().abs());
            Some((skull.frame.at(p), [angle * 0.3 * k, out * k], 1.0))
        });
    };
    match hat {
        Hat::Cap => {
            dome(mesh, &|a| mix(0.70, 0.56, step(0.8, 2.6, a.abs())), &|_| 0.06);
            brim(mesh, 1.05, &|a| 0.36 * (1.0 - (a / 1.05).powi(2)).max(0.0).sqrt(), 0.72, 0.35);
        }
        Hat::Beanie => {
            dome(mesh, &|a| mix(0.68, 0.42, step(0.7, 2.0, a.abs())), &|t| {
                0.07 + 0.05 * step(0.85, 1.0, t) + 0.02 * f32::from(u8::from(t < 0.76))
            });
        }
        Hat::Brimmed => {
            dome(mesh, &|_| 0.70, &|t| 0.06 + 0.06 * step(0.8, 1.0, t));
            brim(mesh, PI, &|_| 0.30, 0.71, 0.15);
        }
        Hat::Headscarf => {
            dome(mesh, &|a| mix(0.80, 0.0, step(0.55, 0.95, a.abs())), &|t| 0.055 + 0.03 * t);
            // Around chin and neck.
            let (rows, columns) = (9, 33);
            mesh.grid(Grid { rows, columns, closed: true, part }, |i, j| {
                let angle = 2.0 * PI * (j as f32 / (columns - 1) as f32 - 0.5);
                let t = mix(0.06, -0.42, i as f32 / (rows - 1) as f32);
                let wave = 0.03 * (noise(angle * 3.0, t * 6.0, 17) - 0.5);
                let (wide, mid) =
                    (mix(0.28, 0.42, step(0.1, -0.4, t)), mix(0.08, -0.05, step(0.1, -0.3, t)));
                let (s, c) = angle.sin_cos();
                let p = [(wide + wave) * s, t, mid + (wide + 0.03 + wave) * c];
                Some((skull.frame.at(p.map(|v| v * k)), [angle * 0.3 * k, t * k], 0.95))
            });
        }
    }
}
