//! Makes a collection the copy of a gallery.

use super::address::Address;
use super::collection::Collection;
use super::filter::{gone, visible};
use super::index;
use super::payload::{NUMBER, SINCE, UNTIL, id, integer, parse_uuid, point, uuid};
use super::state::{Claim, State};
use crate::description::Description;
use crate::difference::{Difference, Fingerprint};
use crate::error::{Result, StoreError};
use crate::layout::{Index, Layout, Pushed};
use aio_gallery::Gallery;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::{
    Condition, Distance, Filter, PointId, PointsIdsList, Range, RetrievedPoint,
};
use std::collections::BTreeSet;

/// Bytes of features in a request, and the most rows: a server takes some megabytes at once.
const BYTES_AT_ONCE: usize = 1 << 20;
const ROWS_AT_ONCE: usize = 500;

/// Points that one request changes or removes.
const POINTS_AT_ONCE: usize = 5_000;

/// Makes the collection at an address the copy of a gallery. `progress` is called with the number of rows that were added.
///
/// # Errors
/// [`StoreError::Request`] if a gallery of another model has the name, the collection is none of this program's, another push begins, or the server is too old;
/// [`StoreError::Gallery`] if the gallery is damaged; [`StoreError::Database`].
pub(crate) fn push(
    gallery: &Gallery,
    address: &Address,
    layout: Layout,
    progress: &dyn Fn(usize),
) -> Result<Pushed> {
    if let Some(partition) = layout.partition {
        return Err(StoreError::request(
            format!("a collection of Qdrant is not partitioned by {}", partition.name()),
            "push without --partition: Qdrant's index on features links the rows of every camera, too",
        ));
    }
    let collection = Collection::connect(address)?;
    collection.check_version()?;
    let new = Description::of(gallery, None);
    let state = begin(&collection, address, &new)?;
    state.description.check_fits(&new, address, || room(address))?;
    let claim = Claim::new(&collection, address)?;
    // Read again: a push may have ended before this one began.
    let state = State::read(&collection, address)?.unwrap_or(state);
    if state.generation == 0 {
        collection.index_payload()?;
    }
    collection.remove(gone(state.generation))?;
    let changes = Changes::new(&collection, address, gallery, state.generation)?;
    let is_as_it_was = changes.is_empty && state.generation > 0 && state.description == new;
    if is_as_it_was {
        claim.give_up()?;
    } else {
        let generation = state.generation + 1;
        changes.make(&claim, &collection, gallery, generation, progress)?;
        let there = collection.count(visible(generation))?;
        if there != gallery.len() {
            let problem = format!(
                "it has {there} rows instead of {}: another push wrote at the same time",
                gallery.len()
            );
            let hint = "push again; readers see the rows of the last push that ended".to_owned();
            let place = address.to_string();
            return Err(StoreError::Database {
                place,
                action: "push to",
                problem,
                hint: Some(hint),
            });
        }
        claim.end(generation, &new)?;
        collection.remove(gone(generation))?;
    }
    if layout.index == Index::Hnsw {
        index::make(&collection, address)?;
    }
    Ok(Pushed {
        store: address.to_string(),
        rows: gallery.len(),
        added: changes.added.len(),
        removed: changes.removed,
    })
}

/// The state of the collection; of a new one, that no push has ended.
fn begin(collection: &Collection, address: &Address, new: &Description) -> Result<State> {
    if !collection.exists()? {
        collection.make(new.width)?;
    }
    if let Some(state) = State::read(collection, address)? {
        return Ok(state);
    }
    let points = collection.count(Filter::default())?;
    if points > 0
        && let Some(state) = State::read(collection, address)?
    {
        // Another push began in between.
        return Ok(state);
    }
    let features = collection.features()?;
    let is_fit = features.is_some_and(|(width, distance)| {
        width == new.width && [Distance::Dot, Distance::Cosine].contains(&distance)
    });
    if points > 0 || !is_fit {
        return Err(StoreError::request(
            format!(
                "the collection at {address} is no gallery: it has {points} points, and this program has not made it"
            ),
            format!(
                "name another collection; one that is made beforehand must be empty, with one vector of {} values and the distance Dot or Cosine",
                new.width
            ),
        ));
    }
    State::begin(collection, new)?;
    State::read(collection, address)?.ok_or_else(|| StoreError::Database {
        place: address.to_string(),
        action: "write to",
        problem: "a point that was written is not there".into(),
        hint: None,
    })
}

