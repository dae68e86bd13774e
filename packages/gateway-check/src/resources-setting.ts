import { z } from "zod";

const LONGEST_ECHO_CHARACTERS = 100;

/**
 * Identifiers of resources, separated by commas or whitespace, each in canonical form and without a path: tokens name them as text,
 * callers sign for the authority alone, and a resource's documents are open at the root only. Default as given.
 */
export function resourcesSetting(defaultValue: readonly string[]) {
  return z
    .string()
    .transform((text, context) => {
      const entries = text.trim().split(/\s*,\s*|\s+/);
      const problems = entries.flatMap((entry, index) => problemOf(entry, index, entries) ?? []);
      if (problems.length === 0) return entries;
      context.addIssue({ code: "custom", message: problems.join("; ") });
      return z.NEVER;
    })
    .default([...defaultValue]);
}

function problemOf(entry: string, index: number, entries: readonly string[]): string | undefined {
  if (entry === "") return `entry ${index + 1} is empty`;
  const shown = JSON.stringify(entry.slice(0, LONGEST_ECHO_CHARACTERS));
  if (entries.indexOf(entry) < index) return `${shown} is there twice`;
  const url = URL.parse(entry);
  if (url === null || !/^https?:$/.test(url.protocol)) return `${shown} is no http or https URL`;
  if (entry === url.origin) return undefined;
  const isMore = url.pathname !== "/" || [url.search, url.hash, url.username, url.password].join("") !== "";
  return isMore
    ? `${shown} has more than scheme, host and port`
    : `${shown} is not in canonical form, which is ${url.origin}`;
}
