//! Requests that mean harm.

use super::super::ServeRequest;
use super::super::guard::Guard;
use super::super::limits::BODY_BYTES;
use super::{JSON, Server, png, request, with_picture};
use crate::embed::{ImportSettings, ModelSource};
use axum::body::Body;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

#[test]
fn a_foreign_name_of_the_host_is_refused() {
    let server = Server::new();
    for host in ["evil.example", "evil.example:8080", "192.168.0.7:8080", "localhost.evil.example"]
    {
        for path in ["/", "/api/gallery", "/app.js"] {
            let reply = server.send(request("GET", path, &[("host", host)], Body::empty()));
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{host}{path}");
        }
    }
    for host in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LocalHost"] {
        let reply = server.send(request("GET", "/api/gallery", &[("host", host)], Body::empty()));
        assert_eq!(reply.status, StatusCode::OK, "{host}");
    }
}

#[test]
fn pages_of_other_sites_are_refused() {
    let server = Server::new();
    let ask = |headers: &[(&str, &str)]| {
        let body = Body::from(json!({"text": "a"}).to_string());
        server.send(request("POST", "/api/search", headers, body)).status
    };
    for header in [
        ("origin", "http://evil.example"),
        ("origin", "http://localhost:9"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(ask(&[JSON, header]), StatusCode::FORBIDDEN, "{header:?}");
    }
    assert_eq!(ask(&[JSON, ("origin", "http://localhost:8080")]), StatusCode::OK);
    assert_eq!(ask(&[JSON, ("sec-fetch-site", "same-origin")]), StatusCode::OK);
    // What a form can send without asking first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        assert_eq!(ask(&[("content-type", kind)]), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
    }
    let picture = [("sec-fetch-site", "cross-site"), ("sec-fetch-dest", "image")];
    let reply = server.send(request("GET", "/api/rows/1/thumbnail", &picture, Body::empty()));
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "as an image of another page");
}

#[test]
fn data_need_the_token_and_the_page_does_not() {
    let token = "0123456789abcdef";
    let server = Server::with(Guard::new(false, Some(token)));
    let get = |path: &str, value: &str| {
        let headers = [("authorization", value), ("host", "people.example")];
        server.send(request("GET", path, &headers, Body::empty()))
    };
    for value in ["", "Bearer", "Bearer 0123456789abcdeF", "Basic 0123456789abcdef", token] {
        let reply = get("/api/gallery", value);
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED, "{value}");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        assert!(reply.json()["hint"].as_str().is_some_and(|hint| hint.contains("#token=")));
    }
    for path in ["/api/rows/1/thumbnail", "/api/rows/1", "/api/openapi.json", "/api/none"] {
        assert_eq!(get(path, "").status, StatusCode::UNAUTHORIZED, "{path}");
    }
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(get("/api/gallery", &format!("{scheme} {token}")).status, StatusCode::OK);
    }
    assert_eq!(get("/", "").status, StatusCode::OK);
}

#[test]
fn a_proxy_may_have_a_name_of_its_own_where_a_token_is_needed() {
    let request_of = |expose: bool| ServeRequest {
        gallery: "people".into(),
        address: "127.0.0.1:0".parse().expect("an address"),
        expose,
        token_file: None,
        model: ModelSource {
            name: "embedded".into(),
            device: "cpu".into(),
            import: ImportSettings::default(),
        },
    };
    let token = "0123456789abcdef";
    let bearer = format!("Bearer {token}");
    let ask = |server: &Server, host: &str, origin: &str, token: &str| {
        let headers = [JSON, ("host", host), ("origin", origin), ("authorization", token)];
        let body = Body::from(json!({"text": "a"}).to_string());
        server.send(request("POST", "/api/search", &headers, body)).status
    };
    let exposed = Server::with(request_of(true).guard(Some(token)));
    for (host, origin) in [
        ("people.example", "https://people.example"),
        ("people.example:8443", "https://people.example:8443"),
        ("people.example:443", "https://people.example"),
        ("localhost:8080", "http://localhost:8080"),
    ] {
        assert_eq!(ask(&exposed, host, origin, &bearer), StatusCode::OK, "{host} {origin}");
        assert_eq!(ask(&exposed, host, origin, ""), StatusCode::UNAUTHORIZED, "{host} {origin}");
    }
    // Pages of other sites, also through the proxy, and one whose host the proxy does not pass on.
    for (host, origin) in [
        ("people.example", "https://evil.example"),
        ("people.example", "null"),
        ("127.0.0.1:8080", "https://people.example"),
    ] {
        let status = ask(&exposed, host, origin, &bearer);
        assert_eq!(status, StatusCode::FORBIDDEN, "{host} {origin}");
    }
    // Without --expose a token makes no other name right.
    let alone = Server::with(request_of(false).guard(Some(token)));
    let status = ask(&alone, "people.example", "https://people.example", &bearer);
    assert_eq!(status, StatusCode::FORBIDDEN);
    let status = ask(&alone, "localhost:8080", "http://localhost:8080", &bearer);
    assert_eq!(status, StatusCode::OK);
}

