// The page: it reads the gallery, watches the query, searches, and shows what comes back.

import * as api from "./api.js";
import { Board } from "./canvas.js";
import { byId, el, save } from "./dom.js";
import { Filters } from "./filters.js";
import * as link from "./link.js";
import { count, note, say, show } from "./messages.js";
import { Named } from "./named.js";
import { Asker } from "./question.js";
import { Results } from "./results.js";
import * as sides from "./sides.js";
import { kindName, Tray } from "./tray.js";

let about = null;
let answer = null;
// The request that it answers.
let asked = null;
// Rows that the user likes and does not like.
let like = [];
let unlike = [];
let running = null, sidesAreShown = false;
// What the user was asked, as { words, reply }.
let answers = [];
// Where the focus goes once the list is drawn anew, if it was on the list.
let focusNext = null;

const tray = new Tray(() => search());
const filters = new Filters(() => search());
const results = new Results(byId("list"), (row, kind, place) => voteOfCard(row, kind, place));
const named = new Named(byId("named"), byId("results"), takeBack);
const asker = new Asker(byId("question"), byId("results"), (reply) => {
  answers.push(reply);
  search();
});
new Board((blob, hasColours) => {
  tray.add(blob, hasColours ? "colour-pencil" : "sketch", "drawing.png");
});

const body = () => ({ ...tray.body(), like, unlike, answers, ...filters.body() });
const isMoved = () => like.length > 0 || unlike.length > 0;
const isEmpty = () => tray.used().length === 0 && like.length === 0;

async function search() {
  running?.abort();
  asker.hide();
  note("");
  filters.query(tray.used().map(([kind]) => kind), isMoved());
  link.write({ text: tray.text.value.trim(), like, unlike, answers, filters });
  named.draw(answers, like, unlike);
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
    const request = body();
    const found = await api.search(request, mine.signal);
    if (mine.signal.aborted) return;
    clearTimeout(busy);
    answer = found;
    asked = request;
    draw();
    await besides(mine.signal);
  } catch (error) {
    if (error.name !== "AbortError") failed(error);
  } finally {
    clearTimeout(busy);
    if (running === mine) byId("results").setAttribute("aria-busy", "false");
  }
}

// What is shown beside the list. The list stays if one of them fails.
function besides(signal) {
  const aside = async (name, work) => {
    try {
      await work(signal);
    } catch (error) {
      if (error.name !== "AbortError" && !signal.aborted) note(`${name} failed. ${error.message}`);
    }
  };
  return Promise.all([aside("The comparison", compare), aside("The question", ask), aside("Finding further pictures", further)]);
}

// Moves the focus to where the user goes on, if the element that had it is gone.
function settleFocus() {
  const next = focusNext;
  focusNext = null;
  if (next && (document.activeElement === document.body || !document.activeElement)) (next() ?? byId("results")).focus();
}

function draw() {
  const hits = answer.results;
  if (hits.length === 0) {
    byId("list").replaceChildren(el("p", { className: "empty" },
      filters.count() > 0 ? "No picture passes the filters. Use fewer of them." : "The gallery has nothing to show for this query."));
    say(`0 of ${answer.searched} pictures that pass the filters`);
  } else {
    results.draw(hits, asked.group_by);
    const kind = { identity: ["person", "people"], undefined: ["picture", "pictures"] }[asked.group_by] ?? ["group", "groups"];
    say(`The nearest ${count(hits.length, ...kind)}. ${count(answer.searched, "picture was", "pictures were")} compared.`);
  }
  show("calibration", filters.aboutProbability());
  show("novelty", warning(answer.novelty));
  tools();
  settleFocus();
}

// The pictures of the query that look like nothing the model was trained on, in a sentence.
function warning(novelty) {
  const unlike = Object.entries(novelty ?? {}).filter(([, part]) => part.is_unlike);
  const parts = unlike.map(([kind, part]) => `${kindName(kind).toLowerCase()} (${part.value.toFixed(1)}, where 1 is unusual)`);
  return parts.length > 0 ? `Unlike the rendered pictures that the model was trained on: ${parts.join(", ")}. Do not rely on this list.` : "";
}

// Further pictures of the people in the list.
async function further(signal) {
  if (!asked.group_by) return;
  const { groups } = await api.further(asked, signal);
  if (!signal.aborted) results.further(groups);
}

function tools() {
  for (const id of ["json", "csv"]) byId(id).disabled = !answer;
  byId("sides").disabled = tray.used().length < 2;
}

function failed(error) {
  answer = null;
  tools();
  byId("columns").hidden = true;
  for (const id of ["calibration", "novelty"]) show(id, "");
  if (error.status === 401) {
    byId("key").hidden = false;
    byId("token").focus();
    say("The token is missing or wrong. Write it into the field above.", true);
    byId("list").replaceChildren();
    return;
  }
  say(error.message, true);
  const again = el("button", { type: "button" }, "Try again");
  again.addEventListener("click", () => {
    focusNext = () => null;
    if (about) search();
    else start();
  });
  byId("list").replaceChildren(el("div", { className: "empty" }, el("p", {}, "There are no results."), again));
  settleFocus();
}

const EXAMPLES = ["a woman in a red coat", "a man with a black backpack", "someone in a blue dress and white shoes"];

function invite() {
  byId("columns").hidden = true;
  for (const id of ["calibration", "novelty"]) show(id, "");
  tools();
  settleFocus();
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
      focusNext = () => null;
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
  const alone = parts.map(async ([kind, part]) => [kind, (await api.search({ ...part, ...filters.body([kind], false) }, signal)).results]);
  const found = await Promise.all(alone);
  if (!signal.aborted) sides.draw(byId("columns"), answer.results, found, asked.group_by);
}

// The question whose answer would tell the best results apart.
async function ask(signal) {
  if (!about.columns.some((column) => column.name === "caption")) return;
  const { question } = await api.question(asked, signal);
  if (!signal.aborted && question) asker.draw(question);
}

// Likes, unlikes, or takes back from a card; the card that comes to its place gets the focus.
function voteOfCard(row, kind, place) {
  focusNext = () => {
    const cards = byId("list").querySelectorAll(".card");
    return cards[Math.min(place, cards.length - 1)]?.querySelector(`[data-vote="${kind}"]`);
  };
  vote(row, kind);
}

function vote(row, kind) {
  like = like.filter((other) => other !== row);
  unlike = unlike.filter((other) => other !== row);
  if (kind === "like") like.push(row);
  if (kind === "unlike") unlike.push(row);
  search();
}

function takeBack({ answer: gone, row }) {
  if (row !== undefined) return vote(row, "none");
  answers = answers.filter((other) => other !== gone);
  search();
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
    if (answer) {
      note("");
      compare(running.signal).catch((error) => error.name !== "AbortError" && note(`The comparison failed. ${error.message}`));
    }
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
      save("results.csv", await api.searchCsv(asked));
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
  Object.assign(filters, { isWithout: state.isWithout, values: state.values, after: state.after, before: state.before, threshold: state.threshold });
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
  show("trained", about.model.trained_on);
  const { novelty } = about;
  show("unlike", novelty?.is_unlike
    ? `${Math.round(100 * novelty.value)} % of ${novelty.sampled} pictures of this gallery are unlike the rendered pictures that the model was trained on (usual: ${Math.round(100 * novelty.expected)} %). Do not rely on its lists.`
    : "");
  const state = link.read();
  filters.about(about);
  tray.mostBytes = about.limits.body_bytes;
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
