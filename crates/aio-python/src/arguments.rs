//! Paths, rows and filters as Python gives them.

use crate::errors::{raised, wrong};
use aio_bench::gallery::condition;
use aio_gallery::{Filter, Relation, TIME_FORMS, Time, parse_time};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMapping, PyString, PyTuple};
use std::path::PathBuf;

/// Columns and their values.
pub(crate) type Fields = Vec<(String, String)>;

/// Paths of pictures and folders, and rows: one of them, or any number.
pub(crate) fn paths_and_rows(object: &Bound<'_, PyAny>) -> PyResult<(Vec<PathBuf>, Vec<Fields>)> {
    let is_one = object.is_instance_of::<PyString>()
        || object.hasattr("__fspath__")?
        || object.cast::<PyMapping>().is_ok();
    let inputs: Vec<Bound<PyAny>> =
        if is_one { vec![object.clone()] } else { object.try_iter()?.collect::<PyResult<_>>()? };
    let (mut paths, mut rows) = (Vec::new(), Vec::new());
    for input in &inputs {
        match input.extract::<PathBuf>() {
            Ok(path) => paths.push(path),
            Err(_) => rows.push(fields(rows.len(), input)?),
        }
    }
    Ok((paths, rows))
}

/// A row as a dictionary; `number` names it in errors. Values that are `None` are left out.
pub(crate) fn fields(number: usize, object: &Bound<'_, PyAny>) -> PyResult<Fields> {
    let what = format!("row {number}");
    match object.cast::<PyMapping>() {
        Ok(mapping) => entries(&what, mapping),
        Err(_) => {
            let found = object.get_type().name()?;
            Err(wrong(format!("{what}: found {found}"), "give a path, or a dictionary of columns"))
        }
    }
}

/// Columns and values from a mapping; `what` names it in errors. Values that are `None` are left out.
pub(crate) fn pairs(what: &str, object: &Bound<'_, PyAny>) -> PyResult<Fields> {
    entries(what, mapping(what, object)?)
}

fn mapping<'a, 'py>(
    what: &str,
    object: &'a Bound<'py, PyAny>,
) -> PyResult<&'a Bound<'py, PyMapping>> {
    match object.cast::<PyMapping>() {
        Ok(mapping) => Ok(mapping),
        Err(_) => {
            let found = object.get_type().name()?;
            Err(wrong(format!("{what}: found {found}"), "give a dictionary of columns and values"))
        }
    }
}

/// Columns and what rows are compared with in them.
fn compared(what: &str, object: &Bound<'_, PyAny>) -> PyResult<Fields> {
    let mapping = mapping(what, object)?;
    for entry in mapping.items()?.iter() {
        let (column, value): (Bound<PyAny>, Bound<PyAny>) = entry.extract()?;
        if value.is_none() {
            return Err(wrong(format!("{what}: {} is None", column.repr()?), NOTHING));
        }
        // A box is the one value that is a list. The text of any other would be a value that no row has.
        let is_box = column.extract::<String>().is_ok_and(|column| column == "crop");
        if !is_box && !value.is_instance_of::<PyString>() && value.try_iter().is_ok() {
            let problem = format!("{what}: {} has several values", column.repr()?);
            return Err(wrong(problem, "give one value; `camera` takes a list of cameras"));
        }
    }
    entries(what, mapping)
}

/// Why nothing is no value of a filter.
const NOTHING: &str =
    "leave it out to let every row through; rows without a value cannot be asked for";

fn entries(what: &str, mapping: &Bound<'_, PyMapping>) -> PyResult<Fields> {
    let mut found = Vec::new();
    for entry in mapping.items()?.iter() {
        let (key, value): (Bound<PyAny>, Bound<PyAny>) = entry.extract()?;
        let Ok(column) = key.extract::<String>() else {
            return Err(wrong(
                format!("{what}: {} is no column", key.repr()?),
                "columns have names",
            ));
        };
        // The keyword of `search` and `embed`.
        let column = if column == "colour_pencil" { "colour-pencil".into() } else { column };
        if value.is_none() {
            continue;
        }
        // What pandas has where nothing is known (NaN, NaT, NA) does not equal itself. As text it would be one name for all such rows.
        if !value.eq(&value).unwrap_or(false) {
            let problem = format!("{what}: `{column}` is {}, which is no value", value.repr()?);
            let hint = "give None for what is not known, and a list in the place of an array";
            return Err(wrong(problem, hint));
        }
        found.push((column, text(&value)?));
    }
    Ok(found)
}

/// A value as a table holds it: paths, times in ISO 8601, boxes with commas, and everything else as Python prints it.
fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if value.is_instance_of::<PyString>() {
        return value.extract();
    }
    if value.hasattr("__fspath__")? {
        return Ok(value.extract::<PathBuf>()?.display().to_string());
    }
    if value.hasattr("isoformat")? {
        return value.call_method0("isoformat")?.extract();
    }
    if value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>() {
        let parts: PyResult<Vec<String>> = value.try_iter()?.map(|part| text(&part?)).collect();
        return Ok(parts?.join(","));
    }
    value.str()?.extract()
}

/// One value or several.
fn texts(what: &str, object: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    let Some(object) = object else { return Ok(Vec::new()) };
    if object.is_instance_of::<PyString>() || object.try_iter().is_err() {
        return Ok(vec![text(object)?]);
    }
    let mut found = Vec::new();
    for value in object.try_iter()? {
        let value = value?;
        if value.is_none() {
            return Err(wrong(format!("{what}: one of them is None"), NOTHING));
        }
        found.push(text(&value)?);
    }
    Ok(found)
}

fn time(what: &str, object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Time>> {
    let Some(object) = object else { return Ok(None) };
    let typed = text(object)?;
    let time = parse_time(&typed).ok_or_else(|| {
        let hint = format!("expected a datetime, or {TIME_FORMS}");
        wrong(format!("{what}: `{typed}` is not a time"), &hint)
    })?;
    Ok(Some(time))
}

/// A filter from `camera` and `not_camera`, `after` and `before`, `where` and `where_not`.
pub(crate) fn filter(
    [cameras, not_cameras]: [Option<&Bound<'_, PyAny>>; 2],
    [after, before]: [Option<&Bound<'_, PyAny>>; 2],
    [equal, not_equal]: [Option<&Bound<'_, PyAny>>; 2],
) -> PyResult<Filter> {
    let mut conditions = Vec::new();
    for (what, columns, relation) in
        [("where", equal, Relation::Equal), ("where_not", not_equal, Relation::NotEqual)]
    {
        let columns = columns.map(|columns| compared(what, columns)).transpose()?;
        for (column, value) in columns.unwrap_or_default() {
            conditions.push(condition(column, relation, value).map_err(raised)?);
        }
    }
    let is_asked = cameras.is_some();
    let cameras = texts("camera", cameras)?;
    if is_asked && cameras.is_empty() {
        return Err(wrong(
            "camera: no camera",
            "leave it out to let the rows of all cameras through",
        ));
    }
    Ok(Filter {
        cameras,
        not_cameras: texts("not_camera", not_cameras)?,
        after: time("after", after)?,
        before: time("before", before)?,
        conditions,
    })
}
