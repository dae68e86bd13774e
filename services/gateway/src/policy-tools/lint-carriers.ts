import type { ASTNode } from "@marcbachmann/cel-js";
import { formatCelPath, pathOf, pathsNamedBy } from "../cel/cel-paths.ts";
import { visitNodes } from "../cel/expression.ts";
import { type CallerKind, callersInMode, carriersOf, membersOf } from "./carriers.ts";
import type { RuleFinding } from "./finding.ts";

/** Prerequisite of a condition: a field, and the callers that have it. */
interface Need {
  readonly what: string;
  readonly carriers: readonly CallerKind[];
}

/**
 * Finds conditions on fields of different callers, such as an agent together with a person's
 * grants, because draft -11's person and auth tokens name no agent. Also finds single fields that
 * none of the route's callers has.
 *
 * @param kinds the callers of the route
 * @param mode `AAUTH_MODE` of the agents, if known
 */
export function lintCarriers(
  ast: ASTNode,
  kinds: readonly CallerKind[],
  mode: string | undefined,
): RuleFinding[] {
  const findings = new Map<string, RuleFinding>();
  const inMode = callersInMode(mode) ?? kinds;
  for (const path of pathsNamedBy(ast)) {
    const carriers = carriersOf(path)?.filter((kind) => kinds.includes(kind));
    // `lintFields` reports fields that the profile does not have at all.
    if (
      carriers === undefined ||
      !membersOf(kinds).includes(path[2]!) ||
      carriers.some((kind) => inMode.includes(kind))
    )
      continue;
    if (carriers.length > 0) {
      const message = `${formatCelPath(path)} is never there with AAUTH_MODE=${mode}: ${tells(carriers)}`;
      findings.set(message, { kind: "never-carried", severity: "warning", message });
      continue;
    }
    const message = `${formatCelPath(path)} is never there: callers of this route are ${list(kinds)}, and ${tells(carriersOf(path)!)}`;
    findings.set(message, { kind: "never-carried", severity: "error", message });
  }
  visit(ast, []);
  return [...findings.values()];

  /** @param needs conditions that also hold at this node */
  function visit(node: ASTNode, needs: readonly Need[]): void {
    if (node.op === "&&") {
      const operands = operandsOf(node);
      const all = narrowed(operands.filter(isSimple), needs);
      for (const operand of operands) if (!isSimple(operand)) visit(operand, all);
    } else if (node.op === "||") {
      for (const operand of node.args) visit(operand, needs);
    } else if (node.op === "?:") {
      const [condition, whenTrue, whenFalse] = node.args;
      const conditions = operandsOf(condition).filter(isSimple);
      visit(whenTrue, narrowed(conditions, needs));
      visit(whenFalse, needs);
    } else if (isSimple(node)) {
      narrowed([node], needs);
    }
  }

  /**
   * Adds the needs of further conditions. Reports, once, the first that leaves no possible caller.
   */
  function narrowed(conditions: readonly ASTNode[], needs: readonly Need[]): readonly Need[] {
    let all = needs;
    for (const need of conditions.flatMap(needsOf)) {
      const known = [...all, need];
      const shared = (of: readonly Need[]) =>
        kinds.filter((kind) => of.every(({ carriers }) => carriers.includes(kind)));
      if (!need.carriers.some((kind) => kinds.includes(kind))) continue;
      if (shared(known).length > 0 || shared(all).length === 0) {
        all = known;
        continue;
      }
      const other = all.find((one) => shared([one, need]).length === 0) ?? all[0]!;
      const [ofOther, ofNeed] = [other, need].map(({ carriers }) =>
        list(carriers.filter((kind) => kinds.includes(kind))),
      );
      const message = `no caller has both ${other.what}, which comes with ${ofOther}, and ${need.what}, which comes with ${ofNeed}`;
      const advice =
        "in draft -11 person and auth tokens name no agent; ask for the agent of an agent token, and for person.iss and scopes of an auth token";
      findings.set(message, { kind: "never-together", severity: "warning", message, advice });
    }
    return all;
  }
}

const NAMES: Readonly<Record<CallerKind, string>> = {
  "february-2026": "callers of February's profile",
  "agent-token": "agent tokens",
  "person-token": "person tokens",
  "auth-token": "auth tokens",
  server: "servers",
};
const list = (kinds: readonly CallerKind[]) => kinds.map((kind) => NAMES[kind]).join(", ");
const tells = (kinds: readonly CallerKind[]) => `only ${list(kinds)} have it`;

const operandsOf = (node: ASTNode): ASTNode[] => (node.op === "&&" ? node.args.flatMap(operandsOf) : [node]);

/** Whether a condition is false or fails if one of its fields is missing. */
function isSimple(node: ASTNode): boolean {
  let isSimple = true;
  visitNodes(node, ({ op }) => {
    if (op === "&&" || op === "||" || op === "?:" || op === "!_") isSimple = false;
  });
  return isSimple;
}

function needsOf(condition: ASTNode): Need[] {
  const ofLevel = levelOf(condition);
  if (ofLevel !== undefined) return [ofLevel];
  return pathsNamedBy(condition).flatMap((path) => {
    const carriers = carriersOf(path);
    return carriers === undefined ? [] : [{ what: formatCelPath(path), carriers }];
  });
}

/** The level that a condition such as `extauthz.aauth.level == "auth-token"` requires. */
function levelOf(condition: ASTNode): Need | undefined {
  if (condition.op !== "==") return undefined;
  const [left, right] = condition.args;
  for (const [field, value] of [
    [left, right],
    [right, left],
  ] as const) {
    const path = pathOf(field);
    if (path === undefined || formatCelPath(path) !== "extauthz.aauth.level") continue;
    if (value.op !== "value" || typeof value.args !== "string") return undefined;
    return { what: `level ${value.args}`, carriers: [value.args as CallerKind] };
  }
  return undefined;
}
