//! The fast ways agree with the slow ones.

use super::*;

/// Numbers from a linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}

/// What texts are made of: what the pattern names, what the clean-up changes, and what ends words.
const PARTS: [&str; 46] = [
    "a",
    "T-shirt",
    "WOMAN",
    "it's",
    "they'RE",
    "'",
    "''",
    "'ll",
    "'d",
    "'v",
    "x've",
    "I'M",
    "don't",
    "<|startoftext|>",
    "<|ENDOFTEXT|>",
    "<|",
    "|>",
    "<",
    "!",
    "...",
    "-",
    "_",
    "$5",
    "42",
    "7up",
    " ",
    "  ",
    "\t",
    "\n",
    "\r\n",
    "\u{b}",
    "\u{c}",
    "\u{7}",
    "\u{1c}",
    "&amp;",
    "& ",
    "é",
    "İ",
    "ΟΔΟΣ",
    "\u{2019}s",
    "\u{a0}",
    "\u{345}",
    "ﬁ",
    "穿红色外套",
    "👟",
    "\u{200b}",
];

fn text(numbers: &mut Numbers) -> String {
    let kind = numbers.below(4);
    let count = numbers.below(24);
    let part = |numbers: &mut Numbers| match kind {
        // Every ASCII character, controls too.
        0 => char::from(numbers.below(128) as u8).to_string(),
        // Any character.
        1 => char::from_u32(numbers.below(0x3000) as u32).unwrap_or(' ').to_string(),
        // Parts, most of them ASCII, with or without spaces.
        2 => PARTS[numbers.below(32)].to_owned(),
        _ => format!("{} ", PARTS[numbers.below(PARTS.len())]),
    };
    (0..count).map(|_| part(numbers)).collect()
}

#[test]
fn words_are_those_of_the_pattern_after_the_clean_up() {
    let bpe = Bpe::clip();
    let (mut numbers, mut plain) = (Numbers(1), 0);
    for _ in 0..40_000 {
        let text = text(&mut numbers);
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        let collect = |words: &mut Vec<String>, word: &str| {
            words.push(word.to_owned());
            true
        };
        bpe.for_each_word(&text, |word| collect(&mut found, word));
        bpe.for_each_word_of_any_text(&text, |word| collect(&mut expected, word));
        assert_eq!(found, expected, "{text:?}");
        plain += usize::from(words::is_plain(&text) && expected.len() > 1);
    }
    assert!(plain > 4_000, "{plain} texts went the fast way");
}

#[test]
fn ids_alone_are_those_of_the_encoded_sentence() {
    let (bpe, mut numbers) = (Bpe::clip(), Numbers(2));
    let mut truncated = 0;
    for _ in 0..5_000 {
        let text = text(&mut numbers).repeat(1 + numbers.below(4));
        let Encoded { ids, truncated: is_truncated, words, .. } = bpe.encode(&text);
        assert_eq!(bpe.words(&text), words, "{text:?}");
        assert_eq!(bpe.ids(&text), (ids, is_truncated), "{text:?}");
        truncated += usize::from(is_truncated);
    }
    assert!(truncated > 100, "{truncated}");
}

/// The pieces of a word as CLIP's `bpe` finds them, on texts.
fn pieces_of_the_reference(merges: &HashMap<(&str, &str), usize>, word: &str) -> Vec<String> {
    let symbols = byte_symbols();
    let mut parts: Vec<String> =
        word.bytes().map(|byte| symbols[usize::from(byte)].to_string()).collect();
    parts.last_mut().expect("a word is not empty").push_str("</w>");
    loop {
        let rank = |pair: &[String]| merges.get(&(&*pair[0], &*pair[1])).copied();
        let ranks = parts.windows(2).enumerate().filter_map(|(i, pair)| Some((rank(pair)?, i)));
        let Some((_, best)) = ranks.min() else { return parts };
        let (a, b) = (parts[best].clone(), parts[best + 1].clone());
        let mut merged: Vec<String> = Vec::new();
        let mut rest = parts.as_slice();
        while let [first, behind @ ..] = rest {
            if *first == a && behind.first() == Some(&b) {
                merged.push(format!("{a}{b}"));
                rest = &behind[1..];
            } else {
                merged.push(first.clone());
                rest = behind;
            }
        }
        parts = merged;
    }
}

#[test]
fn pieces_are_those_of_merging_texts() {
    let mut file = String::new();
    GzDecoder::new(MERGES).read_to_string(&mut file).expect("the embedded vocabulary is valid");
    let pairs: Vec<(&str, &str)> = file
        .lines()
        .skip(1)
        .take(VOCABULARY - 514)
        .map(|line| line.split_once(' ').expect("two parts"))
        .collect();
    let merges: HashMap<(&str, &str), usize> = pairs.iter().copied().zip(0..).collect();
    let mut symbols = byte_symbols();
    symbols.sort_unstable();
    let mut vocabulary: Vec<String> = symbols.iter().map(char::to_string).collect();
    vocabulary.extend(symbols.iter().map(|symbol| format!("{symbol}</w>")));
    vocabulary.extend(pairs.iter().map(|(a, b)| format!("{a}{b}")));
    let ids: HashMap<&str, u32> = vocabulary.iter().map(String::as_str).zip(0..).collect();
    let mut numbers = Numbers(3);
    // Few letters make many equal pairs side by side.
    for letters in ["ab", "aeinorst", "abcdefghijklmnopqrstuvwxyz", "é穿👟x!.-"] {
        let letters: Vec<char> = letters.chars().collect();
        for _ in 0..400 {
            let count = 1 + numbers.below(40);
            let word: String = (0..count).map(|_| letters[numbers.below(letters.len())]).collect();
            let expected: Vec<u32> =
                pieces_of_the_reference(&merges, &word).iter().map(|piece| ids[&**piece]).collect();
            // Twice: the second time the word may be known.
            for _ in 0..2 {
                let mut found = Vec::new();
                Bpe::clip().append(&word, &mut found);
                assert_eq!(found, expected, "{word}");
            }
        }
    }
}
