// The page: finds by the URL's hash what is shown, and lets it ask again as often as it says.
import { get } from "./api.js";
import { h, link, show } from "./dom.js";
import { runList } from "./runs.js";
import { runPage } from "./run.js";

const main = document.getElementById("main"), trouble = document.getElementById("trouble");
const chooser = document.getElementById("namespace");
const RETRY = 5;
let places, page, pageKey, timer, turn = 0;

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").filter(Boolean).map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  return { namespace: parts[0] ?? places.namespace, flow: parts[1], run: parts[2], tab: parts[3] ?? "graph", query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

function open() {
  const to = route(), key = JSON.stringify([to.namespace, to.flow, to.run]);
  chooser.value = to.namespace;
  if (key !== pageKey || !to.run) {
    page?.close?.();
    page = to.run ? runPage(to, say) : runList(to);
    show(main, page.node);
    pageKey = key;
  } else page.open(to);
  renew();
}

async function renew() {
  clearTimeout(timer);
  const mine = ++turn;
  let seconds;
  try {
    seconds = await page.refresh();
    if (mine !== turn) return;
    show(trouble);
  } catch (error) {
    if (mine !== turn || error.name === "AbortError") return;
    show(trouble, h("p", {}, error.message));
    seconds = RETRY;
  }
  if (seconds) timer = setTimeout(() => { if (!document.hidden) renew(); }, seconds * 1000);
}

const say = (text) => { document.getElementById("news").textContent = text; };

async function begin() {
  try {
    places = await get("places");
  } catch (error) {
    show(trouble, h("p", {}, error.message));
    return;
  }
  document.getElementById("place").textContent = places.store;
  show(chooser, places.namespaces.map((name) => h("option", { value: name }, name)));
  chooser.addEventListener("change", () => { location.hash = link([chooser.value]); });
  document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
  addEventListener("hashchange", open);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) renew(); });
  open();
}

begin();
