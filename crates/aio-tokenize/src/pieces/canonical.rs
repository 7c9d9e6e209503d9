/// A sentence as SigLIP reads it: lower case, without ASCII punctuation, one space between words.
///
/// `SiglipTokenizer` of Hugging Face's transformers: `tokenize` and `canonicalize_text`, which comes from big_vision.
pub(super) fn canonical(sentence: &str) -> String {
    let lower = sentence.replace(UNDERLINE, " ").to_lowercase();
    let mut text = String::with_capacity(lower.len());
    for letter in lower.chars().filter(|letter| !letter.is_ascii_punctuation()) {
        if !is_space(letter) {
            text.push(letter);
        } else if !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
    }
    text.truncate(text.trim_end_matches(' ').len());
    text
}

/// What SentencePiece has in the place of a space.
const UNDERLINE: char = '\u{2581}';

/// What Python calls a space: four control characters more than Rust.
fn is_space(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '\u{1c}'..='\u{1f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected texts are what `SiglipTokenizer.canonicalize_text` of transformers 5.24.0 gives.
    #[test]
    fn a_sentence_loses_case_punctuation_and_extra_spaces() {
        for (sentence, expected) in [
            ("A man, in a RED jacket!", "a man in a red jacket"),
            ("  two\t\nspaces  -  here ", "two spaces here"),
            ("blue_jeans; it's 50% \"off\"", "bluejeans its 50 off"),
            ("Grün — «ÉTÉ» …", "grün — «été» …"),
            ("ΟΔΟΣ İ", "οδος i\u{307}"),
            ("a\u{1c}b\u{a0}c\u{3000}d", "a b c d"),
            ("...", ""),
            ("", ""),
        ] {
            assert_eq!(canonical(sentence), expected, "{sentence:?}");
        }
        assert_eq!(canonical("▁a▁▁man▁"), "a man");
    }
}
