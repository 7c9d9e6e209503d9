//! The table of a `Precompiled` normaliser, checked before it is used: the crate that walks it trusts its numbers.

/// Refuses a table whose numbers point out of it.
///
/// The format is SentencePiece's: the bytes of a trie, the trie as a double array of Darts with 32 bits per unit, and the replacements, each up to a
/// zero byte. A leaf's value is the place of its replacement.
///
/// # Errors
/// A sentence that says which number is wrong.
pub(super) fn check(table: &[u8]) -> Result<(), String> {
    let short = || format!("its precompiled_charsmap has {} bytes, too few", table.len());
    let (size, rest) = table.split_first_chunk::<4>().ok_or_else(short)?;
    let size = u32::from_le_bytes(*size) as usize / 4;
    let units = rest.get(..4 * size).ok_or_else(short)?;
    let replacements = std::str::from_utf8(&rest[4 * size..])
        .map_err(|_| "the replacements of its precompiled_charsmap are not UTF-8".to_owned())?;
    let units: Vec<u32> =
        units.as_chunks::<4>().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect();
    let unit = |place: usize| {
        units.get(place).copied().ok_or_else(|| {
            format!("its precompiled_charsmap points to unit {place} of {}", units.len())
        })
    };
    let mut seen = vec![false; units.len()];
    // Nodes whose children have not been visited.
    let mut nodes = vec![offset(unit(0)?)];
    while let Some(node) = nodes.pop() {
        for label in 1..=usize::from(u8::MAX) {
            let child = node ^ label;
            let found = unit(child)?;
            if found & LABEL != label as u32 || std::mem::replace(&mut seen[child], true) {
                continue;
            }
            let below = child ^ offset(found);
            if found & HAS_LEAF != 0 {
                let value = (unit(below)? & VALUE) as usize;
                if !replacements.is_char_boundary(value) {
                    return Err(format!(
                        "its precompiled_charsmap points to byte {value} of {} bytes of replacements",
                        replacements.len()
                    ));
                }
            }
            nodes.push(below);
        }
    }
    Ok(())
}

const HAS_LEAF: u32 = 1 << 8;
const LABEL: u32 = 1 << 31 | 0xff;
const VALUE: u32 = (1 << 31) - 1;

/// What is combined with the place of a unit to find its children.
fn offset(unit: u32) -> usize {
    ((unit >> 10) as usize) << ((unit & 1 << 9) >> 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie of 512 units in which "a" is replaced by what stands at byte `value`.
    fn table(value: u32, child_offset: u32) -> Vec<u8> {
        let mut units = vec![0u32; 512];
        units[0] = 256 << 10;
        units[256 ^ usize::from(b'a')] = child_offset << 10 | HAS_LEAF | u32::from(b'a');
        if let Some(leaf) = units.get_mut((256 ^ usize::from(b'a')) ^ child_offset as usize) {
            *leaf = value;
        }
        let mut bytes = 2048u32.to_le_bytes().to_vec();
        bytes.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
        bytes.extend("é\0".bytes());
        bytes
    }

    #[test]
    fn a_table_is_accepted_that_the_crate_uses_as_it_says() {
        let whole = table(0, 256);
        assert_eq!(check(&whole), Ok(()));
        let used = tokenizers::normalizers::Precompiled::from(&whole).expect("reads");
        assert_eq!(used.normalize_string("bad"), "béd");
    }

    #[test]
    fn numbers_that_point_out_of_the_table_are_refused() {
        let refused = |bytes: &[u8], said: &str| {
            let problem = check(bytes).expect_err(said);
            assert!(problem.contains(said), "{problem}");
        };
        refused(&[1, 2], "has 2 bytes");
        refused(&table(0, 256)[..100], "has 100 bytes");
        refused(&table(1, 256), "points to byte 1 of 3 bytes");
        refused(&table(9, 256), "points to byte 9");
        refused(&table(0, 1024), "of 512");
        refused(&0u32.to_le_bytes(), "points to unit 0 of 0");
        let mut broken = table(0, 256);
        broken.push(0xff);
        refused(&broken, "not UTF-8");
    }
}
