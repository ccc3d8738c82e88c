// What an attempt prints: its end at first, then what comes, and on demand what was before.
import { get } from "./api.js";
import { bytes, h, show } from "./dom.js";

const TAIL = -64_000, PARTS = 4;

export function logView(its) {
  const lines = h("ol", { class: "lines", tabindex: "0", role: "region", "aria-label": "What it printed" });
  const tools = h("div", { class: "tools" });
  let first = 0, next = TAIL;

  const line = ([when, stream, text]) => h("li", { class: stream === "e" ? "stderr" : null },
    h("time", { datetime: when, title: when }, new Date(when).toLocaleTimeString()),
    h("span", {}, stream === "e" && h("span", { class: "unseen" }, "stderr: "), text));

  function offer() {
    lines.hidden = !lines.hasChildNodes();
    show(tools,
      first > 0 && h("button", { type: "button", click: earlier, "data-key": "earlier" }, `Earlier lines (${bytes(first)})`),
      lines.hidden && h("p", { class: "empty" }, "Nothing was printed yet."));
  }

  async function earlier() {
    const found = await get("log", { ...its, until: first });
    const before = lines.scrollHeight;
    lines.prepend(...found.lines.map(line));
    lines.scrollTop += lines.scrollHeight - before;
    first = found.from;
    offer();
  }

  return {
    node: h("div", { class: "log" }, tools, lines),
    async refresh() {
      for (let part = 0; part < PARTS; part += 1) {
        const found = await get("log", { ...its, from: next });
        const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
        if (next === TAIL) first = found.from;
        lines.append(...found.lines.map(line));
        if (atEnd) lines.scrollTop = lines.scrollHeight;
        const came = found.next > next;
        if (found.size) next = found.next;
        if (!came || next >= found.size) break;
      }
      offer();
    },
  };
}
