/// The one of `names` that is most similar to `word`, or `None` if none is similar: what a misspelt word may have meant.
///
/// Similarity is that of Jaro and Winkler, 0..1, without regard to capital letters: papers write SYSU-MM01. Above 0.7 a name counts as similar.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word = word.to_lowercase();
    let similarity = |name: &str| strsim::jaro_winkler(&word, &name.to_lowercase());
    let mut scored: Vec<(f64, &str)> =
        names.into_iter().map(|name| (similarity(name), name)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.first().filter(|(score, _)| *score > 0.7).map(|(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_name_and_nonsense_finds_none() {
        let names = ["market1501", "msmt17", "regdb"];
        assert_eq!(nearest("market1502", names).as_deref(), Some("market1501"));
        assert_eq!(nearest("xyz", names), None);
        for (word, meant) in
            [("MSMT17", "msmt17"), ("RegDB", "regdb"), ("Market-1501", "market1501")]
        {
            assert_eq!(nearest(word, names).as_deref(), Some(meant));
        }
        assert_eq!(nearest("people", ["paper/dual-encoder"]), None);
    }
}
