//! Which words of a caption may name an attribute.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Words that name no attribute: articles, pronouns, prepositions, conjunctions, auxiliary verbs, the verbs with which captions say that something is
/// worn, carried, done or seen, adverbs, numbers, and names for anybody and anything.
static OTHER_WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    "
    a about above across after all along also am an and another any appear appearing appears are
    around as at away be been before behind being below beneath beside between beyond bit both
    but by can carried carries carry carrying color colored colour coloured could did do does
    down dressed each either every facing five for four from goes going had hanging has have
    having he heading held her here hers herself him himself his hold holding holds human i if
    image in individual inside into is it its just kind like likely looking looks may maybe
    might moving must my near neither no not of off on one ones only onto or other our out
    outside over pair past pedestrian people perhaps person photo photograph photographed
    picture pictured piece possibly probably pulling pushing quite rather rolling same seems
    seen shall she should showing shows sits sitting slightly slung so some somebody someone
    something somewhat sort standing stands such takes taking than that the their theirs them
    then there these they this those three through to together too toward towards two type under
    underneath until up upon uses using very via walk walking walks was we wear wearing wears
    well were what when where which while who whom whose will with within without worn would you
    your
    "
    .split_whitespace()
    .collect()
});

/// Whether a lower-case word may name an attribute. A closed list of other words decides, so that verbs and adverbs which are not on it count as
/// attributes. Words of one letter, numbers and signs are none.
pub(super) fn is_attribute_word(word: &str) -> bool {
    word.chars().nth(1).is_some()
        && word.chars().all(char::is_alphabetic)
        && !OTHER_WORDS.contains(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_and_adjectives_are_left_of_a_caption() {
        let caption = "a woman is wearing 2 very long , red coats and she carries the photographed backpack 's x";
        let left: Vec<&str> = caption.split(' ').filter(|word| is_attribute_word(word)).collect();
        assert_eq!(left, ["woman", "long", "red", "coats", "backpack"]);
    }
}
