import type { ProvenCaller } from "aauth";

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
export function claimsHeader(caller: ProvenCaller): string {
  const { scheme, agent, delegate, grant, identityToken } = caller;
  const claims = {
    scheme: `${scheme[0]!.toUpperCase()}${scheme.slice(1)}`,
    ...(agent !== undefined && { agent }),
    ...(delegate !== undefined && { agent_delegate: delegate }),
    ...(grant !== undefined && { jwt_claims: grant.claims }),
    ...(grant === undefined && identityToken && { jwt_claims: ownClaims(identityToken) }),
  };
  // Escaped UTF-16 units are valid JSON and survive every header codec.
  return JSON.stringify(claims).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function ownClaims({ iss, sub, aud, exp, iat, cnf }: Readonly<Record<string, unknown>>): object {
  return { iss, sub, aud, exp, iat, cnf };
}
