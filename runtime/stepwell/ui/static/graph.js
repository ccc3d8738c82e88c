// The graph, drawn from the places that the server has found for its steps.
import { get } from "./api.js";
import { counted, h, icon, show, svg } from "./dom.js";

const MARGIN = 14;

export function graphPanel({ of, at }) {
  const node = h("div", { class: "graph scroll", tabindex: "0", role: "region", "aria-label": "Graph of the flow" });
  let drawn;
  return {
    node,
    async refresh(run) {
      if (!run.has_graph) {
        show(node, h("p", { class: "empty" }, "This run did not keep its graph: see its tasks."));
        return undefined;
      }
      if (!drawn) {
        drawn = draw(await get("graph", of), at);
        show(node, drawn.picture);
      }
      for (const step of run.steps) drawn.boxes.get(step.step)?.(step);
      return undefined;
    },
  };
}

function draw(layout, at) {
  const boxes = new Map();
  const width = layout.width + 2 * MARGIN + 40, height = layout.height + 2 * MARGIN;
  const arrow = svg("marker", { id: "arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" }, svg("path", { d: "M0 0 L8 4 L0 8 z" }));
  const picture = svg("svg", { width, height, style: { "max-width": `max(100%, ${0.6 * width}px)` }, viewBox: `${-MARGIN - 20} ${-MARGIN} ${width} ${height}`, role: "group", "aria-label": "Steps, from top to bottom" },
    svg("defs", {}, arrow),
    layout.frames.map((one) => svg("rect", { class: "frame", x: one.x, y: one.y, width: one.width, height: one.height, rx: 12 })),
    layout.lines.map((one) => svg("path", { class: "line", d: one.path, "marker-end": "url(#arrow)" })),
    layout.frames.map((one) => svg("text", { class: "title", x: one.x + 14, y: one.y + 22 }, one.title)),
    layout.lines.filter((one) => one.label).map((one) => svg("text", { class: "label", x: one.x, y: one.y }, one.label)),
    layout.nodes.map((one) => {
      const [box, update] = step(one, at);
      boxes.set(one.step, update);
      return box;
    }));
  return { picture, boxes };
}

function step(one, at) {
  const said = svg("text", { class: "counts", x: one.x + one.width / 2, y: one.y + 42 });
  const name = svg("title", {}, one.doc ? `${one.step}: ${one.doc}` : one.step);
  const bar = svg("rect", { class: "bar", x: one.x + 6, y: one.y + one.height - 7, width: 0, height: 3, rx: 1.5 });
  const box = svg("a", { class: "step", href: at("tasks", { step: one.step }) }, name,
    svg("rect", { class: "box", x: one.x, y: one.y, width: one.width, height: one.height, rx: one.join ? 18 : 8 }),
    svg("text", { class: "name", x: one.x + one.width / 2, y: one.y + 23 }, one.title), said, bar);
  return [box, (progress) => {
    const text = counted(progress) || "not begun";
    box.setAttribute("class", `step ${progress.state ?? "none"}`);
    box.setAttribute("aria-label", `${one.step}: ${text}`);
    said.textContent = fit(progress.state ? `${icon(progress.state)} ${text}` : text, one.width);
    name.textContent = `${one.step}: ${text}${one.doc ? `\n${one.doc}` : ""}`;
    const share = progress.items > 1 ? (progress.counts.done ?? 0) / progress.items : 0;
    bar.setAttribute("width", share * (one.width - 12));
  }];
}

// As much of a text as a box has room for; the whole is its title.
function fit(text, width) {
  const most = Math.floor((width - 12) / 6.1);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
