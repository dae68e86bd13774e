import { styleText } from "node:util";
import type { PolicyCheck } from "./check-policy.ts";
import type { RequestResult, RuleResult } from "./test-policy.ts";

/** Styles text for a terminal, and leaves it unchanged elsewhere. */
export type Style = (format: "green" | "red" | "yellow" | "dim", text: string) => string;

export const styleFor =
  (colour: boolean): Style =>
  (format, text) =>
    colour ? styleText(format, text, { validateStream: false }) : text;

/** Renders the findings, one block each, and a summary line. */
export function renderCheck(source: string, { rules, routes, findings }: PolicyCheck, style: Style): string {
  const formats = { error: "red", warning: "yellow", note: "dim" } as const;
  const blocks = findings.map(({ severity, kind, line, place, message, advice }) => {
    const at = line === undefined ? source : `${source}:${line}`;
    return [
      `${style(formats[severity], severity.padEnd(7))}  ${at}  ${place}  ${style("dim", `[${kind}]`)}`,
      `         ${message}`,
      ...(advice === undefined ? [] : [`         ${style("dim", "->")} ${advice}`]),
    ].join("\n");
  });
  const counts = (["error", "warning", "note"] as const)
    .map((name) => [findings.filter(({ severity }) => severity === name).length, name] as const)
    .filter(([number]) => number > 0)
    .map(([number, name]) => count(number, name));
  const looked = routes === 0 ? "" : `${count(rules, "rule")} on ${count(routes, "route")}, `;
  const found = counts.length === 0 ? style("green", "nothing found") : counts.join(", ");
  return [...blocks, `${source}: ${looked}${found}`].join("\n\n");
}

/** Renders each request with its decision and reason, and the decisive rules of a refused one. */
export function renderTest(source: string, results: readonly RequestResult[], style: Style): string {
  const width = Math.max(...results.map(({ request }) => request.name.length));
  const indent = " ".repeat(14);
  const lines = results.flatMap((result) => {
    const { request, decision, status, decidedBy, reason, isAsExpected } = result;
    const verdict = style(decision === "allowed" ? "green" : "red", decision.padEnd(7));
    const by = decidedBy === "gateway-authz" ? `gateway-authz: ${reason}` : reason;
    return [
      `${verdict}  ${String(status ?? "").padEnd(3)}  ${request.name.padEnd(width)}  ${by}`,
      ...decisiveRules(result).map((rule) => indent + ruleLine(rule)),
      ...(isAsExpected ? [] : [indent + style("red", `expected: ${request.expect}`)]),
    ];
  });
  const allowed = results.filter(({ decision }) => decision === "allowed").length;
  const unexpected = results.filter(({ isAsExpected }) => !isAsExpected).length;
  const expectation =
    unexpected === 0 ? style("green", "all as expected") : style("red", `${unexpected} not as expected`);
  const summary = `${results.length} requests, ${allowed} allowed, ${results.length - allowed} refused`;
  return [...lines, "", `${source}: ${summary}, ${expectation}`].join("\n");
}

/** The decisive rules: the one that refused, or every allow rule if none allowed. */
function decisiveRules({ rules, decision, decidedBy }: RequestResult): readonly RuleResult[] {
  if (decision === "allowed") return [];
  if (decidedBy === "no rule") return rules.filter(({ effect }) => effect === "allow");
  return rules
    .filter(({ effect, isTrue }) => effect !== "allow" && isTrue === (effect === "deny"))
    .slice(0, 1);
}

function ruleLine({ rule, line, effect, isTrue, failure }: RuleResult): string {
  const at = line === undefined ? "" : `, line ${line}`;
  return `rule ${rule}${at}: ${effect} ${failure === undefined ? `is ${isTrue}` : `failed: ${failure}`}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
