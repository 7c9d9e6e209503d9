use crate::{Entry, Protocol};
use aio_types::Identity;
use std::collections::BTreeMap;

/// The gallery entries that are not simply non-matches of a query, by index, ascending.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Relevant {
    /// Entries that show the query's identity and are not junk.
    pub(crate) matches: Vec<u32>,
    pub(crate) junk: Vec<u32>,
}

impl Relevant {
    /// Looks at every entry.
    pub(crate) fn scan(query: &Entry, gallery: &[Entry], protocol: Protocol) -> Self {
        let mut found = Self::default();
        for (i, entry) in (0..).zip(gallery) {
            found.add(query, i, entry, protocol);
        }
        found
    }

    fn add(&mut self, query: &Entry, i: u32, entry: &Entry, protocol: Protocol) {
        if protocol.is_junk(query, entry) {
            self.junk.push(i);
        } else if query.shows_the_person_of(entry) {
            self.matches.push(i);
        }
    }
}

/// A gallery whose entries are found by identity.
pub(crate) struct ByIdentity<'a> {
    gallery: &'a [Entry],
    entries: BTreeMap<Identity, Vec<u32>>,
}

impl<'a> ByIdentity<'a> {
    pub(crate) fn new(gallery: &'a [Entry]) -> Self {
        let mut entries: BTreeMap<Identity, Vec<u32>> = BTreeMap::new();
        for (i, entry) in (0..).zip(gallery) {
            entries.entry(entry.identity).or_default().push(i);
        }
        Self { gallery, entries }
    }

    /// As [`Relevant::scan`]. Only where the protocol hides other people does it look at every entry.
    pub(crate) fn relevant(&self, query: &Entry, protocol: Protocol) -> Relevant {
        if protocol.hides_others() {
            return Relevant::scan(query, self.gallery, protocol);
        }
        let mut found = Relevant::default();
        for i in self.entries.get(&query.identity).into_iter().flatten() {
            found.add(query, *i, &self.gallery[*i as usize], protocol);
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::Random;
    use aio_types::{Camera, Clothes, SourcePhoto};

    #[test]
    fn what_is_found_by_identity_is_what_a_scan_finds() {
        let mut random = Random::new(5);
        let mut entry = || {
            let mut label = |count: u32| i64::from(random.next_u32() % count) - 1;
            let known = |label: i64| (label >= 0).then_some(label);
            Entry {
                identity: Identity(label(5)),
                camera: known(label(5)).map(Camera),
                source: known(label(9)).map(SourcePhoto),
                second_source: known(label(9)).map(SourcePhoto),
                clothes: known(label(4)).map(Clothes),
            }
        };
        let gallery: Vec<Entry> = (0..300).map(|_| entry()).collect();
        let index = ByIdentity::new(&gallery);
        for query in (0..40).map(|_| entry()) {
            for protocol in Protocol::ALL {
                let expected = Relevant::scan(&query, &gallery, protocol);
                assert_eq!(index.relevant(&query, protocol), expected, "{}", protocol.name());
            }
        }
    }
}
