import type { ASTNode } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js/serialize";
import { OPEN_METHODS, OPEN_PATHS } from "gateway-check/open-paths";
import type { AuthorizationRule } from "../configuration/configuration.ts";
import type { CallerProfile } from "./caller-profiles.ts";
import { pathKey } from "./cel-paths.ts";
import { both, outcomesOf, type Term, TooManyAlternatives } from "./conditions.ts";
import { contradictionIn, possibleValues } from "./contradiction.ts";
import type { RuleFinding } from "./finding.ts";
import { impossible, type JudgedRule, judge } from "./judged-rule.ts";
import { failing } from "./lint-failing.ts";
import { unreachable } from "./lint-reach.ts";

/**
 * What the rules of one route mean together, over every kind of caller that can reach them: rules and parts that can never be true,
 * rules that change nothing, denials and negations that fail instead of deciding, and what an unsigned caller gets.
 *
 * @returns one list per rule, in the rules' order
 */
export function lintRules(
  rules: readonly AuthorizationRule[],
  profiles: readonly CallerProfile[],
): RuleFinding[][] {
  const judged = rules.map(judge);
  return judged.map((rule, index) => {
    if (rule === undefined) return [tooLong()];
    const never = neverTrue(rule, profiles);
    if (never !== undefined) return [never];
    try {
      return [
        ...deadParts(rule, profiles),
        ...unreachable(rule, index, judged, profiles),
        ...failing(rule, profiles),
        ...openToUnsigned(rule, profiles),
      ];
    } catch (error) {
      if (error instanceof TooManyAlternatives) return [tooLong()];
      throw error;
    }
  });
}

function tooLong(): RuleFinding {
  return {
    kind: "not-judged",
    severity: "note",
    message: "too many alternatives to say whether it can be true; only its fields were looked at",
  };
}

function neverTrue(
  { effect, outcomes }: JudgedRule,
  profiles: readonly CallerProfile[],
): RuleFinding | undefined {
  const why = impossible(outcomes.whenTrue, profiles);
  if (why === undefined) return undefined;
  const effects = {
    allow: "it never allows anything",
    deny: "it never refuses anything",
    require: "it refuses every request",
  };
  return {
    kind: "never-true",
    severity: "error",
    message: `can never be true, so ${effects[effect]}: ${why}`,
  };
}

/** Alternatives inside a rule that are never true, although the rule as a whole can be. */
function deadParts(rule: JudgedRule, profiles: readonly CallerProfile[]): RuleFinding[] {
  const findings: RuleFinding[] = [];
  const report = (node: ASTNode, why: string) =>
    findings.push({
      kind: "dead-part",
      severity: "warning",
      message: `the part ${serialize(node)} can never be true: ${why}`,
    });
  /** @param around what has to hold for the node to be looked at */
  const visit = (node: ASTNode, around: readonly Term[]): void => {
    if (node.op === "value") return; // a literal false is meant
    const why = impossible(both(around, outcomesOf(node).whenTrue), profiles);
    if (why !== undefined) return void report(node, why);
    if (node.op === "||") for (const part of node.args) visit(part, around);
    if (node.op === "&&") {
      const [left, right] = node.args;
      visit(left, both(around, outcomesOf(right).whenTrue));
      visit(right, both(around, outcomesOf(left).whenTrue));
    }
    if (node.op === "?:") {
      const [condition, yes, no] = node.args;
      const { whenTrue, whenFalse } = outcomesOf(condition);
      if (impossible(both(around, whenTrue), profiles) === undefined) visit(yes, both(around, whenTrue));
      else report(condition, impossible(both(around, whenTrue), profiles)!);
      if (impossible(both(around, whenFalse), profiles) === undefined) visit(no, both(around, whenFalse));
    }
  };
  visit(rule.ast, [[]]);
  return findings;
}

function openToUnsigned(rule: JudgedRule, profiles: readonly CallerProfile[]): RuleFinding[] {
  if (rule.effect !== "allow") return [];
  const unsigned = profiles.find(({ standing }) => standing === "unsigned");
  if (unsigned === undefined) return [];
  const open = rule.outcomes.whenTrue.find(
    (term) =>
      contradictionIn(term, unsigned) === undefined && possibleValues(term, PATH, unsigned) === undefined,
  );
  if (open === undefined) return [];
  const limitsPath = open.some(
    (condition) => condition.kind === "text" && pathKey(condition.path) === pathKey(PATH),
  );
  return [
    {
      kind: "open-to-unsigned",
      severity: "warning",
      message: !limitsPath
        ? "lets requests without any signature through, whatever their path"
        : `lets requests without any signature through to every path that fits, with any method; only ${OPEN_PATHS.length} exact paths need to be open`,
      advice: !limitsPath
        ? "ask for extauthz.aauth.agent, or set x-aauth-mode to strict"
        : `request.method in ${JSON.stringify(OPEN_METHODS)} && request.path in ["/jwks.json", …]`,
    },
  ];
}

const PATH = ["request", "path"];
