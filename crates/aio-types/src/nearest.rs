/// The one of `names` that is most similar to `word`, or `None` if none is similar: what a misspelt word may have meant.
///
/// Similarity is that of Jaro and Winkler, 0..1; above 0.6 a name counts as similar.
#[must_use]
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut scored: Vec<(f64, &str)> =
        names.into_iter().map(|name| (strsim::jaro_winkler(word, name), name)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.first().filter(|(score, _)| *score > 0.6).map(|(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_name_and_nonsense_finds_none() {
        let names = ["market1501", "msmt17", "regdb"];
        assert_eq!(nearest("market1502", names).as_deref(), Some("market1501"));
        assert_eq!(nearest("xyz", names), None);
    }
}
