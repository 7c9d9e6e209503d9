//! Labels as data sets and lists write them: integers, or names that a number stands for.

use crate::{DataError, Result};
use aio_types::{Camera, Identity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The label of a person, a camera or clothes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Label {
    /// An integer, which is its own number.
    Number(i64),
    /// Any other text.
    Name(String),
}

/// The least number of a name. Data sets do not number that high, so that names and numbers of one column stay apart.
const LEAST: u64 = 1 << 61;

impl Label {
    /// An integer as a number, any other text as a name. Blanks around it do not count. `7.0` is 7: a column of integers with a gap becomes one of
    /// such numbers in pandas and in Parquet.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        integer(text).map_or_else(|| Self::Name(text.to_owned()), Self::Number)
    }

    /// Whether it says that the label is not known: a number below 0, as in the lists of Instruct-ReID and in feature files.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Number(number) if *number < 0)
    }

    /// The number that evaluations compare and feature files hold. That of a name is made from its BLAKE3 hash, so that a name has one
    /// number in every file: 61 bits, at least 2^61.
    #[must_use]
    pub fn number(&self) -> i64 {
        match self {
            Self::Number(number) => *number,
            Self::Name(name) => {
                let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(name.as_bytes()).as_bytes();
                let bits = u64::from_le_bytes([a, b, c, d, e, f, g, h]) >> 3;
                (LEAST | bits).cast_signed()
            }
        }
    }
}

/// Whether the number of a person was made from a name ([`Label::number`]).
#[must_use]
pub(crate) fn is_name(identity: Identity) -> bool {
    identity.0 >= LEAST.cast_signed()
}

/// The integer that a text is, which may be written with zeros behind a point.
#[must_use]
pub(crate) fn integer(text: &str) -> Option<i64> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|zero| zero == b'0') => {
            whole
        }
        Some(_) => return None,
        None => text,
    };
    whole.parse().ok()
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// The names behind the numbers of a data set's people and cameras; those that are numbers already have none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelNames {
    people: BTreeMap<Identity, String>,
    cameras: BTreeMap<Camera, String>,
}

impl LabelNames {
    /// The number of a person, whose name is kept.
    ///
    /// # Errors
    /// [`DataError::Request`] if another name has the same number.
    pub fn add_person(&mut self, label: Label) -> Result<Identity> {
        add(&mut self.people, Identity(label.number()), label)
    }

    /// The number of a camera, whose name is kept.
    ///
    /// # Errors
    /// [`DataError::Request`] if another name has the same number.
    pub fn add_camera(&mut self, label: Label) -> Result<Camera> {
        add(&mut self.cameras, Camera(label.number()), label)
    }

    /// The name of a person, where the data set has one.
    #[must_use]
    pub fn of_person(&self, identity: Identity) -> Option<&str> {
        self.people.get(&identity).map(String::as_str)
    }

    /// What the data set calls a person: the name, or the number.
    #[must_use]
    pub fn person(&self, identity: Identity) -> String {
        self.of_person(identity).map_or_else(|| identity.0.to_string(), str::to_owned)
    }

    /// The name of a camera that has one, if any has.
    #[must_use]
    pub fn named_camera(&self) -> Option<&str> {
        self.cameras.values().next().map(String::as_str)
    }
}

fn add<N: Ord + Copy>(names: &mut BTreeMap<N, String>, number: N, label: Label) -> Result<N> {
    let Label::Name(name) = label else { return Ok(number) };
    match names.get(&number) {
        Some(other) if *other != name => Err(DataError::Request {
            problem: format!("the names `{other}` and `{name}` have the same number"),
            hint: "change one of the two".to_owned(),
        }),
        Some(_) => Ok(number),
        None => {
            names.insert(number, name);
            Ok(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_stay_and_a_name_has_one_number_everywhere() {
        for number in [-1, 0, 7, i64::MAX] {
            assert_eq!(Label::parse(&number.to_string()).number(), number);
        }
        assert!(!is_name(Identity(-1)) && !is_name(Identity((1 << 61) - 1)));
        assert_eq!(Label::parse(" 007 "), Label::Number(7));
        // What pandas makes of an integer in a column with a gap.
        for (text, number) in [("7.0", 7), ("-1.0", -1), (" 12.000 ", 12)] {
            assert_eq!(Label::parse(text), Label::Number(number), "{text}");
        }
        assert!(Label::parse("-1.0").is_unknown());
        for name in ["7.", "7.5", "7.0.0", ".0", "1e3", "nan", "v1.0"] {
            assert_eq!(Label::parse(name), Label::Name(name.to_owned()), "{name}");
        }
        // From the first eight bytes of the BLAKE3 of "anna" and "gate 2", by a program of its own after the specification.
        for (name, number) in
            [("anna", 2_933_475_700_932_510_067), ("gate 2", 4_087_909_934_029_386_834)]
        {
            assert_eq!(Label::parse(name).number(), number, "{name}");
            assert_eq!(Label::parse(name).to_string(), name);
            assert!(is_name(Identity(number)));
        }
    }

    #[test]
    fn names_are_kept_beside_their_numbers() {
        let mut names = LabelNames::default();
        let anna = names.add_person(Label::parse("anna")).expect("a number");
        assert_eq!(names.add_person(Label::parse("anna")).expect("the same"), anna);
        let seven = names.add_person(Label::parse("7")).expect("a number");
        assert_eq!((names.person(anna), names.person(seven)), ("anna".into(), "7".into()));
        assert_eq!((names.of_person(seven), names.named_camera()), (None, None));
        names.add_camera(Label::parse("gate 2")).expect("a number");
        assert_eq!(names.named_camera(), Some("gate 2"));
        let error = add(&mut [(1, "a".to_owned())].into(), 1, Label::parse("b")).expect_err("two");
        assert!(error.to_string().contains("`a` and `b`"), "{error}");
    }
}
