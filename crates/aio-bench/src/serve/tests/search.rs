//! What a search asks and answers.

use super::fake::{Fake, Seen, record};
use super::{Server, png, with_picture};
use aio_gallery::TIME_FORMS;
use aio_types::PictureSize;
use axum::http::StatusCode;
use serde_json::{Value, json};

#[test]
fn the_answer_is_that_of_the_search_command() {
    let server = Server::new();
    let body = json!({
        "text": " a red coat ", "pictures": {"sketch": {"name": "s.png", "data": png(40, 30)}},
        "like": [1], "unlike": [2, 3], "top": 2
    });
    let reply = server.post("/api/search", &body);
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    let answer = reply.json();
    // The keys of `aio search --json`, in its order.
    let keys: Vec<&str> =
        answer.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["gallery", "generation", "query", "like", "unlike", "novelty", "searched", "results"]
    );
    // A page sees that the gallery has changed since it asked what it holds.
    assert_eq!(answer["generation"], server.get("/api/gallery").json()["generation"]);
    assert_eq!(answer["novelty"], json!({"sketch": {"value": 1.5, "is_unlike": true}}));
    assert_eq!(answer["query"], json!({"pictures": {"sketch": "s.png"}, "text": "a red coat"}));
    assert_eq!((&answer["gallery"], &answer["searched"]), (&json!(6), &json!(6)));
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(2));
    let first = &answer["results"][0];
    assert_eq!((&first["row"], &first["similarity"]), (&json!(0), &json!(1.0)));
    assert_eq!(first["camera"], json!(record(0).camera), "data stay as they are");
    let expected = Seen {
        batches: vec![1],
        pictures: vec![("sketch".into(), PictureSize { height: 8, width: 4 })],
        texts: vec!["a red coat".into()],
    };
    assert_eq!(server.fake.seen(), expected);
}

#[test]
fn lists_are_also_given_as_csv() {
    let reply = Server::new().post("/api/search.csv", &json!({"text": "a coat", "top": 3}));
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    let text = reply.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("query,rank,row,similarity,probability,path"), "{text}");
    assert!(lines[2].starts_with("1,2,1,0.875,,g/1.png"), "{text}");
}

#[test]
fn the_question_splits_the_people_of_the_list() {
    let reply = Server::new().post("/api/question", &json!({"text": "somebody", "top": 1}));
    // Rows 0 and 1 are one person with a red coat; two other people have hats.
    let question = &reply.json()["question"];
    assert_eq!(question["candidates"], 3, "{question}");
    assert_eq!(question["words"], "blue hat", "{question}");
    assert_eq!((&question["with"], &question["without"]), (&json!([2, 4]), &json!([0])));
}

#[test]
fn groups_have_further_rows_and_their_number() {
    let server = Server::new();
    let body = json!({"text": "somebody", "group_by": "identity"});
    let list = server.post("/api/search", &body).json();
    let rows: Vec<&Value> =
        list["results"].as_array().expect("hits").iter().map(|hit| &hit["row"]).collect();
    assert_eq!(rows, [0, 2, 4], "one row per person");
    let further = server.post("/api/further", &body).json();
    let expected = json!({"groups": [
        {"row": 0, "rows": 2, "further": [{"row": 1, "similarity": 0.875}]},
        {"row": 2, "rows": 2, "further": [{"row": 3, "similarity": 0.625}]},
        {"row": 4, "rows": 2, "further": [{"row": 5, "similarity": 0.375}]},
    ]});
    assert_eq!(further, expected);
    // Rows of one camera; the first of the fake gallery has another one.
    let body = json!({"text": "somebody", "group_by": "camera", "top": 2});
    let further = server.post("/api/further", &body).json();
    let rows = |index: usize| further["groups"][index]["further"].as_array().map(Vec::len);
    assert_eq!(
        (rows(0), rows(1), further["groups"][1]["rows"].as_u64()),
        (Some(0), Some(4), Some(5))
    );
    let reply = server.post("/api/further", &json!({"text": "somebody"}));
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(
        reply.json()["error"].as_str().is_some_and(|text| text.contains("`group_by` is missing"))
    );
}

#[test]
fn rows_and_their_pictures_are_named_by_number() {
    let server = Server::new();
    let row = server.get("/api/rows/3").json();
    assert_eq!((&row["row"], &row["identity"]), (&json!(3), &json!("p1")));
    let picture = server.get("/api/rows/3/thumbnail");
    assert_eq!(picture.header("content-type"), "image/jpeg");
    assert_eq!(picture.bytes, [0xff, 0xd8, 3]);
    for path in ["/api/rows/6", "/api/rows/6/thumbnail", "/api/rows/99999999999999999999"] {
        let reply = server.get(path);
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert!(reply.json()["error"].is_string(), "{path}");
    }
    for path in ["/api/rows/%ff", "/api/rows/%FF/thumbnail", "/api/rows/x", "/api/rows/-1"] {
        let reply = server.get(path);
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        let error = reply.json()["error"].as_str().map(str::to_owned);
        assert!(error.is_some_and(|error| error.contains("is not the number of a row")), "{path}");
    }
    assert_eq!(server.get("/api/gallery").json()["rows"], json!(6));
}

#[test]
fn what_a_search_asks_in_vain_is_named() {
    let server = Server::new();
    let long = "x".repeat(2001);
    for (body, expected) in [
        (json!({}), "nothing to look for"),
        (json!({"text": "  "}), "nothing to look for"),
        (json!({"text": long}), "2001 characters, expected at most 2000"),
        (json!({"text": "a", "top": 0}), "`top`: 0, expected 1 to 1000"),
        (json!({"text": "a", "top": 1001}), "`top`: 1001"),
        (json!({"text": "a", "threshold": 1.5}), "`threshold`: 1.5"),
        (json!({"text": "a", "like": vec![1; 101]}), "`like`: 101 values"),
        (json!({"text": "a", "filter": {"after": "noon"}}), "`filter.after`: `noon` is not a time"),
        (json!({"text": "a", "filter": {"camera": []}}), "unknown field `camera`"),
        (
            json!({"text": "a", "filter": {"where": [{"column": "modality", "relation": "not-equal", "value": "photo"}]}}),
            "unknown modality `photo`",
        ),
        (json!({"txt": "a"}), "unknown field `txt`"),
        (json!({"text": "a", "top": "many"}), "top: invalid type: string"),
        (json!({"text": "wrong"}), "the query is wrong"),
        (with_picture("photo", &png(4, 4)), "`pictures.photo`"),
        (with_picture("text", &png(4, 4)), "a sentence is no picture"),
        (with_picture("rgb", "%%%"), "no base64"),
        (with_picture("rgb", "aGVsbG8="), "`pictures.rgb`"),
    ] {
        let error = server.refused(StatusCode::BAD_REQUEST, &body);
        assert!(error.contains(expected), "{error}\nlacks {expected}");
    }
    assert!(!Fake::seen(&server.fake).texts.contains(&"a".to_owned()), "none reached the model");
}

#[test]
fn the_hint_about_a_time_names_every_form_that_is_read() {
    // 8 digits are seconds since 1970 to nobody.
    let body = json!({"text": "a", "filter": {"before": "20261128"}});
    let reply = Server::new().post("/api/search", &body).json();
    assert_eq!(reply["error"], "`filter.before`: `20261128` is not a time");
    assert_eq!(reply["hint"], format!("write {TIME_FORMS}"));
}
