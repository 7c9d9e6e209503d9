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

export const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
