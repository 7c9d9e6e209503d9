//! The table of keys in docs/configuration.md, generated from the schema.

use super::rules::{Rule, below};
use serde_json::Value as Json;

/// Every key with type, default, range, unit and meaning, as Markdown: what stands between the markers of
/// docs/configuration.md.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    let (sections, keys): (Vec<_>, Vec<_>) =
        Rule::root().properties().partition(|(_, rule)| rule.properties().next().is_some());
    table(&mut text, "", &keys);
    for (name, rule) in sections {
        section(&mut text, name, rule);
    }
    text
}

/// A heading and the keys of a table; its tables and lists of tables follow as sections of their own.
fn section(text: &mut String, path: &str, rule: Rule) {
    *text += &format!("\n### `{path}`\n\n{}\n\n", rule.description());
    let keys: Vec<_> =
        rule.properties().filter(|(_, rule)| rule.properties().next().is_none()).collect();
    table(text, path, &keys);
    for (name, rule) in rule.properties() {
        if rule.properties().next().is_some() {
            section(text, &format!("{path}.{name}"), rule);
        }
        if let Some(items) = rule.items().filter(|items| items.properties().next().is_some()) {
            section(text, &format!("{path}.{name}[]"), items);
        }
    }
}

fn table(text: &mut String, path: &str, keys: &[(&str, Rule)]) {
    *text += "| key | type | default | range | unit | meaning |\n|---|---|---|---|---|---|\n";
    for (name, rule) in keys {
        let key = below(path, name);
        let cells = [
            format!("`{key}`"),
            rule.kind(),
            default(*rule),
            rule.range(),
            rule.unit().to_owned(),
            meaning(*rule),
        ];
        *text += &format!("| {} |\n", cells.join(" | "));
    }
}

/// The default as TOML writes it; lists of tables are described by the keys of their tables.
fn default(rule: Rule) -> String {
    match rule.default() {
        None => "required".into(),
        Some(Json::Array(items)) if items.iter().any(Json::is_object) => "one stage".into(),
        // A key that is absent unless a file sets it.
        Some(Json::Null) => String::new(),
        Some(Json::String(text)) if text.is_empty() => String::new(),
        Some(Json::Number(number)) if rule.is_single_precision() => {
            format!("`{}`", number.as_f64().unwrap_or_default() as f32)
        }
        Some(value) => format!("`{value}`"),
    }
}

/// The description, and what each word does.
fn meaning(rule: Rule) -> String {
    let mut text = rule.description();
    for (word, description) in rule.words() {
        if !description.is_empty() {
            text += &format!(" `{word}`: {description}");
        }
    }
    text.replace('|', "\\|")
}
