import type { TerminalStyle } from "./terminal-style.ts";
import type { RequestResult, RuleResult } from "./test-policy.ts";

const INDENT = " ".repeat(14);
const MAX_PART_LENGTH = 100;

/** Each request with its decision and the reason; for a refused one the parts of each rule that were not true. */
export function renderTest(source: string, results: readonly RequestResult[], style: TerminalStyle): string {
  const width = Math.max(...results.map(({ request }) => request.name.length));
  const blocks = results.map((result) => {
    const { request, decision, status, decidedBy, reason, isAsExpected } = result;
    const verdict = (decision === "allowed" ? style.good : style.bad)(decision.padEnd(7));
    const by = decidedBy === "gateway-authz" ? `gateway-authz: ${reason}` : reason;
    const lines = [`${verdict}  ${String(status ?? "").padEnd(3)}  ${request.name.padEnd(width)}  ${by}`];
    if (decision === "refused") {
      lines.push(`${INDENT}${style.dim(`${request.method} ${request.url}`)}`);
      lines.push(...decisiveRules(result).flatMap((rule) => ruleLines(rule, style)));
    }
    if (!isAsExpected) lines.push(`${INDENT}${style.bad(`expected: ${request.expect}`)}`);
    return lines.join("\n");
  });
  return [...blocks, "", summary(source, results, style)].join("\n");
}

/** Of a refusal by one rule only that rule matters; where no rule allows, each allow rule does. */
function decisiveRules({ rules, decidedBy }: RequestResult): readonly RuleResult[] {
  if (decidedBy === "no rule") return rules.filter(({ effect }) => effect === "allow");
  const refusing = rules.find(
    ({ effect, isTrue }) => (effect === "deny" && isTrue) || (effect === "require" && !isTrue),
  );
  return refusing === undefined ? [] : [refusing];
}

function ruleLines({ rule, line, effect, isTrue, parts }: RuleResult, style: TerminalStyle): string[] {
  const at = line === undefined ? "" : `, line ${line}`;
  const head = `${INDENT}rule ${rule}${at}: ${effect}${isTrue ? " is true" : " is not true"}`;
  const lines = parts.flatMap(({ source, result, because }) => [
    `${INDENT}  ${result.padEnd(6)}  ${shorten(source)}`,
    `${INDENT}          ${style.dim(because)}`,
  ]);
  return [head, ...lines];
}

function shorten(source: string): string {
  return source.length <= MAX_PART_LENGTH ? source : `${source.slice(0, MAX_PART_LENGTH)}…`;
}

function summary(source: string, results: readonly RequestResult[], style: TerminalStyle): string {
  const allowed = results.filter(({ decision }) => decision === "allowed").length;
  const unexpected = results.filter(({ isAsExpected }) => !isAsExpected).length;
  const expectation =
    unexpected === 0 ? style.good("all as expected") : style.bad(`${unexpected} not as expected`);
  return `${source}: ${results.length} requests, ${allowed} allowed, ${results.length - allowed} refused, ${expectation}`;
}
