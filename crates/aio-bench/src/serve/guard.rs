//! Who may ask: the name of the host, the site that asks, and the token. Headers that bind the browser.

use super::failure::Failure;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The fewest characters of a token.
pub(super) const SHORTEST_TOKEN: usize = 16;

/// What every request is compared with.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// Whether only this machine asks; then only its own names are accepted as the host.
    local: bool,
    /// What a request for data must carry, as a hash that is compared in constant time.
    token: Option<blake3::Hash>,
}

impl Guard {
    pub(super) fn new(local: bool, token: Option<&str>) -> Self {
        Self { local, token: token.map(|token| blake3::hash(token.as_bytes())) }
    }

    /// Refuses a request that the page of another site made, or that lacks the token.
    fn check(&self, path: &str, headers: &HeaderMap) -> Result<(), Failure> {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let refused =
            |problem: String, hint: &str| Err(Failure::new(StatusCode::FORBIDDEN, problem, hint));
        let host = text(header::HOST).unwrap_or_default();
        // A site may let its own name point to this machine (DNS rebinding); its pages then send that name.
        if self.local && !is_local(host) {
            let problem = format!("this server does not answer as `{host}`");
            return refused(problem, "use localhost, 127.0.0.1 or [::1]");
        }
        let is_data = path.starts_with("/api/");
        let site = text(HeaderName::from_static("sec-fetch-site"));
        let is_foreign = site.is_some_and(|site| site == "cross-site" || site == "same-site");
        let origin = text(header::ORIGIN);
        let is_foreign = is_foreign || origin.is_some_and(|origin| !is_of(origin, host));
        if is_data && is_foreign {
            return refused(
                "pages of other sites may not ask this server".into(),
                "open its own page",
            );
        }
        if let Some(token) = &self.token
            && is_data
        {
            // The name of a scheme may be in any case (RFC 9110, section 11.1).
            let given = text(header::AUTHORIZATION).and_then(|value| value.split_once(' '));
            let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"));
            let given = given.map(|(_, token)| token);
            if given.is_none_or(|given| blake3::hash(given.trim().as_bytes()) != *token) {
                return Err(Failure::new(
                    StatusCode::UNAUTHORIZED,
                    "the token is missing or wrong",
                    "send `Authorization: Bearer TOKEN`, or open the address with #token=TOKEN",
                ));
            }
        }
        Ok(())
    }
}

/// Whether a `Host` header names this machine, with any port.
fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    if host.contains('@') {
        return false;
    }
    let name = authority.host();
    name.eq_ignore_ascii_case("localhost") || name == "[::1]" || is_loopback(name)
}

fn is_loopback(name: &str) -> bool {
    name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an `Origin` header is that of the page of this host. A browser leaves the usual port of a scheme out, and a proxy may add it to the host; a proxy
/// may also speak HTTPS for a server that speaks HTTP.
fn is_of(origin: &str, host: &str) -> bool {
    [("http://", ":80"), ("https://", ":443")].into_iter().any(|(scheme, port)| {
        let Some(rest) = origin.strip_prefix(scheme) else { return false };
        let host = host.strip_suffix(port).unwrap_or(host);
        rest.eq_ignore_ascii_case(host)
    })
}

/// Headers of every answer: the page loads and sends nothing from or to elsewhere, and no other page shows it.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    ("cache-control", "no-store"),
];

/// Lets a request through or refuses it, and adds the headers.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match guard.check(request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    };
    for (name, value) in HEADERS {
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.8.9.1", "[::1]:8080"] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:8080",
            "evil@localhost",
            "192.168.1.2",
            "0.0.0.0:8080",
            "[::2]",
            "a b",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn an_origin_is_compared_with_its_port() {
        assert!(is_of("http://localhost:8080", "localhost:8080"));
        assert!(is_of("https://people.example", "people.example"));
        assert!(is_of("https://people.example", "People.example:443"));
        assert!(is_of("http://people.example", "people.example:80"));
        assert!(is_of("https://people.example:8443", "people.example:8443"));
        assert!(!is_of("https://people.example", "people.example:80"));
        assert!(!is_of("https://people.example", "people.example:8443"));
        for origin in ["null", "http://localhost:8081", "http://evil.example", "localhost:8080", ""]
        {
            assert!(!is_of(origin, "localhost:8080"), "{origin}");
        }
    }
}
