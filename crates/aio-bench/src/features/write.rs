//! Writing safetensors feature files, which state their own checksum.

use super::{CAMERAS, CHECKSUM, CLOTHES, IDS, IMAGES, OWN};
use crate::error::{Error, Result};
use aio_data::checksum::{Checksum, inside};
use aio_data::fs;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

/// Labels of the rows of a feature file; each column is written if every row has a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// Number of rows.
    pub rows: usize,
    /// Identities.
    pub ids: Option<Vec<i64>>,
    /// Cameras.
    pub cameras: Option<Vec<i64>>,
    /// Source photographs.
    pub images: Option<Vec<i64>>,
    /// Clothes.
    pub clothes: Option<Vec<i64>>,
}

impl Labels {
    /// The columns that are written, by name.
    fn columns(&self) -> Vec<(&'static str, &[i64])> {
        let Self { ids, cameras, images, clothes, .. } = self;
        let columns = [(IDS, ids), (CAMERAS, cameras), (IMAGES, images), (CLOTHES, clothes)];
        columns
            .into_iter()
            .filter_map(|(column, values)| Some((column.name, values.as_deref()?)))
            .collect()
    }
}

/// Writes a feature file of `width` columns whose values `copy` writes: little-endian f32, row by row, so that memory does not grow with
/// them.
///
/// `metadata` goes into the header, every key after `aio.`. The checksum covers it, too.
///
/// # Errors
/// [`Error`] naming the file that cannot be written.
pub fn write(
    output: &Path,
    copy: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    width: usize,
    labels: &Labels,
    metadata: &[(&str, String)],
) -> Result<()> {
    let header = header(width, labels, metadata)?;
    fs::replace_output(output, |temporary| {
        let mut file = BufWriter::new(File::create(temporary)?);
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(header.as_bytes())?;
        copy(&mut file)?;
        for (_, column) in labels.columns() {
            for value in column {
                file.write_all(&value.to_le_bytes())?;
            }
        }
        file.flush()?;
        drop(file);
        inside::seal_file(temporary).map(|_| ())
    })?;
    Ok(())
}

fn header(width: usize, labels: &Labels, metadata: &[(&str, String)]) -> Result<String> {
    let rows = labels.rows;
    let entry = |dtype: &str, shape: &[usize], from: usize, to: usize| serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [from, to]});
    let mut entries = BTreeMap::from([(CHECKSUM.to_owned(), Checksum::UNKNOWN.to_string())]);
    entries.extend(metadata.iter().map(|(key, value)| (format!("{OWN}{key}"), value.clone())));
    let mut header = serde_json::Map::new();
    header.insert("__metadata__".into(), serde_json::json!(entries));
    let mut end = rows * width * size_of::<f32>();
    header.insert("features".into(), entry("F32", &[rows, width], 0, end));
    for (name, column) in labels.columns() {
        let start = end;
        end += size_of_val(column);
        header.insert(name.into(), entry("I64", &[rows], start, end));
    }
    let mut text = serde_json::to_string(&header).map_err(|e| Error::Failure(e.to_string()))?;
    // The format wants tensors to begin at a multiple of eight bytes.
    let padding = text.len().next_multiple_of(8) - text.len();
    text.extend(std::iter::repeat_n(' ', padding));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureFile;
    use aio_eval::Entry;
    use aio_eval::Protocol;
    use aio_types::{Camera, Identity};

    #[test]
    fn what_is_written_is_read_back() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let output = directory.path().join("f.safetensors");
        let floats = [1.0f32, 0.0, 0.0, 2.0, 3.0, 4.0];
        let bytes: Vec<u8> = floats.iter().flat_map(|v| v.to_le_bytes()).collect();
        let (ids, cameras) = (Some(vec![7, -2, 7]), Some(vec![1, 2, 3]));
        let labels = Labels { rows: 3, ids, cameras, ..Labels::default() };
        let note = [("manifest", "abc".to_owned())];
        write(&output, |file| file.write_all(&bytes), 2, &labels, &note).expect("written");
        let file = FeatureFile::read(&output, Protocol::None).expect("a feature file");
        let entry = |identity, camera| Entry {
            camera: Some(Camera(camera)),
            ..Entry::of(Identity(identity))
        };
        assert_eq!(file.entries, [entry(7, 1), entry(-2, 2), entry(7, 3)]);
        assert_eq!(file.features.rows(), 3);
        let stored = std::fs::read(&output).expect("read");
        let file = ::safetensors::SafeTensors::deserialize(&stored).expect("safetensors");
        assert_eq!(file.tensor("features").expect("features").shape(), [3, 2]);
        let (_, header) = ::safetensors::SafeTensors::read_metadata(&stored).expect("a header");
        let entries = header.metadata().clone().expect("metadata");
        assert_eq!(entries["aio.manifest"], "abc");

        // One changed bit is found wherever it is.
        for at in 0..stored.len() {
            let mut changed = stored.clone();
            changed[at] ^= 1;
            std::fs::write(&output, &changed).expect("write");
            let error = FeatureFile::read(&output, Protocol::None).expect_err("one bit");
            assert_eq!(error.exit_code(), 2, "byte {at}: {error}");
        }
    }
}
