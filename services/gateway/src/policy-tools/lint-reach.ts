import type { CallerProfile } from "./caller-profiles.ts";
import { pathKey } from "./cel-paths.ts";
import { both, type Condition, type Term } from "./conditions.ts";
import { contradictionIn, missingStep, possibleValues } from "./contradiction.ts";
import type { RuleFinding } from "./finding.ts";
import { impossible, type JudgedRule } from "./judged-rule.ts";

/** An allow rule that changes nothing: another allows all of it, or a deny or require takes all of it back. */
export function unreachable(
  rule: JudgedRule,
  index: number,
  all: readonly (JudgedRule | undefined)[],
  profiles: readonly CallerProfile[],
): RuleFinding[] {
  if (rule.effect !== "allow") return [];
  const finding = (message: string): RuleFinding => ({ kind: "unreachable", severity: "warning", message });
  for (const [otherIndex, other] of all.entries()) {
    if (other === undefined || otherIndex === index) continue;
    if (other.effect === "deny" && isCovered(rule.outcomes.whenTrue, other.outcomes.whenTrue, profiles)) {
      return [finding(`changes nothing: rule ${otherIndex + 1} denies whatever it allows`)];
    }
    if (
      other.effect === "require" &&
      impossible(both(rule.outcomes.whenTrue, other.outcomes.whenTrue), profiles) !== undefined
    ) {
      return [finding(`changes nothing: whatever it allows lacks what rule ${otherIndex + 1} requires`)];
    }
    const isEarlierOrWider =
      otherIndex < index || !isCovered(other.outcomes.whenTrue, rule.outcomes.whenTrue, profiles);
    if (
      other.effect === "allow" &&
      isEarlierOrWider &&
      isCovered(rule.outcomes.whenTrue, other.outcomes.whenTrue, profiles) &&
      impossible(other.outcomes.whenTrue, profiles) === undefined
    ) {
      return [finding(`changes nothing: rule ${otherIndex + 1} allows all of it already`)];
    }
  }
  return [];
}

/** True when every alternative of one set, for every caller it is possible for, has all conditions of some alternative of the other. */
function isCovered(terms: readonly Term[], by: readonly Term[], profiles: readonly CallerProfile[]): boolean {
  return profiles.every((profile) =>
    terms
      .filter((term) => contradictionIn(term, profile) === undefined)
      .every((term) => by.some((other) => other.every((condition) => implies(term, condition, profile)))),
  );
}

function implies(term: Term, condition: Condition, profile: CallerProfile): boolean {
  if (term.some((own) => JSON.stringify(own) === JSON.stringify(condition))) return true;
  switch (condition.kind) {
    case "present": {
      const present = new Map(
        term.flatMap((own) =>
          own.kind === "opaque" || own.kind === "absent" || own.kind === "unreadable"
            ? []
            : own.path.map((_, index) => {
                const prefix = own.path.slice(0, index + 1);
                return [pathKey(prefix), prefix] as const;
              }),
        ),
      );
      return missingStep(condition.path, present, profile) === undefined;
    }
    case "one-of":
    case "text": {
      const values = possibleValues(term, condition.path, profile);
      return (
        values !== undefined &&
        values.length > 0 &&
        values.every(
          (value) =>
            contradictionIn(
              [{ kind: "one-of", path: condition.path, values: [value], negated: false }, condition],
              FREE,
            ) === undefined,
        )
      );
    }
    default:
      return false;
  }
}

/** Nothing is known of anybody: what contradicts itself here does so everywhere. */
const FREE: CallerProfile = { name: "anybody", standing: "unsigned", roots: {} };
