import { element } from "./dom.js";
import { formatDuration } from "./format.js";

/** Everything known about a span, to stand below its row. */
export function spanDetail({ span, service, outside }, tree, trace) {
  const process = trace.processes[span.processID];
  const links = span.references.filter(({ refType }) => refType === "FOLLOWS_FROM");
  return element(
    "section",
    { class: "detail", "aria-label": `Span ${span.operationName}` },
    element(
      "p",
      { class: "facts" },
      element("span", {}, `starts at ${formatDuration(span.startTime - tree.start)}`),
      element("span", {}, `takes ${formatDuration(span.duration)}`),
      element("span", {}, "span ", element("code", {}, span.spanID)),
      outside && element("span", {}, `${outsideWords(outside)} the span that caused it`),
    ),
    (span.warnings ?? []).map((warning) => element("p", { class: "warning" }, warning)),
    table("Attributes", span.tags),
    events(span, tree),
    links.length > 0 && linkList(links),
    table(`Process ${service}`, process?.tags ?? []),
  );
}

function outsideWords({ before, after }) {
  const parts = [
    before > 0 && `begins ${formatDuration(before)} before`,
    after > 0 && `ends ${formatDuration(after)} after`,
  ];
  return parts.filter(Boolean).join(" and ");
}

function table(title, tags) {
  if (tags.length === 0) return undefined;
  return element(
    "div",
    { class: "group" },
    element("h2", {}, title),
    element(
      "table",
      {},
      element(
        "tbody",
        {},
        [...tags]
          .sort((a, b) => (a.key < b.key ? -1 : 1))
          .map(({ key, type, value }) =>
            element(
              "tr",
              {},
              element("th", { scope: "row" }, key),
              element("td", { class: `of-${type}` }, shown(value)),
            ),
          ),
      ),
    ),
  );
}

function events(span, tree) {
  if (span.logs.length === 0) return undefined;
  return element(
    "div",
    { class: "group" },
    element("h2", {}, "Events"),
    element(
      "ol",
      { class: "events" },
      span.logs.map(({ timestamp, fields }) => {
        const name = fields.find(({ key }) => key === "event")?.value ?? "event";
        const others = fields.filter(({ key }) => key !== "event");
        return element(
          "li",
          {},
          element(
            "p",
            {},
            element("strong", {}, name),
            ` at ${formatDuration(Math.max(timestamp - tree.start, 0))}`,
          ),
          table("", others),
        );
      }),
    ),
  );
}

function linkList(links) {
  return element(
    "div",
    { class: "group" },
    element("h2", {}, "Links"),
    element(
      "ul",
      {},
      links.map(({ traceID, spanID }) =>
        element(
          "li",
          {},
          element(
            "a",
            { href: `/trace/${encodeURIComponent(traceID)}#span=${spanID}` },
            `${traceID} ${spanID}`,
          ),
        ),
      ),
    ),
  );
}

/** A text of several lines. It may be longer than its place, so the keyboard must get there to scroll it. */
const block = (text) => element("pre", { tabindex: 0 }, text);

/** JSON is laid out, texts of several lines keep them, everything else is as it is. */
function shown(value) {
  if (typeof value !== "string") return String(value);
  if (/^[[{]/.test(value)) {
    try {
      return block(JSON.stringify(JSON.parse(value), null, 2));
    } catch {
      // Looks like JSON and is not: shown as any text.
    }
  }
  return value.includes("\n") ? block(value) : value;
}
