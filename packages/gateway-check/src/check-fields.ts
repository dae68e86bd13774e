/** `strict` refuses unsigned requests; the other two let them through without an identity and mean the same. */
export type CheckMode = "strict" | "optional" | "permissive";

const MODES: readonly CheckMode[] = ["strict", "optional", "permissive"];
/** The least that a route wants, named by the scheme that proves it. */
export type RequiredScheme = (typeof SCHEMES)[number];
export const SCHEMES = ["hwk", "jwks", "jwt"] as const;
const MAX_TOLERANCE_SECONDS = 300;

const PROBLEMS: Readonly<Record<string, (value: string) => string | undefined>> = {
  "x-aauth-mode": (value) => problemOfChoice(value, MODES),
  "x-aauth-required-scheme": (value) => problemOfChoice(value, SCHEMES),
  "x-aauth-timestamp-tolerance": (value) =>
    /^\d{1,3}$/.test(value) && Number(value) >= 1 && Number(value) <= MAX_TOLERANCE_SECONDS
      ? undefined
      : `not between 1 and ${MAX_TOLERANCE_SECONDS} seconds`,
};

/**
 * Why a check with this value in a field of the gateway's own would be refused, every one of them; undefined for a value that means
 * something, and for fields that take any.
 *
 * @param name lower case
 */
export function problemOfCheckField(name: string, value: string): string | undefined {
  return Object.hasOwn(PROBLEMS, name) ? PROBLEMS[name]!(value) : undefined;
}

function problemOfChoice(value: string, choices: readonly string[]): string | undefined {
  return choices.includes(value) ? undefined : `none of ${choices.join(", ")}`;
}
