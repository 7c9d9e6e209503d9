// The question whose answer would tell the best results apart.

import { el } from "./dom.js";

const BUTTONS = [["Yes", "yes"], ["No", "no"], ["I do not know", "unknown"]];

export class Asker {
  // `answered` is called with { words, reply }.
  constructor(place, results, answered) {
    Object.assign(this, { place, results, answered });
    this.asksNext = false;
  }

  hide() {
    this.place.hidden = true;
  }

  draw(question) {
    const { words, candidates } = question;
    const buttons = BUTTONS.map(([text, reply]) => {
      const button = el("button", { type: "button" }, text);
      button.addEventListener("click", () => {
        this.answered({ words, reply });
        // This question is gone. The next one gets the focus, unless it is elsewhere by then.
        this.results.focus({ preventScroll: true });
        this.asksNext = true;
      });
      return button;
    });
    this.place.replaceChildren(
      el("p", {}, "Does this hold for the person: ", el("strong", {}, words), "? ",
        el("span", { className: "quiet" }, `It is in the captions of ${question.with.length} of the best ${candidates}.`)),
      el("div", { className: "row" }, buttons));
    this.place.hidden = false;
    if (this.asksNext && document.activeElement === this.results) buttons[0].focus();
    this.asksNext = false;
  }
}
