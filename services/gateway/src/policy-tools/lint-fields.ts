import type { ASTNode } from "@marcbachmann/cel-js";
import { type CelPath, formatCelPath, pathsNamedBy } from "../cel/cel-paths.ts";
import { type CallerKind, hasDraft11, membersOf } from "./carriers.ts";
import type { RuleFinding } from "./finding.ts";

/** Claims of tokens in the profiles. Issuers may add others. */
const TOKEN_CLAIMS =
  "iss aud exp iat nbf jti sub agent agent_delegate cnf scope act name preferred_username email".split(" ");
/** Additional claims in draft -11. */
const DRAFT_11_CLAIMS = "dwk ps account tenant mission_s256".split(" ");
const PERSON_MEMBERS = ["iss", "sub"];
/** All members of `act`. */
const ACT_MEMBERS = ["agent", "agent_delegate", "sub", "act"];

/**
 * Finds names below `extauthz.aauth` that gateway-authz never sets.
 *
 * @param kinds the route's kinds of callers
 */
export function lintFields(ast: ASTNode, kinds: readonly CallerKind[]): RuleFinding[] {
  const members = membersOf(kinds);
  const claims = hasDraft11(kinds) ? [...TOKEN_CLAIMS, ...DRAFT_11_CLAIMS] : TOKEN_CLAIMS;
  return pathsNamedBy(ast).flatMap((path) => lintPath(path, members, claims) ?? []);
}

function lintPath(
  path: CelPath,
  members: readonly string[],
  claims: readonly string[],
): RuleFinding | undefined {
  const [first, second, member, claim, ...below] = path;
  if (first !== "extauthz" || second !== "aauth" || member === undefined) return undefined;
  if (member === "person" && members.includes(member)) {
    const [person, ...more] = [claim, ...below].filter((step) => step !== undefined);
    const isKnown = person === undefined || (PERSON_MEMBERS.includes(person) && more.length === 0);
    if (!isKnown) return unknownField(path.slice(0, 4), `a person has ${PERSON_MEMBERS.join(", ")}`);
  }
  if (!members.includes(member)) {
    return unknownField(path.slice(0, 3), `gateway-authz sets ${members.join(", ")}`);
  }
  if (member !== "jwt_claims" || claim === undefined) return undefined;
  if (!claims.includes(claim)) {
    const text = formatCelPath(path.slice(0, 4));
    return {
      kind: "unknown-claim",
      severity: "note",
      message: `${text}: not a claim of AAuth tokens; true only if an issuer adds it`,
    };
  }
  const wrong = claim === "act" ? below.findIndex((step) => !ACT_MEMBERS.includes(step)) : -1;
  if (wrong < 0) return undefined;
  return unknownField(path.slice(0, 5 + wrong), `an act claim has ${ACT_MEMBERS.join(", ")}`);
}

function unknownField(path: CelPath, facts: string): RuleFinding {
  return {
    kind: "unknown-field",
    severity: "error",
    message: `${formatCelPath(path)}: there is no such field; ${facts}`,
  };
}
