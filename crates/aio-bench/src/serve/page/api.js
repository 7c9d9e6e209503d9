// The API of the server. The token, where one is needed, is kept for this window alone.

import { el } from "./dom.js";

const KEY = "aio-token";
let token = sessionStorage.getItem(KEY);

export function useToken(text) {
  token = text;
  sessionStorage.setItem(KEY, text);
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

// A refusal of the server, with its status.
export class Refused extends Error {
  constructor(status, problem) {
    super([problem.error, problem.hint].filter((text) => text).map(sentence).join(" "));
    this.status = status;
  }
}

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, { error: "The server does not answer", hint: "Check that aio serve still runs" });
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({ error: `The server answered with status ${response.status}` }));
  throw new Refused(response.status, problem);
}

const send = (path, body, signal) =>
  ask(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), signal });

export const gallery = async () => (await ask("/api/gallery")).json();
export const search = async (body, signal) => (await send("/api/search", body, signal)).json();
export const searchCsv = async (body) => (await send("/api/search.csv", body)).blob();
export const further = async (body, signal) => (await send("/api/further", body, signal)).json();
export const question = async (body, signal) => (await send("/api/question", body, signal)).json();

// Pictures of rows that this window has loaded with a token.
const pictures = new Map();
const MOST_PICTURES = 500;

async function withToken(row) {
  if (!pictures.has(row)) {
    if (pictures.size >= MOST_PICTURES) {
      const [oldest, url] = pictures.entries().next().value;
      pictures.delete(oldest);
      url.then(URL.revokeObjectURL, () => {});
    }
    const load = async () => URL.createObjectURL(await (await ask(`/api/rows/${row}/thumbnail`)).blob());
    pictures.set(row, load());
  }
  return pictures.get(row);
}

// The small picture of a row. `missing` is called if there is none.
export function thumbnail(row, alt, missing = () => {}) {
  const image = el("img", { alt, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => missing(image), { once: true });
  if (token) withToken(row).then((url) => (image.src = url), () => missing(image));
  else image.src = `/api/rows/${row}/thumbnail`;
  return image;
}
