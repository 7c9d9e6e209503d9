//! Names in the directory of a gallery.

use std::path::{Component, Path};

/// Name of the manifest; the directory that holds it is a gallery.
pub const MANIFEST: &str = "gallery.json";

/// Folder of the segments.
pub(crate) const SEGMENTS: &str = "segments";

/// Ending of a list of removed rows.
pub(crate) const REMOVED: &str = "removed";

/// Ending of a list of the contents of removed rows.
pub(crate) const REMOVED_CONTENTS: &str = "contents";

/// Whether a name leads to something in its own folder, so that a manifest of others names nothing elsewhere.
pub(crate) fn is_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["", ".", "..", "../x", "/x", "a/b", "a/../../b"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name("features.f32") && is_name("..x"));
    }
}
