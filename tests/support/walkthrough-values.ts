import { createHash } from "node:crypto";

/** What differs from run to run, by its form. The first form that fits a place counts. */
const FORMS = {
  uuid: "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
  traceparent: "00-[0-9a-f]{32}-[0-9a-f]{16}-01",
  trace: "(?<![\\w-])[0-9a-f]{32}(?![\\w-])",
  delegate: "\\bdelegate-[0-9a-f]{8}\\b",
  visitor: "\\bvisitor\\.localhost:\\d+",
  digest: "(?<=:)[A-Za-z0-9+/]{43}=(?=:)",
  cut: "(?<=[:=])[\\w+/-]{12,16}(?=…)",
  // Words and names of 43 or 22 letters are in one case and have no digits; keys and ids are not.
  key: "(?<![\\w-])(?=[\\w-]*[a-z])(?=[\\w-]*[A-Z0-9])[\\w-]{43}(?![\\w-])",
  id: "(?<![\\w-])(?=[\\w-]*[a-z])(?=[\\w-]*[A-Z0-9])[\\w-]{22}(?![\\w-])",
  shortId: "(?<=\\bid=|\\[token )[0-9a-f]{8}\\b",
  time: "\\b\\d{10}\\b",
  seconds: "(?<=Retry-After: )\\d+",
} as const;

type Form = keyof typeof FORMS;

const ANY_VALUE = new RegExp(
  Object.entries(FORMS)
    .map(([form, pattern]) => `(?<${form}>${pattern})`)
    .join("|"),
  "g",
);

/** A value that differs from run to run, where it stands. */
export interface RunValue {
  readonly form: Form;
  readonly text: string;
  readonly index: number;
}

/** All values of a text that differ from run to run, in their order. */
export function runValues(text: string): RunValue[] {
  return [...text.matchAll(ANY_VALUE)].map((match) => {
    const form = Object.entries(match.groups!).find(([, found]) => found !== undefined)![0] as Form;
    return { form, text: match[0], index: match.index };
  });
}

/** The source of a regular expression for any value of this form. */
export function anyOf(form: Form): string {
  return FORMS[form];
}

/**
 * A text with each value replaced by its form and a number, the same number for the same value, and thumbprints by the number of their
 * key. Two texts have the same canonical form when there is a bijection between their values that keeps each thumbprint with its key: a
 * value that stands for two of the run, two that stand for one, and two that have changed places make a difference. Moments are left to
 * {@link momentsOf}.
 */
export function canonical(text: string): string {
  const keyOf = keysByThumbprint(text);
  const numbers = new Map<string, string>();
  const counts = new Map<Form, number>();
  const numbered = (form: Form, value: string): string => {
    const known = numbers.get(value);
    if (known !== undefined) return known;
    const count = (counts.get(form) ?? 0) + 1;
    counts.set(form, count);
    numbers.set(value, `${form} ${count}`);
    return `${form} ${count}`;
  };
  let from = 0;
  let result = "";
  for (const { form, text: value, index } of runValues(text)) {
    const key = keyOf.get(value);
    const isLeftOut = form === "time" || form === "seconds";
    const name =
      key === undefined ? numbered(form, isLeftOut ? form : value) : `thumbprint of ${numbered("key", key)}`;
    result += `${text.slice(from, index)}<${name}>`;
    from = index + value.length;
  }
  return result + text.slice(from);
}

/**
 * Thumbprints of a text (`thumbprint=`, `"agent_jkt"`) that are not the RFC 7638 thumbprint of a key in the same text. Who reads a page
 * can recompute each.
 */
export function strangeThumbprints(text: string): string[] {
  const known = keysByThumbprint(text);
  const shown = [...text.matchAll(/(?:thumbprint=|"agent_jkt": ?")([\w-]+)/g)].map(([, value]) => value!);
  return [...new Set(shown)].filter((thumbprint) => !known.has(thumbprint));
}

/** The Ed25519 keys of a text, by their thumbprints. */
function keysByThumbprint(text: string): Map<string, string> {
  const keys = [...text.matchAll(/"x": ?"([\w-]{43})"|\bx="([\w-]{43})"/g)].map(
    ([, json, field]) => json ?? field!,
  );
  return new Map(keys.map((x) => [thumbprintOf(x), x]));
}

/** By hand, and not by the package that the pages are about. */
function thumbprintOf(x: string): string {
  return createHash("sha256").update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest("base64url");
}
