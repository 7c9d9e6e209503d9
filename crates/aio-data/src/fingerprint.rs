//! Tells whether a data set still has the contents that it had for an earlier call.

use crate::{DataError, Dataset, Result, Split, fs};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Fingerprints of the contents of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentFingerprint {
    /// BLAKE3 over labels, sentences, and the name, length and time of change of every file: quick to compute.
    pub files: String,
    /// BLAKE3 over labels, sentences, and the name and bytes of every file.
    pub content: String,
}

impl Dataset {
    /// Every file that is read later: pictures of all splits, and the annotations of photographs that are too many to be held. The photographs
    /// themselves of such a data set (SYNTH-PEDES, prepared) are not among them.
    fn files(&self) -> BTreeSet<&Path> {
        let splits = Split::ALL.iter().flat_map(|split| self.split(*split));
        let pictures = splits.chain(&self.more).filter_map(|sample| sample.path());
        let annotations = self.indexed.iter().map(|indexed| indexed.index.annotations());
        pictures.chain(annotations).chain(self.permutations.as_deref()).collect()
    }

    /// The fingerprints of this data set, whose root is `root`. Files are read only where their names, lengths or times differ from those of
    /// `earlier`; `tick` is called after each with the number of all.
    ///
    /// # Errors
    /// [`DataError::Io`] naming the file that cannot be read, [`DataError::Interrupted`] if `tick` asks to stop.
    pub fn content_fingerprint(
        &self,
        root: &Path,
        earlier: Option<&ContentFingerprint>,
        tick: &(dyn Fn(usize) -> ControlFlow<()> + Sync),
    ) -> Result<ContentFingerprint> {
        let paths: Vec<&Path> = self.files().into_iter().collect();
        let listing = self.fingerprint(root);
        let name = |path: &Path| {
            path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/")
        };
        let mut files = blake3::Hasher::new();
        files.update(listing.as_bytes());
        for path in &paths {
            let found = std::fs::metadata(path).map_err(|source| DataError::Io {
                action: "read",
                path: path.to_path_buf(),
                source,
            })?;
            let changed = found.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            let changed = changed.unwrap_or_default().as_nanos();
            files.update(format!("{}\t{}\t{changed}\n", name(path), found.len()).as_bytes());
        }
        let files = files.finalize().to_hex().to_string();
        if let Some(earlier) = earlier.filter(|earlier| earlier.files == files) {
            return Ok(earlier.clone());
        }
        let hashes = paths.par_iter().map(|path| {
            let mut hasher = blake3::Hasher::new();
            let read = fs::open(path)?;
            hasher.update_reader(read).map_err(|source| DataError::Io {
                action: "read",
                path: path.to_path_buf(),
                source,
            })?;
            if tick(paths.len()).is_break() {
                return Err(DataError::Interrupted { phase: "comparing data" });
            }
            Ok(hasher.finalize())
        });
        let hashes = hashes.collect::<Result<Vec<_>>>()?;
        let mut content = blake3::Hasher::new();
        content.update(listing.as_bytes());
        for (path, hash) in paths.iter().zip(hashes) {
            content.update(format!("{}\t{hash}\n", name(path)).as_bytes());
        }
        Ok(ContentFingerprint { files, content: content.finalize().to_hex().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;
    use aio_types::Modality;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The fingerprints of a data set of two pictures, and how many files were read for them.
    fn taken(
        root: &Path,
        identity: i64,
        earlier: Option<&ContentFingerprint>,
    ) -> (ContentFingerprint, usize) {
        let picture = |name: &str| Sample::picture(identity, Modality::Rgb, root.join(name));
        let dataset = Dataset {
            train: vec![picture("a.jpg"), Sample::sentence(identity, "a coat")],
            more: vec![picture("b.jpg")],
            ..Dataset::default()
        };
        let read = AtomicUsize::new(0);
        let tick = |total| {
            assert_eq!(total, 2);
            read.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let found = dataset.content_fingerprint(root, earlier, &tick).expect("fingerprints");
        (found, read.into_inner())
    }

    #[test]
    fn contents_count_and_files_are_read_only_where_they_may_have_changed() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let root = directory.path();
        let write = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("write");
        write("a.jpg", "one");
        write("b.jpg", "two");
        let (first, read) = taken(root, 1, None);
        assert_eq!(read, 2);
        assert_eq!(taken(root, 1, Some(&first)), (first.clone(), 0));
        assert_ne!(taken(root, 2, Some(&first)).0.content, first.content, "labels count");

        // The same length: only the contents differ.
        write("b.jpg", "owt");
        let (changed, read) = taken(root, 1, Some(&first));
        assert!(read == 2 && changed.content != first.content);
        // Written again with the same contents: the time differs.
        write("b.jpg", "two");
        let (again, read) = taken(root, 1, Some(&first));
        assert!(read == 2 && again.files != first.files);
        assert_eq!(again.content, first.content);

        // A copy elsewhere.
        let copy = tempfile::tempdir().expect("temporary directory");
        for name in ["a.jpg", "b.jpg"] {
            std::fs::copy(root.join(name), copy.path().join(name)).expect("copied");
        }
        assert_eq!(taken(copy.path(), 1, None).0.content, first.content);
    }

    #[test]
    fn a_missing_file_is_named_and_a_signal_stops() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let path = directory.path().join("a.jpg");
        let dataset = Dataset {
            query: vec![Sample::picture(1, Modality::Rgb, path.clone())],
            ..Dataset::default()
        };
        let stop = |_| ControlFlow::Break(());
        let error = dataset.content_fingerprint(directory.path(), None, &stop);
        assert!(error.expect_err("missing").to_string().contains("a.jpg"));
        std::fs::write(&path, "one").expect("write");
        let error = dataset.content_fingerprint(directory.path(), None, &stop);
        assert!(matches!(error, Err(DataError::Interrupted { .. })));
    }
}
