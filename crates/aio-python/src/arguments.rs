//! Paths, rows and filters as Python gives them.

use crate::errors::wrong;
use aio_gallery::{Condition, Filter, Relation, Time, parse_time};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};
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

/// Columns and values from a dictionary; `what` names it in errors.
pub(crate) fn pairs(what: &str, dict: &Bound<'_, PyDict>) -> PyResult<Fields> {
    entries(what, dict.as_mapping())
}

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
        if !value.is_none() {
            found.push((column, text(&value)?));
        }
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
fn texts(object: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<String>> {
    match object {
        None => Ok(Vec::new()),
        Some(one) if one.is_instance_of::<PyString>() || one.try_iter().is_err() => {
            Ok(vec![text(one)?])
        }
        Some(several) => several.try_iter()?.map(|value| text(&value?)).collect(),
    }
}

fn time(what: &str, object: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Time>> {
    let Some(object) = object else { return Ok(None) };
    let typed = text(object)?;
    let time = parse_time(&typed).ok_or_else(|| {
        let hint = "expected a datetime, a time such as 2026-11-28T06:41:45Z, a date, or seconds since 1970";
        wrong(format!("{what}: `{typed}` is not a time"), hint)
    })?;
    Ok(Some(time))
}

/// A filter from `camera` and `not_camera`, `after` and `before`, `where` and `where_not`.
pub(crate) fn filter(
    [cameras, not_cameras]: [Option<&Bound<'_, PyAny>>; 2],
    [after, before]: [Option<&Bound<'_, PyAny>>; 2],
    [equal, not_equal]: [Option<&Bound<'_, PyDict>>; 2],
) -> PyResult<Filter> {
    let mut conditions = Vec::new();
    for (what, dict, relation) in
        [("where", equal, Relation::Equal), ("where_not", not_equal, Relation::NotEqual)]
    {
        for (column, value) in dict.map(|dict| pairs(what, dict)).transpose()?.unwrap_or_default() {
            conditions.push(Condition { column, relation, value });
        }
    }
    Ok(Filter {
        cameras: texts(cameras)?,
        not_cameras: texts(not_cameras)?,
        after: time("after", after)?,
        before: time("before", before)?,
        conditions,
    })
}
