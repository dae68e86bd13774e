import type { Discovery } from "aauth";
import type { Agent, AgentEvent, Grant } from "aauth/agent";
import { verifyAuthToken } from "aauth/issuer";

/** The result of the user's consent. */
export interface RedeemedConsent {
  readonly grant: Grant;
  /** `sub` of the auth token, verified: the user who consented. */
  readonly subject: string | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Unix seconds: end of the auth token. */
  readonly expiresAt: number;
  /** Revokes the consent. */
  readonly refreshToken?: string;
}

/** Redeems and revokes the users' consents at the auth server. */
export interface ConsentClient {
  /** Exchanges a code for a token and verifies its user. Throws as `Agent.redeemCode` and `verifyAuthToken` do. */
  redeem(input: {
    authServer: string;
    code: string;
    /** The key that asked for the consent. */
    keyThumbprint?: string;
    observer?: (event: AgentEvent) => void;
  }): Promise<RedeemedConsent>;
  /** Hands the consent to the agent, for calls made with this `cacheKey`. */
  keep(input: { consent: RedeemedConsent; cacheKey: string }): Promise<void>;
  /**
   * Revokes a refresh token. With it the auth server forgets that the user has consented, and the agent the tokens it keeps under
   * `cacheKey`. Throws as `Agent.revoke` does.
   */
  revoke(input: { authServer: string; refreshToken: string; cacheKey?: string }): Promise<void>;
}

/** @param agent signs with its identity, whatever the demo's signature scheme: only the owner of a token can revoke it. */
export function createConsentClient(options: {
  agent: Agent;
  resource: string;
  trustedIssuers: readonly string[];
  discovery: Discovery;
  /** Unix seconds. */
  now: () => number;
}): ConsentClient {
  const { agent, resource, trustedIssuers, discovery, now } = options;
  return {
    async redeem({ authServer, code, keyThumbprint, observer }) {
      const grant = await agent.redeemCode({
        authServer,
        code,
        ...(keyThumbprint !== undefined && { keyThumbprint }),
        ...(observer && { observer }),
      });
      // Not kept yet: only the token shows whose consent it is.
      // The subject decides who may go on, so the token is verified although it came straight from its issuer.
      const claims = await verifyAuthToken(grant.token, {
        audience: resource,
        trustedIssuers,
        discovery,
        now,
      });
      return {
        grant,
        subject: claims.sub,
        resource,
        scopes: claims.scope?.split(" ").filter((scope) => scope !== "") ?? [],
        expiresAt: claims.exp,
        ...(grant.refreshToken !== undefined && { refreshToken: grant.refreshToken }),
      };
    },

    keep: ({ consent: { grant }, cacheKey }) => agent.keep({ grant, cacheKey }),

    async revoke({ authServer, refreshToken, cacheKey }) {
      const kept = cacheKey === undefined ? {} : { kept: { resource, cacheKey } };
      await agent.revoke({ authServer, refreshToken, ...kept });
    },
  };
}
