//! The routes: what is asked, and who answers.

use super::assets;
use super::body::SearchRequest;
use super::desk::Desk;
use super::failure::Failure;
use super::further::{self, FurtherBody};
use super::guard::{Guard, guard};
use super::limits::ANSWER_TIME;
use super::question;
use super::queue::Queue;
use super::searcher::Searcher;
use super::wire::{About, QuestionBody, RowBody};
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Json, Router};
use std::sync::Arc;
use std::time::Duration;

/// The document that describes the routes below `/api/`.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// A route: its method in lower case, its path, and its handler.
type Route = (&'static str, &'static str, MethodRouter<Desk>);

/// The routes for data. openapi.json describes each of them.
pub(super) fn data_routes() -> [Route; 8] {
    [
        ("get", "/api/gallery", get(about)),
        ("post", "/api/search", post(search)),
        ("post", "/api/search.csv", post(search_csv)),
        ("post", "/api/further", post(further)),
        ("post", "/api/question", post(ask_back)),
        ("get", "/api/rows/{row}", get(row)),
        ("get", "/api/rows/{row}/thumbnail", get(thumbnail)),
        ("get", "/api/openapi.json", get(openapi)),
    ]
}

/// Everything that the server answers.
pub(super) fn router(searcher: Arc<dyn Searcher>, queue: Queue, rules: Guard) -> Router {
    let desk = Desk::new(searcher, queue);
    let mut router = Router::new();
    for (_, path, handler) in data_routes() {
        router = router.route(path, handler);
    }
    for asset in assets::ALL {
        router = router.route(asset.path, get(move || async move { asset.into_response() }));
    }
    let nothing = || async {
        let hint = "/api/openapi.json describes the routes";
        Failure::new(StatusCode::NOT_FOUND, "there is nothing at this address", hint)
    };
    let not_so = || async {
        let hint = "/api/openapi.json describes the routes";
        Failure::new(StatusCode::METHOD_NOT_ALLOWED, "this address has no such method", hint)
    };
    router
        .fallback(nothing)
        .method_not_allowed_fallback(not_so)
        .layer(from_fn(in_time))
        .layer(from_fn_with_state(Arc::new(rules), guard))
        .with_state(desk)
}

/// Gives up on an answer that takes too long.
async fn in_time(request: Request, next: Next) -> Response {
    within(ANSWER_TIME, next.run(request)).await
}

/// The answer, or a refusal if it takes longer.
pub(super) async fn within(limit: Duration, answer: impl Future<Output = Response>) -> Response {
    let answer = tokio::time::timeout(limit, answer).await;
    answer.unwrap_or_else(|_| Failure::late(limit).into_response())
}

async fn about(State(desk): State<Desk>) -> std::result::Result<Json<About>, Failure> {
    Ok(Json(desk.work(|searcher| searcher.about()).await?))
}

async fn search(
    State(desk): State<Desk>,
    SearchRequest { body, .. }: SearchRequest,
) -> std::result::Result<Response, Failure> {
    let searched = desk.searched(body).await?;
    Ok(Json(searched.listed_single()).into_response())
}

async fn search_csv(
    State(desk): State<Desk>,
    SearchRequest { body, .. }: SearchRequest,
) -> std::result::Result<Response, Failure> {
    let csv = desk.searched(body).await?.csv()?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"results.csv\""),
    ];
    Ok((headers, csv).into_response())
}

async fn further(
    State(desk): State<Desk>,
    SearchRequest { body, .. }: SearchRequest,
) -> std::result::Result<Json<FurtherBody>, Failure> {
    let mut prepared = desk.prepared(body).await?;
    further::check(&prepared)?;
    prepared.terms.top = prepared.terms.top.min(further::MOST_GROUPS);
    // The model is needed for the list alone: its copy knows the features then.
    let rows = further::rows(&desk.queue.ask(prepared.clone()).await?);
    let groups = move |searcher: &dyn Searcher| searcher.groups(&prepared, &rows, further::FURTHER);
    Ok(Json(further::body(desk.work(groups).await?)))
}

async fn ask_back(
    State(desk): State<Desk>,
    SearchRequest { body, .. }: SearchRequest,
) -> std::result::Result<Json<QuestionBody>, Failure> {
    Ok(Json(question::about(desk.prepared(body).await?, &desk.queue).await?))
}

/// The number in a path.
struct RowNumber(u64);

impl FromRequestParts<Desk> for RowNumber {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        desk: &Desk,
    ) -> std::result::Result<Self, Failure> {
        let wrong = |what: &str| {
            let problem = format!("{what} is not the number of a row");
            Failure::new(StatusCode::NOT_FOUND, problem, "write a whole number, as in /api/rows/17")
        };
        // Such as percent signs whose bytes are no text.
        let path = Path::<String>::from_request_parts(parts, desk).await;
        let Path(text) = path.map_err(|_| wrong("the address"))?;
        text.parse().map(Self).map_err(|_| wrong(&format!("`{text}`")))
    }
}

async fn row(
    State(desk): State<Desk>,
    RowNumber(number): RowNumber,
) -> std::result::Result<Json<RowBody>, Failure> {
    let found = desk.work(move |searcher| searcher.row(number)).await?;
    found.map(Json).ok_or_else(|| Failure::no_row(number))
}

async fn thumbnail(
    State(desk): State<Desk>,
    RowNumber(number): RowNumber,
) -> std::result::Result<Response, Failure> {
    let found = desk.work(move |searcher| searcher.thumbnail(number)).await?;
    let picture = found.ok_or_else(|| {
        let problem = format!("there is no picture of row {number}");
        Failure::new(StatusCode::NOT_FOUND, problem, "sentences have none, and files may be gone")
    })?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], picture).into_response())
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
