// The query tray: the sentence and the pictures, each of which can be left out or removed.

import { byId, el } from "./dom.js";
import { note, say } from "./messages.js";

export const KINDS = [
  ["rgb", "Photograph"], ["infrared", "Infrared picture"], ["sketch", "Sketch"], ["colour-pencil", "Colour drawing"],
];
export const kindName = (kind) => (kind === "text" ? "Sentence" : KINDS.find(([name]) => name === kind)[1]);

// Larger files are made smaller before they are sent, and files of other kinds become JPEG.
const LARGE = 2 << 20;
const LONGEST_SIDE = 1024;
const SENT_AS_IS = ["image/jpeg", "image/png"];

// What is sent of a file, at most `room` bytes.
async function fitting(blob, room) {
  if (SENT_AS_IS.includes(blob.type) && blob.size <= LARGE) return blob;
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    // The server also reads TIFF and BMP, and names what it cannot read.
    if (blob.size <= room) return blob;
    throw new Error(`has ${(blob.size / 2 ** 20).toFixed(1)} MiB, and this browser cannot make it smaller. Save it as JPEG or PNG.`);
  }
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const side = (length) => Math.max(1, Math.round(length * factor));
  const canvas = el("canvas", { width: side(bitmap.width), height: side(bitmap.height) });
  const context = canvas.getContext("2d");
  // JPEG has no transparency; the server also lays transparent pixels on white.
  context.fillStyle = "#ffffff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) =>
    canvas.toBlob((made) => (made ? resolve(made) : reject(new Error("cannot be made smaller."))), "image/jpeg", 0.92));
}

const base64 = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error("cannot be read.")));
    reader.readAsDataURL(blob);
  });

// Says which pictures are not, or no longer, part of the query.
function leftOut(names) {
  if (names.length === 0) return;
  note(`A query has one picture of each kind. Left out: ${names.join(", ")}. Say what kind the other picture is before you add this one.`);
}

export class Tray {
  // `changed` is called when the query is another one.
  constructor(changed) {
    this.changed = changed;
    this.parts = [];
    // Bytes of a request; the server says how many it takes.
    this.mostBytes = 12 << 20;
    // Files are added one after the other.
    this.last = Promise.resolve();
    this.textIsUsed = true;
    this.text = byId("text");
    this.text.addEventListener("input", () => {
      this.draw();
      clearTimeout(this.timer);
      this.timer = setTimeout(() => changed(), 500);
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      changed();
    });
    this.listen();
  }

  // Asks for another sentence.
  write(text) {
    this.text.value = text;
    this.textIsUsed = true;
    this.draw();
  }

  // A search takes what is typed so far: it is not searched for again.
  isTaken() {
    clearTimeout(this.timer);
  }

