// One task: why it failed, what it left, what it prints, and what it came from.
import { get } from "./api.js";
import { artifacts } from "./artifacts.js";
import { between, count, h, select, show, state, time } from "./dom.js";
import { logView } from "./log.js";

export function taskPanel({ of, query, at }) {
  const its = { ...of, step: query.step, task: query.task };
  const head = h("div", {}), failure = h("div", {}), left = h("section", { "aria-label": "Artifacts" }), facts = h("section", { "aria-label": "Facts" });
  const logs = h("section", { "aria-label": "Log" });
  const node = h("div", { class: "task" }, head, failure, left, logs, facts);
  let shownState, log, attempt;

  function logOf(found) {
    const attempts = found.attempts.map((one) => one.attempt);
    const wanted = query.attempt !== undefined ? Number(query.attempt) : attempts.at(-1);
    const chooser = attempts.length > 1 ? select("Attempt", attempts.map((one) => [String(one), `${one + 1}${found.attempts.find((its) => its.attempt === one).failed ? ", failed" : ""}`]), String(wanted), (to) => { location.hash = at("task", { ...query, attempt: to }); }) : null;
    if (wanted !== attempt) {
      attempt = wanted;
      log = logView({ ...its, attempt });
      show(logs, h("h2", {}, "Log"), h("div", { class: "tools" }, chooser), wanted === undefined ? h("p", { class: "empty" }, "Nothing was printed.") : log.node);
    }
  }

  return {
    node,
    async refresh(run) {
      const found = await get("task", its);
      show(head, h("h2", {}, h("a", { href: at("tasks", { step: found.step }), "data-key": "step" }, found.step), `/${found.task} `, state(found.state)),
        h("p", {}, found.began ? ["began ", time(found.began), ", took ", between(found.began, found.ended ?? (found.state === "running" ? run.now : null))] : found.state === "waiting" ? "It waits for a place, or has begun just now." : ""));
      show(failure, found.failure && h("div", { class: "failure" }, h("p", {}, h("b", {}, `Attempt ${found.failure.attempt + 1} failed: `), found.failure.reason), found.failure.traceback && h("pre", { tabindex: "0" }, found.failure.traceback)));
      if (found.state !== shownState) {
        shownState = found.state;
        show(left, found.state === "done" ? [h("h2", {}, "Artifacts"), artifacts(its, found)] : null);
        show(facts, found.state === "done" ? [h("h2", {}, "Facts"), factList(found, at)] : null);
      }
      logOf(found);
      if (attempt !== undefined) await log.refresh();
      return found.again;
    },
  };
}

function factList(found, at) {
  const parents = found.parents.map((one) => [h("a", { href: at("task", one) }, `${one.step}/${one.task}`), " "]);
  if (found.more_parents) parents.push(`and ${count(found.more_parents)} more`);
  const facts = [...Object.entries(found.facts), parents.length && ["came from", parents]].filter(Boolean);
  return h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}
