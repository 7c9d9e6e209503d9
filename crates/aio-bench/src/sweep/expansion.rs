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
    check_keys(path, &dimensions)?;
    Ok(dimensions)
}

/// Refuses a key whose values would count for nothing: the seed, which is set for every run, and a key that a later list sets again.
fn check_keys(path: &Path, dimensions: &[Vec<Combination>]) -> Result<()> {
    let first = dimensions.iter().filter_map(|dimension| dimension.first());
    let keys: Vec<&str> = first.flatten().map(|choice| choice.key.as_str()).collect();
    if keys.contains(&"seed") {
        return Err(Error::user(
            format!("{}: `seed` is varied, which every run sets anew", path.display()),
            "name the seeds of all cells in `seeds`, such as seeds = [0, 1, 2]",
        ));
    }
    for (number, key) in keys.iter().enumerate().filter(|(_, key)| **key != LABEL) {
        let covers = |later: &&&str| {
            let below = key.strip_prefix(**later);
            below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if let Some(later) = keys[number + 1..].iter().find(covers) {
            return Err(Error::user(
                format!("{}: `{key}` is varied, and `{later}` sets it again", path.display()),
                "vary a key in one list alone",
            ));
        }
    }
    Ok(())
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
mod tests;
