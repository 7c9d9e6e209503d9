// Filters and the form of the list, from the columns that the gallery has.

import { byId, el } from "./dom.js";
import { CameraField } from "./cameras.js";
import { kindName } from "./tray.js";

// Columns that are filtered otherwise, or never.
const NO_CHOICE = ["path", "time", "crop", "caption", "camera"];
const DEFAULT_TOP = 60;
// Modalities in the order in which a calibration names them.
const ORDER = ["rgb", "infrared", "sketch", "colour-pencil", "text"];
// What a calibration for queries of any modalities is called.
const ANY = "any";

const percent = (share) => `${Number((100 * share).toFixed(1))} %`;

export class Filters {
  constructor(changed) {
    this.changed = changed;
    this.calibrations = [];
    // Fields that were made: each has an id of its own, whatever its column is called.
    this.fields = 0;
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
    // A column, "" for none, or null for what the gallery has.
    this.chosenGroup = null;
  }

  // Takes over what a link says.
  restore({ cameras, isWithout, values, after, before, threshold, top, group }) {
    this.reset();
    Object.assign(this, { cameras: new Set(cameras), isWithout, values, after, before, threshold, chosenGroup: group });
    if (top) this.top = this.atMost(top);
  }

  // A length of the list that the server takes, once it is known which.
  atMost(top) {
    return Math.min(top, this.mostRows ?? top);
  }

  // The column that the list is grouped by, or "". Its first value is not known before the gallery is read.
  get group() {
    return this.chosenGroup ?? this.firstGroup ?? "";
  }

  // Takes what the gallery has.
  about(about) {
    this.columns = about.columns;
    this.times = about.times;
    this.calibrations = about.calibrations;
    this.firstGroup = about.columns.some((column) => column.name === "identity") ? "identity" : "";
    this.rows = about.rows;
    this.mostRows = about.limits.top;
    this.top = this.atMost(this.top);
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
    return of(kinds.join("+")) ?? of(ANY);
  }

  // What is known of the probabilities in the list, in a sentence.
  aboutProbability() {
    if (this.calibrations.length === 0 || (this.kinds.length === 0 && !this.isMoved)) return "";
    const found = this.calibration();
    const mix = this.kinds.map((kind) => kindName(kind).toLowerCase()).join(" + ");
    if (found) {
      const error = `Expected calibration error: ${(100 * found.expected_calibration_error).toFixed(1)} % on ${found.test_pairs.toLocaleString("en")} pairs of other people`;
      // The server does not say which modalities the curve for any query was fitted on.
      return found.modalities === ANY
        ? `Probabilities are those of the calibration for any query: this one (${mix}) has none of its own. ${error}, which may be of another kind.`
        : `Probabilities are those of the calibration for queries of this kind (${mix}). ${error}.`;
    }
    if (this.isMoved) return "No probabilities: the gallery is not calibrated for likes and unlikes.";
    return `No probabilities: not calibrated for this mix (${mix}).`;
  }