  listen() {
    const file = byId("file");
    file.addEventListener("change", () => {
      this.take([...file.files]);
      file.value = "";
    });
    const isPicture = (found) => found.type.startsWith("image/");
    document.addEventListener("paste", (event) => {
      const found = [...(event.clipboardData?.files ?? [])];
      if (!found.some(isPicture)) return;
      event.preventDefault();
      this.take(found);
    });
    const drop = byId("drop");
    // Anything else, such as words that are dragged into the sentence, is left to the browser.
    const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
    document.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      drop.classList.add("over");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.classList.remove("over");
    });
    document.addEventListener("drop", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      drop.classList.remove("over");
      this.take([...event.dataTransfer.files]);
    });
  }

  // Adds the first picture of several files as the photograph, and says which files are left out.
  async take(files) {
    const chosen = files.find((file) => file.type.startsWith("image/")) ?? files[0];
    if (!chosen) return;
    const others = files.filter((file) => file !== chosen).map((file) => file.name);
    const replaced = await this.add(chosen, "rgb");
    leftOut([...replaced, ...others]);
  }

  // Adds a picture; one of the same kind is replaced. Its name is returned in a list.
  add(blob, kind, name = blob.name || "picture") {
    this.last = this.last.then(() => this.addNow(blob, kind, name));
    return this.last;
  }

  async addNow(blob, kind, name) {
    const others = () => this.parts.filter((part) => part.kind !== kind).reduce((sum, part) => sum + part.data.length, 0);
    try {
      // Four characters of base64 hold three bytes; the rest of a request is small.
      const room = Math.floor((this.mostBytes - others() - (64 << 10)) * 0.75);
      const small = await fitting(blob, room);
      const part = { kind, name, data: await base64(small), url: URL.createObjectURL(small), isUsed: true };
      // At once: other parts may have changed meanwhile.
      const gone = this.remove(kind);
      this.parts.push(part);
      this.draw();
      this.changed();
      return gone;
    } catch (error) {
      say(`${name} ${error.message}`, true);
      return [];
    }
  }

  // Returns the name of what is removed, in a list.
  remove(kind) {
    const gone = this.parts.filter((part) => part.kind === kind);
    gone.forEach((part) => URL.revokeObjectURL(part.url));
    this.parts = this.parts.filter((part) => part.kind !== kind);
    return gone.map((part) => part.name);
  }

  clear() {
    this.parts.forEach((part) => URL.revokeObjectURL(part.url));
    this.parts = [];
    this.text.value = "";
    this.textIsUsed = true;
    this.draw();
  }

  // The parts that are used, as the API takes them: a list of [kind, part of a request].
  used() {
    const found = this.parts
      .filter((part) => part.isUsed)
      .map((part) => [part.kind, { pictures: { [part.kind]: { name: part.name.slice(0, 60), data: part.data } } }]);
    const text = this.text.value.trim();
    if (text && this.textIsUsed) found.unshift(["text", { text }]);
    return found;
  }

  body() {
    const all = this.used().map(([, part]) => part);
    const pictures = Object.assign({}, ...all.map((part) => part.pictures ?? {}));
    const text = all.find((part) => part.text)?.text;
    return { ...(text && { text }), pictures };
  }

  draw() {
    const items = this.parts.map((part) => this.item(part));
    if (this.text.value.trim()) items.unshift(this.sentence());
    byId("parts").replaceChildren(...items);
  }

  useBox(label, isUsed, set) {
    const box = el("input", { type: "checkbox", checked: isUsed });
    box.addEventListener("change", () => {
      set(box.checked);
      const focused = box.getAttribute("aria-label");
      this.draw();
      byId("parts").querySelector(`input[aria-label="${focused}"]`)?.focus();
      this.changed();
    });
    box.setAttribute("aria-label", `Use the ${label}`);
    return el("label", { className: "check" }, box, "use");
  }

  sentence() {
    const remove = el("button", { type: "button", className: "icon", "aria-label": "Remove the sentence" }, "✕");
    remove.addEventListener("click", () => {
      this.text.value = "";
      this.draw();
      this.text.focus();
      this.changed();
    });
    return el("li", { className: this.textIsUsed ? "part" : "part off" },
      el("span", { className: "blank", "aria-hidden": "true" }, "Abc"),
      el("div", {}, el("div", { className: "name" }, this.text.value.trim()),
        this.useBox("sentence", this.textIsUsed, (isUsed) => (this.textIsUsed = isUsed))),
      remove);
  }

  item(part) {
    const label = kindName(part.kind).toLowerCase();
    const image = el("img", { src: part.url, alt: "" });
    image.addEventListener("error", () => image.replaceWith(el("span", { className: "blank" }, "file")), { once: true });
    const select = el("select", { "aria-label": `Kind of ${part.name}`, "data-kind": part.kind },
      KINDS.map(([value, name]) => el("option", { value, selected: value === part.kind }, name)));
    select.addEventListener("change", () => {
      const gone = this.remove(select.value);
      part.kind = select.value;
      this.draw();
      byId("parts").querySelector(`select[data-kind="${part.kind}"]`)?.focus();
      this.changed();
      leftOut(gone);
    });
    const remove = el("button", { type: "button", className: "icon", "aria-label": `Remove the ${label}` }, "✕");
    remove.addEventListener("click", () => {
      this.remove(part.kind);
      this.draw();
      byId("file").focus();
      this.changed();
    });
    return el("li", { className: part.isUsed ? "part" : "part off" }, image,
      el("div", {}, el("div", { className: "name", title: part.name }, part.name), select,
        this.useBox(label, part.isUsed, (isUsed) => (part.isUsed = isUsed))),
      remove);
  }
}
