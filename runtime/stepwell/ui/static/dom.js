// Elements are made of names and texts only: nothing here, and nothing in the page, makes HTML of text.
const SVG = "http://www.w3.org/2000/svg";

export const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);
export const svg = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "style") for (const [one, its] of Object.entries(value)) node.style.setProperty(one, its);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false));
  return node;
}

// Replace what is in a place; the focus stays on what has the same key, and what was unfolded stays so.
export function show(place, ...nodes) {
  const key = place.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const folds = new Map([...place.querySelectorAll("details[data-key]")].map((one) => [one.dataset.key, one.open]));
  place.replaceChildren(...nodes.flat(Infinity).filter(Boolean));
  for (const one of place.querySelectorAll("details[data-key]")) one.open = folds.get(one.dataset.key) ?? one.open;
  if (key === undefined) return;
  for (const one of place.querySelectorAll("[data-key]")) if (one.dataset.key === key) one.focus({ preventScroll: true });
}

export function link(parts, query) {
  const path = parts.map(encodeURIComponent).join("/");
  const said = Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return `#/${path}${said.length ? `?${new URLSearchParams(said)}` : ""}`;
}

const ICONS = { done: "✓", succeeded: "✓", running: "▶", failed: "✕", waiting: "○", stopped: "■" };

export function state(name) {
  return h("span", { class: `state ${name}` }, h("span", { "aria-hidden": "true" }, ICONS[name] ?? "·"), ` ${name}`);
}
export const icon = (name) => ICONS[name] ?? "";

export function select(label, options, chosen, change) {
  const list = h("select", { change: (event) => change(event.target.value), "data-key": label },
    options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
  return h("label", {}, `${label} `, list);
}

// Roles are said, for a narrow screen shows the lines of some tables as blocks.
export function table(caption, head, rows, empty, kind) {
  if (!rows.length) return h("p", { class: "empty" }, empty);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { role: "table", class: kind }, h("caption", { class: "unseen" }, caption),
      h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head.map((one) => h("th", { scope: "col", role: "columnheader" }, one)))),
      h("tbody", { role: "rowgroup" }, rows)));
}
export const row = (...cells) => h("tr", { role: "row" }, cells.map((one) => h("td", { role: "cell" }, one)));

export function time(text) {
  if (!text) return "";
  const moment = new Date(text), now = new Date();
  const today = moment.toDateString() === now.toDateString();
  const shown = today ? moment.toLocaleTimeString() : moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return h("time", { datetime: text, title: text }, shown);
}

export function duration(seconds) {
  if (seconds < 1) return `${Math.max(Math.round(seconds * 1000), 0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds), hours = Math.floor(whole / 3600);
  const two = (number) => String(number).padStart(2, "0");
  const rest = `${two(whole % 60)}`;
  return hours ? `${hours}:${two(Math.floor(whole / 60) % 60)}:${rest}` : `${Math.floor(whole / 60)}:${rest}`;
}
export const between = (began, ended) => (began && ended ? duration((new Date(ended) - new Date(began)) / 1000) : "");

export const count = (number) => number.toLocaleString();
export function bytes(number) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (number >= 1000 && at < units.length - 1) { number /= 1000; at += 1; }
  return at ? `${number.toFixed(number < 10 ? 1 : 0)} ${units[at]}` : `${number} ${number === 1 ? "byte" : "bytes"}`;
}

// Such as "37 of 100 done, 16 running"; of a step whose tasks may be more "37 of 100+ done".
export function counted(step) {
  const { counts, items, grows } = step, done = counts.done ?? 0;
  const said = items > 1 ? [`${count(done)} of ${count(items)}${grows ? "+" : ""} done`] : done > 1 ? [`${count(done)} done`] : done ? ["done"] : [];
  for (const one of ["running", "failed", "stopped", "waiting"]) if (counts[one]) said.push(items === 1 && counts[one] === 1 ? one : `${count(counts[one])} ${one}`);
  return said.join(", ");
}
