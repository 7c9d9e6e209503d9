//! `aio_reid.score`.

use crate::array;
use crate::errors::{raised, wrong};
use crate::json::{self, named};
use aio_bench::error::Result;
use aio_bench::features::{FeatureFile, Labels};
use aio_bench::score::{Options, features};
use aio_eval::{Protocol, Rerank};
use ndarray::Array2;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

/// Scores queries over a gallery, as `aio score` does.
#[pyfunction]
#[pyo3(signature = (
    query, gallery, query_ids, gallery_ids, *, protocol, query_cameras = None, gallery_cameras = None, query_images = None,
    gallery_images = None, query_clothes = None, gallery_clothes = None, metric = "cosine", average_precision = "standard", ties = "stable", ranks = vec![1, 5, 10, 20],
    rerank = None, expand = None, open_set = vec![]
))]
#[allow(clippy::too_many_arguments)]
pub(crate) fn score<'py>(
    py: Python<'py>,
    query: &Bound<'py, PyAny>,
    gallery: &Bound<'py, PyAny>,
    query_ids: &Bound<'py, PyAny>,
    gallery_ids: &Bound<'py, PyAny>,
    protocol: &str,
    query_cameras: Option<&Bound<'py, PyAny>>,
    gallery_cameras: Option<&Bound<'py, PyAny>>,
    query_images: Option<&Bound<'py, PyAny>>,
    gallery_images: Option<&Bound<'py, PyAny>>,
    query_clothes: Option<&Bound<'py, PyAny>>,
    gallery_clothes: Option<&Bound<'py, PyAny>>,
    metric: &str,
    average_precision: &str,
    ties: &str,
    ranks: Vec<u32>,
    rerank: Option<&Bound<'py, PyAny>>,
    expand: Option<usize>,
    open_set: Vec<f64>,
) -> PyResult<Bound<'py, PyDict>> {
    let protocol = Protocol::named(protocol).ok_or_else(|| {
        let known = Protocol::ALL.map(Protocol::name).join(", ");
        wrong(format!("protocol: unknown protocol `{protocol}`"), &format!("expected {known}"))
    })?;
    if ranks.contains(&0) {
        return Err(wrong("ranks: 0 is no rank", "ranks count from 1"));
    }
    let options = Options {
        protocol,
        metric: named("metric", metric)?,
        average_precision: named("average_precision", average_precision)?,
        ties: named("ties", ties)?,
        open_set,
        ranks,
        rerank: rerank.map(parameters).transpose()?.flatten(),
        expand,
    };
    let query = Side::of("query", query, query_ids, [query_cameras, query_images, query_clothes])?;
    let of_gallery = [gallery_cameras, gallery_images, gallery_clothes];
    let gallery = Side::of("gallery", gallery, gallery_ids, of_gallery)?;
    let scored = py.detach(|| {
        let (query, gallery) = (query.labelled(protocol)?, gallery.labelled(protocol)?);
        features(&query, &gallery, &options)
    });
    let scored = scored.map_err(raised)?;
    py.check_signals()?;
    let result = json::python(py, &scored)?.cast_into::<PyDict>()?;
    // JSON has no numbers as keys.
    let ranks = PyDict::new(py);
    if let Some(by_name) = result.get_item("rank")? {
        for (rank, value) in by_name.cast::<PyDict>()? {
            ranks.set_item(rank.extract::<String>()?.parse::<u32>()?, value)?;
        }
    }
    result.set_item("rank", ranks)?;
    Ok(result)
}

/// Features and labels of the queries or of the gallery.
struct Side {
    what: &'static str,
    features: Array2<f32>,
    labels: Labels,
}

impl Side {
    fn of(
        what: &'static str,
        features: &Bound<'_, PyAny>,
        ids: &Bound<'_, PyAny>,
        [cameras, images, clothes]: [Option<&Bound<'_, PyAny>>; 3],
    ) -> PyResult<Self> {
        let features = array::features(what, features)?;
        let column = |name: &str, values| array::labels(&format!("{what}_{name}"), values);
        let labels = Labels {
            rows: features.nrows(),
            ids: Some(column("ids", ids)?),
            cameras: cameras.map(|values| column("cameras", values)).transpose()?,
            images: images.map(|values| column("images", values)).transpose()?,
            clothes: clothes.map(|values| column("clothes", values)).transpose()?,
        };
        Ok(Self { what, features, labels })
    }

    fn labelled(self, protocol: Protocol) -> Result<FeatureFile> {
        FeatureFile::new(self.what, self.features, self.labels, protocol)
    }
}

/// `True` for re-ranking with its defaults, or a dictionary with some of `k1`, `k2`, `lambda`.
fn parameters(object: &Bound<'_, PyAny>) -> PyResult<Option<Rerank>> {
    let hint = "give True, or a dictionary with k1, k2 or lambda";
    if let Ok(wanted) = object.cast::<PyBool>() {
        return Ok(wanted.is_true().then(Rerank::default));
    }
    let dict = object.cast::<PyDict>().map_err(|_| wrong("rerank: neither", hint))?;
    let mut rerank = Rerank::default();
    for (key, value) in dict {
        let key = key.extract::<String>().map_err(|_| wrong("rerank: a key is no name", hint))?;
        let no =
            |kind: &str| wrong(format!("rerank: {key} is {value}"), &format!("expected {kind}"));
        let count = || value.extract().map_err(|_| no("a whole number from 0"));
        match key.as_str() {
            "k1" => rerank.k1 = count()?,
            "k2" => rerank.k2 = count()?,
            "lambda" => rerank.lambda = value.extract().map_err(|_| no("a number"))?,
            other => return Err(wrong(format!("rerank: unknown key `{other}`"), hint)),
        }
    }
    rerank.check().map_err(raised)?;
    Ok(Some(rerank))
}
