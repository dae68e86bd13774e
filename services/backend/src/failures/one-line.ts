const MAX_CHARACTERS = 300;

/**
 * A foreign text made fit to be shown: no control characters, bounded. Escaping is the reader's
 * business.
 */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}
