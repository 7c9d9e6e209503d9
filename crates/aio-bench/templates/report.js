// Choosing a task and a kind of list, and comparing with another run. Without scripts the page shows everything.
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
// What keeps a difference of two results from meaning anything, or nothing. Results of earlier versions do not note the contents of their data.
function apart(t, other) {
  const a = run.tasks[t], b = other.tasks?.[t];
  if (a === undefined || b === undefined) return '';
  if (a.protocol !== b.protocol) return 'other protocol';
  if ((run.evaluated_with ?? '') !== (other.evaluated_with ?? '')) return 'evaluated otherwise';
  const one = run.data[a.dataset], two = other.data?.[a.dataset], rule = c => c.split(':')[0];
  if (one !== undefined && two !== undefined && rule(one) === rule(two) && one !== two) return 'other data';
  if (a.queries !== b.queries || a.gallery !== b.gallery || a.trials !== b.trials) return 'other data';
  return '';
}
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
    const why = apart(t, other);
    for (const metric of ['rank1', 'map']) {
      const a = run.metrics[`${t}.${metric}`], b = other.metrics[`${t}.${metric}`];
      row.insertCell().textContent = percent(a);
      row.insertCell().textContent = percent(b);
      const d = row.insertCell();
      if (why) { d.textContent = why; continue; }
      if (a === undefined || b === undefined) { d.textContent = '–'; continue; }
      const points = 100 * (a - b);
      d.textContent = (points < 0 ? '−' : '+') + Math.abs(points).toFixed(1);
      d.className = points > 0.05 ? 'better' : points < -0.05 ? 'worse' : '';
    }
  }
  const scroll = document.createElement('div'); scroll.className = 'scroll'; scroll.append(table); out.append(scroll);
};
