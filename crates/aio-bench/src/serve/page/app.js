// The page: it reads the gallery, watches the query, searches, and shows what comes back.

import * as api from "./api.js";
import { Board } from "./canvas.js";
import { byId, el, save } from "./dom.js";
import { Filters } from "./filters.js";
import * as link from "./link.js";
import { Results } from "./results.js";
import * as sides from "./sides.js";
import { Tray } from "./tray.js";

let about = null;
let answer = null;
// Rows that the user likes and does not like.
let like = [];
let unlike = [];
let running = null;
let sidesAreShown = false;
// What the user was asked, as { words, reply }.
let answers = [];

function say(text, isBad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", isBad);
}

const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const tray = new Tray(() => search(), say);
const filters = new Filters(() => search());
const results = new Results(byId("list"), (row, kind) => vote(row, kind));
new Board((blob, hasColours) => {
  tray.add(blob, hasColours ? "colour-pencil" : "sketch", "drawing.png");
});

const body = () => ({ ...tray.body(), like, unlike, answers, ...filters.body() });
const isEmpty = () => tray.used().length === 0 && like.length === 0;

async function search() {
  running?.abort();
  byId("question").hidden = true;
  link.write({ text: tray.text.value.trim(), like, unlike, answers, filters });
  drawNamed();
  if (!about) return;
  if (isEmpty()) {
    answer = null;
    results.forget();
    invite();
    return;
  }
  const mine = (running = new AbortController());
  const busy = setTimeout(() => say("Searching…"), 200);
  byId("results").setAttribute("aria-busy", "true");
  try {
    const found = await api.search(body(), mine.signal);
    if (mine.signal.aborted) return;
    clearTimeout(busy);
    answer = found;
    draw();
    await Promise.all([compare(mine.signal), ask(mine.signal)]);
  } catch (error) {
    if (error.name !== "AbortError") failed(error);
  } finally {
    clearTimeout(busy);
    if (running === mine) byId("results").setAttribute("aria-busy", "false");
  }
}

function draw() {
  const hits = answer.results;
  if (hits.length === 0) {
    byId("list").replaceChildren(el("p", { className: "empty" },
      filters.count() > 0 ? "No picture passes the filters. Use fewer of them." : "The gallery has nothing to show for this query."));
    say(`0 of ${answer.searched} pictures that pass the filters`);
  } else {
    const groups = results.draw(hits, filters.group);
    const kind = filters.group === "identity" ? ["person", "people"] : ["group", "groups"];
    const what = filters.group ? `${count(groups, ...kind)} in the ` : "The ";
    say(`${what}${count(hits.length, "nearest picture", "nearest pictures")} of ${answer.searched} that were compared`);
  }
  tools();
}

function tools() {
  for (const id of ["json", "csv"]) byId(id).disabled = !answer;
  byId("sides").disabled = tray.used().length < 2;
}

function failed(error) {
  answer = null;
  tools();
  byId("columns").hidden = true;
  if (error.status === 401) {
    byId("key").hidden = false;
    byId("token").focus();
    say("The token is missing or wrong. Write it into the field above.", true);
    byId("list").replaceChildren();
    return;
  }
  say(error.message, true);
  const again = el("button", { type: "button" }, "Try again");
  again.addEventListener("click", () => (about ? search() : start()));
  byId("list").replaceChildren(el("div", { className: "empty" }, el("p", {}, "There are no results."), again));
}

const EXAMPLES = ["a woman in a red coat", "a man with a black backpack", "someone in a blue dress and white shoes"];

function invite() {
  byId("columns").hidden = true;
  tools();
  if (about.rows === 0) {
    say("");
    byId("list").replaceChildren(el("div", { className: "empty" },
      el("p", {}, "This gallery is empty."), el("p", {}, "Add pictures with ", el("code", {}, "aio gallery add"), "; this page sees them at once.")));
    return;
  }
  say("Type, draw, or give a picture. Several parts together form one query.");
  const buttons = EXAMPLES.map((text) => {
    const button = el("button", { type: "button" }, text);
    button.addEventListener("click", () => {
      tray.text.value = text;
      tray.draw();
      search();
    });
    return button;
  });
  byId("list").replaceChildren(el("div", { className: "empty" }, el("p", {}, "Nothing is asked yet. For example:"), el("div", { className: "examples" }, buttons)));
}

// What each part finds alone.
async function compare(signal) {
  const parts = tray.used();
  const isShown = sidesAreShown && parts.length > 1;
  byId("columns").hidden = !isShown;
  if (!isShown) return;
  const alone = parts.map(async ([kind, part]) => [kind, (await api.search({ ...part, ...filters.body() }, signal)).results]);
  const found = await Promise.all(alone);
  if (!signal.aborted) sides.draw(byId("columns"), answer.results, found, filters.group);
}

