//! What the schema states about a key. Validation and the generated reference both read it here.

use super::Experiment;
use config::{Value, ValueKind};
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;
use std::sync::LazyLock;

static SCHEMA: LazyLock<Json> = LazyLock::new(|| {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Experiment>().to_value()
});

/// The JSON schema of an experiment file, for editors. It lacks `base`, which a file may name beside these keys.
#[must_use]
pub fn json_schema() -> &'static Json {
    &SCHEMA
}

/// The dotted key of `name` in the table at `key`, which is empty for the whole file.
pub(super) fn below(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// What the schema states about one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule(&'static Json);

/// The smallest or largest number that a key may have.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limit {
    value: f64,
    /// Whether the number itself is allowed.
    included: bool,
}

impl Rule {
    /// The rule of the whole file.
    pub(super) fn root() -> Self {
        Self(&SCHEMA)
    }

    /// The rule of a key of a table.
    pub(super) fn property(self, name: &str) -> Option<Self> {
        self.0.get("properties")?.get(name).map(Self)
    }

    /// The keys of a table, in the order of the schema; none if this is no table.
    pub(super) fn properties(self) -> impl Iterator<Item = (&'static str, Self)> {
        let properties = self.0.get("properties").and_then(Json::as_object);
        properties.into_iter().flatten().map(|(name, rule)| (name.as_str(), Self(rule)))
    }

    /// The rule of the entries of a list.
    pub(super) fn items(self) -> Option<Self> {
        self.0.get("items").map(Self)
    }

    /// The full path of the first key below `prefix` that is called `name`; of a list of tables, that of its first entry.
    pub(super) fn path_of(self, name: &str, prefix: &str) -> Option<String> {
        if self.property(name).is_some() {
            return Some(below(prefix, name));
        }
        self.properties().find_map(|(key, rule)| match rule.items() {
            Some(entry) => entry.path_of(name, &format!("{}[0]", below(prefix, key))),
            None => rule.path_of(name, &below(prefix, key)),
        })
    }

    /// The doc comment of a key or word, as one paragraph without the brackets of links between items.
    pub(super) fn description(self) -> String {
        let words: Vec<&str> = self.text("description").split_whitespace().collect();
        words.join(" ").replace("[`", "`").replace("`]", "`")
    }

