//! Names in the directory of a gallery.

/// Name of the manifest; the directory that holds it is a gallery.
pub const MANIFEST: &str = "gallery.json";

/// Folder of the segments.
pub(crate) const SEGMENTS: &str = "segments";

/// Ending of a list of removed rows.
pub(crate) const REMOVED: &str = "removed";
