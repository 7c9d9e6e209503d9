// Messages to the user.

import { byId } from "./dom.js";

// What the list is, or why there is none.
export function say(text, isBad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", isBad);
}

// A sentence in an element, which is hidden if there is none.
export function show(id, text) {
  byId(id).textContent = text;
  byId(id).hidden = !text;
}

// A message beside that of the list, until the next search.
export const note = (text) => show("note", text);

// The gallery, in the head of the page.
export function showGallery({ name, rows, model, novelty }) {
  byId("gallery").textContent = `${name}: ${count(rows, "picture", "pictures")}, model ${model.name}`;
  show("trained", model.trained_on);
  show("unlike", novelty?.is_unlike
    ? `${Math.round(100 * novelty.value)} % of ${novelty.sampled} pictures of this gallery are unlike the rendered pictures that the model was trained on (usual: ${Math.round(100 * novelty.expected)} %). Do not rely on its lists.`
    : "");
}

export const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
