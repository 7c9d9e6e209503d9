use super::grid::escape;
use crate::error::Result;
use crate::report::table::{Format, results};
use crate::run::RunResult;
use base64::Engine;
use std::fmt::Write;

const STYLE: &str = "
:root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem;white-space:nowrap}th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}svg,img{max-width:100%;height:auto}img{image-rendering:auto}.note{color:#555;font-size:.9rem}";

/// One page that needs no other file and no network.
pub(super) fn page(result: &RunResult, figures: &[(String, String)], pictures: &[(String, Vec<u8>)]) -> Result<String> {
    let mut text = String::new();
    let title = escape(&result.experiment);
    let _ = write!(
        text,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title><link rel=\"icon\" href=\"data:,\"><style>{STYLE}</style></head><body><h1>{title}</h1>"
    );
    let _ = write!(
        text,
        "<p>{}</p><p class=\"note\">cell {} · seed {} · {} optimiser steps in {:.0} s · fractions as percent · “untrained” is the frozen encoder before any training, “chance” a random ranking</p>",
        escape(&result.claim),
        result.cell,
        result.seed,
        result.steps,
        result.train_seconds
    );
    text += &results(std::slice::from_ref(result), Format::Html)?;
    for (title, svg) in figures {
        let _ = write!(text, "<h2>{}</h2><figure style=\"margin:0\">{}</figure>", escape(title), svg.replace("<svg ", "<svg role=\"img\" "));
    }
    text += "<h2>Ranked lists</h2><p class=\"note\">Queries spread evenly over the test set, not chosen by score. Green: the right person; red: another one; grey: hidden by the protocol (same person at the same camera, or the photograph itself), which counts for nothing.</p>";
    for (task, bytes) in pictures {
        let data = base64::engine::general_purpose::STANDARD.encode(bytes);
        let _ = write!(text, "<h3>{0}</h3><img alt=\"ranked lists of {0}\" src=\"data:image/jpeg;base64,{data}\">", escape(task));
    }
    text += "</body></html>\n";
    Ok(text)
}
