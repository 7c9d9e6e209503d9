//! The point that says which push ended last.

use super::address::Address;
use super::collection::Collection;
use super::payload::{integer, text, uuid};
use crate::description::{Description, of_another_version};
use crate::difference::first_half;
use crate::error::{Result, StoreError};
use aio_gallery::GalleryError;
use qdrant_client::qdrant::{Condition, Filter, PointId, PointStruct, Value};
use std::collections::HashMap;
use std::time::SystemTime;

/// Its identifier, which no row has: the first digits of a hash are never all zero in practice.
const ID: &str = "00000000-0000-8000-8000-000000000000";

/// The number of the last push that ended; 0 before the first has.
const GENERATION: &str = "generation";
/// The description of the gallery after that push, in JSON.
const DESCRIPTION: &str = "description";
/// The name of the push that is at work, or was stopped.
const PUSH: &str = "push";
/// The name of the last push that ended.
const BY: &str = "by";

/// The last push that ended, and what readers have to know of the gallery since.
pub(super) struct State {
    pub(super) generation: i64,
    pub(super) description: Description,
    push: Option<String>,
    by: Option<String>,
}

impl State {
    /// That of a collection; `None` if it has none.
    ///
    /// # Errors
    /// [`StoreError::Request`] if it is of a later version; [`StoreError::Database`].
    pub(super) fn read(of: &Collection, address: &Address) -> Result<Option<Self>> {
        let Some(point) = of.point(ID)? else {
            return Ok(None);
        };
        let description = text(&point.payload, DESCRIPTION);
        let description =
            description.and_then(|text| serde_json::from_str::<Description>(&text).ok());
        let known = description.filter(Description::is_known);
        match (integer(&point.payload, GENERATION), known) {
            (Some(generation), Some(description)) => Ok(Some(Self {
                generation,
                description,
                push: text(&point.payload, PUSH),
                by: text(&point.payload, BY),
            })),
            _ => Err(of_another_version(address, &address.drop_command())),
        }
    }

    /// Writes that no push has ended, unless there is a state.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub(super) fn begin(of: &Collection, description: &Description) -> Result<()> {
        let point = point(0, description, None)?;
        // What is there has another number and stays.
        let none = Filter::must([Condition::matches(GENERATION, -1)]);
        of.put(vec![point], Some(none))
    }
}

/// A push that is at work.
pub(super) struct Claim<'a> {
    collection: &'a Collection,
    address: &'a Address,
    name: String,
}

impl<'a> Claim<'a> {
    /// Takes the place of every other push.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub(super) fn new(collection: &'a Collection, address: &'a Address) -> Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let (process, thread) = (std::process::id(), std::thread::current().id());
        hasher.update(format!("{process} {thread:?} {:?}", SystemTime::now()).as_bytes());
        let name = uuid(first_half(&hasher));
        collection.set(vec![PointId::from(ID)], PUSH, name.clone().into())?;
        Ok(Self { collection, address, name })
    }

    fn lost(&self) -> StoreError {
        let hint = "wait for the other one, and push again; readers see the rows of the last push that ended";
        StoreError::Database {
            place: self.address.to_string(),
            action: "push to",
            problem: "another push began, and this one stops".into(),
            hint: Some(hint.into()),
        }
    }

    /// Goes on only if no other push has begun.
    ///
    /// # Errors
    /// [`StoreError::Database`], also if one has.
    pub(super) fn check(&self) -> Result<()> {
        let state = State::read(self.collection, self.address)?;
        let is_own = state.is_some_and(|state| state.push.as_ref() == Some(&self.name));
        if is_own { Ok(()) } else { Err(self.lost()) }
    }

    /// Gives the place up: nothing has changed.
    ///
    /// # Errors
    /// As [`Claim::check`].
    pub(super) fn give_up(self) -> Result<()> {
        self.check()?;
        self.collection.unset(vec![PointId::from(ID)], PUSH)
    }

    /// Makes the push visible, in one request that changes nothing if another push has begun.
    ///
    /// # Errors
    /// As [`Claim::check`].
    pub(super) fn end(self, generation: i64, description: &Description) -> Result<()> {
        let point = point(generation, description, Some(&self.name))?;
        let own = Filter::must([Condition::matches(PUSH, self.name.clone())]);
        self.collection.put(vec![point], Some(own))?;
        let state = State::read(self.collection, self.address)?;
        let is_own = state.is_some_and(|state| state.by.as_ref() == Some(&self.name));
        if is_own { Ok(()) } else { Err(self.lost()) }
    }
}

fn point(generation: i64, description: &Description, by: Option<&String>) -> Result<PointStruct> {
    let text = serde_json::to_string(description).map_err(|e| {
        let problem = format!("cannot serialise a description: {e}");
        StoreError::Gallery(GalleryError::Failure { problem, hint: Some("report this".into()) })
    })?;
    let mut payload: HashMap<String, Value> = HashMap::from([
        (GENERATION.to_owned(), generation.into()),
        (DESCRIPTION.to_owned(), text.into()),
    ]);
    payload.extend(by.map(|by| (BY.to_owned(), by.clone().into())));
    // It bears no `since`, so that no search finds it.
    let mut features = vec![0.0; description.width];
    features[0] = 1.0;
    Ok(PointStruct::new(ID, features, payload))
}
