import { element } from "./dom.js";
import { formatCount, formatDuration, formatTime } from "./format.js";
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
const LIMITS = ["20", "50", "100"];

/** The search. It lives in the address, so that a result can be linked to and the form works by itself. */
export async function searchView(parameters) {
  const chosen = {
    service: parameters.get("service") ?? ALL,
    operation: parameters.get("operation") ?? "",
    tags: parameters.get("tags") ?? "",
    minDuration: parameters.get("minDuration") ?? "",
    lookback: parameters.get("lookback") ?? "172800",
    limit: parameters.get("limit") ?? "20",
  };
  const services = await fetchServices();
  const operations = chosen.service === ALL ? [] : await fetchOperations(chosen.service);
  return element(
    "div",
    { class: "search" },
    searchForm(chosen, services, operations),
    await results(chosen, services),
  );
}

function searchForm(chosen, services, operations) {
  const choose = (name, options, value) =>
    element(
      "select",
      { name },
      options.map(([option, text]) =>
        element("option", { value: option, selected: option === value }, text ?? option),
      ),
    );
  const operation = choose("operation", [["", "any"], ...operations.map((name) => [name])], chosen.operation);
  const service = choose(
    "service",
    [[ALL, "all services"], ...services.map((name) => [name])],
    chosen.service,
  );
  service.addEventListener("change", () => {
    // Another service has other operations; the form asks again.
    operation.value = "";
    service.form.requestSubmit();
  });
  operation.disabled = chosen.service === ALL;
  const field = (label, control) => element("label", {}, element("span", {}, label), control);
  return element(
    "form",
    { class: "panel fields", method: "get", action: "/", "aria-label": "Search" },
    field("Service", service),
    field("Operation", operation),
    field(
      "Tags",
      element("input", {
        name: "tags",
        value: chosen.tags,
        placeholder: "error=true key=value",
        autocomplete: "off",
        spellcheck: "false",
      }),
    ),
    field(
      "At least",
      element("input", {
        name: "minDuration",
        value: chosen.minDuration,
        placeholder: "100ms",
        autocomplete: "off",
      }),
    ),
    field("Within the last", choose("lookback", LOOKBACKS, chosen.lookback)),
    field(
      "At most",
      choose(
        "limit",
        LIMITS.map((limit) => [limit, `${limit} traces`]),
        chosen.limit,
      ),
    ),
    element("button", {}, "Find traces"),
  );
}

async function results(chosen, services) {
  if (chosen.service === ALL && services.length > MAX_SERVICES_AT_ONCE) {
    return element(
      "div",
      { class: "panel empty", role: "status" },
      element("h1", {}, "Choose a service"),
      element("p", {}, `There are ${services.length}, too many to search at once.`),
    );
  }
  const traces = await findTraces(chosen.service === ALL ? services : [chosen.service], {
    operation: chosen.operation,
    tags: parseTags(chosen.tags),
    minDuration: chosen.minDuration,
    lookbackSeconds: Number(chosen.lookback) || 172_800,
    limit: Number(chosen.limit) || 20,
  });
  if (traces.length === 0) {
    return element(
      "div",
      { class: "panel empty", role: "status" },
      element("h1", {}, "No traces"),
      element(
        "p",
        {},
        services.length === 0
          ? "Nothing has been received yet. Run something that sends OTLP/HTTP, then look again."
          : "None meets this search. Try a longer time or fewer conditions.",
      ),
    );
  }
  const trees = traces.map((trace) => ({ trace, tree: traceTree(trace) }));
  const longest = Math.max(...trees.map(({ tree }) => tree.duration));
  return element(
    "section",
    { "aria-label": "Traces" },
    element("h1", { class: "count", role: "status" }, formatCount(traces.length, "trace")),
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
      root.span.operationName,
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

/** `key=value key2="a b"` */
function parseTags(text) {
  const pairs = text.matchAll(/([^\s=]+)=(?:"([^"]*)"|(\S*))/g);
  return Object.fromEntries([...pairs].map(([, key, quoted, bare]) => [key, quoted ?? bare]));
}
