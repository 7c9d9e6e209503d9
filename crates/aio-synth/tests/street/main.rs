//! Pictures of the street as a whole: they are functions of their seed, cameras and artists have looks of their own,
//! and near-infrared pictures are lit from the camera.

mod people;
mod standin;

use aio_synth::street::compose::domain::{Counts, Domain, Picture};
use aio_synth::street::compose::layer::Model;
use aio_synth::street::compose::style::Style;
use aio_types::rng;
use image::RgbImage;
use rayon::prelude::*;
use standin::Puppet;

const SIZE: (usize, usize) = (128, 64);
const COUNTS: Counts = Counts { visible: 3, infrared: 3, artists: 4 };

fn domain(seed: u64) -> Domain {
    Domain::sample(seed, "test", Style::CAMPUS, COUNTS)
}

fn people(count: u64) -> Vec<Puppet> {
    (0..count).map(|i| Puppet::sample(&mut rng(1, "person", i))).collect()
}

fn take(domain: &Domain, picture: Picture, person: &Puppet, seed: u64) -> RgbImage {
    domain.picture(picture, person, &[], SIZE, &mut rng(seed, "picture", 0))
}

fn distance(a: &RgbImage, b: &RgbImage) -> f64 {
    let squares =
        a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    (squares.sum::<f64>() / a.as_raw().len() as f64).sqrt()
}

const KINDS: [fn(usize) -> Picture; 4] =
    [Picture::Rgb, Picture::Infrared, Picture::Sketch, Picture::ColourPencil];

#[test]
fn pictures_are_functions_of_their_seed_for_any_number_of_threads() {
    let people = people(4);
    let render = |threads: usize| -> Vec<Vec<u8>> {
        let pool =
            rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a thread pool");
        pool.install(|| {
            let domain = domain(3);
            (0..16_usize)
                .into_par_iter()
                .map(|i| {
                    let passers: [&dyn Model; 1] = [&people[(i + 1) % 4]];
                    let rng = &mut rng(9, "picture", i as u64);
                    let kind = KINDS[i % 4](i / 4);
                    domain.picture(kind, &people[i % 4], &passers, SIZE, rng).into_raw()
                })
                .collect()
        })
    };
    let one = render(1);
    assert_eq!(one, render(3));
    assert!(one.windows(2).all(|w| w[0] != w[1]));
    assert!(one.iter().all(|bytes| bytes.len() == 128 * 64 * 3));
}

#[test]
fn another_seed_gives_other_pictures() {
    let (domain, person) = (domain(3), &people(1)[0]);
    for kind in KINDS {
        let a = take(&domain, kind(0), person, 1);
        assert!(distance(&a, &take(&domain, kind(0), person, 2)) > 3.0, "{:?}", kind(0));
    }
}

#[test]
fn sketches_of_one_person_by_two_artists_differ() {
    let (domain, person) = (domain(4), &people(1)[0]);
    for kind in [Picture::Sketch, Picture::ColourPencil] {
        for other in 1..COUNTS.artists {
            let (a, b) = (take(&domain, kind(0), person, 5), take(&domain, kind(other), person, 5));
            assert!(distance(&a, &b) > 8.0, "{:?}", kind(other));
        }
    }
}

#[test]
fn infrared_pictures_are_grey_and_people_are_brighter_than_the_night_behind_them() {
    let people = people(12);
    let domain = Domain::sample(5, "night", Style { occlusion: 0.0, ..Style::CAMPUS }, COUNTS);
    let mut brighter = 0;
    for (i, person) in people.iter().enumerate() {
        let picture = take(&domain, Picture::Infrared(i), person, i as u64);
        assert!(picture.pixels().all(|p| p.0[0] == p.0[1] && p.0[1] == p.0[2]));
        let mean = |columns: std::ops::Range<u32>| {
            let all = columns.flat_map(|x| (30..60).map(move |y| (x, y)));
            let values: Vec<f64> =
                all.map(|(x, y)| f64::from(picture.get_pixel(x, y).0[0])).collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        let sides = 0.5 * (mean(0..6) + mean(58..64));
        brighter += usize::from(mean(28..36) > sides + 10.0);
    }
    assert!(brighter >= 9, "{brighter} of 12");
}

#[test]
fn a_camera_sees_the_same_place_in_all_its_pictures() {
    let again = (domain(6), domain(6));
    for (a, b) in again.0.visible.iter().zip(&again.1.visible) {
        assert_eq!((&a.place, a.eye), (&b.place, b.eye));
    }
    let places: Vec<_> = again.0.visible.iter().map(|s| &s.place).collect();
    assert!(places[0] != places[1] && places[1] != places[2]);
}

#[test]
fn paired_cameras_look_at_the_same_place_by_day_and_by_night() {
    let domain = Domain::sample(7, "pairs", Style::BUILDING, COUNTS);
    for (day, night) in domain.visible.iter().zip(&domain.infrared) {
        assert_eq!((day.eye, &day.place), (night.eye, &night.place));
        assert_ne!(day.band, night.band);
    }
}
