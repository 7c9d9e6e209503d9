//! Whether a JPEG file is complete.

/// Whether the mark that ends a picture stands behind its compressed values. The decoder makes up what is missing of them and gives no error.
///
/// What lies within a segment is passed over with it: a thumbnail in the metadata is a JPEG file of its own, with an end of its own. What stands behind
/// the end does not matter: some cameras append data.
pub(super) fn has_end(mut bytes: &[u8]) -> bool {
    // A mark is FF and the number of its kind. Between segments, FF can also be a part of the values, which have 00 behind it, or fill up space, which
    // has another FF behind it.
    while let Some(start) = bytes.iter().position(|byte| *byte == 0xff) {
        bytes = &bytes[start + 1..];
        match bytes {
            [0xd9, ..] => return true,
            // These begin a segment: its length, which counts itself, and its content.
            [0xc0..=0xcf | 0xda..=0xfe, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                bytes = bytes.get(1 + length..).unwrap_or_default();
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &[u8] = &[0xff, 0xd9];

    fn segment(kind: u8, content: &[u8]) -> Vec<u8> {
        let length = (content.len() + 2) as u16;
        [&[0xff_u8, kind][..], &length.to_be_bytes(), content].concat()
    }

    /// A progressive picture of two scans with restart marks, and a thumbnail in its metadata.
    fn without_end() -> Vec<u8> {
        let thumbnail = [&[0xff_u8, 0xd8][..], &segment(0xda, &[1, 1, 0]), &[9, 9], END].concat();
        let values = [7_u8, 0xff, 0x00, 0xd9, 8, 0xff, 0xd0, 9, 0xff, 0xd1, 0xff, 0x00, 0xd9];
        [
            vec![0xff, 0xd8],
            segment(0xe1, &[b"Exif\0\0", &thumbnail[..]].concat()),
            segment(0xc2, &[8, 0, 16, 0, 8, 1, 1, 0x11, 0]),
            segment(0xc4, END),
            segment(0xda, &[1, 1, 0]),
            values.to_vec(),
            // Space that is filled up before a mark.
            vec![0xff, 0xff],
            segment(0xc4, END),
            segment(0xda, &[1, 1, 0]),
            values.to_vec(),
            vec![0xff],
        ]
        .concat()
    }

    #[test]
    fn only_the_end_behind_the_last_scan_is_one() {
        let cut = without_end();
        for length in 0..=cut.len() {
            assert!(!has_end(&cut[..length]), "{length} of {} bytes", cut.len());
        }
        let whole = [&cut[..], END].concat();
        assert!(!has_end(&whole[..whole.len() - 1]));
        // Zeros, another picture, and the first byte of a mark.
        for behind in [&b""[..], &[0; 100], &whole, &[0xff]] {
            assert!(has_end(&[&whole[..], behind].concat()), "{behind:?}");
        }
    }
}
