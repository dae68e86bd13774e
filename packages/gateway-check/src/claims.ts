import type { ProvenCaller } from "aauth";
import type { ProfileName } from "./wire-profiles.ts";

/** Response field that carries the claims to the gateway. */
export const CLAIMS_HEADER = "x-aauth-claims";

/** The claims of a request that is let through without an identity. */
export const NO_CLAIMS = "{}";

/**
 * Who the caller is, as ASCII JSON for one header field; the gateway's rules see it as
 * `extauthz.aauth`.
 *
 * - `scheme`: `Hwk`, `Jwks` or `Jwt`
 * - `agent`: identifier; absent for Hwk
 * - `agent_delegate`: the delegate that acts for the agent. The user a token speaks for is
 *   `jwt_claims.sub` and never here
 * - `jwt_claims`: claims of the token, for Jwt only; absent otherwise, never null, so that `has()`
 *   in a rule is right. Of an auth token all of them, of an agent token only those that say who it
 *   is: a `scope` or `act` that an agent writes for itself is no grant
 *
 * In draft -11, where a member is there only for the tokens named:
 * - `profile`: `draft-11`
 * - `level`: `agent-token`, `person-token`, `auth-token`, or `server`
 * - `agent`, `parent_agent` (of a sub-agent): agent tokens alone. Person and auth tokens name no
 *   agent
 * - `person`: `iss` and `sub`, of person and auth tokens
 * - `scopes`, a list, and `account`, where there is one: auth tokens. What the resource token asked
 *   for is known as far as it is in there
 * - `server`: identifier of a server that signs for itself
 * - `jwt_claims` as above, of person tokens all
 *
 * @param profile profile of the resource
 */
export function claimsHeader(profile: ProfileName, caller: ProvenCaller): string {
  const claims = CLAIMS[profile](caller);
  // Escaped UTF-16 units are valid JSON and survive every header codec.
  return JSON.stringify(claims).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const CLAIMS: Readonly<Record<ProfileName, (caller: ProvenCaller) => object>> = {
  "february-2026": februaryClaims,
  "draft-11": draft11Claims,
};

function draft11Claims({
  profile,
  level,
  agent,
  person,
  grant,
  server,
  identityToken,
}: ProvenCaller): object {
  const { parent_agent, account } = { ...identityToken, ...grant?.claims };
  const jwtClaims = grant?.claims ?? (person ? identityToken : identityToken && ownClaims(identityToken));
  return {
    profile,
    level,
    ...(agent !== undefined && { agent, ...(parent_agent !== undefined && { parent_agent }) }),
    ...(person && { person }),
    ...(grant && { scopes: grant.scopes, ...(account !== undefined && { account }) }),
    ...(server !== undefined && { server }),
    ...(jwtClaims && { jwt_claims: jwtClaims }),
  };
}

function februaryClaims({ scheme, agent, delegate, grant, identityToken }: ProvenCaller): object {
  return {
    scheme: `${scheme[0]!.toUpperCase()}${scheme.slice(1)}`,
    ...(agent !== undefined && { agent }),
    ...(delegate !== undefined && { agent_delegate: delegate }),
    ...(grant !== undefined && { jwt_claims: grant.claims }),
    ...(grant === undefined && identityToken && { jwt_claims: ownClaims(identityToken) }),
  };
}

function ownClaims({ iss, sub, aud, exp, iat, cnf }: Readonly<Record<string, unknown>>): object {
  return { iss, sub, aud, exp, iat, cnf };
}
