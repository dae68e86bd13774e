/** A name that a party gives itself, marked as such, or the verified host. */
export const calledByItself = (name: string | undefined, host: string): string =>
  name === undefined ? host : `“${name}”`;

export const hostOf = (id: string | undefined): string =>
  URL.parse(id ?? "")?.host ?? id ?? "another service";

/**
 * Keeps line breaks, and removes characters that are invisible or change the direction of the
 * surrounding text.
 */
export function visibleLines(text: string): string {
  return text.replace(/\r\n?/g, "\n").replace(/[^\P{C}\n\t]/gu, "");
}
