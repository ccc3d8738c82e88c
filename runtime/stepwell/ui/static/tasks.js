// The tasks of a step, page by page.
import { get } from "./api.js";
import { between, count, counted, h, row, select, show, state, table, time } from "./dom.js";
import { pager } from "./timeline.js";

const STATES = ["done", "running", "failed", "waiting", "stopped"];

export function tasksPanel({ of, query, at }) {
  const tools = h("div", { class: "tools" }), list = h("div", {});
  const find = h("input", { type: "search", value: query.find ?? "", size: 12, change: (event) => go({ find: event.target.value }) });
  const node = h("div", {}, tools, list);
  let step = query.step;
  const go = (change) => { location.hash = at("tasks", { ...query, step, page: "", ...change }); };
  return {
    node,
    async refresh(run) {
      const known = run.steps.filter((one) => one.state);
      step ??= (known.find((one) => one.state !== "done") ?? known[0])?.step;
      if (!step) {
        show(list, h("p", { class: "empty" }, "No task has begun yet."));
        return undefined;
      }
      const found = await get("tasks", { ...of, step, state: query.state, find: query.find, page: query.page });
      if (found.total === 1 && query.step && !query.state && !query.find) {
        location.replace(at("task", { step, task: found.tasks[0].task }));
        return null;
      }
      if (!tools.contains(document.activeElement)) {
        show(tools,
          select("Step", run.steps.map((one) => [one.step, `${one.step}: ${counted(one) || "not begun"}`]), step, (to) => { location.hash = at("tasks", { step: to }); }),
          select("State", [["", "any"], ...STATES.map((one) => [one, one])], query.state ?? "", (to) => go({ state: to })),
          h("label", {}, "Begins with ", find));
      }
      const rows = found.tasks.map((one) => row(
        h("a", { href: at("task", { step, task: one.task }), "data-key": one.task }, `${step}/${one.task}`), state(one.state), time(one.began),
        one.taken ? "taken over" : between(one.began, one.ended ?? (one.state === "running" ? run.now : null)), one.attempts > 1 ? count(one.attempts) : ""));
      show(list, table(`Tasks of ${step}`, ["Task", "State", "Began", "Took", "Attempts"], rows, "No such tasks.", "blocks"), pager(found, (page) => at("tasks", { ...query, step, page })));
      return undefined;
    },
  };
}
