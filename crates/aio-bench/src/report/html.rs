use super::grid::escape;
use crate::error::Result;
use crate::report::table::{Format, results};
use crate::run::RunResult;
use base64::Engine;
use serde_json::json;
use std::fmt::Write;

const STYLE: &str = "
:root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:0 auto;padding:1rem;color:#222;background:#fff}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.85rem;white-space:nowrap}th,td{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}svg,img{max-width:100%;height:auto}figure{margin:0}.note{color:#555;font-size:.9rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:1rem 2rem}
.controls{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center}.controls label{max-width:100%;min-width:0}select,input,button{font:inherit;max-width:100%}
.better{color:#00694d}.worse{color:#a84a00}[hidden]{display:none}";

/// What happens on the page: choosing a task and a kind of list, and comparing with another run. Without scripts everything is shown.
const SCRIPT: &str = r#"
const run = JSON.parse(document.getElementById('result').textContent);
const sections = [...document.querySelectorAll('section[data-task]')];
const task = document.getElementById('task'), kind = document.getElementById('kind');
document.getElementById('choose').hidden = false;
document.getElementById('compare').hidden = false;
for (const name of new Set(sections.map(s => s.dataset.task))) task.add(new Option(name, name));
function choose() {
  for (const s of sections) s.hidden = s.dataset.task !== task.value || s.dataset.kind !== kind.value;
}
task.onchange = kind.onchange = choose;
choose();
const percent = v => v === undefined ? '–' : (100 * v).toFixed(1);
document.getElementById('other').onchange = async event => {
  const out = document.getElementById('difference');
  out.replaceChildren();
  const say = text => { const p = document.createElement('p'); p.textContent = text; out.append(p); };
  let other;
  try { other = JSON.parse(await event.target.files[0].text()); } catch (e) { return say('This file is no result.json: ' + e.message); }
  if (!other.metrics || !other.order) return say('This file is no result.json: it has no metrics.');
  say(`this: ${run.experiment}, cell ${run.cell}, seed ${run.seed} · other: ${other.experiment}, cell ${other.cell}, seed ${other.seed}`);
  const table = document.createElement('table'), head = table.createTHead().insertRow();
  for (const h of ['task', 'Rank-1', 'other', 'difference', 'mAP', 'other', 'difference']) {
    const cell = document.createElement('th'); cell.textContent = h; head.append(cell);
  }
  const body = table.createTBody();
  for (const t of new Set([...run.order, ...other.order])) {
    const row = body.insertRow();
    row.insertCell().textContent = t;
    const same = run.protocols[t] === undefined || !other.tasks?.[t] || run.protocols[t] === other.tasks[t].protocol;
    for (const metric of ['rank1', 'map']) {
      const a = run.metrics[`${t}.${metric}`], b = other.metrics[`${t}.${metric}`];
      row.insertCell().textContent = percent(a);
      row.insertCell().textContent = percent(b);
      const d = row.insertCell();
      if (!same) { d.textContent = 'other protocol'; continue; }
      if (a === undefined || b === undefined) { d.textContent = '–'; continue; }
      const points = 100 * (a - b);
      d.textContent = (points < 0 ? '−' : '+') + Math.abs(points).toFixed(1);
      d.className = points > 0.05 ? 'better' : points < -0.05 ? 'worse' : '';
    }
  }
  const scroll = document.createElement('div'); scroll.className = 'scroll'; scroll.append(table); out.append(scroll);
};
"#;

/// The ranked lists of a task: kind and JPEG.
pub(super) struct TaskPage {
    pub(super) task: String,
    pub(super) pictures: Vec<(&'static str, Vec<u8>)>,
}

fn image(bytes: &[u8], alt: &str) -> String {
    format!(
        "<img loading=\"lazy\" alt=\"{}\" src=\"data:image/jpeg;base64,{}\">",
        escape(alt),
        base64::engine::general_purpose::STANDARD.encode(bytes)
    )
}

/// One page that needs no other file and no network.
pub(super) fn page(
    result: &RunResult,
    figures: &[(String, String)],
    attention: Option<&[u8]>,
    pages: &[TaskPage],
) -> Result<String> {
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
        result.config_id,
        result.seed,
        result.steps,
        result.train_seconds
    );
    text += &results(std::slice::from_ref(result), Format::Html)?;
    text += "<div id=\"compare\" hidden><h2>Compare with another run</h2><p class=\"controls\"><label>its result.json <input id=\"other\" type=\"file\" accept=\".json\"></label></p><div id=\"difference\"></div></div>";
    text += "<h2>Ranked lists</h2><p class=\"note\">Green: the right person; red: another one; grey: hidden by the protocol (same person at the same camera, or the photograph itself), which counts for nothing. Chosen queries are spread evenly over the test set; best and worst go by average precision.</p>";
    text += "<p id=\"choose\" class=\"controls\" hidden><label>task <select id=\"task\"></select></label><label>queries <select id=\"kind\"><option>chosen</option><option>best</option><option>worst</option></select></label></p>";
    for TaskPage { task, pictures } in pages {
        for (kind, bytes) in pictures {
            let alt = format!("ranked lists of {kind} queries of {task}");
            let _ = write!(
                text,
                "<section data-task=\"{0}\" data-kind=\"{kind}\"><h3>{0}: {kind} queries</h3>{1}</section>",
                escape(task),
                image(bytes, &alt)
            );
        }
    }
    text += "<h2>Figures</h2><div class=\"figures\">";
    for (title, svg) in figures {
        let _ = write!(
            text,
            "<figure aria-label=\"{}\">{}</figure>",
            escape(title),
            svg.replace("<svg ", "<svg role=\"img\" ")
        );
    }
    text += "</div>";
    if let Some(bytes) = attention {
        let note = "What of a query reached its embedding (attention roll-out, Abnar and Zuidema 2020), scaled within each picture and sentence: it compares places, not modalities.";
        let _ = write!(
            text,
            "<h2>Attention</h2><p class=\"note\">{note}</p>{}",
            image(bytes, "attention roll-out over example queries")
        );
    }
    let protocols: serde_json::Map<String, serde_json::Value> =
        result.tasks.iter().map(|(task, of)| (task.clone(), of.protocol.clone().into())).collect();
    let RunResult { experiment, config_id: cell, seed, metrics, order, .. } = result;
    let data = json!({"experiment": experiment, "cell": cell, "seed": seed, "metrics": metrics, "order": order, "protocols": protocols});
    // A closing tag inside a string would end the script.
    let data = data.to_string().replace("</", "<\\/");
    let _ = writeln!(
        text,
        "<script type=\"application/json\" id=\"result\">{data}</script><script>{SCRIPT}</script></body></html>"
    );
    Ok(text)
}
