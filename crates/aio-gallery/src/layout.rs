//! Names in the directory of a gallery.

use std::path::{Component, Path};

/// Name of the manifest; the directory that holds it is a gallery.
pub const MANIFEST: &str = "gallery.json";

/// Name of the folder of the segments.
pub const SEGMENTS: &str = "segments";

/// Ending of a list of removed rows.
pub(crate) const REMOVED: &str = "removed";

/// Ending of a list of the contents of removed rows.
pub(crate) const REMOVED_CONTENTS: &str = "contents";

/// Ending of an index.
pub(crate) const INDEX: &str = "index";

/// Digits of the name of a segment's folder.
const SEGMENT_DIGITS: usize = 32;

/// Digits of the hash in the name of a list.
const LIST_DIGITS: usize = 12;

/// Whether a segment can have this name.
pub(crate) fn is_segment(name: &str) -> bool {
    is_hash(name, SEGMENT_DIGITS)
}

/// Name of a list or an index that the manifest of this generation names; `hash` is that of its content, in hexadecimal digits.
pub(crate) fn list_name(generation: u64, hash: &str, ending: &str) -> String {
    format!("{generation:06}-{}.{ending}", &hash[..LIST_DIGITS])
}

/// Whether a list of removed rows or of their contents, or an index, can have this name.
pub(crate) fn is_list(name: &str) -> bool {
    let parts = || {
        let (stem, ending) = name.rsplit_once('.')?;
        let (generation, hash) = stem.split_once('-')?;
        Some((generation, hash, ending))
    };
    parts().is_some_and(|(generation, hash, ending)| {
        [REMOVED, REMOVED_CONTENTS, INDEX].contains(&ending)
            && generation.len() >= 6
            && generation.bytes().all(|byte| byte.is_ascii_digit())
            && is_hash(hash, LIST_DIGITS)
    })
}

fn is_hash(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a name leads to something in its own folder, so that a manifest of others names nothing elsewhere.
pub(crate) fn is_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_segments_and_lists_are_told_from_others() {
        let hash = crate::sums::hash(b"a segment");
        assert!(is_segment(&hash));
        for name in ["", "leftover", "IMG_0001.jpg", &hash[1..], &hash.to_uppercase()] {
            assert!(!is_segment(name), "{name}");
        }
        assert_eq!(list_name(7, "5d0c1c0e9a61ffff", REMOVED), "000007-5d0c1c0e9a61.removed");
        for ending in [REMOVED, REMOVED_CONTENTS, INDEX] {
            assert!(is_list(&list_name(7, &hash, ending)));
            assert!(is_list(&list_name(12_345_678, &hash, ending)));
        }
        for name in [
            "notes.removed",
            "box.contents",
            ".removed",
            "7-5d0c1c0e9a61.removed",
            "000007-5d0c1c0e9a6.removed",
            "000007-5d0c1c0e9a61.txt",
            "00000x-5d0c1c0e9a61.contents",
        ] {
            assert!(!is_list(name), "{name}");
        }
    }

    #[test]
    fn names_stay_in_their_folder() {
        for name in ["", ".", "..", "../x", "/x", "a/b", "a/../../b"] {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name("features.f32") && is_name("..x"));
    }
}
