import { InputError } from "./input-error.ts";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

/**
 * Splits a command line as a POSIX shell would, with quotes and continued lines. Expands nothing:
 * `$NAME` stays.
 *
 * @throws InputError `malformed_curl` for an unclosed quote
 */
export function shellWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let at = 0;
  const add = (part: string) => {
    word = (word ?? "") + part;
  };
  const closing = (quote: string, from: number): number => {
    const end = text.indexOf(quote, from);
    if (end === -1) throw new InputError("malformed_curl", `a quote ${quote} is not closed`);
    return end;
  };
  const closingAnsi = (from: number): number => {
    let end = from;
    while (end < text.length && text[end] !== "'") end += text[end] === "\\" ? 2 : 1;
    return closing("'", end);
  };
  while (at < text.length) {
    const character = text[at]!;
    if (character === "\\") {
      const next = text[at + 1] ?? "";
      const isContinued = next === "\n" || text.startsWith("\r\n", at + 1);
      if (!isContinued) add(next);
      at += isContinued && next === "\r" ? 3 : 2;
    } else if (character === "'" || text.startsWith("$'", at)) {
      const isAnsi = character === "$";
      const start = at + (isAnsi ? 2 : 1);
      const end = isAnsi ? closingAnsi(start) : closing("'", start);
      add(isAnsi ? unescapeAnsi(text.slice(start, end)) : text.slice(start, end));
      at = end + 1;
    } else if (character === '"') {
      let end = at + 1;
      let part = "";
      while (text[end] !== '"') {
        if (end >= text.length) throw new InputError("malformed_curl", 'a quote " is not closed');
        if (text[end] === "\\" && /["\\$`]/.test(text[end + 1] ?? "")) end++;
        part += text[end++];
      }
      add(part);
      at = end + 1;
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
    } else {
      add(character);
      at++;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** `$'…'` of bash, which browsers use when they copy a request as curl. */
function unescapeAnsi(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)/gs, (_match, code: string) =>
    code.length > 1 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (ESCAPES[code] ?? code),
  );
}
