//! The HTTP layer with a small searcher instead of a gallery and a model.

mod connection;
mod engine;
mod fake;
mod hostile;
mod openapi;
mod page;
mod queue;
mod search;

use super::guard::Guard;
use super::queue::Queue;
use super::routes::router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fake::Fake;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;

/// What came back.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Reply {
    async fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        Self { status: head.status, headers: head.headers, bytes }
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("JSON")
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).expect("UTF-8")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A server without sockets.
struct Server {
    fake: Arc<Fake>,
    router: axum::Router,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    fn new() -> Self {
        Self::with(Guard::new(true, None))
    }

    fn with(guard: Guard) -> Self {
        let fake = Arc::new(Fake::default());
        let (queue, _) = Queue::start(fake.clone()).expect("a thread");
        let router = router(fake.clone(), queue, guard);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Self { fake, router, runtime: runtime.expect("a runtime") }
    }

    fn send(&self, request: Request<Body>) -> Reply {
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("an answer");
            Reply::of(response).await
        })
    }

    fn get(&self, path: &str) -> Reply {
        self.send(request("GET", path, &[], Body::empty()))
    }

    fn post(&self, path: &str, body: &Value) -> Reply {
        self.send(request("POST", path, &[JSON], Body::from(body.to_string())))
    }

    /// The problem of a refused search.
    fn refused(&self, status: StatusCode, body: &Value) -> String {
        let reply = self.post("/api/search", body);
        assert_eq!(reply.status, status, "{}", reply.text());
        reply.json()["error"].as_str().expect("an error").to_owned()
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if headers.iter().all(|(name, _)| *name != "host") {
        request = request.header("host", "localhost:8080");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body).expect("a request")
}

/// A picture of one colour as a PNG file in base64.
fn png(height: u32, width: u32) -> String {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([200, 30, 40]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    STANDARD.encode(bytes.into_inner())
}

/// A search with a picture of one modality.
fn with_picture(modality: &str, data: &str) -> Value {
    json!({"pictures": {modality: {"name": "p.png", "data": data}}})
}
