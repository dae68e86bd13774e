import type { ProvenCaller } from "aauth";
import type { ProfileName } from "agent-kit/settings";
import { CHECKED_PROFILES } from "./profiles.ts";

/** Response field that carries the claims to the gateway. */
export const CLAIMS_HEADER = "x-aauth-claims";

/** The claims of a request that is let through without an identity. */
export const NO_CLAIMS = "{}";

/**
 * Describes the caller as ASCII JSON for one header field; the gateway's rules see it as
 * `extauthz.aauth`.
 *
 * - `scheme`: `Hwk`, `Jwks` or `Jwt`
 * - `agent`: identifier; absent for Hwk
 * - `agent_delegate`: the delegate that acts for the agent. The token's user is in `jwt_claims.sub`
 *   and never here
 * - `jwt_claims`: claims of the token, for Jwt only; absent otherwise and never null, so that
 *   `has()` works in a rule. All claims of an auth token; of an agent token only those that
 *   identify the agent, because a `scope` or `act` that an agent writes for itself is not a grant
 *
 * In draft -11, each member only for the tokens named:
 * - `profile`: `draft-11`
 * - `level`: `agent-token`, `person-token`, `auth-token`, or `server`
 * - `agent`, `parent_agent` (of a sub-agent): agent tokens only. Person and auth tokens name no
 *   agent
 * - `person`: `iss` and `sub`, of person and auth tokens
 * - `scopes`, a list, and an optional `account`: auth tokens. Other contents of the resource token
 *   are not known
 * - `server`: identifier of a server that signs for itself
 * - `jwt_claims` as above, with all claims of person tokens
 *
 * @param profile profile of the resource
 */
export function claimsHeader(profile: ProfileName, caller: ProvenCaller): string {
  const claims = CHECKED_PROFILES[profile].claims(caller);
  // Escaped UTF-16 units are valid JSON and survive every header codec.
  return JSON.stringify(claims).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
