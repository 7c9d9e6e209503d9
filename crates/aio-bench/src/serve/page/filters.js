// Filters and the form of the list, from the columns that the gallery has.

import { byId, el } from "./dom.js";
import { CameraField } from "./cameras.js";
import { kindName } from "./tray.js";

// Columns that are filtered otherwise, or never.
const NO_CHOICE = ["path", "time", "crop", "caption", "camera"];
const DEFAULT_TOP = 60;
// Modalities in the order in which a calibration names them.
const ORDER = ["rgb", "infrared", "sketch", "colour-pencil", "text"];

export class Filters {
  constructor(changed) {
    this.changed = changed;
    this.calibrations = [];
    this.reset();
    this.query([], false);
  }

  reset() {
    this.cameras = new Set();
    // Whether the marked cameras are the ones that are left out.
    this.isWithout = false;
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
    this.calibrations = about.calibrations;
    this.firstGroup = about.columns.some((column) => column.name === "identity") ? "identity" : "";
    this.group = this.firstGroup;
    this.mostRows = about.limits.top;
  }

  // Takes the kinds of the parts of the query, and whether likes or unlikes move it: they say which calibration fits.
  query(kinds, isMoved) {
    this.kinds = ORDER.filter((kind) => kinds.includes(kind));
    this.isMoved = isMoved;
    if (this.probability) this.drawProbability();
    this.showCount();
  }

  // The calibration for parts of these kinds.
  calibration(kinds = this.kinds, isMoved = this.isMoved) {
    if (isMoved || kinds.length === 0) return undefined;
    const of = (modalities) => this.calibrations.find((one) => one.modalities === modalities);
    return of(kinds.join("+")) ?? of("any");
  }

  // What is known of the probabilities in the list, in a sentence.
  aboutProbability() {
    if (this.calibrations.length === 0 || (this.kinds.length === 0 && !this.isMoved)) return "";
    const found = this.calibration();
    if (found) {
      const percent = (100 * found.expected_calibration_error).toFixed(1);
      return `Probabilities are calibrated for this query. Expected calibration error: ${percent} % on ${found.test_pairs.toLocaleString("en")} pairs of other people.`;
    }
    if (this.isMoved) return "No probabilities: the gallery is not calibrated for likes and unlikes.";
    return `No probabilities: not calibrated for this mix (${this.kinds.map((kind) => kindName(kind).toLowerCase()).join(" + ")}).`;
  }

  count() {
    const values = Object.values(this.values).filter((value) => value !== "").length;
    const threshold = this.threshold > 0 && this.calibration() !== undefined;
    return Number(this.cameras.size > 0) + values + Number(this.after !== "") + Number(this.before !== "") + Number(threshold);
  }

  // What a request says of the list; `kinds` are those of its parts.
  body(kinds = this.kinds, isMoved = this.isMoved) {
    const where = Object.entries(this.values)
      .filter(([, value]) => value !== "")
      .map(([column, value]) => ({ column, relation: "equal", value }));
    const filter = { [this.isWithout ? "not_cameras" : "cameras"]: [...this.cameras], where };
    if (this.after) filter.after = this.after;
    if (this.before) filter.before = this.before;
    const body = { filter, top: this.top };
    if (this.group) body.group_by = this.group;
    if (this.threshold > 0 && this.calibration(kinds, isMoved)) body.threshold = this.threshold;
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
    this.probability = el("div");
    const camera = this.columns.find((column) => column.name === "camera");
    const cameras = camera || this.cameras.size > 0 ? new CameraField(this, camera, () => this.update()).element : null;
    const fields = [cameras, ...this.valueFields(), ...this.timeFields(), this.probability, this.groupField(), this.topField()];
    byId("filter-fields").replaceChildren(...fields.filter((field) => field));
    this.drawProbability();
    this.showCount();
  }

  // One field per column with several values, and one for every value that a link asks for.
  valueFields() {
    const chosen = (name) => this.values[name] ?? "";
    const isOffered = ({ name, values, names }) => !NO_CHOICE.includes(name) && (names || (values && Object.keys(values).length > 1));
    const offered = this.columns.filter(isOffered);
    const others = Object.keys(this.values).filter((name) => chosen(name) && !offered.some((column) => column.name === name));
    const fields = offered.map(({ name, values, names }) => {
      const set = (value) => (this.values[name] = value);
      if (!values) return this.line(name, `filter-is-${name}`, chosen(name), set, names);
      const known = Object.entries(values).map(([value, rows]) => [value, `${value} (${rows})`]);
      const asked = chosen(name) && !(chosen(name) in values) ? [[chosen(name), `${chosen(name)} (0)`]] : [];
      return this.choice(name, [["", "any"], ...known, ...asked], chosen(name), set);
    });
    return [...fields, ...others.map((name) => this.line(name, `filter-is-${name}`, chosen(name), (value) => (this.values[name] = value)))];
  }

  timeFields() {
    if (!this.times && !this.after && !this.before) return [];
    const field = (label, key, example) => this.line(label, `filter-${key}`, this[key], (value) => (this[key] = value), [], example);
    return [field("Not before (UTC)", "after", this.times?.[0]), field("Before (UTC)", "before", this.times?.[1])];
  }

  // The threshold, where the query has a probability; otherwise why there is none.
  drawProbability() {
    const sentence = this.aboutProbability();
    const state = JSON.stringify([sentence, this.threshold]);
    if (this.drawn?.place === this.probability && this.drawn.state === state) return;
    this.drawn = { place: this.probability, state };
    if (!this.calibration()) {
      const unused = this.threshold > 0 && sentence ? ` The least probability of ${Math.round(100 * this.threshold)} % is not in use.` : "";
      this.probability.replaceChildren(...(sentence ? [el("p", { className: "quiet" }, sentence + unused)] : []));
      return;
    }
    const shares = [...new Set([0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, this.threshold])].sort((a, b) => a - b);
    const options = shares.map((share) => [String(share), share === 0 ? "any" : `${Math.round(100 * share)} % or more`]);
    const set = (value) => {
      this.threshold = Number(value);
      // The field stays as it is, with the focus.
      this.drawn.state = JSON.stringify([sentence, this.threshold]);
    };
    this.probability.replaceChildren(this.choice("Probability of the same person", options, String(this.threshold), set));
  }

  groupField() {
    const columns = this.columns.filter((column) => !["path", "caption", "time", "crop"].includes(column.name));
    const options = columns.map((column) => [column.name, column.name === "identity" ? "person (identity)" : column.name]);
    if (this.group && !columns.some((column) => column.name === this.group)) options.push([this.group, this.group]);
    return this.choice("Group results by", [["", "nothing"], ...options], this.group, (value) => (this.group = value));
  }

  topField() {
    const counts = [...new Set([20, 60, 200, 1000, this.top])].filter((count) => count <= this.mostRows).sort((a, b) => a - b);
    const options = counts.map((count) => [String(count), `${count} results`]);
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

  // A line of text with suggestions.
  line(label, id, value, set, suggestions = [], placeholder = "") {
    const input = el("input", { type: "text", id, value, placeholder, maxLength: 200, autocomplete: "off" });
    input.addEventListener("change", () => {
      set(input.value.trim());
      this.update();
    });
    const list = suggestions?.length > 0 && el("datalist", { id: `${id}-names` }, suggestions.map((name) => el("option", { value: name })));
    if (list) input.setAttribute("list", list.id);
    return el("div", { className: "field" }, el("label", { htmlFor: id }, label), input, list);
  }
}
