// Side by side: what all parts together find, and what each part finds alone.

import { thumbnail } from "./api.js";
import { el } from "./dom.js";
import { nameOf, title } from "./results.js";
import { kindName } from "./tray.js";

// Places that a column shows.
const SHOWN = 8;

function column(heading, hits, by, shared) {
  const items = hits.slice(0, SHOWN).map((hit, index) =>
    el("li", { className: shared.has(nameOf(hit, by)) ? "shared" : "" },
      thumbnail(hit.row, "", (image) => image.remove()),
      el("span", {}, `${index + 1}. ${title(hit)}`, el("br"), hit.similarity.toFixed(3))));
  return el("div", {}, el("h3", {}, heading), items.length > 0 ? el("ol", {}, items) : el("p", { className: "quiet" }, "nothing"));
}

// Draws the columns. `alone` is a list of [kind, hits]; people of the first column are marked in the others.
export function draw(place, together, alone, by) {
  const marked = new Set(together.slice(0, SHOWN).map((hit) => nameOf(hit, by)));
  place.replaceChildren(
    column("All parts together", together, by, new Set()),
    ...alone.map(([kind, hits]) => column(`${kindName(kind)} alone`, hits, by, marked)));
}