// The question whose answer would tell the best results apart.
async function ask(signal) {
  if (!about.columns.some((column) => column.name === "caption")) return;
  const { question } = await api.question(body(), signal);
  if (signal.aborted || !question) return;
  const { words, candidates } = question;
  const button = (text, reply) => {
    const made = el("button", { type: "button" }, text);
    made.addEventListener("click", () => {
      answers.push({ words, reply });
      search();
    });
    return made;
  };
  const half = question.with.length;
  byId("question").replaceChildren(
    el("p", {}, "Does this hold for the person: ", el("strong", {}, words), "? ",
      el("span", { className: "quiet" }, `It is in the captions of ${half} of the best ${candidates}.`)),
    el("div", { className: "row" },
      button("Yes", "yes"), button("No", "no"), button("I do not know", "unknown")));
  byId("question").hidden = false;
}

function vote(row, kind) {
  like = like.filter((other) => other !== row);
  unlike = unlike.filter((other) => other !== row);
  if (kind === "like") like.push(row);
  if (kind === "unlike") unlike.push(row);
  search();
}

const REPLIES = { yes: "yes", no: "no", unknown: "not known" };

// Answers, and rows that are liked and not liked, each with a button that takes it back.
function drawNamed() {
  const list = (heading, rows) => rows.length > 0 && [
    el("h3", {}, heading),
    el("ul", { className: "chips" }, rows.map((row) => {
      const button = el("button", { type: "button", "aria-label": `Take row ${row} back` }, api.thumbnail(row, "", (image) => image.remove()), `${row} ✕`);
      button.addEventListener("click", () => vote(row, "none"));
      return el("li", {}, button);
    })),
  ];
  const replied = answers.length > 0 && [
    el("h3", {}, "Answers"),
    el("ul", { className: "chips" }, answers.map((one) => {
      const button = el("button", { type: "button", "aria-label": `Take the answer about ${one.words} back` }, `${one.words}: ${REPLIES[one.reply]} ✕`);
      button.addEventListener("click", () => {
        answers = answers.filter((other) => other !== one);
        search();
      });
      return el("li", {}, button);
    })),
  ];
  byId("named").replaceChildren(...[replied, list("Like these", like), list("Unlike these", unlike)].flat().filter((found) => found));
}

function listen() {
  byId("search").addEventListener("click", () => {
    // On a phone the results are below the query.
    if (matchMedia("(max-width: 52rem)").matches) byId("results").scrollIntoView();
    search();
  });
  byId("clear").addEventListener("click", () => {
    tray.clear();
    [like, unlike, answers] = [[], [], []];
    filters.reset();
    filters.draw();
    tray.text.focus();
    search();
  });
  byId("draw").addEventListener("click", () => {
    const board = byId("board");
    board.hidden = !board.hidden;
    byId("draw").setAttribute("aria-expanded", String(!board.hidden));
    if (!board.hidden) byId("paper").focus();
  });
  byId("sides").addEventListener("click", () => {
    sidesAreShown = !sidesAreShown;
    byId("sides").setAttribute("aria-pressed", String(sidesAreShown));
    if (answer) compare(running.signal).catch((error) => error.name !== "AbortError" && failed(error));
  });
  byId("link").addEventListener("click", async () => {
    const note = tray.parts.length > 0 ? " Pictures are not part of it." : "";
    try {
      await navigator.clipboard.writeText(location.href);
      say(`The link is copied.${note}`);
    } catch {
      say(`Copy the address of this page: it is the link.${note}`);
    }
  });
  byId("json").addEventListener("click", () => save("results.json", new Blob([JSON.stringify(answer, null, 2)], { type: "application/json" })));
  byId("csv").addEventListener("click", async () => {
    try {
      save("results.csv", await api.searchCsv(body()));
    } catch (error) {
      say(error.message, true);
    }
  });
  byId("key").addEventListener("submit", (event) => {
    event.preventDefault();
    api.useToken(byId("token").value.trim());
    byId("key").hidden = true;
    start();
  });
  window.addEventListener("hashchange", () => {
    takeToken();
    restore();
    filters.draw();
    search();
  });
}

// Takes over what the address says.
function restore() {
  const state = link.read();
  if (state.isEmpty) return;
  tray.text.value = state.text;
  tray.draw();
  [like, unlike, answers] = [state.like, state.unlike, state.answers];
  filters.reset();
  filters.cameras = new Set(state.cameras);
  Object.assign(filters, { values: state.values, after: state.after, before: state.before, threshold: state.threshold });
  if (state.top) filters.top = state.top;
  if (state.group !== null) filters.group = state.group;
}

async function start() {
  try {
    about = await api.gallery();
  } catch (error) {
    byId("gallery").textContent = "The gallery cannot be shown.";
    failed(error);
    return;
  }
  byId("gallery").textContent = `${about.name}: ${count(about.rows, "picture", "pictures")}, model ${about.model.name}`;
  byId("trained").textContent = about.model.trained_on;
  byId("trained").hidden = false;
  const state = link.read();
  filters.about(about);
  if (!state.isEmpty) restore();
  filters.draw();
  search();
}

// Keeps a token that the address has, and takes it out of the address.
function takeToken() {
  const { token } = link.read();
  if (!token) return;
  api.useToken(token);
  const rest = location.hash.slice(1).split("&").filter((pair) => !pair.startsWith("token=")).join("&");
  history.replaceState(null, "", rest ? `#${rest}` : location.pathname);
}

takeToken();
listen();
start();