    pub(super) fn unit(self) -> &'static str {
        self.text("x-unit")
    }

    pub(super) fn default(self) -> Option<&'static Json> {
        self.0.get("default")
    }

    /// Whether numbers of this key have the precision of `f32`.
    pub(super) fn is_single_precision(self) -> bool {
        self.text("format") == "float"
    }

    fn text(self, key: &str) -> &'static str {
        self.0.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    /// The words that a key may have, with what each does; empty if it is not limited to words.
    pub(super) fn words(self) -> Vec<(&'static str, String)> {
        let mut words = Vec::new();
        if let Some(word) = self.0.get("const").and_then(Json::as_str) {
            words.push((word, self.description()));
        }
        for word in self.list("enum").filter_map(|word| word.0.as_str()) {
            words.push((word, String::new()));
        }
        for alternative in self.list("oneOf") {
            words.extend(alternative.words());
        }
        words
    }

    /// Forms of which a value needs to have one, such as a number or a word; empty if there is only one.
    fn forms(self) -> impl Iterator<Item = Self> {
        self.list("anyOf")
    }

    fn list(self, key: &str) -> impl Iterator<Item = Self> {
        self.0.get(key).and_then(Json::as_array).into_iter().flatten().map(Self)
    }

    /// The type of a value, in words.
    pub(super) fn kind(self) -> String {
        let forms: Vec<String> = self.forms().map(Self::kind).collect();
        if !forms.is_empty() {
            return forms.join(" or ");
        }
        let words = self.words();
        if !words.is_empty() {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            return match words.split_last() {
                Some((last, [])) => last.clone(),
                Some((last, others)) => format!("{} or {last}", others.join(", ")),
                None => String::new(),
            };
        }
        match self.text("type") {
            "boolean" => "`true` or `false`".into(),
            "integer" => "integer".into(),
            "number" => "number".into(),
            "string" => "text".into(),
            "array" => match self.items() {
                Some(items) if items.properties().next().is_none() => {
                    format!("list of {}", items.kind())
                }
                _ => "list of tables".into(),
            },
            _ => "table".into(),
        }
    }

    /// The numbers that a key may have, or the least length of a list, in words; empty without a limit.
    pub(super) fn range(self) -> String {
        let (least, most) = (self.least(), self.most());
        match (least, most) {
            (Some(least), Some(most)) => {
                let least = if least.included {
                    format!("from {}", least.value)
                } else {
                    format!("above {}", least.value)
                };
                let most = if most.included {
                    format!("to {}", most.value)
                } else {
                    format!("to below {}", most.value)
                };
                format!("{least} {most}")
            }
            (Some(Limit { value, included: true }), None) => format!("at least {value}"),
            (Some(Limit { value, .. }), None) => format!("above {value}"),
            (None, Some(Limit { value, included: true })) => format!("at most {value}"),
            (None, Some(Limit { value, .. })) => format!("below {value}"),
            (None, None) => {
                let forms: Vec<String> =
                    self.forms().map(Self::range).filter(|range| !range.is_empty()).collect();
                match self.least_length() {
                    0 => forms.join(" or "),
                    n => format!("at least {n} {}", if n == 1 { "entry" } else { "entries" }),
                }
            }
        }
    }

    /// What a value must be, in words.
    pub(super) fn expected(self) -> String {
        let kind = self.kind();
        let article = match self.text("type") {
            _ if kind.starts_with('`') => "",
            "integer" => "an ",
            "string" => "",
            _ => "a ",
        };
        let range = self.range();
        let comma = if range.is_empty() { "" } else { ", " };
        format!("{article}{kind}{comma}{range}")
    }

    fn limit(self, inclusive: &str, exclusive: &str) -> Option<Limit> {
        let of = |key| self.0.get(key).and_then(Json::as_f64);
        match (of(inclusive), of(exclusive)) {
            (_, Some(value)) => Some(Limit { value, included: false }),
            (Some(value), None) => Some(Limit { value, included: true }),
            (None, None) => None,
        }
    }

    fn least(self) -> Option<Limit> {
        self.limit("minimum", "exclusiveMinimum")
    }

    fn most(self) -> Option<Limit> {
        self.limit("maximum", "exclusiveMaximum")
    }

    fn least_length(self) -> u64 {
        self.0.get("minItems").and_then(Json::as_u64).unwrap_or(0)
    }

    fn allows(self, number: f64) -> bool {
        let enough = self
            .least()
            .is_none_or(|least| number > least.value || (least.included && number == least.value));
        let not_too_much = self
            .most()
            .is_none_or(|most| number < most.value || (most.included && number == most.value));
        enough && not_too_much
    }

    /// Whether a value has the type and is in the range of this key. Entries of tables and lists have rules of their own.
    pub(super) fn accepts(self, value: &Value) -> bool {
        if self.forms().next().is_some() {
            return self.forms().any(|form| form.accepts(value));
        }
        let words = self.words();
        if !words.is_empty() {
            let is_word = |text: &String| words.iter().any(|(word, _)| word == text);
            return matches!(&value.kind, ValueKind::String(text) if is_word(text));
        }
        let number = number(&value.kind);
        match self.text("type") {
            "boolean" => matches!(value.kind, ValueKind::Boolean(_)),
            "integer" => {
                let whole = !matches!(value.kind, ValueKind::Float(_));
                whole && number.is_some_and(|number| self.allows(number))
            }
            "number" => number.is_some_and(|number| self.allows(number)),
            // A setting such as `--set claim=5` is read as a number.
            "string" => {
                !matches!(value.kind, ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil)
            }
            "array" => {
                matches!(&value.kind, ValueKind::Array(items) if items.len() as u64 >= self.least_length())
            }
            _ => matches!(value.kind, ValueKind::Table(_)),
        }
    }
}

fn number(kind: &ValueKind) -> Option<f64> {
    match kind {
        ValueKind::I64(number) => Some(*number as f64),
        ValueKind::U64(number) => Some(*number as f64),
        ValueKind::Float(number) => Some(*number),
        _ => None,
    }
}
