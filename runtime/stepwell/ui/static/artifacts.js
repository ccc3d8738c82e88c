// The artifacts of a task: what they are, and of one that is opened the beginning of what is in it.
import { get } from "./api.js";
import { bytes, count, h, show, table } from "./dom.js";

export function artifacts(its, found) {
  const rows = found.artifacts.flatMap((one) => {
    const content = h("td", { colspan: 5 }), opened = h("tr", { class: "opened", hidden: true }, content);
    const button = h("button", { type: "button", "aria-expanded": "false", click: toggle }, one.name);
    async function toggle() {
      const isOpen = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!isOpen));
      opened.hidden = isOpen;
      if (isOpen || content.hasChildNodes()) return;
      show(content, h("p", {}, "…"));
      try {
        show(content, inside(one, await get("artifact", { ...its, name: one.name })));
      } catch (error) {
        show(content, h("p", { class: "failure" }, error.message));
      }
    }
    const shape = one.shape?.length ? one.shape.map(count).join(" × ") : "";
    return [h("tr", {}, h("td", {}, button), h("td", {}, h("code", {}, one.type)), h("td", {}, shape), h("td", { class: "number" }, bytes(one.bytes)),
      h("td", { class: "value" }, one.text === null ? h("i", {}, one.encoding) : h("code", {}, one.is_whole ? one.text : `${one.text}…`))), opened];
  });
  return [table("Artifacts", ["Name", "Type", "Shape", "Size", "Value"], rows, "It left none."), found.more_artifacts ? h("p", {}, `and ${count(found.more_artifacts)} more`) : null];
}

function inside(one, found) {
  if (found.kind === "closed") return h("p", {}, found.why);
  if (found.kind === "text") return h("pre", { tabindex: "0" }, found.is_whole ? found.text : `${found.text}\n…`);
  const head = found.columns.slice(0, found.shown_columns).map((column) => [column.name, h("br", {}), h("small", {}, column.type)]);
  const lines = found.rows.map((cells) => h("tr", {}, cells.map((cell) => h("td", {}, cell === null ? h("i", {}, "null") : cell))));
  const others = found.columns.slice(found.shown_columns);
  return [
    table(`First rows of ${one.name}`, head, lines, found.why ?? "It has no rows."),
    h("p", { class: "note" }, one.rows === null ? "" : `${count(found.rows.length)} of ${count(one.rows)} rows`, one.shape?.length > 1 && one.type.startsWith("numpy.") ? ", as one column of all its values" : ""),
    others.length ? h("details", {}, h("summary", {}, `${count(others.length + found.more_columns)} more columns`), h("ul", {}, others.map((column) => h("li", {}, h("code", {}, column.name), ` ${column.type}`)))) : null,
  ];
}
