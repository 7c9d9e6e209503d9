//! The steps of a change, for whoever watches or interrupts them.

/// A step of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The features of a segment are written.
    Features,
    /// Its rows are written.
    Rows,
    /// Its description is written, with the checksums of the other files.
    Described,
    /// A file of a segment of another gallery is linked or copied.
    Linked,
    /// The disk has the whole segment under its name.
    Named,
    /// The disk has the list of removed rows.
    Removed,
    /// The disk has the links of an index.
    Index,
    /// The disk has the new manifest.
    Manifest,
    /// A file or segment that the manifest no longer names is gone.
    Cleaned,
}