#[test]
fn paths_lead_to_no_file() {
    let server = Server::new();
    for path in [
        "/api/rows/../../etc/passwd",
        "/api/rows/..%2f..%2fetc%2fpasswd/thumbnail",
        "/api/rows/%2e%2e/thumbnail",
        "/api/rows/1%00/thumbnail",
        "/api/rows/-1/thumbnail",
        "/api/rows/%FF/thumbnail",
        "/../Cargo.toml",
        "/page/app.js",
        "/etc/passwd",
        "//etc/passwd",
    ] {
        let reply = server.get(path);
        let is_refused = [StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&reply.status);
        assert!(is_refused, "{path}: {}", reply.status);
    }
    for (method, path) in [("POST", "/"), ("DELETE", "/api/rows/1"), ("GET", "/api/search")] {
        let reply = server.send(request(method, path, &[], Body::empty()));
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(reply.json()["error"].is_string());
    }
}

#[test]
fn bodies_that_are_too_large_are_refused_before_they_are_read() {
    let server = Server::new();
    let announced = [JSON, ("content-length", "999999999999")];
    let reply = server.send(request("POST", "/api/search", &announced, Body::from("{}")));
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    // Without a length it counts what comes.
    let body = Body::from(vec![b' '; BODY_BYTES + 1]);
    let reply = server.send(request("POST", "/api/search", &[JSON], body));
    assert_eq!(reply.status, StatusCode::PAYLOAD_TOO_LARGE);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "{", "{} {}", "null", "[]", "\u{0}", deep.as_str()] {
        let reply =
            server.send(request("POST", "/api/search", &[JSON], Body::from(body.to_owned())));
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", &body[..body.len().min(20)]);
    }
}

/// A PNG file of one grey picture whose header announces this size, with hardly any data.
fn announcing(height: u32, width: u32) -> String {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let body = [&kind[..], data].concat();
        bytes.extend(&body);
        bytes.extend(crc(&body).to_be_bytes());
    };
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    chunk(b"IHDR", &header);
    chunk(b"IDAT", &[0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01]);
    chunk(b"IEND", &[]);
    STANDARD.encode(bytes)
}

/// The checksum of PNG (CRC-32 of ISO 3309).
fn crc(bytes: &[u8]) -> u32 {
    let step = |mut crc: u32, byte: &u8| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
        }
        crc
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[test]
fn a_picture_that_grows_when_it_is_decoded_is_refused_by_its_header() {
    // 82 bytes that announce 3.6 billion pixels.
    let server = Server::new();
    let error =
        server.refused(StatusCode::BAD_REQUEST, &with_picture("rgb", &announcing(60_000, 60_000)));
    assert!(error.contains("60000 × 60000 pixels, expected 50000000 at most"), "{error}");
    let error =
        server.refused(StatusCode::BAD_REQUEST, &with_picture("rgb", &announcing(100, 100)));
    assert!(error.starts_with("`pictures.rgb`: "), "{error}");
    let gif = STANDARD.encode(b"GIF89a\x01\0\x01\0\0\0\0");
    let error = server.refused(StatusCode::BAD_REQUEST, &with_picture("rgb", &gif));
    assert!(error.starts_with("`pictures.rgb`: its format is GIF, expected JPEG,"), "{error}");
    assert_eq!(server.post("/api/search", &with_picture("rgb", &png(100, 100))).status, 200);
}

#[test]
fn a_failure_tells_the_client_nothing_and_the_next_search_works() {
    let server = Server::new();
    for text in ["broken", "panic", "panic"] {
        let error = server.refused(StatusCode::INTERNAL_SERVER_ERROR, &json!({"text": text}));
        assert_eq!(error, "the server failed");
        assert_eq!(server.post("/api/search", &json!({"text": "a"})).status, 200);
    }
}
