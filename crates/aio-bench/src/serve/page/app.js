// The page: it reads the gallery, watches the query, searches, and shows what comes back.

import * as api from "./api.js";
import { Board } from "./canvas.js";
import { byId, el, save } from "./dom.js";
import { Filters } from "./filters.js";
import * as link from "./link.js";
import { count, note, say, show, showGallery } from "./messages.js";
import { Named } from "./named.js";
import { Asker } from "./question.js";
import { Results, warning } from "./results.js";
import * as sides from "./sides.js";
import { Tray } from "./tray.js";

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
  tray.isTaken();
  asker.hide();
  note("");
  filters.query(tray.used().map(([kind]) => kind), isMoved());
  link.write({ text: tray.textIsUsed ? tray.text.value.trim() : "", like, unlike, answers, filters });
  named.draw(answers, like, unlike);
  if (!about) return;
  if (isEmpty()) {
    [answer, asked] = [null, null];
    invite();
    return;
  }
  const mine = (running = new AbortController());
  const request = body();
  const busy = setTimeout(() => say("Searching…"), 200);
  byId("results").setAttribute("aria-busy", "true");
  try {
    const found = await api.search(request, mine.signal);
    const isLate = api.isOfAnother(found, about) && (await isOutdated(request));
    if (mine.signal.aborted) return;
    if (isLate) return search();
    clearTimeout(busy);
    draw(found, request);
    await besides(mine.signal);
  } catch (error) {
    // What the gallery had when it was read may be refused by now.
    const isLate = error.status === 400 && (await isOutdated(request));
    if (error.name === "AbortError" || mine.signal.aborted) return;
    if (isLate) return search();
    failed(error);
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

function draw(found, request) {
  const isAgain = JSON.stringify(request) === JSON.stringify(asked);
  [answer, asked] = [found, request];
  const hits = answer.results;
  if (hits.length === 0) {
    const [why, what] = filters.aboutNothing(asked, answer.searched);
    results.drawNothing(what);
    say(why);
  } else {
    results.draw(hits, asked.group_by, isAgain);
    const kind = { identity: ["person", "people"], undefined: ["picture", "pictures"] }[asked.group_by] ?? ["group", "groups"];
    say(`The nearest ${count(hits.length, ...kind)}. ${count(answer.searched, "picture was", "pictures were")} compared.`);
  }
  show("calibration", filters.aboutProbability());
  show("novelty", warning(answer.novelty));
  tools();
  settleFocus();
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

function invite() {
  byId("columns").hidden = true;
  for (const id of ["calibration", "novelty"]) show(id, "");
  tools();
  say(about.rows > 0 ? "Type, draw, or give a picture. Several parts together form one query." : "");
  results.invite(about.rows, (text) => {
    tray.write(text);
    focusNext = () => null;
    search();
  });
  settleFocus();
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
    lookAgain();
  });
  // Here and not by the address, which holds the query.
  byId("skip").addEventListener("click", (event) => {
    event.preventDefault();
    byId("results").focus();
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
    start();
  });
  window.addEventListener("hashchange", () => {
    link.takeToken(api.useToken);
    restore();
    // A link may bring the token that the gallery could not be read without.
    if (!about) return start();
    filters.draw();
    search();
  });
  window.addEventListener("focus", lookAgain);
  document.addEventListener("visibilitychange", lookAgain);
}

// Takes over what the address says.
function restore() {
  const state = link.read();
  if (state.isEmpty) return;
  tray.write(state.text);
  [like, unlike, answers] = [state.like, state.unlike, state.answers];
  filters.restore(state);
}

// Reads the gallery and shows what it has; says whether it is another one than before.
async function look() {
  const now = await api.gallery();
  if (JSON.stringify(now) === JSON.stringify(about)) return false;
  about = now;
  api.forgetPictures();
  showGallery(about);
  tray.mostBytes = about.limits.body_bytes;
  filters.about(about);
  filters.redraw();
  return true;
}

// Whether the gallery has changed so that the page asks for something else now, such as for people where there were none.
async function isOutdated(request) {
  const isChanged = await look().catch(() => false);
  return isChanged && JSON.stringify(body()) !== JSON.stringify(request);
}

// Looks whether the gallery has changed while the user was elsewhere. If it cannot be read, the next search says so.
async function lookAgain() {
  if (!about || document.visibilityState !== "visible") return;
  if (!(await look().catch(() => false))) return;
  if (byId("results").contains(document.activeElement)) focusNext = () => null;
  search();
}

async function start() {
  try {
    await look();
  } catch (error) {
    byId("gallery").textContent = "The gallery cannot be shown.";
    failed(error);
    return;
  }
  byId("key").hidden = true;
  search();
}

link.takeToken(api.useToken);
// Before the gallery is read: what the user types meanwhile is not overwritten.
restore();
listen();
start();
