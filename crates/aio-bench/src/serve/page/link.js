// The state of the page in its address: everything but pictures, which never leave the machine with a link.

// What `write` writes, beside the filters of columns (`is.…`). Anything else in an address is no state.
const KEYS = ["text", "like", "unlike", "answer", "camera", "not-camera", "after", "before", "threshold", "top", "group"];
const isState = (key) => KEYS.includes(key) || key.startsWith("is.");

// What the address says: a token, and the state of an earlier search.
export function read() {
  const found = new URLSearchParams(location.hash.slice(1));
  const rows = (key) => (found.get(key) ?? "").split(",").filter((text) => /^\d+$/.test(text)).map(Number);
  const values = {};
  for (const [key, value] of found) {
    if (key.startsWith("is.")) values[key.slice(3)] = value;
  }
  const cameras = found.getAll("camera");
  const without = found.getAll("not-camera");
  return {
    // A token has no blanks: a plus sign is one, though in a form it would be a blank.
    token: found.get("token")?.replaceAll(" ", "+"),
    isEmpty: ![...found.keys()].some(isState),
    text: found.get("text") ?? "",
    like: rows("like"),
    unlike: rows("unlike"),
    answers: found.getAll("answer").map((text) => text.split("=")).filter(([reply, words]) => ["yes", "no", "unknown"].includes(reply) && words)
      .map(([reply, words]) => ({ words, reply })),
    cameras: cameras.length > 0 ? cameras : without,
    isWithout: cameras.length === 0 && without.length > 0,
    values,
    after: found.get("after") ?? "",
    before: found.get("before") ?? "",
    threshold: Math.min(Math.max(Number(found.get("threshold") ?? 0) || 0, 0), 1),
    top: Math.max(Math.trunc(Number(found.get("top"))) || 0, 0),
    group: found.get("group"),
  };
}

// Hands over a token that the address has, and takes it out of the address.
export function takeToken(use) {
  const { token } = read();
  if (!token) return;
  use(token);
  const rest = location.hash.slice(1).split("&").filter((pair) => !pair.startsWith("token=")).join("&");
  history.replaceState(null, "", rest ? `#${rest}` : location.pathname);
}

// Writes the state into the address, without an entry in the history. The token never stands in it.
export function write({ text, like, unlike, answers, filters }) {
  const state = new URLSearchParams();
  if (text) state.set("text", text);
  if (like.length > 0) state.set("like", like.join(","));
  if (unlike.length > 0) state.set("unlike", unlike.join(","));
  for (const { words, reply } of answers) state.append("answer", `${reply}=${words}`);
  for (const camera of filters.cameras) state.append(filters.isWithout ? "not-camera" : "camera", camera);
  for (const [column, value] of Object.entries(filters.values)) {
    if (value !== "") state.set(`is.${column}`, value);
  }
  for (const key of ["after", "before"]) if (filters[key]) state.set(key, filters[key]);
  if (filters.threshold > 0) state.set("threshold", filters.threshold);
  if (filters.top !== 60) state.set("top", filters.top);
  // Before the gallery is read nobody knows how it is grouped by itself: only what was chosen is a state.
  if (filters.chosenGroup !== null && filters.chosenGroup !== filters.firstGroup) state.set("group", filters.chosenGroup);
  const hash = state.toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}
