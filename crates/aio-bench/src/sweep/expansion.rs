//! From axes, zipped lists and exclusions to the points of the grid, in the order of the file.

use super::file::{SweepFile, wrong};
use crate::error::{Error, Result};
use std::collections::BTreeSet;
use std::path::Path;
use toml::Value;

/// The list of a `[[zip]]` that names its cells and sets no key.
const LABEL: &str = "label";

/// Most cells of a sweep before exclusions: a few long lists make more than memory can hold.
const MOST_CELLS: usize = 10_000;

/// A point of the grid.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    /// What is varied, in the form of `--set`.
    pub(super) settings: Vec<String>,
    /// Name in tables: the labels of the file, or else what is varied.
    pub(super) label: String,
}

/// One value of a varied key.
#[derive(Debug, Clone, PartialEq)]
struct Choice {
    key: String,
    value: Value,
}

/// Values of several keys that are chosen together.
type Combination = Vec<Choice>;

/// The points of the grid of the sweep file at `path`, without the excluded ones.
///
/// # Errors
/// [`Error::User`] naming the file and the key that is wrong.
pub(super) fn points(path: &Path, file: &SweepFile) -> Result<Vec<Point>> {
    let combinations = expand(path, file)?;
    if combinations.is_empty() {
        return Err(wrong(path, "no cell is left"));
    }
    let unnamed = unnamed_keys(file);
    let points: Vec<Point> =
        combinations.iter().map(|combination| point(combination, &unnamed)).collect();
    let labels = points.iter().map(|point| point.label.as_str());
    if let Some(label) = aio_data::repeated(labels) {
        return Err(wrong(
            path,
            &format!(
                "two cells are called `{label}`; remove one of them, or give them other labels"
            ),
        ));
    }
    Ok(points)
}

/// Keys that the names of cells leave out: those that a label stands for, and axes of one value, which are the same in all cells.
fn unnamed_keys(file: &SweepFile) -> BTreeSet<&String> {
    let labelled = file.zip.iter().filter(|zip| zip.contains_key(LABEL));
    let is_single =
        |(_, values): &(&String, &Value)| values.as_array().is_some_and(|v| v.len() == 1);
    let single = file.axes.iter().filter(is_single).map(|(key, _)| key);
    labelled.flat_map(toml::Table::keys).chain(single).collect()
}

fn point(combination: &[Choice], unnamed: &BTreeSet<&String>) -> Point {
    let mut settings = Vec::new();
    let mut words = Vec::new();
    for Choice { key, value } in combination {
        let setting = format!("{key}={value}");
        if key == LABEL {
            words.push(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            continue;
        }
        if !unnamed.contains(key) {
            words.push(setting.clone());
        }
        settings.push(setting);
    }
    let label = if words.is_empty() { "base".to_owned() } else { words.join(" ") };
    Point { settings, label }
}

fn list<'a>(path: &Path, key: &str, value: &'a Value) -> Result<&'a [Value]> {
    let values = value.as_array().filter(|values| !values.is_empty()).map(Vec::as_slice);
    values.ok_or_else(|| {
        Error::user(
            format!("{}: `{key}` is not a list of values", path.display()),
            "write \"losses.binding\" = [1.0, 0.0]",
        )
    })
}

/// Multiplies axes and zipped lists and removes what is excluded.
fn expand(path: &Path, file: &SweepFile) -> Result<Vec<Combination>> {
    let dimensions = dimensions(path, file)?;
    let count = dimensions.iter().map(Vec::len).fold(1, usize::saturating_mul);
    if count > MOST_CELLS {
        return Err(wrong(
            path,
            &format!("its lists make {count} cells, expected at most {MOST_CELLS}"),
        ));
    }
    let mut cells: Vec<Combination> = vec![Vec::new()];
    for dimension in dimensions {
        let mut longer = Vec::new();
        for cell in &cells {
            for choices in &dimension {
                longer.push([cell.clone(), choices.clone()].concat());
            }
        }
        cells = longer;
    }
    for rule in &file.exclude {
        check_exclusion(path, rule, &cells)?;
    }
    cells.retain(|cell| !file.exclude.iter().any(|rule| excludes(rule, cell)));
    Ok(cells)
}

