// The state of the page in its address: everything but pictures, which never leave the machine with a link.

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
    token: found.get("token"),
    isEmpty: [...found.keys()].every((key) => key === "token"),
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
    top: Number(found.get("top") ?? 0) || 0,
    group: found.get("group"),
  };
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
  if (filters.group !== filters.firstGroup) state.set("group", filters.group);
  const hash = state.toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
}
