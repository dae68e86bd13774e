import type { ASTNode } from "@marcbachmann/cel-js";
import { parseExpression } from "../cel/expression.ts";
import type { AuthorizationRule } from "../configuration/configuration.ts";
import type { CallerProfile } from "./caller-profiles.ts";
import { type Outcomes, outcomesOf, type Term, TooManyAlternatives } from "./conditions.ts";
import { contradictionIn } from "./contradiction.ts";

/** A rule, looked into. */
export interface JudgedRule {
  readonly effect: AuthorizationRule["effect"];
  readonly ast: ASTNode;
  readonly outcomes: Outcomes;
}

/** The rule with its outcomes; undefined when it has too many alternatives. */
export function judge({ effect, expression }: AuthorizationRule): JudgedRule | undefined {
  const { ast } = parseExpression(expression.source);
  try {
    return { effect, ast, outcomes: outcomesOf(ast) };
  } catch (error) {
    if (error instanceof TooManyAlternatives) return undefined;
    throw error;
  }
}

/** Why no alternative can hold for anybody; undefined when one can. */
export function impossible(terms: readonly Term[], profiles: readonly CallerProfile[]): string | undefined {
  if (terms.length === 0) return "it is false whatever the request";
  let best: { why: string; rank: number } | undefined;
  for (const profile of profiles) {
    for (const term of terms) {
      const why = contradictionIn(term, profile);
      if (why === undefined) return undefined;
      // What a value cannot be says more than that somebody else has none.
      const rank = (why.endsWith("is not there") ? 0 : 2) + (profile.standing === "identified" ? 1 : 0);
      if (best === undefined || rank >= best.rank) {
        best = { why: why.endsWith("is not there") ? `${why} for ${profile.name}` : why, rank };
      }
    }
  }
  return best?.why;
}
