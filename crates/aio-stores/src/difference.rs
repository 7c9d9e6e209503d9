//! What a copy lacks and what it has too much: rows are compared by a hash of everything that is known of them.

use crate::error::Result;
use aio_gallery::{Gallery, GalleryError, Row};

/// Names a row's contents: half of a BLAKE3 hash.
pub(crate) type Fingerprint = [u8; 16];

/// That of a row's record and features.
///
/// # Errors
/// [`GalleryError::Failure`] if the record cannot be serialised.
pub(crate) fn fingerprint(row: &Row) -> Result<Fingerprint> {
    let record = serde_json::to_vec(&row.record).map_err(|e| {
        let problem = format!("cannot serialise row {}: {e}", row.number);
        GalleryError::Failure { problem, hint: Some("report this".into()) }
    })?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&record);
    row.features.iter().for_each(|value| _ = hasher.update(&value.to_le_bytes()));
    Ok(first_half(&hasher))
}

/// Half of a hash.
pub(crate) fn first_half(hasher: &blake3::Hasher) -> Fingerprint {
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    first
}

/// A row of a copy that the gallery does not have, or has otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stale {
    pub(crate) number: u64,
    pub(crate) fingerprint: Fingerprint,
    /// Whether the gallery has no row of this number.
    pub(crate) is_gone: bool,
}

/// What a push has to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Numbers of the gallery's rows that the copy lacks or has otherwise, increasing.
    pub(crate) added: Vec<u64>,
    pub(crate) stale: Vec<Stale>,
}

impl Difference {
    /// Compares a gallery with the rows of a copy, which may hold one number several times. `of` gives the fingerprint of a row; it is asked for numbers that
    /// the copy has, so that the features of new rows are not read here.
    ///
    /// # Errors
    /// As [`Gallery::row`].
    pub(crate) fn new(
        gallery: &Gallery,
        mut there: Vec<(u64, Fingerprint)>,
        of: impl Fn(&Row) -> Result<Fingerprint>,
    ) -> Result<Self> {
        there.sort_unstable();
        let mut there = there.into_iter().peekable();
        let mut new = Self::default();
        let stale = |(number, fingerprint), is_gone| Stale { number, fingerprint, is_gone };
        for row in gallery.records() {
            let (number, _) = row?;
            while let Some(old) = there.next_if(|old| old.0 < number) {
                new.stale.push(stale(old, true));
            }
            let mut is_there = false;
            if there.peek().is_some_and(|old| old.0 == number) {
                let wanted = of(&gallery.row(number)?)?;
                while let Some(old) = there.next_if(|old| old.0 == number) {
                    if old.1 == wanted {
                        is_there = true;
                    } else {
                        new.stale.push(stale(old, false));
                    }
                }
            }
            if !is_there {
                new.added.push(number);
            }
        }
        new.stale.extend(there.map(|old| stale(old, true)));
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_gallery::{Content, Entry, Model, Record, Storage, Unclaimed, Writer};

    #[test]
    fn what_is_missing_and_what_is_too_much_is_found_for_every_number() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let model = Model {
            name: "a".into(),
            sha256: "a".into(),
            settings: serde_json::Value::Null,
            description: serde_json::Value::Null,
        };
        let mut writer =
            Writer::create(directory.path(), model, 2, Storage::F32, Unclaimed).expect("created");
        for number in 0..5u8 {
            let record = Record { camera: Some(number.to_string()), ..Record::default() };
            let content = Content::of([("rgb", &[number][..])]);
            let features = [1.0, f32::from(number)];
            writer
                .add(Entry { content, features: &features, record, thumbnail: &[] })
                .expect("added");
        }
        writer.commit().expect("committed");
        Writer::open(directory.path(), Unclaimed).expect("opened").remove(&[1]).expect("removed");
        let gallery = Gallery::open(directory.path()).expect("opened");
        let of = |number| fingerprint(&gallery.row(number).expect("a row")).expect("named");
        let other = [7; 16];
        // Rows 0, 2, 3 and 4: one is the same, one is missing, one differs, one is there twice; rows 1 and 9 are gone.
        let there = vec![(9, other), (4, of(4)), (3, other), (1, other), (0, of(0)), (4, other)];
        let found = Difference::new(&gallery, there, fingerprint).expect("compared");
        let stale = |number, is_gone| Stale { number, fingerprint: other, is_gone };
        assert_eq!(found.added, [2, 3]);
        assert_eq!(found.stale, [stale(1, true), stale(3, false), stale(4, false), stale(9, true)]);
        assert!(of(0) != of(2) && of(3) != of(4));
    }
}
