//! The requests of this program to a collection, one after the other.

use super::address::Address;
use super::payload::{NUMBER, PAIRS, SINCE, TIME, UNTIL};
use crate::error::{Result, StoreError};
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::vectors_config::Config;
use qdrant_client::qdrant::with_payload_selector::SelectorOptions;
use qdrant_client::qdrant::{
    CollectionInfo, CountPointsBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder,
    DeletePayloadPointsBuilder, DeletePointsBuilder, Distance, FieldType, Filter, GetPointsBuilder,
    HnswConfigDiffBuilder, PayloadIncludeSelector, PointId, PointStruct, PointsIdsList,
    QueryPointsBuilder, RetrievedPoint, ScoredPoint, ScrollPointsBuilder, SearchParamsBuilder,
    SetPayloadPointsBuilder, UpdateCollectionBuilder, UpsertPointsBuilder, Value,
    VectorParamsBuilder,
};
use qdrant_client::{Qdrant, QdrantError};
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// A connection to a server, and a collection that may be there.
pub(super) struct Collection {
    address: Address,
    client: Qdrant,
    runtime: Runtime,
}

/// Environment variable with the key of the server.
const KEY: &str = "QDRANT_API_KEY";

/// An exact search reads all points.
const LONGEST_REQUEST: Duration = Duration::from_secs(600);

/// The first version of Qdrant that changes a point only where it is still the expected one.
const LEAST_VERSION: (u64, u64) = (1, 16);

/// Points of a page when all are listed.
const PAGE: u32 = 10_000;

/// Links of a point in an index on features: the usual number of Qdrant and of pgvector.
const LINKS: u64 = 16;

