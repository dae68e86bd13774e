import type { ActClaim, PublicJwk } from "aauth";
import { issueAuthToken, type TokenSigner } from "aauth/issuer";
import type { FastifyBaseLogger } from "fastify";
import { recordIssuedToken } from "protocol-trace";
import { isIdentityScope, userClaims } from "./identity-scopes.ts";
import { invalidGrant } from "./oauth-error.ts";
import type { Accounts } from "./realm/accounts.ts";
import type { RealmState } from "./realm/realm-state.ts";
import { scopeWords } from "./request-types/request-type.ts";

/** What has been decided and is now to be written down in an auth token. */
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
  /** Unix seconds. The token ends then, even where policy would have it live longer: what it rests on ends then. */
  readonly notAfter?: number;
}

/** The members that every answer with an auth token has. */
export interface TokenAnswer {
  readonly auth_token: string;
  readonly expires_in: number;
  readonly token_type: "AAuth";
}

export type IssueToken = (decision: Decision) => Promise<TokenAnswer>;

export function createIssueToken(options: {
  issuer: string;
  /** Asked for each token, because keys are rotated. */
  signer: () => Promise<TokenSigner>;
  state: RealmState;
  accounts: Accounts;
  now: () => number;
  logger: FastifyBaseLogger;
}): IssueToken {
  const { issuer, signer, state, accounts, now, logger } = options;
  return async ({ agent, agentDelegate, key, resource, scope, subject, act, notAfter }) => {
    // One moment for both: a second later the token would outlive what it rests on.
    const issuedAt = now();
    const lifetimeSeconds = lifetimeUntil(notAfter, issuedAt);
    const user = subject === undefined ? undefined : await accounts.find(subject);
    const scopes = scopeWords(scope);
    // In a token for the agent itself they have become claims; a resource finds its scopes as it asked for them (SPEC 7.4).
    const own = agent === resource && act === undefined;
    const tokenScope = own ? scopes.filter((word) => !isIdentityScope(word)).join(" ") : scope;
    // Who the user is, an agent is told by these alone; for any other scope of its own it needs no place on the realm's list.
    const tellsWho = !own || scopes.some(isIdentityScope);
    const { token, claims } = await issueAuthToken({
      signer: await signer(),
      issuer,
      audience: resource,
      // An exchanged token names its agent always: `act` would have nobody to be the actor of.
      ...(!own && { agent }),
      ...(agentDelegate !== undefined && { agentDelegate }),
      ...(subject !== undefined && tellsWho && { subject }),
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
    // It was good when it was verified; that was a moment ago.
    if (left < 1) throw invalidGrant("Token exchange validation failed: the auth token has expired");
    return Math.min(authTokenLifetimeSeconds, left);
  }
}
