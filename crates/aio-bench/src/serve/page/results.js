// The list of results: one card per picture, or per person with all of the person's pictures.

import { thumbnail } from "./api.js";
import { el } from "./dom.js";

// Columns that have a place of their own on a card.
const PLACED = ["row", "similarity", "probability", "modality", "caption", "identity", "crop"];
// Further pictures of a person that a card shows.
const MORE = 6;

// Rows that belong together, in the order of their best one. A row without a value stands for itself.
export function grouped(hits, column) {
  const groups = new Map();
  hits.forEach((hit, index) => {
    const value = column && hit[column] !== undefined ? `=${hit[column]}` : `#${hit.row}`;
    if (!groups.has(value)) groups.set(value, []);
    groups.get(value).push({ ...hit, rank: index + 1 });
  });
  return [...groups.values()];
}

// The name of a group for the comparison of two lists.
const nameOf = (group, column) => (column && group[0][column] !== undefined ? `=${group[0][column]}` : `#${group[0].row}`);

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

export class Results {
  // `vote` is called with a row and "like" or "unlike".
  constructor(list, vote) {
    this.list = list;
    this.vote = vote;
    this.before = new Map();
  }

  forget() {
    this.before = new Map();
  }

  // Shows the hits; returns the number of groups. `compared` says whether places of the list before are shown.
  draw(hits, column) {
    const groups = grouped(hits, column);
    const places = new Map(groups.map((group, index) => [nameOf(group, column), index + 1]));
    const cards = groups.map((group, index) => this.card(group, index + 1, this.before.get(nameOf(group, column))));
    this.list.replaceChildren(el("ol", { className: "grid" }, cards));
    this.before = places;
    return groups.length;
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

  card(group, place, before) {
    const [best, ...others] = group;
    const picture = el("div", { className: "picture" });
    const words = () => picture.replaceChildren(el("p", { className: "words" }, best.caption ?? "no picture"));
    picture.append(thumbnail(best.row, best.caption ?? `Picture of ${title(best)}`, words));
    const facts = Object.entries(best)
      .filter(([key, value]) => !PLACED.includes(key) && key !== "rank" && value !== "")
      .flatMap(([key, value]) => [el("dt", {}, key), fact(key, String(value))]);
    const vote = (kind, text, label) => {
      const button = el("button", { type: "button", "aria-label": label }, text);
      button.addEventListener("click", () => this.vote(best.row, kind));
      return button;
    };
    const shown = others.slice(0, MORE);
    return el("li", { className: "card", "data-row": best.row },
      el("div", { className: "head" }, el("span", { className: "rank" }, `${place}.`), this.move(place, before)),
      picture,
      el("h3", {}, best.identity !== undefined ? `Person ${best.identity}` : `Row ${best.row}`),
      score(best),
      best.caption && el("p", { className: "caption" }, best.caption),
      el("dl", {}, facts),
      others.length > 0 && el("p", { className: "quiet" }, `and ${others.length} more`),
      shown.length > 0 && el("ul", { className: "more", "aria-label": "Further pictures" },
        shown.map((hit) => el("li", {}, thumbnail(hit.row, `Row ${hit.row}, place ${hit.rank}`, (image) => image.remove())))),
      el("div", { className: "votes" },
        vote("like", "+ like", `Like row ${best.row}`),
        vote("unlike", "− unlike", `Unlike row ${best.row}`)));
  }
}
