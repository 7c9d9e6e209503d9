//! Rows as points: their identifiers and what they bear.

use crate::difference::{Fingerprint, fingerprint, first_half};
use crate::error::Result;
use aio_gallery::{Record, Row};
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{ListValue, PointStruct, Struct, Value};
use std::collections::{BTreeMap, HashMap};

/// The number of a row in the gallery.
pub(super) const NUMBER: &str = "number";
/// The number of the push that brought a point.
pub(super) const SINCE: &str = "since";
/// The number of the push that takes a point away.
pub(super) const UNTIL: &str = "until";
/// When a row was taken: microseconds since 1970.
pub(super) const TIME: &str = "time";
/// The user's own columns, each as the text of [`pair`]: what filters compare. Names of columns may hold characters that a key of Qdrant may not.
pub(super) const PAIRS: &str = "pairs";
/// The user's own columns, to be read.
const OWN: &str = "own";

/// A column of the user's and a value in it, as one text that no other column and value give.
pub(super) fn pair(column: &str, value: &str) -> String {
    serde_json::Value::from(vec![column, value]).to_string()
}

/// The identifier of a row's point: a hash of its number and everything that is known of it, in the form of a UUID (version 8, RFC 9562).
///
/// # Errors
/// As [`fingerprint`].
pub(super) fn id(row: &Row) -> Result<Fingerprint> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&row.number.to_le_bytes());
    hasher.update(&fingerprint(row)?);
    let mut id = first_half(&hasher);
    id[6] = id[6] & 0x0f | 0x80;
    id[8] = id[8] & 0x3f | 0x80;
    Ok(id)
}

/// An identifier as text.
pub(super) fn uuid(id: Fingerprint) -> String {
    let digits = format!("{:032x}", u128::from_be_bytes(id));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Reads what [`uuid`] writes.
pub(super) fn parse_uuid(text: &str) -> Option<Fingerprint> {
    let digits = text.replace('-', "");
    let number = u128::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 32);
    number.map(u128::to_be_bytes)
}

/// The point of a row that the push with the number `since` brings.
///
/// # Errors
/// As [`id`].
pub(super) fn point(row: Row, since: i64) -> Result<PointStruct> {
    let id = uuid(id(&row)?);
    let Row { number, record, features, .. } = row;
    let Record { path, identity, camera, time, crop, modality, caption, extra } = record;
    let mut payload: HashMap<String, Value> = HashMap::new();
    let texts = [
        ("path", path),
        ("identity", identity),
        ("camera", camera),
        ("crop", crop.map(|crop| crop.to_string())),
        ("modality", Some(modality)),
        ("caption", caption),
    ];
    for (key, text) in texts {
        payload.extend(text.map(|text| (key.to_owned(), text.into())));
    }
    payload.extend(time.map(|time| (TIME.to_owned(), time.into())));
    if !extra.is_empty() {
        let pairs = extra.iter().map(|(column, value)| pair(column, value).into()).collect();
        let pairs = Kind::ListValue(ListValue { values: pairs });
        payload.insert(PAIRS.into(), Value { kind: Some(pairs) });
        let fields = extra.into_iter().map(|(column, value)| (column, value.into())).collect();
        let own = Kind::StructValue(Struct { fields });
        payload.insert(OWN.into(), Value { kind: Some(own) });
    }
    payload.insert(NUMBER.into(), number.cast_signed().into());
    payload.insert(SINCE.into(), since.into());
    Ok(PointStruct::new(id, features, payload))
}

/// A whole number that a point bears.
pub(super) fn integer(payload: &HashMap<String, Value>, key: &str) -> Option<i64> {
    payload.get(key)?.as_integer()
}

/// A text that a point bears.
pub(super) fn text(payload: &HashMap<String, Value>, key: &str) -> Option<String> {
    payload.get(key)?.as_str().cloned()
}

/// What is known of the row of a point.
pub(super) fn record(payload: &HashMap<String, Value>) -> Record {
    let text = |key: &str| text(payload, key);
    let own = |value: &Value| -> BTreeMap<String, String> {
        let fields = value.as_struct().map(|own| &own.fields);
        let fields = fields.into_iter().flatten();
        fields.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.clone()))).collect()
    };
    Record {
        path: text("path"),
        identity: text("identity"),
        camera: text("camera"),
        time: integer(payload, TIME),
        crop: text("crop").and_then(|crop| crop.parse().ok()),
        modality: text("modality").unwrap_or_default(),
        caption: text("caption"),
        extra: payload.get(OWN).map(own).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let mut record = Record {
            path: Some("a/b.jpg".into()),
            camera: Some("gate".into()),
            time: Some(-5),
            crop: Some("1.5,2,30,40.25".parse().expect("a box")),
            modality: "rgb".into(),
            ..Record::default()
        };
        record.extra.insert("floor \"\n.[0]".into(), "2".into());
        Row { number: 7, record, features: vec![0.6, 0.8], thumbnail: Vec::new() }
    }

    #[test]
    fn a_row_is_read_from_its_point() {
        let point = point(row(), 3).expect("a point");
        assert_eq!(record(&point.payload), row().record);
        assert_eq!(integer(&point.payload, NUMBER), Some(7));
        assert_eq!(integer(&point.payload, SINCE), Some(3));
        assert_eq!(integer(&point.payload, UNTIL), None);
        let pairs = point.payload[PAIRS].as_list().expect("a list");
        assert_eq!(pairs[0].as_str().map(String::as_str), Some(r#"["floor \"\n.[0]","2"]"#));
    }

    #[test]
    fn an_identifier_is_a_uuid_of_all_that_is_known() {
        let of = |change: fn(&mut Row)| {
            let mut row = row();
            change(&mut row);
            id(&row).expect("an identifier")
        };
        let first = of(|_| {});
        assert_eq!(first, of(|row| row.thumbnail = vec![1]));
        for other in [
            of(|row| row.number = 8),
            of(|row| row.features[0] = 0.60001),
            of(|row| row.record.caption = Some(String::new())),
        ] {
            assert!(first != other);
        }
        let text = uuid(first);
        let dashes: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
        assert_eq!((text.len(), dashes), (36, vec![8, 13, 18, 23]));
        assert!(&text[14..15] == "8" && "89ab".contains(&text[19..20]), "{text}");
        assert_eq!(parse_uuid(&text), Some(first));
        assert_eq!(parse_uuid("12"), None);
    }

    #[test]
    fn columns_and_values_do_not_run_together() {
        assert_ne!(pair("a", "b=c"), pair("a=b", "c"));
        assert_ne!(pair("a\",\"b", "c"), pair("a", "b\",\"c"));
    }
}
