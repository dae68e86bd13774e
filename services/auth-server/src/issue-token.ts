import type { ActClaim, PublicJwk } from "aauth";
import { issueAuthToken } from "aauth/february-2026";
import { createTokenSigner } from "aauth/server";
import type { FastifyBaseLogger } from "fastify";
import { scopesIn } from "issuer-kit";
import type { RsaKeys } from "issuer-kit/openid";
import { recordIssuedToken } from "protocol-trace";
import type { Accounts } from "./realm/accounts.ts";
import type { RealmState } from "./realm/realm-state.ts";
import { isIdentityScope, userClaims } from "./scopes.ts";
import { invalidGrant } from "./token-errors.ts";

/** What a request type has decided: the content of an auth token. */
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
   * Unix seconds. The token ends then, even where policy allows a longer life: the token it rests
   * on ends then.
   */
  readonly notAfter?: number;
}

/** The members that every response with an auth token has. */
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
    // One moment for both: a second later the token would outlive what it rests on.
    const issuedAt = now();
    const lifetimeSeconds = lifetimeUntil(notAfter, issuedAt);
    const user = subject === undefined ? undefined : await accounts.find(subject);
    const scopes = scopesIn(scope);
    // In a token for the agent itself identity scopes have become claims; a resource finds its
    // scopes as it asked (SPEC 7.4).
    const own = agent === resource && act === undefined;
    const tokenScope = own ? scopes.filter((word) => !isIdentityScope(word)).join(" ") : scope;
    // Only these tell an agent who the user is; any other scope of its own needs no place on the
    // realm's list.
    const namesUser = !own || scopes.some(isIdentityScope);
    const { currentKey, alg } = keys;
    const { token, claims } = await issueAuthToken({
      signer: await createTokenSigner(currentKey, { alg, kid: currentKey.kid }),
      issuer,
      audience: resource,
      // An exchanged token always names its agent, which `act` is about.
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
    // It was valid when it was verified, a moment ago.
    if (left < 1) throw invalidGrant("Token exchange validation failed: the auth token has expired");
    return Math.min(authTokenLifetimeSeconds, left);
  }
}