  // Why the list is empty: what stands above it, and in it. `searched` pictures passed the other filters of the request.
  aboutNothing({ threshold }, searched) {
    if (threshold && searched > 0) {
      const who = this.count() > 1 ? "No picture that passes the other filters" : "No picture";
      return [`${who} reaches a probability of ${percent(threshold)}.`, "Ask for a lower probability in “Filters and list”."];
    }
    if (this.count() > 0) return ["No picture passes the filters.", "Use fewer of them."];
    return ["There are no results.", "The gallery has nothing to show for this query."];
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

  // Draws the fields, once it is known what the gallery has.
  draw() {
    if (!this.columns) return;
    this.probability = el("div");
    const camera = this.columns.find((column) => column.name === "camera");
    const cameras = camera || this.cameras.size > 0 ? new CameraField(this, camera, () => this.update()).element : null;
    const fields = [cameras, ...this.valueFields(), ...this.timeFields(), this.probability, this.groupField(), this.topField()];
    const place = byId("filter-fields");
    // Drawn anew because the gallery has changed, the fields keep the focus.
    const { name } = place.contains(document.activeElement) ? document.activeElement : {};
    place.replaceChildren(...fields.filter((field) => field));
    this.drawProbability();
    if (name) [...place.querySelectorAll("[name]")].find((field) => field.name === name)?.focus();
    this.showCount();
  }

  // Draws the fields anew because the gallery has changed. A line that the user types into stays until it is confirmed or left.
  redraw() {
    const typing = document.activeElement;
    if (typing?.type !== "text" || !byId("filter-fields").contains(typing)) return this.draw();
    // What has the focus by then keeps it.
    for (const name of ["change", "blur"]) typing.addEventListener(name, () => setTimeout(() => this.draw()), { once: true });
  }

  // One field per column whose values tell rows apart, and one for every value that a link asks for.
  valueFields() {
    const chosen = (name) => this.values[name] ?? "";
    const isOffered = ({ name, rows, values, names }) =>
      !NO_CHOICE.includes(name) && (names || (values && (Object.keys(values).length > 1 || rows < this.rows)));
    const offered = this.columns.filter(isOffered);
    const others = Object.keys(this.values).filter((name) => chosen(name) && !offered.some((column) => column.name === name));
    const fields = offered.map(({ name, values, names }) => {
      const set = (value) => (this.values[name] = value);
      if (!values) return this.line(name, `is.${name}`, chosen(name), set, names);
      const known = Object.entries(values).map(([value, rows]) => [value, `${value} (${rows})`]);
      const asked = chosen(name) && !(chosen(name) in values) ? [[chosen(name), `${chosen(name)} (0)`]] : [];
      return this.choice(name, `is.${name}`, [["", "any"], ...known, ...asked], chosen(name), set);
    });
    return [...fields, ...others.map((name) => this.line(name, `is.${name}`, chosen(name), (value) => (this.values[name] = value)))];
  }

  timeFields() {
    if (!this.times && !this.after && !this.before) return [];
    const field = (label, key, example) => this.line(label, key, this[key], (value) => (this[key] = value), [], example);
    return [field("Not before (UTC)", "after", this.times?.[0]), field("Before (UTC)", "before", this.times?.[1])];
  }

  // The threshold, where the query has a probability; otherwise why there is none.
  drawProbability() {
    const sentence = this.aboutProbability();
    const state = JSON.stringify([sentence, this.threshold]);
    if (this.drawn?.place === this.probability && this.drawn.state === state) return;
    this.drawn = { place: this.probability, state };
    if (!this.calibration()) {
      const unused = this.threshold > 0 && sentence ? ` The least probability of ${percent(this.threshold)} is not in use.` : "";
      this.probability.replaceChildren(...(sentence ? [el("p", { className: "quiet" }, sentence + unused)] : []));
      return;
    }
    const shares = [...new Set([0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, this.threshold])].sort((a, b) => a - b);
    const options = shares.map((share) => [String(share), share === 0 ? "any" : `${percent(share)} or more`]);
    const set = (value) => {
      this.threshold = Number(value);
      // The field stays as it is, with the focus.
      this.drawn.state = JSON.stringify([sentence, this.threshold]);
    };
    this.probability.replaceChildren(this.choice("Probability of the same person", "threshold", options, String(this.threshold), set));
  }

  groupField() {
    const columns = this.columns.filter((column) => !["path", "caption", "time", "crop"].includes(column.name));
    const options = columns.map((column) => [column.name, column.name === "identity" ? "person (identity)" : column.name]);
    if (this.group && !columns.some((column) => column.name === this.group)) options.push([this.group, this.group]);
    return this.choice("Group results by", "group", [["", "nothing"], ...options], this.group, (value) => (this.chosenGroup = value));
  }

  topField() {
    const counts = [...new Set([20, 60, 200, 1000, this.top])].filter((count) => count <= this.mostRows).sort((a, b) => a - b);
    const options = counts.map((count) => [String(count), `${count} results`]);
    return this.choice("Length of the list", "top", options, String(this.top), (value) => (this.top = Number(value)));
  }

  // An id for a field: a number, because labels of different columns may have no letter that an id can hold.
  nextId() {
    this.fields += 1;
    return `filter-${this.fields}`;
  }

  // A choice of one value; `name` is the key of the field in a link.
  choice(label, name, options, chosen, set) {
    const select = el("select", { id: this.nextId(), name },
      options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
    select.addEventListener("change", () => {
      set(select.value);
      this.update();
    });
    return el("div", { className: "field" }, el("label", { htmlFor: select.id }, label), select);
  }

  // A line of text with suggestions.
  line(label, name, value, set, suggestions = [], placeholder = "") {
    const id = this.nextId();
    const input = el("input", { type: "text", id, name, value, placeholder, maxLength: 200, autocomplete: "off" });
    input.addEventListener("change", () => {
      set(input.value.trim());
      this.update();
    });
    const list = suggestions?.length > 0 && el("datalist", { id: `${id}-names` }, suggestions.map((name) => el("option", { value: name })));
    if (list) input.setAttribute("list", list.id);
    return el("div", { className: "field" }, el("label", { htmlFor: id }, label), input, list);
  }
}
