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
  // No token has such characters, as the quotation marks of a chat, and no browser sends them: the server would seem not to answer.
  if (token && !/^[!-~]+$/.test(token)) throw new Refused(401, { error: "The token has characters that no token has", hint: "Write it anew" });
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

// Whether an answer to a search is of another state of the gallery than the one that was read. Each change gives the gallery another
// generation; an answer without one at least counts the rows.
export const isOfAnother = ({ generation, gallery }, about) => (generation === undefined ? gallery !== about.rows : generation !== about.generation);

// Small pictures of rows that this window has loaded with a token, or is loading; the one that was used last is at the end.
const pictures = new Map();
const MOST_PICTURES = 500;

// Lets the pictures be loaded anew: the gallery is another one.
export const forgetPictures = () => pictures.clear();

function withToken(row) {
  const load = async () => (await ask(`/api/rows/${row}/thumbnail`)).blob();
  const picture = pictures.get(row) ?? load();
  pictures.delete(row);
  pictures.set(row, picture);
  // Those who wait for the picture that goes still get it.
  if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
  // What failed once is asked for again.
  picture.catch(() => pictures.get(row) === picture && pictures.delete(row));
  return picture;
}

// Shows a picture under an address of its own, which holds the picture in memory until it is given back.
function showBlob(image, picture) {
  const url = URL.createObjectURL(picture);
  for (const name of ["load", "error"]) image.addEventListener(name, () => URL.revokeObjectURL(url), { once: true });
  image.src = url;
}

// The small picture of a row. `missing` is called if there is none.
export function thumbnail(row, alt, missing = () => {}) {
  // With a token the bytes are loaded here, and an image that waited to be seen would never give its address back.
  const image = el("img", { alt, loading: token ? "eager" : "lazy", decoding: "async" });
  image.addEventListener("error", () => missing(image), { once: true });
  if (token) withToken(row).then((picture) => showBlob(image, picture), () => missing(image));
  else image.src = `/api/rows/${row}/thumbnail`;
  return image;
}
