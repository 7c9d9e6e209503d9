//! The files of the page, which are part of the program.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// A file of the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asset {
    pub(super) path: &'static str,
    kind: &'static str,
    pub(super) text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// One file of the folder `page`, at the address of its name.
macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset {
            path: concat!("/", $name),
            kind: $kind,
            text: include_str!(concat!("page/", $name)),
        }
    };
}

/// All files of the page.
pub(super) const ALL: [Asset; 16] = [
    Asset { path: "/", kind: HTML, text: include_str!("page/index.html") },
    asset!("style.css", CSS),
    asset!("icon.svg", SVG),
    asset!("app.js", SCRIPT),
    asset!("api.js", SCRIPT),
    asset!("cameras.js", SCRIPT),
    asset!("canvas.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("filters.js", SCRIPT),
    asset!("link.js", SCRIPT),
    asset!("messages.js", SCRIPT),
    asset!("named.js", SCRIPT),
    asset!("question.js", SCRIPT),
    asset!("results.js", SCRIPT),
    asset!("sides.js", SCRIPT),
    asset!("tray.js", SCRIPT),
];

impl IntoResponse for Asset {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, self.kind)], self.text).into_response()
    }
}
