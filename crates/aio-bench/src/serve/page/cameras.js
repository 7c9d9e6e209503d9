// The choice of cameras: boxes for a few, a line of text with suggestions for many.

import { el } from "./dom.js";

export class CameraField {
  // `filters` holds the chosen cameras; `column` is what the gallery says of them; `changed` is called when others are chosen.
  constructor(filters, column, changed) {
    this.filters = filters;
    this.changed = changed;
    this.names = column?.names;
    const mode = el("select", { name: "camera-mode", "aria-label": "What the marked cameras mean" },
      el("option", { value: "only", selected: !filters.isWithout }, "only the marked ones"),
      el("option", { value: "without", selected: filters.isWithout }, "all but the marked ones"));
    mode.addEventListener("change", () => {
      filters.isWithout = mode.value === "without";
      changed();
    });
    const isFew = column?.values || !column;
    this.element = el("fieldset", {}, el("legend", {}, "Cameras (none marked: all)"), mode, isFew ? this.boxes(column?.values ?? {}) : this.lines());
  }

  // One box per camera, and for those that a link asks for in vain.
  boxes(values) {
    const { cameras } = this.filters;
    const asked = [...cameras].filter((name) => !(name in values)).map((name) => [name, 0]);
    const boxes = [...Object.entries(values), ...asked].map(([name, rows]) => {
      const box = el("input", { type: "checkbox", name: `camera=${name}`, checked: cameras.has(name) });
      box.addEventListener("change", () => {
        if (box.checked) cameras.add(name);
        else cameras.delete(name);
        this.changed();
      });
      return el("label", { className: "check" }, box, `${name} (${rows})`);
    });
    return el("div", { className: "options" }, boxes);
  }

  lines() {
    const chips = el("ul", { className: "chips", "aria-label": "Marked cameras" });
    const input = el("input", { type: "text", id: "filter-camera", name: "camera", maxLength: 200, autocomplete: "off", "aria-label": "Name of a camera" });
    const list = this.names && el("datalist", { id: "filter-camera-names" }, this.names.map((name) => el("option", { value: name })));
    if (list) input.setAttribute("list", list.id);
    const problem = el("p", { className: "quiet", role: "status" });
    const draw = () => chips.replaceChildren(...[...this.filters.cameras].map((name) => {
      const button = el("button", { type: "button", name: `camera=${name}`, "aria-label": `Take the camera ${name} back` }, `${name} ✕`);
      button.addEventListener("click", () => {
        this.filters.cameras.delete(name);
        draw();
        input.focus();
        this.changed();
      });
      return el("li", {}, button);
    }));
    const mark = () => {
      const name = input.value.trim();
      if (!name) return;
      const isKnown = !this.names || this.names.includes(name);
      problem.textContent = isKnown ? "" : `There is no camera “${name}”.`;
      if (!isKnown) return;
      input.value = "";
      this.filters.cameras.add(name);
      draw();
      this.changed();
    };
    // A suggestion that is chosen arrives as a change, too.
    input.addEventListener("change", mark);
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      mark();
    });
    draw();
    return el("div", {}, input, list, problem, chips);
  }
}
