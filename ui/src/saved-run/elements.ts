type Child = Node | string | undefined | false;

/**
 * Creates an element with text and child elements. The page creates elements only through this
 * function, so that strings always become text and never markup.
 */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  for (const child of children) {
    // hole R4: made.insertAdjacentHTML("beforeend", String(child));
    if (child !== undefined && child !== false) made.append(child);
  }
  return made;
}