/// How to make room for another gallery.
fn room(address: &Address) -> String {
    format!("name another collection, or delete this one: {}", address.drop_command())
}

/// What has to change.
struct Changes {
    /// Rows of the gallery that are sent.
    added: Vec<u64>,
    /// Points that readers see, and that go.
    leaving: Vec<PointId>,
    /// Points that were to go when a push was stopped, and that stay.
    staying: Vec<PointId>,
    /// Points that a push brought that was stopped, and that are not wanted.
    unseen: Vec<PointId>,
    /// Rows that readers see and the gallery does not have.
    removed: usize,
    /// Whether readers see the rows of the gallery already, and there are no others.
    is_empty: bool,
}

impl Changes {
    fn new(
        collection: &Collection,
        address: &Address,
        gallery: &Gallery,
        generation: i64,
    ) -> Result<Self> {
        let mut there: Vec<(u64, Fingerprint)> = Vec::new();
        let (mut pending, mut marked) = (BTreeSet::new(), BTreeSet::new());
        let mut unseen = Vec::new();
        let any = Range { gte: Some(0.0), ..Range::default() };
        let rows = Filter::must([Condition::range(SINCE, any)]);
        collection.each(&rows, &[NUMBER, SINCE, UNTIL], |point| {
            let (number, since, id) = known(&point).ok_or_else(|| {
                let problem = format!("{address} holds a point that this program did not write");
                StoreError::request(format!("{problem}: {:?}", point.id), room(address))
            })?;
            if since > generation + 1 {
                unseen.push(PointId::from(uuid(id)));
                return Ok(());
            }
            if since > generation {
                pending.insert(id);
            }
            if point.payload.contains_key(UNTIL) {
                marked.insert(id);
            }
            there.push((number, id));
            Ok(())
        })?;
        let Difference { added, stale } = Difference::new(gallery, there, id)?;
        let (mut leaving, mut removed) = (Vec::new(), 0);
        for row in stale {
            let is_marked = marked.remove(&row.fingerprint);
            let id = PointId::from(uuid(row.fingerprint));
            if pending.contains(&row.fingerprint) {
                unseen.push(id);
                continue;
            }
            removed += usize::from(row.is_gone);
            if !is_marked {
                leaving.push(id);
            }
        }
        // A point that goes may be one too many of a row that stays.
        let is_empty = added.is_empty()
            && removed == 0
            && leaving.is_empty()
            && marked.is_empty()
            && pending.is_empty()
            && unseen.is_empty();
        let staying = marked.into_iter().map(|id| PointId::from(uuid(id))).collect();
        Ok(Self { added, leaving, staying, unseen, removed, is_empty })
    }

    /// Makes them, unseen by readers until the push ends.
    fn make(
        &self,
        claim: &Claim,
        collection: &Collection,
        gallery: &Gallery,
        generation: i64,
        progress: &dyn Fn(usize),
    ) -> Result<()> {
        for ids in self.unseen.chunks(POINTS_AT_ONCE) {
            claim.check()?;
            collection.remove(PointsIdsList { ids: ids.to_vec() })?;
        }
        let at_once = (BYTES_AT_ONCE / (4 * gallery.width())).clamp(1, ROWS_AT_ONCE);
        for numbers in self.added.chunks(at_once) {
            claim.check()?;
            let points = numbers.iter().map(|number| point(gallery.row(*number)?, generation));
            collection.put(points.collect::<Result<_>>()?, None)?;
            progress(numbers.len());
        }
        for ids in self.leaving.chunks(POINTS_AT_ONCE) {
            claim.check()?;
            collection.set(ids.to_vec(), UNTIL, generation.into())?;
        }
        for ids in self.staying.chunks(POINTS_AT_ONCE) {
            claim.check()?;
            collection.unset(ids.to_vec(), UNTIL)?;
        }
        Ok(())
    }
}

/// Number, push and identifier of a row's point; `None` for a point that this program did not write.
fn known(point: &RetrievedPoint) -> Option<(u64, i64, Fingerprint)> {
    let number = integer(&point.payload, NUMBER)?.cast_unsigned();
    let Some(PointIdOptions::Uuid(id)) = &point.id.as_ref()?.point_id_options else {
        return None;
    };
    Some((number, integer(&point.payload, SINCE)?, parse_uuid(id)?))
}
