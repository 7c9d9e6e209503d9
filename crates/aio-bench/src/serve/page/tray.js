// The query tray: the sentence and the pictures, each of which can be left out or removed.

import { byId, el } from "./dom.js";

export const KINDS = [
  ["rgb", "Photograph"], ["infrared", "Infrared picture"], ["sketch", "Sketch"], ["colour-pencil", "Colour drawing"],
];
export const kindName = (kind) => (kind === "text" ? "Sentence" : KINDS.find(([name]) => name === kind)[1]);

// Larger files are made smaller before they are sent.
const LARGE = 2 << 20;
const LONGEST_SIDE = 1024;

async function shrunk(blob) {
  if (blob.size <= LARGE) return blob;
  const bitmap = await createImageBitmap(blob);
  const factor = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = el("canvas", { width: Math.round(bitmap.width * factor), height: Math.round(bitmap.height * factor) });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

const base64 = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(new Error("The file cannot be read.")));
    reader.readAsDataURL(blob);
  });

export class Tray {
  // `changed` is called when the query is another one; `say` shows a message.
  constructor(changed, say) {
    this.changed = changed;
    this.say = say;
    this.parts = [];
    this.textIsUsed = true;
    this.text = byId("text");
    let timer;
    this.text.addEventListener("input", () => {
      this.draw();
      clearTimeout(timer);
      timer = setTimeout(() => changed(), 500);
    });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey) return;
      event.preventDefault();
      clearTimeout(timer);
      changed();
    });
    this.listen();
  }

  listen() {
    const file = byId("file");
    file.addEventListener("change", () => {
      if (file.files[0]) this.add(file.files[0], "rgb");
      file.value = "";
    });
    const picture = (transfer) => [...(transfer?.files ?? [])].find((f) => f.type.startsWith("image/"));
    document.addEventListener("paste", (event) => {
      const found = picture(event.clipboardData);
      if (!found) return;
      event.preventDefault();
      this.add(found, "rgb");
    });
    const drop = byId("drop");
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
    document.addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) drop.classList.remove("over");
    });
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      const found = picture(event.dataTransfer) ?? event.dataTransfer?.files?.[0];
      if (found) this.add(found, "rgb");
    });
  }

  // Adds a picture; one of the same kind is replaced.
  async add(blob, kind, name = blob.name || "picture") {
    try {
      const small = await shrunk(blob);
      this.remove(kind);
      this.parts.push({ kind, name, data: await base64(small), url: URL.createObjectURL(small), isUsed: true });
    } catch {
      this.say(`${name} cannot be read as a picture.`, true);
      return;
    }
    this.draw();
    this.changed();
  }

  remove(kind) {
    const [gone] = this.parts.filter((part) => part.kind === kind);
    if (gone) URL.revokeObjectURL(gone.url);
    this.parts = this.parts.filter((part) => part !== gone);
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
    const select = el("select", { "aria-label": `Kind of ${part.name}` },
      KINDS.map(([value, name]) => el("option", { value, selected: value === part.kind }, name)));
    select.addEventListener("change", () => {
      this.remove(select.value);
      part.kind = select.value;
      this.draw();
      this.changed();
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
