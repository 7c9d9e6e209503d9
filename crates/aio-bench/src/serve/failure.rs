//! Refusals: a status and a document that says why.

use super::wire::Problem;
use crate::error::Error;
use aio_gallery::GalleryError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) problem: Problem,
}

impl Failure {
    pub(super) fn new(
        status: StatusCode,
        error: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let problem = Problem { error: error.into(), hint: Some(hint.into()) };
        Self { status, problem }
    }

    /// More is asked at once than the server takes.
    pub(super) fn busy() -> Self {
        let error = "the server has too many requests at the moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, "try again in a few seconds")
    }

    /// An answer takes longer than a client waits. It may be the only one that is asked for: a large gallery takes its time.
    pub(super) fn late(limit: Duration) -> Self {
        let error = format!("the answer did not begin within {} seconds", limit.as_secs());
        let hint = "try again later; if nobody else asks, the gallery is large for this machine";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error, hint)
    }

    /// A fault of the server: the client learns no more than that.
    pub(super) fn internal(error: &dyn std::fmt::Display) -> Self {
        log::error!("{error}");
        let hint = "the messages of the server say what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed", hint)
    }

    pub(super) fn no_row(row: u64) -> Self {
        let hint = "lists of results have the numbers of rows";
        Self::new(StatusCode::NOT_FOUND, format!("there is no row {row}"), hint)
    }
}

/// Whether the request itself is wrong. Whatever is wrong with a file lies with the gallery, whose files nobody names in a request.
fn is_of_request(error: &Error) -> bool {
    matches!(
        error,
        Error::User { .. }
            | Error::Gallery(
                GalleryError::Request { .. }
                    | GalleryError::NoRow { .. }
                    | GalleryError::ForeignModel { .. }
            )
    )
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if is_of_request(&error) {
            let problem = Problem { error: error.to_string(), hint: error.hint() };
            return Self { status: StatusCode::BAD_REQUEST, problem };
        }
        Self::internal(&error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.problem)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