impl Collection {
    /// # Errors
    /// [`StoreError::Request`] for a key that cannot be one; [`StoreError::Database`] naming the address.
    pub(super) fn connect(address: &Address) -> Result<Self> {
        let failed = |problem: String| StoreError::Database {
            place: address.to_string(),
            action: "connect to",
            problem,
            hint: Some(format!(
                "the address is qdrant://host:6334/collection, with the port of gRPC; a key stands in {KEY}; the connection has no TLS, so that a server elsewhere is reached through a tunnel (docs/scale.md)"
            )),
        };
        let key = std::env::var(KEY).ok().filter(|key| !key.is_empty());
        check_key(key.as_deref())?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|e| failed(e.to_string()))?;
        let client = Qdrant::from_url(&address.url())
            .api_key(key)
            .timeout(LONGEST_REQUEST)
            .connect_timeout(Duration::from_secs(10))
            // It prints to standard output, and asks nothing that a push does not ask itself.
            .skip_compatibility_check()
            .build();
        let client = client.map_err(|e| failed(said(&e)))?;
        let new = Self { address: address.clone(), client, runtime };
        let exists = new.runtime.block_on(new.client.collection_exists(new.name()));
        exists.map_err(|e| failed(said(&e)))?;
        Ok(new)
    }

    fn name(&self) -> &str {
        self.address.name()
    }

    /// Waits for the answer to a request.
    fn call<T>(
        &self,
        action: &'static str,
        request: impl Future<Output = std::result::Result<T, QdrantError>>,
    ) -> Result<T> {
        self.runtime.block_on(request).map_err(|e| StoreError::Database {
            place: self.address.to_string(),
            action,
            problem: said(&e),
            hint: None,
        })
    }

    /// Refuses a server that cannot tell whether a push is still the only one.
    ///
    /// # Errors
    /// [`StoreError::Request`] naming both versions.
    pub(super) fn check_version(&self) -> Result<()> {
        let version = self.call("connect to", self.client.health_check())?.version;
        let mut numbers = version.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found >= LEAST_VERSION {
            return Ok(());
        }
        let (major, minor) = LEAST_VERSION;
        Err(StoreError::request(
            format!(
                "{} is Qdrant {version}, and a push needs {major}.{minor} at least",
                self.address
            ),
            "update the server",
        ))
    }

    pub(super) fn exists(&self) -> Result<bool> {
        self.call("read", self.client.collection_exists(self.name()))
    }

    /// Makes the collection, unless it is there, without an index on features.
    pub(super) fn make(&self, width: usize) -> Result<()> {
        let request = CreateCollectionBuilder::new(self.name())
            // Features have the length 1: their products are the cosines, and they stay as they are.
            .vectors_config(VectorParamsBuilder::new(width as u64, Distance::Dot))
            .hnsw_config(HnswConfigDiffBuilder::default().m(0));
        let made = self.call("write to", self.client.create_collection(request));
        // Another push may have made it at the same time.
        made.map(|_| ()).or_else(|e| if self.exists()? { Ok(()) } else { Err(e) })
    }

    /// Makes the indexes on what filters compare, unless they are there.
    pub(super) fn index_payload(&self) -> Result<()> {
        let (keyword, integer) = (FieldType::Keyword, FieldType::Integer);
        for (field, kind) in [
            ("camera", keyword),
            ("identity", keyword),
            ("modality", keyword),
            (PAIRS, keyword),
            (TIME, integer),
            (NUMBER, integer),
            (SINCE, integer),
            (UNTIL, integer),
        ] {
            let request = CreateFieldIndexCollectionBuilder::new(self.name(), field, kind);
            self.call("write to", self.client.create_field_index(request.wait(true)))?;
        }
        Ok(())
    }

    /// Asks the server to make an index on features, and to keep it. It begins after it has answered.
    pub(super) fn ask_for_index(&self) -> Result<()> {
        let index = HnswConfigDiffBuilder::default().m(LINKS);
        let request = UpdateCollectionBuilder::new(self.name()).hnsw_config(index);
        self.call("write to", self.client.update_collection(request)).map(|_| ())
    }

    /// What the server says about the collection; `None` if it says nothing.
    pub(super) fn info(&self) -> Result<Option<CollectionInfo>> {
        Ok(self.call("read", self.client.collection_info(self.name()))?.result)
    }

    /// Values of a point's features, and how they are compared, if the collection has one kind of features.
    pub(super) fn features(&self) -> Result<Option<(usize, Distance)>> {
        let params = self.info()?.and_then(|info| info.config?.params?.vectors_config?.config);
        Ok(match params {
            Some(Config::Params(params)) => Some((params.size as usize, params.distance())),
            _ => None,
        })
    }

    pub(super) fn count(&self, filter: Filter) -> Result<usize> {
        let request = CountPointsBuilder::new(self.name()).filter(filter).exact(true);
        let counted = self.call("read", self.client.count(request))?.result;
        Ok(counted.map_or(0, |counted| counted.count as usize))
    }

    /// A point with all that it bears; `None` if it is not there.
    pub(super) fn point(&self, id: &str) -> Result<Option<RetrievedPoint>> {
        let request =
            GetPointsBuilder::new(self.name(), vec![PointId::from(id)]).with_payload(true);
        Ok(self.call("read", self.client.get_points(request))?.result.pop())
    }

    /// A point that passes a filter, with its features; `None` without one.
    pub(super) fn any(&self, filter: Filter) -> Result<Option<RetrievedPoint>> {
        let request = ScrollPointsBuilder::new(self.name()).filter(filter).limit(1);
        let request = request.with_payload(false).with_vectors(true);
        Ok(self.call("read", self.client.scroll(request))?.result.pop())
    }

    /// Calls `each` with every point that passes a filter, with these keys of what it bears.
    pub(super) fn each(
        &self,
        filter: &Filter,
        keys: &[&str],
        mut each: impl FnMut(RetrievedPoint) -> Result<()>,
    ) -> Result<()> {
        let fields: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let mut next: Option<PointId> = None;
        loop {
            let keys = SelectorOptions::Include(PayloadIncludeSelector { fields: fields.clone() });
            let mut request = ScrollPointsBuilder::new(self.name())
                .filter(filter.clone())
                .limit(PAGE)
                .with_payload(keys)
                .with_vectors(false);
            if let Some(next) = next {
                request = request.offset(next);
            }
            let page = self.call("read", self.client.scroll(request))?;
            page.result.into_iter().try_for_each(&mut each)?;
            next = page.next_page_offset;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// The points nearest to a vector: of all that pass the filter, or of those that the index leads to when it visits so many.
    pub(super) fn nearest(
        &self,
        vector: &[f32],
        filter: Filter,
        top: usize,
        visited: Option<usize>,
    ) -> Result<Vec<ScoredPoint>> {
        let params = SearchParamsBuilder::default();
        let params = match visited {
            Some(visited) => params.hnsw_ef(visited as u64),
            None => params.exact(true),
        };
        let request = QueryPointsBuilder::new(self.name())
            .query(vector.to_vec())
            .filter(filter)
            .params(params)
            .limit(top as u64)
            .with_payload(true);
        Ok(self.call("search", self.client.query(request))?.result)
    }

    /// Writes points in the place of those with the same identifiers; where `only` is given, those points alone that pass it are replaced.
    pub(super) fn put(&self, points: Vec<PointStruct>, only: Option<Filter>) -> Result<()> {
        let mut request = UpsertPointsBuilder::new(self.name(), points).wait(true);
        if let Some(only) = only {
            request = request.update_filter(only);
        }
        self.call("write to", self.client.upsert_points(request)).map(|_| ())
    }

    /// Lets points bear a value.
    pub(super) fn set(&self, ids: Vec<PointId>, key: &str, value: Value) -> Result<()> {
        let payload = HashMap::from([(key.to_owned(), value)]);
        let request = SetPayloadPointsBuilder::new(self.name(), payload)
            .points_selector(PointsIdsList { ids })
            .wait(true);
        self.call("write to", self.client.set_payload(request)).map(|_| ())
    }

    /// Takes a value from points.
    pub(super) fn unset(&self, ids: Vec<PointId>, key: &str) -> Result<()> {
        let request = DeletePayloadPointsBuilder::new(self.name(), vec![key.to_owned()])
            .points_selector(PointsIdsList { ids })
            .wait(true);
        self.call("write to", self.client.delete_payload(request)).map(|_| ())
    }

    pub(super) fn remove(&self, which: impl Into<PointsSelectorOneOf>) -> Result<()> {
        let request = DeletePointsBuilder::new(self.name()).points(which).wait(true);
        self.call("write to", self.client.delete_points(request)).map(|_| ())
    }
}

/// Refuses a key that a header cannot hold. The client would do so as well, with a message that shows it.
fn check_key(key: Option<&str>) -> Result<()> {
    if key.is_some_and(|key| !key.bytes().all(|byte| (b' '..=b'~').contains(&byte))) {
        return Err(StoreError::request(
            format!("{KEY} holds characters that no key has, such as the end of a line"),
            "a key is one line of ASCII characters",
        ));
    }
    Ok(())
}

/// What the server or the network says about an error.
fn said(error: &QdrantError) -> String {
    match error {
        QdrantError::ResponseError { status }
        | QdrantError::ResourceExhaustedError { status, .. } => {
            format!("{} ({:?})", status.message(), status.code())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_no_header_holds_is_refused_and_not_shown() {
        for key in [None, Some("a key.of_ASCII~")] {
            check_key(key).expect("a key");
        }
        for key in ["secret\n", "secr\u{e9}t", "\u{7f}secret"] {
            let error = check_key(Some(key)).expect_err("no key");
            let said = format!("{error} {:?}", error.hint());
            assert!(!said.contains("secr") && said.contains(KEY), "{said}");
        }
    }
}
