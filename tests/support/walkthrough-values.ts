/** Forms of values that differ from run to run. The first form that matches a place is used. */
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
  id: "(?<![\\w-])(?!(?:person|access)-server-|config-draft-)(?=[\\w-]*[a-z])(?=[\\w-]*[A-Z0-9])[\\w-]{22}(?![\\w-])",
  shortId: "(?<=\\bid=|\\[token )[0-9a-f]{8}\\b",
  pending: "(?<=/aauth/pending/)[\\w-]{8}(?=…)",
  kid: '(?<=\\b(?:backend|(?:person|access)-server|(?:supply-chain|market-analysis)-agent)-)[\\w-]{8}(?=")',
  time: "\\b\\d{10}\\b",
  seconds: '(?<=Retry-After: |"expires_in":)\\d+',
} as const;

type Form = keyof typeof FORMS;

const ANY_VALUE = new RegExp(
  Object.entries(FORMS)
    .map(([form, pattern]) => `(?<${form}>${pattern})`)
    .join("|"),
  "g",
);

/** A value that differs from run to run, with its position. */
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
 * A text with each value replaced by its form and a number, the same number for the same value. Two
 * texts have the same canonical form if there is a bijection between their values; times are not
 * distinguished.
 */
export function canonical(text: string): string {
  const names = new Map<string, string>();
  const counts = new Map<Form, number>();
  const nameOf = ({ form, text: value }: RunValue): string => {
    if (form === "time" || form === "seconds") return form;
    if (!names.has(value)) {
      counts.set(form, (counts.get(form) ?? 0) + 1);
      names.set(value, `${form} ${counts.get(form)}`);
    }
    return names.get(value)!;
  };
  let from = 0;
  let result = "";
  for (const value of runValues(text)) {
    result += `${text.slice(from, value.index)}<${nameOf(value)}>`;
    from = value.index + value.text.length;
  }
  return result + text.slice(from);
}
