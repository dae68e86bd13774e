const MAX_CHARACTERS = 300;

/** Bounds a foreign string and strips control characters for display. The caller must escape it. */
export function oneLine(text: string): string {
  const line = text.replace(/[\p{C}\s]+/gu, " ").trim();
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}
