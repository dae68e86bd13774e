import { z } from "zod";

/** `true|1|yes|on` or `false|0|no|off`, any case. Default as given. */
export function booleanSetting(defaultValue: boolean) {
  return z
    .stringbool({
      truthy: ["true", "1", "yes", "on"],
      falsy: ["false", "0", "no", "off"],
      error: "expected true or false",
    })
    .default(defaultValue);
}

/** Any text. Default as given. */
export function textSetting(defaultValue: string) {
  return z.string().default(defaultValue);
}

/** One of `choices`, any case. Default as given. */
export function choiceSetting<const Choice extends string>(
  choices: readonly Choice[],
  defaultValue: NoInfer<Choice>,
) {
  return z
    .string()
    .default(defaultValue)
    .transform((text, context): Choice => {
      const choice = choices.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
      if (choice !== undefined) return choice;
      context.addIssue({ code: "custom", message: `expected one of ${choices.join(", ")}` });
      return z.NEVER;
    });
}

/** TCP port, 0 to 65535; 0 lets the system choose. Default as given. */
export function portSetting(defaultValue: number) {
  return wholeNumber(0, 65535).default(defaultValue);
}

/** Whole number between `minimum` and `maximum`, both included. Default as given. */
export function integerSetting(defaultValue: number, range: { minimum?: number; maximum?: number } = {}) {
  return wholeNumber(range.minimum ?? 0, range.maximum ?? Number.MAX_SAFE_INTEGER).default(defaultValue);
}

/**
 * Absolute http or https URL without credentials, query or fragment. A trailing slash is removed,
 * so that paths can be appended. Without `defaultValue` the setting is required.
 */
export function urlSetting(): z.ZodType<string, string>;
export function urlSetting(defaultValue: string): z.ZodDefault<z.ZodType<string, string>>;
export function urlSetting(defaultValue?: string) {
  const schema: z.ZodType<string, string> = z.string().transform((text, context) => {
    const problem = urlProblem(text);
    if (problem === undefined) return text.replace(/\/+$/, "");
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });
  return defaultValue === undefined ? schema : schema.default(defaultValue);
}

/** Words separated by commas or whitespace, without duplicates. Default as given. */
export function listSetting(defaultValue: readonly string[] = []) {
  return z
    .string()
    .transform((text) => [...new Set(text.split(/[\s,]+/).filter((word) => word !== ""))])
    .default([...defaultValue]);
}

function wholeNumber(minimum: number, maximum: number) {
  return z.string().transform((text, context) => {
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    const upTo = maximum === Number.MAX_SAFE_INTEGER ? "up" : `to ${maximum}`;
    context.addIssue({ code: "custom", message: `expected a whole number from ${minimum} ${upTo}` });
    return z.NEVER;
  });
}

/** Reason why a string is not a valid URL of a service, or undefined. */
export function urlProblem(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:\/\//i.test(text)) return "expected an absolute http or https URL";
  if (url.username !== "" || url.password !== "") return "expected a URL without user name and password";
  if (url.search !== "" || url.hash !== "") return "expected a URL without query and fragment";
  return undefined;
}
