import type { PolicyCheck } from "./check-policy.ts";
import type { TerminalStyle } from "./terminal-style.ts";

/** The findings as text, one block each, and a line that sums up. */
export function renderCheck(source: string, check: PolicyCheck, style: TerminalStyle): string {
  const marks = { error: style.bad, warning: style.warn, note: style.dim };
  const blocks = check.findings.map(({ severity, kind, line, place, message, advice }) => {
    const at = line === undefined ? source : `${source}:${line}`;
    const lines = [
      `${marks[severity](severity.padEnd(7))}  ${at}  ${place}  ${style.dim(`[${kind}]`)}`,
      `         ${message}`,
    ];
    if (advice !== undefined) lines.push(`         ${style.dim("->")} ${advice}`);
    return lines.join("\n");
  });
  return [...blocks, summary(source, check, style)].join("\n\n");
}

function summary(source: string, { rules, routes, findings }: PolicyCheck, style: TerminalStyle): string {
  const counts = (["error", "warning", "note"] as const)
    .map((severity) => ({
      severity,
      count: findings.filter((finding) => finding.severity === severity).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => `${count} ${severity}${count === 1 ? "" : "s"}`);
  const looked = routes === 0 ? "" : `${count(rules, "rule")} on ${count(routes, "route")}, `;
  return `${source}: ${looked}${counts.length === 0 ? style.good("nothing found") : counts.join(", ")}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
