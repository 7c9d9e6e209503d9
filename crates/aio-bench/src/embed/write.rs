//! Writing a feature file and its manifest, with the labels of the rows.

use super::{Manifest, Row};
use crate::error::Result;
use crate::features;
use aio_data::{Label, fs};
use std::io::{self, Write};
use std::path::Path;

/// Writes a feature file, which names its manifest by the hash, and the manifest beside it. `copy` writes the values: little-endian f32, row by
/// row.
pub(crate) fn write(
    output: &Path,
    manifest: &Manifest,
    copy: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let text = manifest.to_json()?;
    let hash = [(Manifest::HASH, Manifest::hash(&text))];
    let mut failed = None;
    let copy = |target: &mut dyn Write| {
        copy(target)?;
        // Behind the values, which take long: until then an earlier pair of files stays as it is.
        fs::write_then_rename(&Manifest::path(output), text.as_bytes()).map_err(|error| {
            failed = Some(error);
            io::Error::other("the manifest is not written")
        })
    };
    let written = features::write(output, copy, manifest.width, &labels(&manifest.rows), &hash);
    failed.map_or(written, |error| Err(error.into()))
}

/// The labels that every row has. A column that some rows lack is left out, with a warning: an invented label would be
/// scored as if it were true.
fn labels(rows: &[Row]) -> features::Labels {
    let column = |name: &str, label: fn(&Row) -> Option<i64>| {
        let known = rows.iter().filter(|row| label(row).is_some()).count();
        if 0 < known && known < rows.len() {
            log::warn!(
                "`{name}` is left out of the features: {} of {} rows have none",
                rows.len() - known,
                rows.len()
            );
        }
        rows.iter().map(label).collect()
    };
    features::Labels {
        rows: rows.len(),
        ids: column("ids", |row| row.identity.as_ref().map(Label::number)),
        cameras: column("cameras", |row| row.camera.as_ref().map(Label::number)),
        images: column("images", |row| row.image),
        clothes: column("clothes", |row| row.clothes.as_ref().map(Label::number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_some_rows_lack_is_left_out_and_none_is_invented() {
        let of = |rows: &[(Option<i64>, Option<i64>)]| {
            let row = |(identity, camera): &(Option<i64>, Option<i64>)| Row {
                identity: identity.map(Label::Number),
                camera: camera.map(Label::Number),
                ..Row::default()
            };
            labels(&rows.iter().map(row).collect::<Vec<_>>())
        };
        let nothing = features::Labels { rows: 2, ..features::Labels::default() };
        assert_eq!(of(&[(None, None), (None, None)]), nothing);
        let part = of(&[(Some(4), Some(1)), (None, Some(2))]);
        assert_eq!((part.ids, part.cameras), (None, Some(vec![1, 2])));
        assert_eq!(of(&[(Some(4), None), (Some(-1), None)]).ids, Some(vec![4, -1]));
    }
}
