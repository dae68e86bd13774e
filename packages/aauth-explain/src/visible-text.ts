/**
 * Control characters (C0, DEL, C1), format characters (bidi controls, zero-width characters, BOM,
 * tags), line and paragraph separators, and unpaired surrogates: characters that a terminal, a
 * browser or a log viewer interprets instead of showing them.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * An untrusted string as a terminal, a log or the title of a page may show it: one line, with each
 * invisible character escaped as `\u202e`, by UTF-16 code unit. Every such string goes through
 * here, or through {@link visibleLines} or {@link visibleFields}. JSON text stays JSON with the
 * same value.
 *
 * Does NOT bound the length, redact, escape backslashes, or tell letters apart that look alike.
 */
export function visibleText(text: string): string {
  return text.replace(INVISIBLE, escaped);
}

/**
 * Like {@link visibleText} for our own lines of text, such as indented JSON: line ends are kept.
 */
export function visibleLines(text: string): string {
  return text.replace(INVISIBLE, (character) => (character === "\n" ? character : escaped(character)));
}

/**
 * A copy of plain data in which every string went through `visible`, and every member's name
 * through {@link visibleText}.
 *
 * @param visible default {@link visibleText}
 */
export function visibleFields<T>(value: T, visible?: (text: string) => string): T;
export function visibleFields(value: unknown, visible = visibleText): unknown {
  if (typeof value === "string") return visible(value);
  if (Array.isArray(value)) return value.map((item) => visibleFields(item, visible));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [visibleText(name), visibleFields(member, visible)]),
  );
}

function escaped(character: string): string {
  let spelled = "";
  for (let index = 0; index < character.length; index++) {
    spelled += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
  }
  return spelled;
}
