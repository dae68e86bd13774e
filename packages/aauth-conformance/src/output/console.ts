import type { Result, Verdict } from "../suite/check.ts";
import { harmless } from "./exchange-text.ts";
import type { Report } from "./report.ts";

const MARKS: Readonly<Record<Verdict, string>> = {
  passed: "ok  ",
  failed: "FAIL",
  warning: "warn",
  inconclusive: "??  ",
  skipped: "skip",
};
const VERDICTS = Object.keys(MARKS) as Verdict[];

/** Lines for a check that did not pass. */
export function resultText({ id, verdict, title, reason, section, quote, level }: Result): string {
  const lines = [`${MARKS[verdict]}  ${id}  ${title}`];
  if (verdict === "passed") return lines.join("");
  lines.push(`      ${harmless(reason ?? "")}`);
  if (verdict !== "skipped") lines.push(`      ${level}, section ${section}: "${quote}"`);
  return lines.join("\n");
}

/** Table of verdicts by chapter. */
export function summaryText({ target, role, profile, results, counts }: Report): string {
  const chapters = Map.groupBy(results, ({ section }) => section.split(".").slice(0, 2).join("."));
  const rows = [...chapters].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  const line = (name: string, numbers: readonly (string | number)[]) =>
    name.padEnd(16) + numbers.map((value) => String(value).padStart(13)).join("");
  return [
    "",
    `${role} ${harmless(target)}, ${profile}`,
    line("section", VERDICTS),
    ...rows.map(([chapter, own]) =>
      line(
        chapter,
        VERDICTS.map((verdict) => own.filter((result) => result.verdict === verdict).length || "-"),
      ),
    ),
    line(
      "all",
      VERDICTS.map((verdict) => counts[verdict]),
    ),
    "",
  ].join("\n");
}
