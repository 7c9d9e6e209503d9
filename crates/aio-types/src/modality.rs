use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{BitAnd, BitOr};
use std::str::FromStr;

/// One way in which a person can be described.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Modality {
    /// A colour photograph.
    Rgb,
    /// A near-infrared or thermal photograph.
    Infrared,
    /// A line drawing.
    Sketch,
    /// A drawing in colour pencil.
    ColourPencil,
    /// A sentence.
    Text,
}

impl Modality {
    /// Every modality, in the order in which tokens of a multimodal sequence are concatenated.
    pub const ALL: [Self; 5] =
        [Self::Rgb, Self::Infrared, Self::Sketch, Self::ColourPencil, Self::Text];

    /// The name used in configuration files, task names and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rgb => "rgb",
            Self::Infrared => "infrared",
            Self::Sketch => "sketch",
            Self::ColourPencil => "colour-pencil",
            Self::Text => "text",
        }
    }

    /// Whether samples of this modality are pictures.
    #[must_use]
    pub fn is_visual(self) -> bool {
        self != Self::Text
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no modality.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown modality `{word}`: expected rgb, infrared, sketch, colour-pencil or text{joined}")]
pub struct ParseModalityError {
    word: String,
    /// How several are written, where several are allowed.
    joined: &'static str,
}

impl FromStr for Modality {
    type Err = ParseModalityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|m| m.name() == text)
            .ok_or_else(|| ParseModalityError { word: text.into(), joined: "" })
    }
}

/// A set of modalities: what a query consists of, or what a sequence holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ModalitySet(u8);

impl ModalitySet {
    /// All 15 non-empty combinations of RGB, infrared, sketch and text, smaller ones first.
    #[must_use]
    pub fn combinations() -> Vec<Self> {
        let members = [Modality::Rgb, Modality::Infrared, Modality::Sketch, Modality::Text];
        Self::from_iter(members).subsets()
    }

    /// Every non-empty set of members, smaller ones first.
    #[must_use]
    pub fn subsets(self) -> Vec<Self> {
        let mut sets: Vec<Self> =
            (1..=self.0).map(Self).filter(|set| *set & self == *set).collect();
        sets.sort_by_key(|set| (set.len(), *set));
        sets
    }

    /// One bit for each modality, in the order of [`Modality::ALL`]. Checkpoints hold these numbers, so they must not change.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Whether `modality` is a member.
    #[must_use]
    pub fn contains(self, modality: Modality) -> bool {
        self.0 & modality.bit() != 0
    }

    /// Number of members.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in the order of [`Modality::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Modality> {
        Modality::ALL.into_iter().filter(move |m| self.contains(*m))
    }
}

/// The members of either set.
impl BitOr for ModalitySet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The members of both sets.
impl BitAnd for ModalitySet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl From<Modality> for ModalitySet {
    fn from(modality: Modality) -> Self {
        Self(modality.bit())
    }
}

impl FromIterator<Modality> for ModalitySet {
    fn from_iter<I: IntoIterator<Item = Modality>>(members: I) -> Self {
        Self(members.into_iter().fold(0, |bits, m| bits | m.bit()))
    }
}

/// Members joined by `+`, as in `sketch+text`.
impl fmt::Display for ModalitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, modality) in self.iter().enumerate() {
            write!(f, "{}{modality}", if i == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for ModalitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for ModalitySet {
    type Err = ParseModalityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let member = |word: &str| {
            let failed = |error| ParseModalityError { joined: ", joined by `+`", ..error };
            word.parse::<Modality>().map_err(failed)
        };
        text.split('+').map(member).collect()
    }
}

impl Serialize for ModalitySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModalitySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifteen_combinations_are_distinct_and_parse_back() {
        let all = ModalitySet::combinations();
        assert_eq!(all.len(), 15);
        assert_eq!(all[0].to_string(), "rgb");
        assert_eq!(all[14].to_string(), "rgb+infrared+sketch+text");
        for set in all {
            assert_eq!(set.to_string().parse::<ModalitySet>(), Ok(set));
        }
        let known = "expected rgb, infrared, sketch, colour-pencil or text";
        let of_several = "rgb+smell".parse::<ModalitySet>().expect_err("smell").to_string();
        assert_eq!(of_several, format!("unknown modality `smell`: {known}, joined by `+`"));
        let of_one = "rgb+sketch".parse::<Modality>().expect_err("two").to_string();
        assert_eq!(of_one, format!("unknown modality `rgb+sketch`: {known}"));
    }
}
