const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. Children that are strings become text, never markup; that is the only way this page writes to the document.
 *
 * @param {string} name
 * @param {Record<string, unknown>} [properties] attributes; `on…` are listeners, undefined and false are left out
 * @param {...unknown} children nodes, texts, lists of them; undefined, null and false are left out
 */
export function element(name, properties = {}, ...children) {
  return fill(document.createElement(name), properties, children);
}

/** As {@link element}, for SVG. */
export function svgElement(name, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, name), properties, children);
}

/** A name that breaks where its parts end, before it breaks anywhere. */
export function breakable(name) {
  const parts = name.split(/(?<=[/._])(?![/._])/);
  return parts.map((part, index) => (index === 0 ? part : [element("wbr"), part]));
}

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  const kept = children
    .flat(Number.POSITIVE_INFINITY)
    .filter((child) => child !== undefined && child !== null && child !== false);
  node.append(...kept.map((child) => (child instanceof Node ? child : String(child))));
  return node;
}
