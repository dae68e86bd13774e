import type { Result } from "../suite/check.ts";
import type { Report } from "./report.ts";

/** The report in the format of JUnit, which most CI systems read. */
export function junitText({ role, target, results, counts, startedAt }: Report): string {
  const attributes = [
    `name="${xml(`aauth-conformance ${role} ${target}`)}"`,
    `timestamp="${xml(startedAt)}"`,
    `tests="${results.length}"`,
    `failures="${counts.failed}"`,
    `errors="${counts.inconclusive}"`,
    `skipped="${counts.skipped}"`,
  ];
  const cases = results.map(
    (result) =>
      `<testcase classname="${result.role}" name="${xml(`${result.id} ${result.title}`)}" time="${result.ms / 1000}">${outcome(result)}</testcase>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite ${attributes.join(" ")}>\n${cases.join("\n")}\n</testsuite>\n`;
}

function outcome({ verdict, reason = "", section, quote }: Result): string {
  const message = xml(reason);
  const clause = xml(`section ${section}: ${quote}`);
  if (verdict === "failed") return `<failure message="${message}">${clause}</failure>`;
  if (verdict === "inconclusive") return `<error message="${message}">${clause}</error>`;
  if (verdict === "skipped") return `<skipped message="${message}"/>`;
  return verdict === "warning" ? `<system-out>warning: ${message} (${clause})</system-out>` : "";
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for XML and HTML. Control characters, which XML cannot have, become U+FFFD. */
export const xml = (text: string): string =>
  text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no place for these
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => ENTITIES[character]!);
