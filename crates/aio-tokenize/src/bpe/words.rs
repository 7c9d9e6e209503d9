//! The words of ASCII text, found without regular expressions and without a clean-up.

/// Whether a text is of the kind that [`for_each`] splits: ASCII without control characters other than spaces, and without entities. The
/// clean-up leaves such a text as it is.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |all, byte| all & PLAIN[usize::from(byte)])
}

const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        plain[byte] = matches!(byte as u8, b' '..=b'~' | b'\t' | b'\n' | b'\x0c' | b'\r')
            && byte as u8 != b'&';
        byte += 1;
    }
    plain
};

/// What is a word wherever it begins, in the order of the reference's pattern.
const FIXED: [&str; 9] =
    ["<|startoftext|>", "<|endoftext|>", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// Calls `visit` with the words of a plain lower-case text, in order, as long as it returns true.
pub(super) fn for_each(text: &str, mut visit: impl FnMut(&str) -> bool) {
    let bytes = text.as_bytes();
    let mut first = 0;
    while let Some(byte) = bytes.get(first) {
        let rest = &bytes[first..];
        let run = |belongs: fn(&u8) -> bool| {
            rest.iter().position(|byte| !belongs(byte)).unwrap_or(rest.len())
        };
        let length = match byte {
            b' ' | b'\t' | b'\n' | b'\x0c' | b'\r' => {
                first += 1;
                continue;
            }
            b'a'..=b'z' => run(u8::is_ascii_lowercase),
            b'0'..=b'9' => 1,
            b'<' | b'\'' => FIXED
                .iter()
                .find(|word| rest.starts_with(word.as_bytes()))
                .map_or_else(|| run(is_other), |word| word.len()),
            _ => run(is_other),
        };
        if !visit(&text[first..first + length]) {
            return;
        }
        first += length;
    }
}

/// Neither a letter nor a digit nor a space.
fn is_other(byte: &u8) -> bool {
    !byte.is_ascii_alphanumeric() && !byte.is_ascii_whitespace()
}
