//! Writing a feature file and its manifest, with the labels of the rows.

use super::{Manifest, Row};
use crate::error::Result;
use crate::features;
use aio_data::{Label, fs};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Writes a feature file, which names its manifest by the hash, and the manifest beside it. `values` is a file of little-endian f32, row by row.
pub(crate) fn write(output: &Path, values: &Path, manifest: &Manifest) -> Result<()> {
    write_with(output, manifest, |target| io::copy(&mut File::open(values)?, target).map(|_| ()))
}

/// As [`write`], of values that `copy` writes.
pub(super) fn write_with(
    output: &Path,
    manifest: &Manifest,
    copy: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let text = manifest.to_json()?;
    fs::write_then_rename(&Manifest::path(output), text.as_bytes())?;
    let hash = [(Manifest::HASH, Manifest::hash(&text))];
    features::write(output, copy, manifest.width, &labels(&manifest.rows), &hash)
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
