//! Names of columns.

/// The first name that stands twice: which of two columns is meant, nobody knows.
pub fn repeated<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = std::collections::BTreeSet::new();
    names.into_iter().find(|name| !seen.insert(*name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_that_stands_twice_is_found() {
        assert_eq!(repeated(["a", "b", "c"]), None);
        assert_eq!(repeated(["a", "b", "c", "b", "a"]), Some("b"));
    }
}
