//! What the handlers share, and how they work with it.

use super::failure::Failure;
use super::limits::{BODIES, DECODERS};
use super::queue::Queue;
use super::searcher::{Prepared, Searcher};
use super::wire::SearchBody;
use crate::error::Result;
use crate::gallery::Searched;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What the handlers share.
#[derive(Clone)]
pub(super) struct Desk {
    searcher: Arc<dyn Searcher>,
    pub(super) queue: Queue,
    /// Requests whose bodies are in memory.
    pub(super) bodies: Arc<Semaphore>,
    /// Work that takes a processor: decoding and reading tables.
    workers: Arc<Semaphore>,
}

impl Desk {
    pub(super) fn new(searcher: Arc<dyn Searcher>, queue: Queue) -> Self {
        let (bodies, workers) = (Semaphore::new(BODIES), Semaphore::new(DECODERS));
        Self { searcher, queue, bodies: Arc::new(bodies), workers: Arc::new(workers) }
    }

    /// Does work that takes a processor, a few at a time, without holding up other requests.
    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, Failure> + Send + 'static,
    ) -> std::result::Result<T, Failure> {
        let permit = Arc::clone(&self.workers).acquire_owned().await;
        let permit = permit.map_err(|e| Failure::internal(&e))?;
        let done = tokio::task::spawn_blocking(move || {
            // Held until the work is done, also if nobody waits for it any more.
            let _permit = permit;
            work()
        });
        done.await.map_err(|e| Failure::internal(&e))?
    }

    /// Such work with the gallery.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Searcher) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, Failure> {
        let searcher = Arc::clone(&self.searcher);
        self.blocking(move || Ok(work(&*searcher)?)).await
    }

    pub(super) async fn prepared(
        &self,
        body: SearchBody,
    ) -> std::result::Result<Prepared, Failure> {
        self.work(move |searcher| Prepared::of(&body, searcher.input_size())).await
    }

    pub(super) async fn searched(
        &self,
        body: SearchBody,
    ) -> std::result::Result<Searched, Failure> {
        self.queue.ask(self.prepared(body).await?).await
    }
}
