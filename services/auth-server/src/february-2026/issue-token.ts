import type { ActClaim, PublicJwk } from "aauth";
import { february2026Tokens } from "aauth/february-2026";
import { createTokenSigner } from "aauth/server";
import type { FastifyBaseLogger } from "fastify";
import { scopesIn } from "issuer-kit";
import type { RsaKeys } from "issuer-kit/openid";
import { recordIssuedToken } from "protocol-trace";
import type { Accounts } from "../realm/accounts.ts";
import type { RealmState } from "../realm/realm-state.ts";
import { isIdentityScope, userClaims } from "./scopes.ts";
import { invalidGrant } from "./token-errors.ts";

/** Decision of a request type: the content of an auth token. */
export interface Decision {
  readonly agent: string;
  readonly agentDelegate?: string;
  /** The key the token is bound to. */
  readonly key: PublicJwk;
  readonly resource: string;
  /** Space-separated. */
  readonly scope: string;
  readonly subject?: string;
  readonly act?: ActClaim;
  /**
   * Unix seconds. Latest expiry, even if policy allows a longer lifetime, because the token that it
   * is derived from expires then.
   */
  readonly notAfter?: number;
}

/** Members of every response with an auth token. */
export interface TokenAnswer {
  readonly auth_token: string;
  readonly expires_in: number;
  readonly token_type: "AAuth";
}

export type IssueToken = (decision: Decision) => Promise<TokenAnswer>;

export function createIssueToken(options: {
  issuer: string;
  keys: RsaKeys;
  state: RealmState;
  accounts: Accounts;
  now: () => number;
  logger: FastifyBaseLogger;
}): IssueToken {
  const { issuer, keys, state, accounts, now, logger } = options;
  return async ({ agent, agentDelegate, key, resource, scope, subject, act, notAfter }) => {
    // Uses one time for both, because a second later the token would outlive the token that it is
    // derived from.
    const issuedAt = now();
    const lifetimeSeconds = lifetimeUntil(notAfter, issuedAt);
    const user = subject === undefined ? undefined : await accounts.find(subject);
    const scopes = scopesIn(scope);
    // A token for the agent itself has claims in place of identity scopes; a resource receives its
    // scopes as requested (SPEC 7.4).
    const own = agent === resource && act === undefined;
    const tokenScope = own ? scopes.filter((word) => !isIdentityScope(word)).join(" ") : scope;
    // Only identity scopes reveal the user to an agent, so its other own scopes need no entry in
    // the realm's list.
    const namesUser = !own || scopes.some(isIdentityScope);
    const { currentKey, alg } = keys;
    const { token, claims } = await february2026Tokens.issueAuthToken({
      signer: await createTokenSigner(currentKey, { alg, kid: currentKey.kid }),
      issuer,
      audience: resource,
      // An exchanged token always names its agent, to which `act` refers.
      ...(!own && { agent }),
      ...(agentDelegate !== undefined && { agentDelegate }),
      ...(subject !== undefined && namesUser && { subject }),
      ...(user !== undefined && { userClaims: userClaims(user, scopes) }),
      confirmationKey: key,
      ...(!(own && tokenScope === "") && { scope: tokenScope }),
      ...(act !== undefined && { act }),
      lifetimeSeconds,
      now: () => issuedAt,
    });
    logger.info(
      {
        agent,
        ...(agentDelegate !== undefined && { delegate: agentDelegate }),
        resource,
        scope,
        jti: claims.jti,
        delegated: subject !== undefined,
      },
      "✅ Issued auth_token",
    );
    recordIssuedToken(token);
    return { auth_token: token, expires_in: lifetimeSeconds, token_type: "AAuth" };
  };

  function lifetimeUntil(notAfter: number | undefined, issuedAt: number): number {
    const { authTokenLifetimeSeconds } = state.policy();
    if (notAfter === undefined) return authTokenLifetimeSeconds;
    const left = Math.floor(notAfter - issuedAt);
    // It was still valid when it was verified, a moment ago.
    if (left < 1) throw invalidGrant("Token exchange validation failed: the auth token has expired");
    return Math.min(authTokenLifetimeSeconds, left);
  }
}
