import { breakable, element, svgElement } from "./dom.js";
import { formatCount, formatDuration, formatTime } from "./format.js";
import { colourClass, serviceLabel } from "./service-label.js";
import { spanDetail } from "./span-detail.js";
import { fetchTrace } from "./trace-api.js";
import { traceTree } from "./trace-tree.js";

const TICKS = [0, 0.25, 0.5, 0.75, 1];
const MAX_INDENT = 12;
/** Per cent: a bar can be seen however short its span is. */
const MIN_BAR = 0.4;

/** One trace as a waterfall. Each row opens the detail of its span below it; `#span=ID` opens one from outside. */
export async function traceView(traceID) {
  const trace = await fetchTrace(traceID);
  const tree = traceTree(trace);
  const colours = new Map(tree.services.map(({ name }, index) => [name, colourClass(index)]));
  const rows = tree.rows.map((row) => rowItem(row, tree, trace, colours.get(row.service)));
  const list = element(
    "ol",
    { class: "waterfall", "aria-label": "Spans" },
    rows.map(({ item }) => item),
  );
  list.addEventListener("keydown", (event) => moveBetweenRows(event, rows));
  rows[0].button.tabIndex = 0;

  const openFromAddress = () => {
    const spanID = new URLSearchParams(location.hash.slice(1)).get("span");
    const row = rows.find(({ id }) => id === spanID);
    if (row === undefined) return;
    row.toggle(true);
    focusRow(row, rows);
    row.item.scrollIntoView({ block: "center" });
  };
  addEventListener("hashchange", openFromAddress);
  requestAnimationFrame(openFromAddress);
  document.title = `${tree.rows[0].service}: ${tree.rows[0].span.operationName}`;
  return element(
    "article",
    {},
    summary(trace, tree),
    tree.rows.some(({ outside }) => outside) &&
      element(
        "p",
        { class: "note" },
        svgElement("svg", { class: "bar colour-7", width: "22", height: "10", "aria-hidden": "true" }, [
          svgElement("rect", { class: "outside", x: "1", y: "1", width: "20", height: "8", rx: "3" }),
        ]),
        " Outside the time of the span that caused it: it went on after its answer, or the clocks of two processes differ.",
      ),
    element("div", { class: "panel chart" }, axis(tree), list),
  );
}

function summary(trace, tree) {
  const [root] = tree.rows;
  const failures = tree.rows.filter(({ failed }) => failed);
  return element(
    "section",
    { class: "summary" },
    element("h1", {}, element("strong", {}, root.service), " ", root.span.operationName),
    element(
      "p",
      { class: "facts" },
      element("span", {}, formatDuration(tree.duration)),
      formatCount(tree.rows.length, "span"),
      failures.length > 0 &&
        element(
          "a",
          { class: "failed", href: `#span=${failures[0].span.spanID}` },
          formatCount(failures.length, "error"),
        ),
      element("time", { datetime: new Date(tree.start / 1000).toISOString() }, formatTime(tree.start)),
      element("code", {}, trace.traceID),
      element("a", { href: `/api/traces/${encodeURIComponent(trace.traceID)}` }, "JSON"),
    ),
    element(
      "p",
      { class: "services" },
      tree.services.map(({ name, spans }, index) => serviceLabel(name, index, spans)),
    ),
  );
}

function axis({ duration }) {
  const ticks = TICKS.map((share) => {
    const tick = element("span", {}, formatDuration(duration * share));
    tick.style.insetInlineStart = `${share * 100}%`;
    return tick;
  });
  return element("div", { class: "axis", "aria-hidden": "true" }, element("div", { class: "ticks" }, ticks));
}

function rowItem(row, tree, trace, colour) {
  const { span, depth, service, failed, kind, parentMissing, isSameService } = row;
  const name = element(
    "span",
    { class: "name" },
    // Said where it changes; its colour says it everywhere.
    element(
      "span",
      { class: `service ${colour}`, title: service },
      element("span", { class: isSameService ? "spoken" : undefined }, service),
    ),
    " ",
    failed && [element("span", { class: "failed" }, "error"), " "],
    element("span", { class: "operation" }, breakable(span.operationName)),
    " ",
    kind && kind !== "internal" && element("span", { class: "kind" }, kind),
    " ",
    parentMissing && element("span", { class: "kind" }, "parent not received"),
  );
  name.style.setProperty("--depth", String(Math.min(depth, MAX_INDENT)));
  const button = element(
    "button",
    { type: "button", class: "row", "aria-expanded": "false", tabindex: "-1" },
    name,
    bar(row, tree, colour),
    outcome(row),
    element("span", { class: "duration" }, formatDuration(span.duration)),
  );
  const item = element("li", { class: failed ? "has-failed" : undefined }, button);
  const toggle = (open) => {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    if (open === isOpen) return;
    button.setAttribute("aria-expanded", String(open));
    // Built when it is wanted: a trace may have thousands of spans.
    if (open) item.append(spanDetail(row, tree, trace));
    else item.lastElementChild.remove();
  };
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") !== "true";
    toggle(open);
    history.replaceState(null, "", open ? `#span=${span.spanID}` : location.pathname);
  });
  return { id: span.spanID, item, button, toggle };
}

const VERDICTS = new Set(["passed", "challenged", "refused"]);

/** What a first try and its repetition differ in: the status of the answer, and what a gate made of the request. */
function outcome({ status, verdict }) {
  const isStatus = /^[1-5]\d\d$/.test(String(status));
  return element(
    "span",
    { class: "outcome" },
    VERDICTS.has(verdict) && element("span", { class: `verdict is-${verdict}` }, verdict),
    isStatus &&
      element(
        "span",
        { class: `status of-${String(status).charAt(0)}xx`, title: `status ${status}` },
        status,
      ),
  );
}

function bar({ span, outside = { before: 0, after: 0 }, failed }, tree, colour) {
  const lines = TICKS.map((share) =>
    svgElement("line", { class: "grid", x1: `${share * 100}%`, x2: `${share * 100}%`, y1: "0", y2: "100%" }),
  );
  const part = (start, duration, name) => {
    const shown = Math.max((duration / tree.duration) * 100, MIN_BAR);
    const offset = ((start - tree.start) / tree.duration) * 100;
    return svgElement("rect", {
      class: `${colour} ${name}`,
      x: `${Math.min(offset, 100 - shown)}%`,
      y: "6",
      width: `${shown}%`,
      height: "10",
      rx: "3",
    });
  };
  const { before, after } = outside;
  return svgElement(
    "svg",
    { class: "bar", width: "100%", height: "22", "aria-hidden": "true" },
    lines,
    before + after > 0 && part(span.startTime, span.duration, "outside"),
    part(span.startTime + before, span.duration - before - after, failed ? "bad" : ""),
  );
}

function moveBetweenRows(event, rows) {
  const index = rows.findIndex(({ button }) => button === event.target);
  if (index < 0) return;
  const targets = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: rows.length - 1 };
  if (event.key in targets) {
    const row = rows[targets[event.key]];
    if (row !== undefined) focusRow(row, rows);
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    rows[index].toggle(event.key === "ArrowRight");
  } else return;
  event.preventDefault();
}

/** One row at a time is in the tab order, so that Tab leaves a waterfall of thousands at once. */
function focusRow(row, rows) {
  for (const { button } of rows) button.tabIndex = -1;
  row.button.tabIndex = 0;
  row.button.focus();
}
