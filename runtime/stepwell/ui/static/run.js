// One run: what it is, how it stands, and one of several views of it.
import { get } from "./api.js";
import { between, count, h, link, show, state, time } from "./dom.js";
import { graphPanel } from "./graph.js";
import { lineagePanel } from "./lineage.js";
import { taskPanel } from "./task.js";
import { tasksPanel } from "./tasks.js";
import { timelinePanel } from "./timeline.js";

const TABS = [["graph", "Graph", graphPanel], ["timeline", "Timeline", timelinePanel], ["tasks", "Tasks", tasksPanel], ["lineage", "Lineage", lineagePanel]];
const PANELS = { ...Object.fromEntries(TABS.map(([name, , make]) => [name, make])), task: taskPanel };

export function runPage(to, say) {
  const { namespace, flow, run } = to, of = { namespace, flow, run };
  const at = (tab, query) => link([namespace, flow, run, tab], query);
  const head = h("div", { class: "head" }, h("h1", {}, `${flow}/${run}`), h("p", { class: "empty" }, "Reading the run …")), tabs = h("nav", { class: "tabs", "aria-label": "Views of the run" });
  const place = h("div", { class: "panel" });
  let panel, status;

  function open({ tab, query }) {
    const name = tab in PANELS ? tab : "graph";
    panel = PANELS[name]({ of, query, at });
    show(tabs, TABS.map(([one, title]) => h("a", {
      href: at(one), "data-key": one, "aria-current": one === name || (one === "tasks" && name === "task") ? "page" : null,
    }, title)));
    show(place, panel.node);
  }
  open(to);

  return {
    node: h("article", {}, h("nav", { class: "crumbs", "aria-label": "Where this is" },
      h("a", { href: link([namespace]) }, "Runs"), " / ", h("a", { href: link([namespace], { flow }) }, flow)), head, tabs, place),
    open,
    async refresh() {
      const mine = panel;
      const found = await get("run", of);
      if (status && status !== found.status) say(`Run ${flow}/${run} has ${found.status}.`);
      status = found.status;
      document.title = `${found.status}: ${flow}/${run} · Stepwell`;
      show(head, header(found, at));
      const again = await mine.refresh(found);
      return again === undefined ? found.again : again;
    },
  };
}

function header(run, at) {
  const total = (one) => run.steps.reduce((sum, step) => sum + (step.counts[one] ?? 0), 0);
  const facts = [
    ["Started", time(run.started)],
    ["Took", between(run.started, run.ended ?? (run.status === "running" ? run.now : null))],
    ["Who", run.user], ["Where", run.runtime],
    ["Tasks", [`${count(total("done"))} done`, ...["running", "failed", "stopped", "waiting"].filter(total).map((one) => `, ${count(total(one))} ${one}`)].join("")],
    run.origin && ["Resumes", h("a", { href: link([run.namespace, run.flow, run.origin]), "data-key": "origin" }, run.origin)],
    run.code && ["Code", h("code", { title: run.code }, run.code.slice(0, 12))],
    run.tags.length && ["Tags", run.tags.map((tag) => h("span", { class: "tag" }, tag))],
  ].filter(Boolean);
  const parameters = Object.entries(run.parameters);
  return [
    h("h1", {}, h("span", {}, `${run.flow}/`, h("wbr", {}), run.run), " ", state(run.status)),
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    parameters.length ? h("p", { class: "parameters" }, h("b", {}, "Parameters "), parameters.map(([name, value]) => [h("code", {}, `${name}=${value}`), " "])) : null,
    run.reason && h("p", { class: "failure" }, `It is over: ${run.reason}.`),
    run.failures.length ? failure(run.failures[0], at, "First failure: ") : null,
    run.failures.length > 1 ? h("details", { class: "failures", "data-key": "others" }, h("summary", {}, "Failures that came later"), run.failures.slice(1).map((one) => failure(one, at, ""))) : null,
  ];
}

function failure(one, at, title) {
  return h("details", { class: "failure", "data-key": `why ${one.step}/${one.task}` },
    h("summary", {}, h("b", {}, title),
      h("a", { href: at("task", { step: one.step, task: one.task }), "data-key": `failure ${one.step}/${one.task}` }, `${one.step}/${one.task}`), ` ${one.reason}`),
    one.traceback ? h("pre", { tabindex: "0" }, one.traceback) : null);
}
