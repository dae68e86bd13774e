import { type ActClaim, issueAuthToken, type PublicJwk, type TokenSigner, tokenId } from "aauth";
import type { FastifyBaseLogger } from "fastify";
import type { RealmState } from "./realm/realm-state.ts";

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
  signer: TokenSigner;
  state: RealmState;
  now: () => number;
  logger: FastifyBaseLogger;
}): IssueToken {
  const { issuer, signer, state, now, logger } = options;
  return async ({ agent, agentDelegate, key, resource, scope, subject, act }) => {
    const lifetimeSeconds = state.policy().authTokenLifetimeSeconds;
    const { token } = await issueAuthToken({
      signer,
      issuer,
      audience: resource,
      // An exchanged token names its agent always: `act` would have nobody to be the actor of.
      ...((agent !== resource || act !== undefined) && { agent }),
      ...(agentDelegate !== undefined && { agentDelegate }),
      ...(subject !== undefined && { subject }),
      confirmationKey: key,
      scope,
      ...(act !== undefined && { act }),
      lifetimeSeconds,
      now,
    });
    logger.info(
      { agent, resource, scope, jti: tokenId(token), delegated: subject !== undefined },
      "✅ Issued auth_token",
    );
    return { auth_token: token, expires_in: lifetimeSeconds, token_type: "AAuth" };
  };
}
