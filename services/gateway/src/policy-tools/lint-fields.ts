import type { ASTNode } from "@marcbachmann/cel-js";
import { type CelPath, formatCelPath, pathsNamedBy } from "../cel/cel-paths.ts";
import type { RuleFinding } from "./finding.ts";

/** Members of `extauthz.aauth`: a closed set. */
const CALLER_MEMBERS = ["scheme", "agent", "agent_delegate", "jwt_claims"];
/** Claims of auth tokens by the profile. An issuer may add others. */
const TOKEN_CLAIMS =
  "iss aud exp iat nbf jti sub agent agent_delegate cnf scope act name preferred_username email".split(" ");
/** Members of `act`: a closed set. */
const ACT_MEMBERS = ["agent", "agent_delegate", "sub", "act"];

/** Names below `extauthz.aauth` in an expression that gateway-authz never sets. */
export function lintFields(ast: ASTNode): RuleFinding[] {
  return pathsNamedBy(ast).flatMap((path) => lintPath(path) ?? []);
}

function lintPath(path: CelPath): RuleFinding | undefined {
  const [first, second, member, claim, ...below] = path;
  if (first !== "extauthz" || second !== "aauth" || member === undefined) return undefined;
  if (!CALLER_MEMBERS.includes(member)) {
    return unknownField(path.slice(0, 3), `gateway-authz sets ${CALLER_MEMBERS.join(", ")}`);
  }
  if (member !== "jwt_claims" || claim === undefined) return undefined;
  if (!TOKEN_CLAIMS.includes(claim)) {
    const text = formatCelPath(path.slice(0, 4));
    return {
      kind: "unknown-claim",
      severity: "note",
      message: `${text}: no claim of an AAuth token; only an issuer that adds it makes it true`,
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