/// Every axis, then every `[[zip]]`, as the list of its choices.
fn dimensions(path: &Path, file: &SweepFile) -> Result<Vec<Vec<Combination>>> {
    let mut dimensions = Vec::new();
    for (key, values) in &file.axes {
        let values = list(path, key, values)?;
        let choice = |value: &Value| vec![Choice { key: key.clone(), value: value.clone() }];
        dimensions.push(values.iter().map(choice).collect());
    }
    for zipped in &file.zip {
        dimensions.push(zip(path, zipped)?);
    }
    Ok(dimensions)
}

/// The combinations of a `[[zip]]`: the first values of all lists, then the second ones, ….
fn zip(path: &Path, zipped: &toml::Table) -> Result<Vec<Combination>> {
    let mut lists = Vec::new();
    for (key, values) in zipped {
        lists.push((key, list(path, key, values)?));
    }
    let length = lists.first().map_or(0, |(_, values)| values.len());
    if let Some((key, values)) = lists.iter().find(|(_, values)| values.len() != length) {
        let problem = format!(
            "{}: `{key}` of a [[zip]] has {} values, the first list has {length}",
            path.display(),
            values.len()
        );
        return Err(Error::user(problem, "the lists of one [[zip]] are equally long"));
    }
    let mut combinations = Vec::new();
    for i in 0..length {
        let choice = |(key, values): &(&String, &[Value])| Choice {
            key: (*key).clone(),
            value: values[i].clone(),
        };
        combinations.push(lists.iter().map(choice).collect());
    }
    Ok(combinations)
}

/// Refuses an `[[exclude]]` that names a key which is not varied.
fn check_exclusion(path: &Path, rule: &toml::Table, cells: &[Combination]) -> Result<()> {
    let is_varied = |key: &String| cells.iter().flatten().any(|choice| choice.key == *key);
    if let Some(key) = rule.keys().find(|key| !is_varied(key)) {
        return Err(Error::user(
            format!("{}: `{key}` of an [[exclude]] is not varied", path.display()),
            "name keys of [axes] or [[zip]]",
        ));
    }
    if rule.is_empty() || cells.iter().any(|cell| excludes(rule, cell)) {
        return Ok(());
    }
    let values: Vec<String> = rule.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    Err(Error::user(
        format!("{}: an [[exclude]] removes no cell: {}", path.display(), values.join(", ")),
        "name values of [axes] or [[zip]] that occur together",
    ))
}

fn excludes(rule: &toml::Table, cell: &[Choice]) -> bool {
    let has = |(key, value): (&String, &Value)| {
        cell.iter().any(|choice| choice.key == *key && same(&choice.value, value))
    };
    !rule.is_empty() && rule.iter().all(has)
}

