//! People as cameras see them: they stand on the ground, cast shadows, and everything worn or carried is seen.

use aio_synth::street::compose::layer::{Figure, Layer, Model, Stand};
use aio_synth::street::person::{Bag, Dye, HairStyle, Hat, Person, Shade};
use aio_synth::street::scene::view::{Crop, Eye};
use aio_types::rng;

const AT: [f32; 3] = [1.0, 0.0, 2.0];

fn person(seed: u64) -> Person {
    Person::sample(&mut rng(seed, "person", 0))
}

fn standing(person: &Person, still: bool, turn: f32, seed: u64) -> Box<dyn Figure + '_> {
    person.stand(Stand { at: AT, turn, still }, &mut rng(seed, "pose", 0))
}

fn layer(figure: &dyn Figure) -> Layer {
    let eye = Eye::looking([1.0, 2.0, -5.0], [1.0, 1.0, 2.0], 0.0, 1000.0, (1000.0, 1000.0));
    let crop = Crop { top: 300.0, left: 350.0, height: 400.0, width: 300.0, raster: (128, 96) };
    figure.layer(&eye, &crop, 256, 192)
}

#[test]
fn a_layer_is_a_function_of_the_seed_and_its_normals_are_units() {
    for seed in 0..24 {
        let (person, turn) = (person(seed), seed as f32);
        let first = layer(&*standing(&person, seed % 2 == 0, turn, seed));
        assert!(first == layer(&*standing(&person, seed % 2 == 0, turn, seed)), "person {seed}");
        assert!(first != layer(&*standing(&person, seed % 2 == 0, turn, seed + 1)));
        let seen: Vec<_> = first.samples.iter().flatten().collect();
        assert!(seen.len() > 1500, "person {seed}: {}", seen.len());
        let roles = standing(&person, true, 0.0, 0).roles().len();
        for s in seen {
            let square = s.normal.iter().map(|v| v * v).sum::<f32>();
            assert!((square - 1.0).abs() < 1e-3, "person {seed}: {s:?}");
            assert!((0.0..=1.0).contains(&s.open) && (1..roles).contains(&usize::from(s.part)));
            assert!(s.albedo.iter().all(|c| (0.0..=1.0).contains(c)), "person {seed}: {s:?}");
        }
    }
}

#[test]
fn people_stand_on_the_ground_and_are_as_tall_as_they_are() {
    for seed in 0..40 {
        let mut person = person(seed);
        person.bags.clear();
        (person.head.hat, person.head.hair) = (None, HairStyle::Bald);
        let heights = |still: bool| {
            let points = standing(&person, still, 0.3, seed).extent();
            points
                .iter()
                .fold((f32::MAX, f32::MIN), |(low, high), p| (low.min(p[1]), high.max(p[1])))
        };
        let (low, high) = heights(true);
        let stature = person.physique.stature;
        assert!((-0.03..0.03).contains(&low), "person {seed}: {low}");
        // Shoes add to the stature, bent legs and bowed heads take from it.
        assert!(
            (0.93 * stature..1.05 * stature).contains(&high),
            "person {seed}: {high} {stature}"
        );
        let walking = heights(false).0;
        assert!((-0.03..0.03).contains(&walking), "person {seed}: {walking}");
    }
}

#[test]
fn everything_worn_or_carried_is_seen() {
    let red = Dye { shade: Shade::Red, rgb: [0.4, 0.02, 0.02] };
    let mut plain = person(3);
    plain.bags.clear();
    (plain.head.hat, plain.head.mask, plain.outfit.scarf, plain.outfit.outer) =
        (None, None, None, None);
    (plain.head.glasses, plain.head.beard, plain.head.hair) = (false, false, HairStyle::Cropped);
    plain.physique.sex = aio_synth::street::person::Sex::Male;
    let changed = |other: &Person| {
        let seen = |p: &Person| layer(&*standing(p, true, std::f32::consts::PI + 0.5, 5));
        let (a, b) = (seen(&plain), seen(other));
        let differ = |(a, b): &(_, _)| a != b;
        a.samples.iter().zip(&b.samples).filter(differ).count()
    };
    assert_eq!(changed(&plain), 0);
    let change = |what: &dyn Fn(&mut Person)| {
        let mut other = plain.clone();
        what(&mut other);
        changed(&other)
    };
    for hat in [Hat::Cap, Hat::Beanie, Hat::Brimmed, Hat::Headscarf] {
        assert!(change(&|p| p.head.hat = Some((hat, red))) > 60, "{hat:?}");
    }
    assert!(change(&|p| p.head.mask = Some(red)) > 30);
    assert!(change(&|p| p.head.glasses = true) > 8);
    assert!(change(&|p| p.head.beard = true) > 20);
    assert!(change(&|p| p.outfit.scarf = Some(red)) > 60);
    for hair in
        [HairStyle::Bald, HairStyle::Short, HairStyle::Bob, HairStyle::Long, HairStyle::Curly]
    {
        assert!(change(&|p| p.head.hair = hair) > 20, "{hair:?}");
    }
    for bag in [
        Bag::Backpack,
        Bag::ShoulderBag,
        Bag::Handbag,
        Bag::ShoppingBag,
        Bag::Trolley,
        Bag::Umbrella,
        Bag::Pushchair,
        Bag::Bicycle,
    ] {
        assert!(change(&|p| p.bags = vec![(bag, red)]) > 150, "{bag:?}");
    }
}

#[test]
fn shadows_fall_away_from_the_sun() {
    let person = person(1);
    let figure = standing(&person, true, 0.0, 1);
    let sun = [0.6, 0.8, 0.0];
    // The sun is at the right: a metre to the left of the feet the ray passes the trunk at 1.3 m.
    assert_eq!(figure.shadow([AT[0] - 0.8, 0.0, AT[2]], sun), 1.0);
    assert_eq!(figure.shadow([AT[0] + 0.8, 0.0, AT[2]], sun), 0.0);
    assert_eq!(figure.shadow([AT[0] - 0.8, 0.0, AT[2] + 1.0], sun), 0.0);
    assert_eq!(figure.shadow([AT[0] - 9.0, 0.0, AT[2]], sun), 0.0);
}
