//! The committed document is what the code says.

use super::super::further::FurtherBody;
use super::super::routes::{OPENAPI, data_routes};
use super::super::wire::{About, Problem, SearchBody};
use super::{Server, png};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// Schemas of the documents whose types are the server's own, with those that they name.
fn schemas() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    generator.subschema_for::<SearchBody>();
    generator.subschema_for::<About>();
    generator.subschema_for::<FurtherBody>();
    generator.subschema_for::<Problem>();
    generator.take_definitions(true)
}

/// Writes schemas of a document anew: those of the code replace those of the same name.
fn updated(mut document: Value) -> Value {
    for (name, schema) in schemas() {
        document["components"]["schemas"][name] = schema;
    }
    document
}

#[test]
fn the_document_has_the_routes_and_schemas_of_the_code() {
    let document: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let expected = updated(document.clone());
    let text = serde_json::to_string_pretty(&expected).expect("JSON") + "\n";
    if std::env::var_os("AIO_UPDATE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/serve/openapi.json");
        std::fs::write(path, &text).expect("written");
    }
    assert_eq!(
        OPENAPI, text,
        "update it: AIO_UPDATE_DOCS=1 cargo test --locked --profile quick -p aio-bench --lib openapi"
    );
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let routes = data_routes();
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), routes.len());
    for (method, path, _) in routes {
        let methods = paths[path].as_object().expect("methods");
        assert_eq!(methods.keys().collect::<Vec<_>>(), [method], "{path}");
        let responses = methods[method]["responses"].as_object().expect("responses");
        assert!(responses.contains_key("200") && responses.contains_key("default"), "{path}");
    }
}

/// What of a value a schema does not describe; enough of JSON Schema for this document.
fn violations(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(&reference[1..]).expect("what it refers to");
        return violations(document, schema, value, at);
    }
    if let Some(options) = schema["anyOf"].as_array() {
        let of_options = options.iter().map(|schema| violations(document, schema, value, at));
        return of_options.min_by_key(Vec::len).unwrap_or_default();
    }
    let is_of = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        other => panic!("{at}: the type {other}"),
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(kind)) {
        found.push(format!("{at}: {value} is none of {kinds:?}"));
    }
    if let Some(object) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                found.push(format!("{at}: `{name}` is missing"));
            }
        }
        for (name, value) in object {
            let of_name = &schema["properties"][name];
            let more = &schema["additionalProperties"];
            match (of_name, more) {
                (Value::Null, Value::Object(_)) => {
                    found.extend(violations(document, more, value, &format!("{at}.{name}")));
                }
                (Value::Null, _) => found.push(format!("{at}: `{name}` is not described")),
                (known, _) => {
                    found.extend(violations(document, known, value, &format!("{at}.{name}")));
                }
            }
        }
    }
    for (index, value) in value.as_array().into_iter().flatten().enumerate() {
        if schema["items"].is_object() {
            found.extend(violations(document, &schema["items"], value, &format!("{at}[{index}]")));
        }
    }
    found
}

#[test]
fn answers_are_as_the_document_describes_them() {
    let server = Server::new();
    let document: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let picture = json!({"data": png(8, 8)});
    let body = json!({"text": "a", "pictures": {"rgb": picture}, "like": [1], "unlike": [2], "answers": [{"words": "red hat", "reply": "no"}]});
    let grouped = json!({"text": "a", "group_by": "identity"});
    for (method, path, asked, reply) in [
        ("get", "/api/gallery", "200", server.get("/api/gallery")),
        ("get", "/api/rows/{row}", "200", server.get("/api/rows/1")),
        ("get", "/api/rows/{row}", "default", server.get("/api/rows/77")),
        ("post", "/api/search", "200", server.post("/api/search", &body)),
        ("post", "/api/search", "default", server.post("/api/search", &json!({}))),
        ("post", "/api/further", "200", server.post("/api/further", &grouped)),
        ("post", "/api/further", "default", server.post("/api/further", &body)),
        ("post", "/api/question", "200", server.post("/api/question", &body)),
    ] {
        let schema = &document["paths"][path][method]["responses"][asked]["content"]["application/json"]
            ["schema"];
        assert!(schema.is_object(), "{path} {asked}");
        assert_eq!(reply.status == 200, asked == "200", "{path}");
        assert_eq!(violations(&document, schema, &reply.json(), path), [""; 0]);
    }
    let wrong = json!({"gallery": "six", "results": [], "more": 1});
    let schema = json!({"$ref": "#/components/schemas/SearchAnswer"});
    let found = violations(&document, &schema, &wrong, "").join("\n");
    assert!(found.contains("`query` is missing") && found.contains("six"), "{found}");
}
