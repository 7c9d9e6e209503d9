//! The index on features, which the server makes after it has been asked.

use super::address::Address;
use super::collection::Collection;
use crate::error::{Result, StoreError};
use qdrant_client::qdrant::{CollectionInfo, CollectionStatus};
use std::time::Duration;

/// Time between two questions whether the server is still making an index.
const POLL: Duration = Duration::from_millis(200);

/// Answers in a row that it is not, after which it has ended: it does not begin at once.
const IDLE_POLLS: usize = 5;

/// Lets the server make an index on features, and keep it. Returns when it is made, so that a search measures it and not its absence.
///
/// # Errors
/// [`StoreError::Database`] with the server's words if it cannot make one.
pub(super) fn make(collection: &Collection, address: &Address) -> Result<()> {
    collection.ask_for_index()?;
    let mut idle = 0;
    while idle < IDLE_POLLS {
        std::thread::sleep(POLL);
        let Some(info) = collection.info()? else { return Ok(()) };
        if let Some(problem) = problem(&info) {
            let hint = "all rows have arrived, and exact searches find them; when the server is mended, push with --index again";
            return Err(StoreError::Database {
                place: address.to_string(),
                action: "make an index in",
                problem,
                hint: Some(hint.to_owned()),
            });
        }
        idle = if info.status() == CollectionStatus::Yellow { 0 } else { idle + 1 };
    }
    Ok(())
}

/// Why the server cannot make an index.
fn problem(info: &CollectionInfo) -> Option<String> {
    let said = info.optimizer_status.as_ref().map(|status| status.error.as_str());
    match said.filter(|error| !error.is_empty()) {
        Some(error) => Some(error.to_owned()),
        None if info.status() == CollectionStatus::Red => {
            Some("the server reports that something went wrong, and not what".to_owned())
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qdrant_client::qdrant::OptimizerStatus;

    #[test]
    fn an_index_that_cannot_be_made_is_told_in_the_servers_words() {
        let of = |status: CollectionStatus, error: &str| {
            let optimizer_status =
                OptimizerStatus { ok: error.is_empty(), error: error.to_owned() };
            problem(&CollectionInfo {
                status: status.into(),
                optimizer_status: Some(optimizer_status),
                ..CollectionInfo::default()
            })
        };
        assert_eq!(of(CollectionStatus::Green, ""), None);
        assert_eq!(of(CollectionStatus::Yellow, ""), None);
        assert_eq!(of(CollectionStatus::Red, "no space left").as_deref(), Some("no space left"));
        assert!(of(CollectionStatus::Red, "").is_some());
    }
}
