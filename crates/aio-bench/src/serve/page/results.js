// The list of results: one card per picture, or per person with further pictures of the person.

import { thumbnail } from "./api.js";
import { el } from "./dom.js";
import { kindName } from "./tray.js";

const EXAMPLES = ["a woman in a red coat", "a man with a black backpack", "someone in a blue dress and white shoes"];

// Columns that have a place of their own on a card.
const PLACED = ["rank", "row", "similarity", "probability", "modality", "caption", "identity", "crop"];

// The name of a hit for the comparison of two lists: that of its group. A row without a value stands for itself. With the column, since the list before may
// be grouped by another one: person 3 is not camera 3.
export const nameOf = (hit, column) => (column && hit[column] !== undefined ? `${column}=${hit[column]}` : `#${hit.row}`);

// How a hit is called in a sentence.
export const title = (hit) => hit.identity ?? `row ${hit.row}`;

// The value of a column; of a path the last part, and all of it where the pointer rests.
const fact = (key, value) => (key === "path" ? el("dd", { title: value }, value.split(/[\\/]/).at(-1)) : el("dd", {}, value));

export function score(hit) {
  if (hit.probability === undefined) {
    return el("div", { className: "score" }, `similarity ${hit.similarity.toFixed(3)}`);
  }
  const percent = 100 * hit.probability;
  const text = percent >= 99.5 ? "> 99 %" : percent < 0.5 ? "< 1 %" : `${Math.round(percent)} %`;
  return el("div", { className: "score" }, `${text} same person`,
    el("meter", { min: 0, max: 1, value: hit.probability, "aria-label": "Probability of the same person" }),
    el("span", { className: "quiet" }, `similarity ${hit.similarity.toFixed(3)}`));
}

// The pictures of the query that look like nothing the model was trained on, in a sentence.
export function warning(novelty) {
  const unlike = Object.entries(novelty ?? {}).filter(([, part]) => part.is_unlike);
  const parts = unlike.map(([kind, part]) => `${kindName(kind).toLowerCase()} (${part.value.toFixed(1)}, where 1 is unusual)`);
  return parts.length > 0 ? `Unlike the rendered pictures that the model was trained on: ${parts.join(", ")}. Do not rely on this list.` : "";
}

export class Results {
  // `vote` is called with a row, "like" or "unlike", and the place of the card.
  constructor(list, vote) {
    this.list = list;
    this.vote = vote;
    // The places in the list that is shown, and in the one that it is compared with.
    this.now = new Map();
    this.before = new Map();
  }

  // Shows what to ask, or that there is nothing to ask for. `ask` is called with a sentence that was chosen.
  invite(rows, ask) {
    this.now = new Map();
    const empty = (...children) => this.list.replaceChildren(el("div", { className: "empty" }, ...children));
    if (rows === 0) {
      empty(el("p", {}, "This gallery is empty."),
        el("p", {}, "Add pictures with ", el("code", {}, "aio gallery add"), ", then come back to this page or press “Start again”."));
      return;
    }
    const buttons = EXAMPLES.map((text) => {
      const button = el("button", { type: "button" }, text);
      button.addEventListener("click", () => ask(text));
      return button;
    });
    empty(el("p", {}, "Nothing is asked yet. For example:"), el("div", { className: "examples" }, buttons));
  }

  // Shows that there is no hit, and what to do about it.
  drawNothing(text) {
    this.list.replaceChildren(el("p", { className: "empty" }, text));
  }

  // Shows the hits, which are the best ones of their groups, with the places that they had in the list before. That of the same request, which
  // is asked again, is no list before.
  draw(hits, column, isAgain) {
    if (!isAgain) this.before = this.now;
    this.now = new Map(hits.map((hit, index) => [nameOf(hit, column), index + 1]));
    const cards = hits.map((hit, index) => this.card(hit, index + 1, this.before.get(nameOf(hit, column))));
    this.list.replaceChildren(el("ol", { className: "grid" }, cards));
  }

  // Adds further pictures of the groups to their cards.
  further(groups) {
    const cards = new Map([...this.list.querySelectorAll(".card")].map((card) => [Number(card.dataset.row), card]));
    for (const { row, rows, further } of groups) {
      const place = cards.get(row)?.querySelector(".others");
      if (!place || rows < 2) continue;
      place.replaceChildren(
        el("p", { className: "quiet" }, `and ${rows - 1} more`),
        ...(further.length > 0 ? [el("ul", { className: "more", "aria-label": "Further pictures" },
          further.map((hit) => el("li", {}, thumbnail(hit.row, `Row ${hit.row}, similarity ${hit.similarity.toFixed(3)}`, (image) => image.remove()))))] : []));
    }
  }

  move(place, before) {
    if (this.before.size === 0) return null;
    if (before === undefined) return el("span", { className: "move quiet" }, "new");
    if (before === place) return el("span", { className: "move quiet" }, "=");
    const isUp = before > place;
    const change = Math.abs(before - place);
    return el("span", { className: isUp ? "move up" : "move down", title: `was ${before}` },
      isUp ? "▲ " : "▼ ", String(change), el("span", { className: "quiet" }, ` was ${before}`));
  }

  card(best, place, before) {
    const picture = el("div", { className: "picture" });
    const words = () => picture.replaceChildren(el("p", { className: "words" }, best.caption ?? "no picture"));
    picture.append(thumbnail(best.row, best.caption ?? `Picture of ${title(best)}`, words));
    const facts = Object.entries(best)
      .filter(([key, value]) => !PLACED.includes(key) && value !== "")
      .flatMap(([key, value]) => [el("dt", {}, key === "time" ? "time (UTC)" : key), fact(key, String(value))]);
    const vote = (kind, text, label) => {
      const button = el("button", { type: "button", "aria-label": label, "data-vote": kind }, text);
      button.addEventListener("click", () => this.vote(best.row, kind, place - 1));
      return button;
    };
    return el("li", { className: "card", "data-row": best.row },
      el("div", { className: "head" }, el("span", { className: "rank" }, `${place}.`), this.move(place, before)),
      picture,
      el("h3", {}, best.identity !== undefined ? `Person ${best.identity}` : `Row ${best.row}`),
      score(best),
      best.caption && el("p", { className: "caption" }, best.caption),
      el("dl", {}, facts),
      el("div", { className: "others" }),
      el("div", { className: "votes" },
        vote("like", "+ like", `Like row ${best.row}`),
        vote("unlike", "− unlike", `Unlike row ${best.row}`)));
  }
}
