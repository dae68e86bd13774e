import type { ASTNode } from "@marcbachmann/cel-js";
import { serialize } from "@marcbachmann/cel-js/serialize";
import type { CallerProfile } from "./caller-profiles.ts";
import { formatCelPath } from "./cel-paths.ts";
import { both, outcomesOf, type PresenceCondition, type Term } from "./conditions.ts";
import { contradictionIn, missingStep } from "./contradiction.ts";
import type { RuleFinding } from "./finding.ts";
import { impossible, type JudgedRule } from "./judged-rule.ts";

/** A failing `deny` lets through; a failing negation or condition makes a rule false that was meant to be true. */
export function failing(rule: JudgedRule, profiles: readonly CallerProfile[]): RuleFinding[] {
  if (rule.effect === "deny") {
    const failure = failureOf(rule.outcomes.whenFailing, profiles);
    if (failure === undefined) return [];
    return [
      {
        kind: "deny-can-fail",
        // Where it says what must not be missing, what fails is what it was written against.
        severity: isNegating(rule.ast) ? "error" : "warning",
        message: `fails for ${failure.profile.name}, where ${failure.missing} may be missing, and a deny that fails lets through`,
        advice: `begin with ${guardFor(failure.missing)} &&, or turn it into a require, which refuses when it fails`,
      },
    ];
  }
  const findings = new Map<string, RuleFinding>();
  const visit = (node: ASTNode, around: readonly Term[]): void => {
    const isTrap = node.op === "!_" || node.op === "!=" || (rule.effect === "require" && node === rule.ast);
    const guarded = node.op === "?:" ? node.args[0] : isTrap ? node : undefined;
    const failure = guarded && failureOf(both(around, outcomesOf(guarded).whenFailing), profiles);
    if (failure !== undefined && isDecisive(rule, failure)) {
      const consequence =
        rule.effect === "require" ? "the rule then refuses" : "the rule is then false, not true";
      findings.set(failure.missing, {
        kind: "missing-guard",
        severity: "warning",
        message: `${serialize(guarded!)} fails for ${failure.profile.name}, where ${failure.missing} may be missing; ${consequence}`,
        advice: `say what is meant: ${guardFor(failure.missing)} && …, or !${guardFor(failure.missing)} || …`,
      });
    }
    switch (node.op) {
      case "&&":
        visit(node.args[0], around);
        visit(node.args[1], both(around, outcomesOf(node.args[0]).whenTrue));
        return;
      case "||":
        visit(node.args[0], around);
        visit(node.args[1], both(around, outcomesOf(node.args[0]).whenFalse));
        return;
      case "?:": {
        const [condition, yes, no] = node.args;
        const { whenTrue, whenFalse } = outcomesOf(condition);
        visit(yes, both(around, whenTrue));
        visit(no, both(around, whenFalse));
        return;
      }
    }
  };
  visit(rule.ast, [[]]);
  return [...findings.values()];
}

function isNegating(node: ASTNode): boolean {
  if (node.op === "!_" || node.op === "!=" || node.op === "?:") return true;
  return (node.op === "&&" || node.op === "||") && node.args.some(isNegating);
}

interface Failure {
  readonly term: Term;
  readonly profile: CallerProfile;
  readonly missing: string;
}

function failureOf(terms: readonly Term[], profiles: readonly CallerProfile[]): Failure | undefined {
  // The caller of whom most is known first: that an unsigned one has nothing surprises nobody.
  for (const profile of [...profiles].reverse()) {
    for (const term of terms) {
      if (contradictionIn(term, profile) !== undefined) continue;
      const unreadable = term.find(
        (condition): condition is PresenceCondition => condition.kind === "unreadable",
      );
      if (unreadable === undefined) return { term, profile, missing: "a value of the right type" };
      const step = missingStep(unreadable.path, new Map(), profile) ?? unreadable.path;
      return { term, profile, missing: formatCelPath(step) };
    }
  }
  return undefined;
}

/** The part fails; that matters only when the rule as a whole fails then. */
function isDecisive(rule: JudgedRule, failure: Failure): boolean {
  return impossible(both(rule.outcomes.whenFailing, [failure.term]), [failure.profile]) === undefined;
}

function guardFor(missing: string): string {
  return `has(${missing})`;
}
