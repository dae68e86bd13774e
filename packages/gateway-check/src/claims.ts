import type { AgentTokenClaims, AuthTokenClaims, VerifiedAgent } from "aauth";

/** Response field that carries the claims to the gateway. */
export const CLAIMS_HEADER = "x-aauth-claims";

/** The claims of a request that is let through without an identity. */
export const NO_CLAIMS = "{}";

/**
 * Who the caller is, as ASCII JSON for one header field; the gateway's rules see it as `extauthz.aauth`.
 *
 * - `scheme`: `Hwk`, `Jwks` or `Jwt`
 * - `agent`: identifier; absent for Hwk
 * - `agent_delegate`: the delegate that acts for the agent. The user a token speaks for is `jwt_claims.sub` and never here
 * - `jwt_claims`: claims of the token, for Jwt only; absent otherwise, never null, so that `has()` in a rule is right. Of an auth
 *   token all of them, of an agent token only those that say who it is: a `scope` or `act` that an agent writes for itself is no grant
 */
export function claimsHeader(agent: VerifiedAgent): string {
  if (agent.level !== "authorized") return claimsText(agent);
  // The gate gives the same claims again for a token that it knows, and they say all there is to say of its holder.
  let text = texts.get(agent.authToken);
  if (text === undefined) {
    text = claimsText(agent);
    texts.set(agent.authToken, text);
  }
  return text;
}

const texts = new WeakMap<AuthTokenClaims, string>();

function claimsText(agent: VerifiedAgent): string {
  const claims = {
    scheme: `${agent.scheme[0]!.toUpperCase()}${agent.scheme.slice(1)}`,
    ...(agent.level !== "pseudonymous" && { agent: agent.agent }),
    ...(agent.level !== "pseudonymous" &&
      agent.agentDelegate !== undefined && { agent_delegate: agent.agentDelegate }),
    ...(agent.level === "authorized" && { jwt_claims: agent.authToken }),
    ...(agent.level === "identified" && agent.agentToken && { jwt_claims: ownClaims(agent.agentToken) }),
  };
  // Escaped UTF-16 units are valid JSON and survive every header codec.
  return JSON.stringify(claims).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function ownClaims({ iss, sub, aud, exp, iat, cnf }: AgentTokenClaims): object {
  return { iss, sub, aud, exp, iat, cnf };
}
