// The list of runs.
import { get } from "./api.js";
import { between, h, link, row, select, show, state, table, time } from "./dom.js";

export function runList({ namespace, query }) {
  const node = h("section", {}), filters = h("div", { class: "tools" }), list = h("div", {}, h("p", { class: "empty" }, "Reading the runs …"));
  node.append(h("h1", {}, "Runs"), filters, list);
  document.title = "Runs · Stepwell";
  const go = (change) => { location.hash = link([namespace], { ...query, after: "", ...change }); };

  return {
    node,
    async refresh() {
      const found = await get("runs", { namespace, ...query });
      const flows = [["", "all"], ...found.flows.map((flow) => [flow, flow])];
      const statuses = ["running", "succeeded", "failed"].map((one) => [one, one]);
      show(filters,
        select("Flow", flows, query.flow ?? "", (flow) => go({ flow })),
        select("Status", [["", "any"], ...statuses], query.status ?? "", (status) => go({ status })));
      const now = new Date().toISOString();
      const rows = found.runs.map((run) => row(
        h("a", { href: link([run.namespace, run.flow, run.run]), "data-key": `${run.flow}/${run.run}` }, h("b", {}, run.flow), `/${run.run}`),
        state(run.status), time(run.started),
        between(run.started, run.ended ?? (run.status === "running" ? now : null)), run.user, run.runtime,
        run.tags.map((tag) => h("span", { class: "tag" }, tag))));
      show(list,
        table("Runs, newest first", ["Run", "Status", "Started", "Took", "Who", "Where", "Tags"], rows,
          query.status || query.flow || query.after ? "No such runs." : `Nothing has run in ${namespace} yet.`, "blocks"),
        h("nav", { class: "pager", "aria-label": "Pages of runs" },
          query.after && h("a", { href: link([namespace], { ...query, after: "" }), "data-key": "newest" }, "Newest"),
          found.more && h("a", { href: link([namespace], { ...query, after: found.more }), "data-key": "older" }, "Older")));
      return query.after ? null : found.again;
    },
  };
}
