/** Longer ones end in an ellipsis. */
const MAX_CHARACTERS = 160;

/**
 * Makes an untrusted name safe to display: one line without control characters and without marks
 * that change the direction of what follows. Undefined when nothing is left. Does NOT escape: the
 * caller must escape for its markup.
 */
export function displayText(text: string | undefined): string | undefined {
  const line = text?.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  if (!line) return undefined;
  return line.length > MAX_CHARACTERS ? `${line.slice(0, MAX_CHARACTERS)}…` : line;
}
