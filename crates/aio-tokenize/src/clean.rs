//! CLIP's clean-up of text before it is encoded: `ftfy.fix_text`, then `html.unescape` twice.
//!
//! Of ftfy (Apache-2.0) everything is followed but the repair of text that was decoded with the wrong character set ("mojibake"): curly quotes,
//! ligatures, characters of another width, entities, control characters and normalisation to NFC.

use html_escape::NAMED_ENTITIES;
use regex::{Captures, Regex};
use std::collections::HashMap;
use std::sync::LazyLock;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// `basic_clean` of CLIP's tokenizer.
pub(crate) fn basic(text: &str) -> String {
    let fixed = fix(text);
    if fixed.contains('&') { unescape(&unescape(&fixed)) } else { fixed }
}

/// `ftfy.fix_text` without the repair of encodings.
fn fix(text: &str) -> String {
    // Text with tags in it is taken for HTML, whose entities are left for the next step.
    let entities = !text.contains('<');
    let mut text = text.to_owned();
    loop {
        let mut fixed =
            if entities && text.contains('&') { unescape_strict(&text) } else { text.clone() };
        if !fixed.is_ascii() || fixed.chars().any(char::is_control) {
            let mut plain = String::with_capacity(fixed.len());
            fixed.chars().filter(|c| !is_control(*c)).for_each(|c| push_plain(c, &mut plain));
            fixed = if is_nfc(&plain) { plain } else { plain.nfc().collect() };
        }
        if fixed == text {
            return text;
        }
        text = fixed;
    }
}

/// Control characters that ftfy removes: those that do nothing in text, of ASCII and beyond.
fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0b' | '\x0e'..='\x1f' | '\x7f' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffc}')
}

/// Appends a character in its plain form: straight quotes, letters instead of ligatures, standard width.
fn push_plain(c: char, text: &mut String) {
    let ligature = match c {
        '\u{2bc}' | '\u{2018}'..='\u{201b}' => "'",
        '\u{201c}'..='\u{201f}' => "\"",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        // The apostrophe of this one is straightened in the next round.
        'ŉ' => "\u{2bc}n",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        'Ǆ' => "DŽ",
        'ǅ' => "Dž",
        'ǆ' => "dž",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' => "ſt",
        'ﬆ' => "st",
        '\u{2028}' | '\u{2029}' | '\u{85}' => "\n",
        '\u{3000}' => " ",
        '\u{ff01}'..='\u{ffef}' => return text.extend(std::iter::once(c).nfkc()),
        _ => return text.push(c),
    };
    text.push_str(ligature);
}

/// Named entities with their semicolon, and in ftfy's way also those of lower-case names written in capitals.
static ENTITIES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let name = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let known: HashMap<String, String> =
        NAMED_ENTITIES.iter().map(|(n, text)| (name(n), (*text).to_owned())).collect();
    let capitals = known
        .iter()
        .filter(|(n, _)| **n == n.to_lowercase())
        .map(|(n, text)| (n.to_uppercase(), text.to_uppercase()));
    let missing: Vec<(String, String)> = capitals.filter(|(n, _)| !known.contains_key(n)).collect();
    known.into_iter().chain(missing).collect()
});

/// ftfy's `unescape_html`: whole entities with a semicolon, and nothing else.
fn unescape_strict(text: &str) -> String {
    static ENTITY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("&(#?[0-9A-Za-z]{1,24});").expect("a valid pattern"));
    let replaced = ENTITY.replace_all(text, |found: &Captures| {
        let name = &found[1];
        let known = if let Some(number) = name.strip_prefix('#') {
            numbered(number)
        } else {
            ENTITIES.get(name).cloned()
        };
        known.unwrap_or_else(|| found[0].to_owned())
    });
    replaced.into_owned()
}

/// Names that HTML also understands without a semicolon: those of HTML 4's Latin-1 and a few others.
const LEGACY: &str = "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute Icirc Igrave Iuml LT Ntilde \
    Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute aacute acirc acute aelig agrave amp aring atilde auml brvbar \
    ccedil cedil cent copy curren deg divide eacute ecirc egrave eth euml frac12 frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr \
    micro middot nbsp not ntilde oacute ocirc ograve ordf ordm oslash otilde ouml para plusmn pound quot raquo reg sect shy sup1 sup2 sup3 szlig thorn \
    times uacute ucirc ugrave uml uuml yacute yen yuml";

/// Python's `html.unescape`.
fn unescape(text: &str) -> String {
    static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\\t\\n\\x0c <&#;]{1,32};?)")
            .expect("a valid pattern")
    });
    static NAMED: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
        NAMED_ENTITIES
            .iter()
            .map(|(n, text)| (String::from_utf8_lossy(n).into_owned(), (*text).to_owned()))
            .collect()
    });
    let replaced = REFERENCE.replace_all(text, |found: &Captures| {
        let reference = &found[1];
        if let Some(number) = reference.strip_prefix('#') {
            return numbered(number.trim_end_matches(';')).unwrap_or_default();
        }
        if let Some(known) = reference.strip_suffix(';').and_then(|name| NAMED.get(name)) {
            return known.clone();
        }
        // The longest name that needs no semicolon, and the rest as it stands.
        let legacy = LEGACY
            .split_whitespace()
            .filter(|name| reference.starts_with(name))
            .max_by_key(|name| name.len());
        match legacy {
            Some(name) => format!("{}{}", NAMED[name], &reference[name.len()..]),
            None => found[0].to_owned(),
        }
    });
    replaced.into_owned()
}

/// The character of a number as HTML reads it: Windows-1252 where Latin-1 has controls, a question mark where there is none.
fn numbered(digits: &str) -> Option<String> {
    const WINDOWS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => digits.parse(),
    };
    let number = match number {
        Ok(number) => number,
        // More digits than a character can have.
        Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => u32::MAX,
        Err(_) => return None,
    };
    let character = match number {
        0 => '\u{fffd}',
        0x0d => '\r',
        0x80..=0x9f => WINDOWS[number as usize - 0x80],
        // What HTML says is no character: controls and the last two of every plane.
        0x01..=0x08 | 0x0b | 0x0e..=0x1f | 0x7f | 0xfdd0..=0xfdef => return Some(String::new()),
        n if n & 0xfffe == 0xfffe && n <= 0x10_ffff => return Some(String::new()),
        n => char::from_u32(n).unwrap_or('\u{fffd}'),
    };
    Some(character.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned_as_ftfy_and_python_do() {
        for (text, expected) in [
            ("it’s “fine”", "it's \"fine\""),
            ("oﬃce ＦＵＬＬ　１２", "office FULL 12"),
            ("CAF&EACUTE; caf&eacute;", "CAFÉ café"),
            ("black &amp;amp; white", "black & white"),
            // With a tag in it, entities are left to html.unescape, which knows no capitals.
            ("<b> &EACUTE; &eacute; &copy2", "<b> &EACUTE; é ©2"),
            ("a&b;c &notit; &#x1F45F &#150; &#0;", "a&b;c ¬it; 👟 – \u{fffd}"),
            ("zero\u{feff}width\u{7}", "zerowidth"),
            ("plain text & more", "plain text & more"),
        ] {
            assert_eq!(basic(text), expected, "{text}");
        }
    }
}
