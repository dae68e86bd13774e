import { element } from "./dom.js";

const COLOURS = 8;

/** A service's colour by its place in the trace; the name is always beside it. */
export function colourClass(index) {
  return `colour-${index % COLOURS}`;
}

export function serviceLabel(name, index, spans) {
  return element(
    "span",
    { class: `service ${colourClass(index)}` },
    name,
    element("span", { class: "number", "aria-label": `${spans} spans` }, spans),
  );
}
