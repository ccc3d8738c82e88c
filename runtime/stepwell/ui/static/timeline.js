// When steps and tasks ran: bars along the time of the run.
import { get } from "./api.js";
import { between, count, counted, h, icon, link, show } from "./dom.js";

const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800];

export function timelinePanel({ of, query, at }) {
  const node = h("div", { class: "timeline" });
  return {
    node,
    async refresh() {
      const found = await get("timeline", of);
      const opened = query.step && !found.small ? await get("tasks", { ...of, step: query.step, page: query.page }) : null;
      const times = [found.began, found.ended ?? found.now, ...found.steps.map((one) => one.ended), ...(opened?.tasks ?? []).map((one) => one.ended)];
      const stamps = times.filter(Boolean).map((one) => +new Date(one));
      const begin = +new Date(found.began), end = Math.max(...stamps, begin + 100), over = found.ended;
      const bar = (one, extra) => {
        if (!one.began) return null;
        const left = (new Date(one.began) - begin) / (end - begin), right = one.ended ? (new Date(one.ended) - begin) / (end - begin) : 1;
        if (!one.ended && over) return null;
        return h("span", { class: `bar ${one.state}${one.ended ? "" : " open"}`, style: { left: `${100 * Math.max(left, 0)}%`, width: `max(${100 * Math.max(right - left, 0)}%, 3px)` } }, extra);
      };
      const line = (kind, name, one, said, extra, tool) => h("li", { class: kind },
        h("span", { class: "what" }, tool, name),
        h("span", { class: "lane" }, bar(one, extra)), h("span", { class: "said" }, said));
      const task = (one) => line("task",
        h("a", { href: at("task", { step: one.step, task: one.task }), "data-key": `${one.step}/${one.task}` }, one.task),
        one, [icon(one.state), " ", between(one.began, one.ended ?? (one.state === "running" ? found.now : null)) || (one.taken ? "taken over" : one.state), one.attempts > 1 ? `, attempt ${one.attempts}` : ""]);
      const rows = found.steps.flatMap((step) => {
        const its = found.small ? found.tasks.filter((one) => one.step === step.step) : opened && query.step === step.step ? opened.tasks : [];
        const isOpen = query.step === step.step;
        const tool = !found.small && step.tasks > 1 ? h("a", { class: "fold", href: at("timeline", isOpen ? {} : { step: step.step }), "aria-expanded": String(isOpen), "aria-label": `Tasks of ${step.step}`, "data-key": `fold ${step.step}` }, isOpen ? "▾" : "▸") : null;
        const name = h("a", { href: at("tasks", { step: step.step }), "data-key": `step ${step.step}` }, step.step);
        const said = [icon(step.state), " ", step.items > 1 || step.tasks > 1 ? `${count(step.done)} of ${count(step.items ?? step.tasks)}${step.grows ? "+" : ""}` : between(step.began, step.ended ?? (step.state === "running" ? found.now : null)) || step.state];
        const head = line(step.tasks > 1 ? "step many" : "step", name, step, said, step.density && density(step.density), tool);
        const pages = isOpen && opened ? pager(opened, (page) => at("timeline", { step: step.step, page })) : null;
        return [head, ...(step.tasks > 1 ? its.map(task) : []), pages && h("li", { class: "pages" }, pages)].filter(Boolean);
      });
      show(node, h("ol", { "aria-label": "Steps and tasks, with when they ran" }, axis(begin, end), rows));
      return undefined;
    },
  };
}

export function pager(found, to) {
  if (found.pages < 2) return null;
  return h("nav", { class: "pager", "aria-label": "Pages of tasks" },
    found.page > 0 && h("a", { href: to(found.page - 1), "data-key": "before" }, "Before"),
    h("span", {}, `page ${count(found.page + 1)} of ${count(found.pages)}`),
    found.page < found.pages - 1 && h("a", { href: to(found.page + 1), "data-key": "next" }, "Next"));
}

// How many tasks were done when, as bars in a bar.
function density(bins) {
  const most = Math.max(...bins, 1);
  return bins.map((one, at) => one ? h("span", { class: "bin", style: { left: `${(100 * at) / bins.length}%`, width: `${100 / bins.length}%`, height: `${Math.max((100 * one) / most, 8)}%` } }) : null);
}

function axis(begin, end) {
  const seconds = (end - begin) / 1000, every = TICKS.find((one) => seconds / one <= 6) ?? Math.ceil(seconds / 6);
  const ticks = [];
  for (let tick = 0; tick * every < seconds * 0.98; tick += 1) {
    ticks.push(h("span", { class: "tick", style: { left: `${(100 * tick * every) / seconds}%` } }, short(tick * every)));
  }
  return h("li", { class: "axis", "aria-hidden": "true" }, h("span", { class: "what" }), h("span", { class: "lane" }, ticks), h("span", { class: "said" }));
}

function short(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return `${Math.floor(seconds / 3600)} h${seconds % 3600 ? ` ${Math.floor((seconds % 3600) / 60)}` : ""}`;
}
