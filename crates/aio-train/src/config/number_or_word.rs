//! Keys that hold a number or a word that stands for a rule, such as `height = "auto"`.

use aio_tokenize::LARGEST_SIDE;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A word that may stand in place of a number.
pub(super) trait Word {
    const WORD: &'static str;
    /// The largest number, if there is one.
    const MOST: Option<u64> = None;
}

/// `auto`: the program chooses.
pub(super) struct Auto;

impl Word for Auto {
    const WORD: &'static str = "auto";
}

/// `auto` for a side of pictures.
pub(super) struct AutoPixels;

impl Word for AutoPixels {
    const WORD: &'static str = Auto::WORD;
    const MOST: Option<u64> = Some(LARGEST_SIDE as u64);
}

/// `stage-end`: once, after the last step of a stage.
pub(super) struct StageEnd;

impl Word for StageEnd {
    const WORD: &'static str = "stage-end";
}

/// `off`: never.
pub(super) struct Off;

impl Word for Off {
    const WORD: &'static str = "off";
}

/// How a key of type `Option<usize>` is written: a number from 1, or the word `W` for `None`. For `#[serde(with = "…")]`.
pub(super) struct NumberOr<W>(PhantomData<W>);

impl<W: Word> NumberOr<W> {
    pub(super) fn serialize<S: Serializer>(
        value: &Option<usize>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(number) => serializer.serialize_u64(*number as u64),
            None => serializer.serialize_str(W::WORD),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_any(Self(PhantomData))
    }
}

impl<W: Word> Visitor<'_> for NumberOr<W> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer from 1, or \"{}\"", W::WORD)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match usize::try_from(number) {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
        }
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        match u64::try_from(number) {
            Ok(number) => self.visit_u64(number),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Self::Value, E> {
        if word == W::WORD { Ok(None) } else { Err(E::invalid_value(Unexpected::Str(word), &self)) }
    }
}

impl<W: Word> JsonSchema for NumberOr<W> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        let most = W::MOST.map_or_else(String::new, |most| format!("-to-{most}"));
        format!("number{most}-or-{}", W::WORD).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut number = json_schema!({ "type": "integer", "minimum": 1 });
        if let Some(most) = W::MOST {
            number.insert("maximum".to_owned(), most.into());
        }
        json_schema!({ "anyOf": [{ "const": W::WORD }, number] })
    }
}
