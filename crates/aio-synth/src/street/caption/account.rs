//! What a witness tells of a person: some attributes are left out, some are wrong, some are vague.

use super::Wording;
use super::confusion;
use crate::street::person::{
    Age, Attributes, Bag, Bottom, ColourName, Fabric, Garment, HairStyle, Hat, Outer, Print, Sex,
    Shoes, Size, Top,
};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A thing as it is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told<K> {
    pub(super) kind: K,
    pub(super) colour: Option<ColourName>,
    pub(super) print: Option<(Print, ColourName)>,
    /// Whether the colour is told as dark or light only.
    pub(super) dim: bool,
    /// Whether the kind is told as a guess.
    pub(super) unsure: bool,
}

/// A person as told. What is `None` or empty is not mentioned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Account {
    pub(super) sex: Option<Sex>,
    pub(super) age: Option<Age>,
    pub(super) stature: Option<Size>,
    pub(super) girth: Option<Size>,
    pub(super) hair: Option<Told<HairStyle>>,
    pub(super) beard: bool,
    pub(super) glasses: bool,
    pub(super) mask: Option<Told<()>>,
    pub(super) hat: Option<Told<Hat>>,
    pub(super) scarf: Option<Told<()>>,
    pub(super) top: Option<Told<Top>>,
    pub(super) outer: Option<Told<(Outer, Fabric)>>,
    pub(super) bottom: Option<Told<Bottom>>,
    pub(super) shoes: Option<Told<Shoes>>,
    pub(super) bags: Vec<Told<Bag>>,
}

/// Share of captions whose writer is in a hurry, and what such a writer leaves out.
const HASTE: (f64, f64) = (0.2, 0.65);
/// Share of people who are called a person.
const NEUTRAL: f64 = 0.1;

struct Witness<'a> {
    wording: &'a Wording,
    omission: f64,
    /// Position between the garments that are mentioned, from 0 to 1.
    turn: f64,
    rng: &'a mut ChaCha8Rng,
}

impl Account {
    /// What is told of somebody with these `attributes`.
    pub(super) fn of(attributes: &Attributes, wording: &Wording, rng: &mut ChaCha8Rng) -> Self {
        let hasty = rng.random_bool(HASTE.0);
        // Those who take their time leave out less, so that the mean is as stated, unless the hasty ones leave out more than that.
        let patient = ((wording.omission - HASTE.0 * HASTE.1) / (1.0 - HASTE.0)).clamp(0.0, 1.0);
        let omission = match wording.omission {
            0.0 => 0.0,
            _ if hasty => HASTE.1,
            _ => patient,
        };
        let a = attributes;
        let mut witness = Witness { wording, omission, turn: rng.random(), rng };
        let w = &mut witness;
        let neutral = w.rng.random_bool(NEUTRAL);
        Self {
            sex: (!neutral).then_some(a.sex),
            age: w.mentions().then(|| w.kind(a.age, confusion::age)),
            stature: (a.stature != Size::Usual && w.mentions()).then_some(a.stature),
            girth: (a.girth != Size::Usual && w.mentions()).then_some(a.girth),
            hair: w.hair(a),
            beard: a.beard && w.mentions(),
            glasses: a.glasses && w.mentions(),
            mask: a.mask.and_then(|colour| w.thing((), colour, |()| ())),
            hat: a.hat.and_then(|(kind, colour)| w.thing(kind, colour, confusion::hat)),
            scarf: a.scarf.and_then(|colour| w.thing((), colour, |()| ())),
            top: a.top.and_then(|garment| w.garment(garment, confusion::top)),
            outer: a.outer.and_then(|garment| w.garment(garment, confusion::outer)),
            bottom: a.bottom.and_then(|garment| w.garment(garment, confusion::bottom)),
            shoes: w.garment(a.shoes, confusion::shoes),
            bags: a
                .bags
                .iter()
                .filter_map(|(bag, colour)| w.thing(*bag, *colour, confusion::bag))
                .collect(),
        }
    }
}

impl Witness<'_> {
    fn mentions(&mut self) -> bool {
        !self.rng.random_bool(self.omission)
    }

    fn errs(&mut self) -> bool {
        self.rng.random_bool(self.wording.error)
    }

    fn kind<K>(&mut self, kind: K, confuse: fn(K) -> K) -> K {
        if self.errs() { confuse(kind) } else { kind }
    }

    fn colour(&mut self, colour: ColourName) -> ColourName {
        if !self.errs() {
            return colour;
        }
        colour.neighbours()[self.rng.random_range(0..3)]
    }

    fn hair(&mut self, attributes: &Attributes) -> Option<Told<HairStyle>> {
        let style = attributes.hair?;
        let mut told = self.thing(
            style,
            attributes.hair_colour.unwrap_or(ColourName::Black),
            confusion::hair,
        )?;
        told.unsure = false;
        if attributes.hair_colour.is_none() {
            told.colour = None;
        }
        Some(told)
    }

    /// Whether a garment is mentioned: as often as anything, but in turns (systematic sampling), so that hardly a
    /// caption mentions none.
    fn mentions_garment(&mut self) -> bool {
        self.turn += 1.0 - self.omission;
        let mentioned = self.turn >= 1.0;
        if mentioned {
            self.turn -= 1.0;
        }
        mentioned
    }

    fn thing<K>(&mut self, kind: K, colour: ColourName, confuse: fn(K) -> K) -> Option<Told<K>> {
        self.mentions().then(|| self.tell(kind, colour, confuse))
    }

    fn tell<K>(&mut self, kind: K, colour: ColourName, confuse: fn(K) -> K) -> Told<K> {
        let kind = self.kind(kind, confuse);
        let colour = self.colour(colour);
        Told {
            kind,
            colour: self.wording.colours.then_some(colour),
            print: None,
            dim: self.rng.random_bool(self.wording.vagueness),
            unsure: self.rng.random_bool(0.5 * self.wording.vagueness),
        }
    }

    fn garment<K>(&mut self, garment: Garment<K>, confuse: fn(K) -> K) -> Option<Told<K>> {
        if !self.mentions_garment() {
            return None;
        }
        let mut told = self.tell(garment.kind, garment.colour, confuse);
        if let Some((print, second)) = garment.print
            && self.mentions()
        {
            told.print = Some((self.kind(print, confusion::print), self.colour(second)));
        }
        Some(told)
    }
}
