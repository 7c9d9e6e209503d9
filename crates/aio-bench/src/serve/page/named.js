// What was answered, liked and not liked, each with a button that takes it back.

import { thumbnail } from "./api.js";
import { el } from "./dom.js";

const REPLIES = { yes: "yes", no: "no", unknown: "not known" };

export class Named {
  // `takeBack` is called with { answer } or { row }. Where no button is left, `results` gets the focus.
  constructor(place, results, takeBack) {
    Object.assign(this, { place, results, takeBack });
  }

  draw(answers, like, unlike) {
    const list = (heading, items) => (items.length > 0 ? [el("h3", {}, heading), el("ul", { className: "chips" }, items.map((item) => el("li", {}, item)))] : []);
    const rows = (named) => named.map((row) =>
      this.button(`Take row ${row} back`, { row }, thumbnail(row, "", (image) => image.remove()), `${row} ✕`));
    const replied = answers.map((answer) =>
      this.button(`Take the answer about ${answer.words} back`, { answer }, `${answer.words}: ${REPLIES[answer.reply]} ✕`));
    this.place.replaceChildren(...list("Answers", replied), ...list("Like these", rows(like)), ...list("Unlike these", rows(unlike)));
  }

  button(label, what, ...children) {
    const button = el("button", { type: "button", "aria-label": label }, ...children);
    button.addEventListener("click", () => {
      const at = this.buttons().indexOf(button);
      this.takeBack(what);
      // The neighbour is drawn by now.
      const left = this.buttons();
      (left[Math.min(at, left.length - 1)] ?? this.results).focus({ preventScroll: true });
    });
    return button;
  }

  buttons() {
    return [...this.place.querySelectorAll("button")];
  }
}
