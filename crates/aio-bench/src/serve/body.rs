//! The body of a search, read with limits of size, number and time.

use super::desk::Desk;
use super::failure::Failure;
use super::limits::{BODY_BYTES, BODY_TIME};
use super::wire::SearchBody;
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use hyper::body::Body as _;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// A search as it came. Its place among the bodies in memory is free when it is dropped.
pub(super) struct SearchRequest {
    pub(super) body: SearchBody,
    _place: OwnedSemaphorePermit,
}

impl FromRequest<Desk> for SearchRequest {
    type Rejection = Failure;

    async fn from_request(request: Request, desk: &Desk) -> Result<Self, Failure> {
        let (head, body) = request.into_parts();
        check(&head.headers)?;
        let place = timeout(BODY_TIME, Arc::clone(&desk.bodies).acquire_owned()).await;
        let place = place.map_err(|_| Failure::busy())?.map_err(|e| Failure::internal(&e))?;
        let bytes = timeout(BODY_TIME, read(body)).await.map_err(|_| {
            let problem = format!("the body did not come within {} seconds", BODY_TIME.as_secs());
            Failure::new(StatusCode::REQUEST_TIMEOUT, problem, "send it at once")
        })??;
        // Megabytes of JSON would hold up the other connections of this thread.
        Ok(Self { body: desk.blocking(move || parsed(&bytes)).await?, _place: place })
    }
}

/// Refuses what is no JSON, before it is read. A form of another site cannot send this type.
fn check(headers: &HeaderMap) -> Result<(), Failure> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let problem = format!("the content type is `{kind}`, expected `application/json`");
        let hint = "pictures are sent inside the JSON document, in base64";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem, hint));
    }
    let length = text(header::CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > BODY_BYTES) { Err(too_large()) } else { Ok(()) }
}

fn too_large() -> Failure {
    Failure::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the request has more than {} MiB", BODY_BYTES >> 20),
        "make the pictures smaller; a model reads a few hundred pixels",
    )
}

async fn read(mut body: Body) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|e| {
            let hint = "send it again";
            Failure::new(StatusCode::BAD_REQUEST, format!("the body ended early: {e}"), hint)
        })?;
        let Some(data) = frame.data_ref() else { continue };
        if bytes.len() + data.len() > BODY_BYTES {
            return Err(too_large());
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

pub(super) fn parsed(bytes: &[u8]) -> Result<SearchBody, Failure> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let wrong = |problem: String| {
        let hint = "/api/openapi.json describes the body";
        Failure::new(StatusCode::BAD_REQUEST, format!("the body: {problem}"), hint)
    };
    let body = serde_path_to_error::deserialize(&mut json).map_err(|e| wrong(e.to_string()))?;
    json.end().map_err(|e| wrong(e.to_string()))?;
    Ok(body)
}
