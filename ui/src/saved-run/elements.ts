type Child = Node | string | undefined | false;

/**
 * An element with text and other elements in it. The only way in which this page makes any: a
 * string becomes text and never markup, whatever it contains.
 */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  for (const child of children) {
    if (child !== undefined && child !== false) made.append(child);
  }
  return made;
}
