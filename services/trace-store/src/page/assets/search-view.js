import { breakable, element } from "./dom.js";
import { formatCount, formatDuration, formatTime } from "./format.js";
import { readSearch } from "./search-query.js";
import { serviceLabel } from "./service-label.js";
import { fetchOperations, fetchServices, findTraces } from "./trace-api.js";
import { traceTree } from "./trace-tree.js";

const ALL = "";
const LOOKBACKS = [
  ["900", "15 minutes"],
  ["3600", "hour"],
  ["21600", "6 hours"],
  ["172800", "2 days"],
];
/** One request each; with more, one must be chosen. */
const MAX_SERVICES_AT_ONCE = 40;
const LIMITS = ["20", "50", "100"].map((limit) => [limit, `${limit} traces`]);

/** The search. It lives in the address, so that a result can be linked to and the form works by itself. */
export async function searchView(parameters) {
  const search = readSearch(parameters);
  const services = await fetchServices();
  const operations = search.service === ALL ? [] : await fetchOperations(search.service);
  const written = (name) => parameters.get(name) ?? "";
  return element(
    "div",
    { class: "search" },
    searchForm(search, written, services, operations),
    search.problems.length > 0 ? notUnderstood(search.problems) : await results(search, services),
  );
}

function searchForm(search, written, services, operations) {
  const choose = (name, options, value) =>
    element(
      "select",
      { name },
      options.map(([option, text]) =>
        element("option", { value: option, selected: option === value }, text ?? option),
      ),
    );
  const isWrong = (name) => search.problems.some((problem) => problem.name === name) && "true";
  const write = (name, placeholder) =>
    element("input", {
      name,
      value: written(name),
      placeholder,
      autocomplete: "off",
      spellcheck: "false",
      "aria-invalid": isWrong(name),
    });
  const operation = choose("operation", [["", "any"], ...operations.map((name) => [name])], search.operation);
  const service = choose(
    "service",
    [[ALL, "all services"], ...services.map((name) => [name])],
    search.service,
  );
  service.addEventListener("change", () => {
    // Another service has other operations; the form asks again.
    operation.value = "";
    service.form.requestSubmit();
  });
  operation.disabled = search.service === ALL;
  const field = (label, control) => element("label", {}, element("span", {}, label), control);
  return element(
    "form",
    { class: "panel fields", method: "get", action: "/", "aria-label": "Search" },
    field("Service", service),
    field("Operation", operation),
    field("Tags", write("tags", "error=true key=value")),
    field("At least", write("minDuration", "100ms")),
    field(
      "Within the last",
      choose(
        "lookback",
        withOwn(LOOKBACKS, search.lookbackSeconds, "seconds"),
        String(search.lookbackSeconds),
      ),
    ),
    field("At most", choose("limit", withOwn(LIMITS, search.limit, "traces"), String(search.limit))),
    element("button", {}, "Find traces"),
  );
}

/** The choices, and one more for what an address says beside them. */
function withOwn(choices, value, noun) {
  return choices.some(([choice]) => choice === String(value))
    ? choices
    : [...choices, [String(value), `${value} ${noun}`]];
}

function notUnderstood(problems) {
  return panel(
    "This search was not understood",
    problems.map(({ message }) => element("span", { class: "line" }, message)),
    " Nothing was looked for.",
  );
}

/** A heading, and what is said of the search: a heading that is the status itself would be none. */
function panel(heading, ...status) {
  return element(
    "div",
    { class: "panel empty" },
    element("h1", {}, heading),
    element("p", { role: "status" }, ...status),
  );
}

async function results(search, services) {
  if (search.service === ALL && services.length > MAX_SERVICES_AT_ONCE) {
    return panel("Choose a service", `There are ${services.length}, too many to search at once.`);
  }
  const traces = await findTraces(search.service === ALL ? services : [search.service], search);
  if (traces.length === 0) {
    return panel(
      "No traces",
      services.length === 0
        ? "Nothing has been received yet. Run something that sends OTLP/HTTP, then look again."
        : "None meets this search. Try a longer time or fewer conditions.",
    );
  }
  const trees = traces.map((trace) => ({ trace, tree: traceTree(trace) }));
  const longest = Math.max(...trees.map(({ tree }) => tree.duration));
  return element(
    "section",
    { "aria-label": "Traces" },
    element("h1", {}, "Traces"),
    element("p", { class: "count", role: "status" }, formatCount(traces.length, "trace")),
    element(
      "ol",
      { class: "traces" },
      trees.map(({ trace, tree }) => resultItem(trace, tree, longest)),
    ),
  );
}

function resultItem(trace, tree, longest) {
  const root = tree.rows[0];
  const failures = tree.rows.filter(({ failed }) => failed).length;
  const share = element("span", { class: "share", "aria-hidden": "true" });
  share.style.inlineSize = `${Math.max((tree.duration / longest) * 100, 0.5)}%`;
  return element(
    "li",
    { class: "panel trace" },
    element(
      "a",
      { href: `/trace/${encodeURIComponent(trace.traceID)}` },
      element("strong", {}, root.service),
      " ",
      breakable(root.span.operationName),
    ),
    element("span", { class: "duration" }, formatDuration(tree.duration)),
    element(
      "p",
      { class: "facts" },
      formatCount(tree.rows.length, "span"),
      failures > 0 && element("span", { class: "failed" }, formatCount(failures, "error")),
      element("time", { datetime: new Date(tree.start / 1000).toISOString() }, formatTime(tree.start)),
      element("code", {}, trace.traceID.slice(0, 8)),
    ),
    element(
      "p",
      { class: "services" },
      tree.services.map(({ name, spans }, index) => serviceLabel(name, index, spans)),
    ),
    share,
  );
}
