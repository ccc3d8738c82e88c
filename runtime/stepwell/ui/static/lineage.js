// The tables that a run has read and written, and who made what it read.
import { get } from "./api.js";
import { count, h, link, row, show, table } from "./dom.js";

export function lineagePanel({ of }) {
  const node = h("div", {}, h("p", { class: "empty" }, "…"));
  return {
    node,
    async refresh() {
      const found = await get("lineage", of);
      const rows = found.uses.map((one) => row(one.use, h("b", {}, one.table), h("code", {}, one.snapshot ?? (one.use === "read" ? "none yet" : "")), maker(one, of)));
      show(node, h("h2", {}, "Tables"),
        table("Tables that the run has used", ["Use", "Table", "Snapshot", "Made by"], rows, "The run has used no tables."),
        found.more_tables ? h("p", {}, `and ${count(found.more_tables)} more tables`) : null,
        Object.entries(found.unknown).map(([name, why]) => h("p", { class: "note" }, `Who made the snapshots of ${name} is not known here: ${why}`)));
      return undefined;
    },
  };
}

function maker(one, of) {
  const its = one.writer;
  if (!its) return "";
  const name = `${its.flow}/${its.run}/${its.step}/${its.task}`;
  const own = its.run === of.run && its.flow === of.flow;
  return h("a", { href: link([its.namespace, its.flow, its.run, "task"], { step: its.step, task: its.task }), "data-key": `${one.table} ${one.snapshot}` }, own ? `${its.step}/${its.task} of this run` : name);
}