/// Whether two values are equal; 0 and 0.0 are.
fn same(one: &Value, other: &Value) -> bool {
    let float = |value: &Value| match value {
        Value::Integer(whole) => Some(*whole as f64),
        Value::Float(number) => Some(*number),
        _ => None,
    };
    match (one, other) {
        (Value::Integer(_), Value::Integer(_)) => one == other,
        _ => one == other || float(one).is_some_and(|one| Some(one) == float(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<Vec<String>> {
        let file: SweepFile = toml::from_str(text).expect("TOML");
        let cells = expand(Path::new("sweep.toml"), &file)?;
        let setting = |choice: &Choice| format!("{}={}", choice.key, choice.value);
        Ok(cells
            .iter()
            .map(|cell| cell.iter().map(setting).collect::<Vec<_>>().join(" "))
            .collect())
    }

    #[test]
    fn axes_are_multiplied_zips_go_in_step_and_exclusions_drop() {
        let text = "base = \"x\"\n[axes]\n\"a.b\" = [1, 2]\nc = [true, false]\n[[zip]]\n\"m.height\" = [96, 192]\n\"m.width\" = [48, 96]\n[[exclude]]\n\"a.b\" = 2\nc = false\n";
        assert_eq!(
            expanded(text).expect("cells"),
            [
                "a.b=1 c=true m.height=96 m.width=48",
                "a.b=1 c=true m.height=192 m.width=96",
                "a.b=1 c=false m.height=96 m.width=48",
                "a.b=1 c=false m.height=192 m.width=96",
                "a.b=2 c=true m.height=96 m.width=48",
                "a.b=2 c=true m.height=192 m.width=96",
            ]
        );
        assert_eq!(expanded("base = \"x\"\n").expect("the base alone"), [""]);
    }

    #[test]
    fn an_exclusion_compares_numbers_and_removes_something() {
        let text = |rule: &str| {
            format!("base = \"x\"\n[axes]\na = [1.0, 0.0]\nb = [0, 1]\n[[exclude]]\n{rule}\n")
        };
        let cells = ["a=1.0 b=0", "a=1.0 b=1", "a=0.0 b=1"];
        for rule in ["a = 0\nb = 0", "a = 0.0\nb = 0.0"] {
            assert_eq!(expanded(&text(rule)).expect(rule), cells, "{rule}");
        }
        let error = expanded(&text("a = 0\nb = 3")).expect_err("no such cell").to_string();
        assert!(error.contains("an [[exclude]] removes no cell: a = 0, b = 3"), "{error}");
    }

    #[test]
    fn more_cells_than_memory_can_hold_are_refused_before_they_are_made() {
        let list = (0..100).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
        let axes: String = ('a'..='z').map(|key| format!("{key} = [{list}]\n")).collect();
        let error = expanded(&format!("base = \"x\"\n[axes]\n{axes}")).expect_err("too many");
        let text = error.to_string();
        assert!(text.contains("sweep.toml: its lists make") && text.contains("10000"), "{text}");
        let few: String = ('a'..='b').map(|key| format!("{key} = [{list}]\n")).collect();
        let cells = expanded(&format!("base = \"x\"\n[axes]\n{few}")).expect("as many as allowed");
        assert_eq!(cells.len(), MOST_CELLS);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            ("base = \"x\"\n[axes]\na = 3\n", "`a` is not a list"),
            ("base = \"x\"\n[[zip]]\na = [1, 2]\nb = [1]\n", "`b` of a [[zip]] has 1 values"),
            (
                "base = \"x\"\n[axes]\na = [1]\n[[exclude]]\nb = 1\n",
                "`b` of an [[exclude]] is not varied",
            ),
        ] {
            assert!(expanded(text).expect_err(text).to_string().contains(expected), "{expected}");
        }
    }

    #[test]
    fn labels_stand_for_what_their_zip_varies_and_one_value_varies_nothing() {
        let points = |text: &str| {
            let file: SweepFile = toml::from_str(text).expect("TOML");
            points(Path::new("sweep.toml"), &file)
        };
        let text = "base = \"x\"\n[axes]\nc = [true]\nd = [1, 2]\n[[zip]]\nlabel = [\"small\", 2]\n\"m.height\" = [96, 192]\n";
        let found = points(text).expect("points");
        let of = |settings: [&str; 3], label: &str| Point {
            settings: settings.map(str::to_owned).to_vec(),
            label: label.to_owned(),
        };
        assert_eq!(
            found,
            [
                of(["c=true", "d=1", "m.height=96"], "d=1 small"),
                of(["c=true", "d=1", "m.height=192"], "d=1 2"),
                of(["c=true", "d=2", "m.height=96"], "d=2 small"),
                of(["c=true", "d=2", "m.height=192"], "d=2 2"),
            ]
        );
        assert_eq!(points("base = \"x\"\n").expect("the base")[0].label, "base");
        let twice = points("base = \"x\"\n[[zip]]\nlabel = [\"one\", \"one\"]\na = [1, 2]\n");
        assert!(
            twice.expect_err("a label twice").to_string().contains("two cells are called `one`")
        );
        let none = points("base = \"x\"\n[axes]\na = [1]\n[[exclude]]\na = 1\n");
        assert!(none.expect_err("nothing").to_string().contains("sweep.toml: no cell is left"));
    }
}
