// Filters and the form of the list, from the columns that the gallery has.

import { byId, el } from "./dom.js";

// Columns that are filtered otherwise, or never.
const NO_CHOICE = ["path", "time", "crop", "caption", "camera"];
const DEFAULT_TOP = 60;

export class Filters {
  constructor(changed) {
    this.changed = changed;
    this.reset();
  }

  reset() {
    this.cameras = new Set();
    this.values = {};
    this.after = "";
    this.before = "";
    this.threshold = 0;
    this.top = DEFAULT_TOP;
    this.group = this.firstGroup ?? "";
  }

  // Takes what the gallery has.
  about(about) {
    this.columns = about.columns;
    this.times = about.times;
    this.isCalibrated = about.calibrations.length > 0;
    this.firstGroup = about.columns.some((column) => column.name === "identity") ? "identity" : "";
    this.group = this.firstGroup;
    this.mostRows = about.limits.top;
  }

  count() {
    const values = Object.values(this.values).filter((value) => value !== "").length;
    return Number(this.cameras.size > 0) + values + Number(this.after !== "") + Number(this.before !== "") + Number(this.threshold > 0);
  }

  body() {
    const where = Object.entries(this.values)
      .filter(([, value]) => value !== "")
      .map(([column, value]) => ({ column, relation: "equal", value }));
    const filter = { cameras: [...this.cameras], where };
    if (this.after) filter.after = this.after;
    if (this.before) filter.before = this.before;
    const body = { filter, top: this.top };
    if (this.threshold > 0) body.threshold = this.threshold;
    return body;
  }

  update() {
    this.showCount();
    this.changed();
  }

  showCount() {
    const count = this.count();
    byId("filter-count").textContent = count > 0 ? ` (${count} in use)` : "";
  }

  draw() {
    const fields = [this.cameraField(), ...this.valueFields(), ...this.timeFields(), this.thresholdField(), this.groupField(), this.topField()];
    byId("filter-fields").replaceChildren(...fields.filter((field) => field));
    this.showCount();
  }

  cameraField() {
    const camera = this.columns.find((column) => column.name === "camera");
    if (!camera?.values) return null;
    const boxes = Object.entries(camera.values).map(([name, rows]) => {
      const box = el("input", { type: "checkbox", checked: this.cameras.has(name) });
      box.addEventListener("change", () => {
        if (box.checked) this.cameras.add(name);
        else this.cameras.delete(name);
        this.update();
      });
      return el("label", { className: "check" }, box, `${name} (${rows})`);
    });
    return el("fieldset", {}, el("legend", {}, "Cameras (none marked: all)"), el("div", { className: "options" }, boxes));
  }

  valueFields() {
    const fields = this.columns.filter((column) => column.values && !NO_CHOICE.includes(column.name) && Object.keys(column.values).length > 1);
    return fields.map((column) => {
      const options = Object.entries(column.values).map(([value, rows]) => [value, `${value} (${rows})`]);
      return this.choice(column.name, [["", "any"], ...options], this.values[column.name] ?? "", (value) => (this.values[column.name] = value));
    });
  }

  timeFields() {
    if (!this.times) return [];
    const field = (label, key, example) => {
      const input = el("input", { type: "text", value: this[key], placeholder: example, id: `filter-${key}`, maxLength: 40 });
      input.addEventListener("change", () => {
        this[key] = input.value.trim();
        this.update();
      });
      return el("div", { className: "field" }, el("label", { htmlFor: input.id }, label), input);
    };
    return [field("Not before", "after", this.times[0]), field("Before", "before", this.times[1])];
  }

  thresholdField() {
    if (!this.isCalibrated) return null;
    const shares = [0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99];
    const options = shares.map((share) => [String(share), share === 0 ? "any" : `${Math.round(100 * share)} % or more`]);
    return this.choice("Probability of the same person", options, String(this.threshold), (value) => (this.threshold = Number(value)));
  }

  groupField() {
    const columns = this.columns.filter((column) => !["path", "caption", "time", "crop"].includes(column.name));
    const options = columns.map((column) => [column.name, column.name === "identity" ? "person (identity)" : column.name]);
    return this.choice("Group results by", [["", "nothing"], ...options], this.group, (value) => (this.group = value));
  }

  topField() {
    const options = [20, 60, 200, 1000].filter((count) => count <= this.mostRows).map((count) => [String(count), `${count} pictures`]);
    return this.choice("Length of the list", options, String(this.top), (value) => (this.top = Number(value)));
  }

  choice(label, options, chosen, set) {
    const select = el("select", { id: `filter-${label.replace(/\W+/g, "-")}` },
      options.map(([value, name]) => el("option", { value, selected: value === chosen }, name)));
    select.addEventListener("change", () => {
      set(select.value);
      this.update();
    });
    return el("div", { className: "field" }, el("label", { htmlFor: select.id }, label), select);
  }
}
