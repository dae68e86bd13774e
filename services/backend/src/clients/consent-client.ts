import { type Discovery, verifyAuthToken } from "aauth";
import type { Agent, AgentEvent } from "aauth/agent";

/** What came of the user's consent. */
export interface RedeemedConsent {
  readonly authToken: string;
  /** `sub` of the auth token, verified: who consented. */
  readonly subject: string | undefined;
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Unix seconds: end of the auth token. */
  readonly expiresAt: number;
  /** What the consent can be revoked by. */
  readonly refreshToken?: string;
}

/** Talks to the auth server about the users' consents. */
export interface ConsentClient {
  /** Exchanges a code for a token and proves whom it is for. Throws as `Agent.redeemCode` and `verifyAuthToken` do. */
  redeem(input: {
    authServer: string;
    code: string;
    observer?: (event: AgentEvent) => void;
  }): Promise<RedeemedConsent>;
  /**
   * Gives a refresh token back (RFC 7009). With it the auth server forgets that the user has consented.
   *
   * @throws RevocationError; AAuthError of the discovery group; what the transport throws
   */
  revoke(input: { authServer: string; refreshToken: string }): Promise<void>;
}

/** The auth server answered, but did not revoke. */
export class RevocationError extends Error {
  override readonly name = "RevocationError";
  readonly status: number;

  constructor(status: number) {
    super(`the auth server answered the revocation with status ${status}`);
    this.status = status;
  }
}

const REVOCATION_LIMIT_MS = 10_000;

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
    async redeem({ authServer, code, observer }) {
      const { authToken, refreshToken } = await agent.redeemCode({
        authServer,
        code,
        ...(observer && { observer }),
      });
      // Not kept for the user's later runs: whose consent it is turns out only now.
      // The subject decides who may go on, so the token is verified although it came straight from its issuer.
      const claims = await verifyAuthToken(authToken, {
        audience: resource,
        trustedIssuers,
        discovery,
        now,
      });
      return {
        authToken,
        subject: claims.sub,
        resource,
        scopes: claims.scope?.split(" ").filter((scope) => scope !== "") ?? [],
        expiresAt: claims.exp,
        ...(refreshToken !== undefined && { refreshToken }),
      };
    },

    async revoke({ authServer, refreshToken }) {
      const { agent_token_endpoint } = await discovery.issuerMetadata(authServer);
      // The metadata does not name it: it is the token endpoint's sibling.
      const signedFetch = agent.fetchFor({ signal: AbortSignal.timeout(REVOCATION_LIMIT_MS) });
      const response = await signedFetch(new URL("revoke", agent_token_endpoint).href, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
        body: new URLSearchParams({ token: refreshToken }).toString(),
      });
      await response.body?.cancel();
      if (!response.ok) throw new RevocationError(response.status);
    },
  };
}
