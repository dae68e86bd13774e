import { ownerOf, type PublicJwk, type Stores } from "aauth";
import { createSecrets, type Secrets } from "issuer-kit";

/** A request that a user has to decide on; behind a request token. */
export interface ConsentRequest {
  readonly agent: string;
  readonly agentDelegate?: string;
  /** The key that signed the request: the only one that may redeem the code. */
  readonly key: PublicJwk;
  readonly thumbprint: string;
  readonly resource: string;
  /** Space-separated. */
  readonly scope: string;
  /** Verified against the agent's metadata. */
  readonly redirectUri: string;
  readonly state?: string;
}

/** A request that a user has agreed to; behind a code. */
export interface ConsentedRequest extends ConsentRequest {
  readonly subject: string;
}

/**
 * What an agent may ask for again without the user; behind a refresh token. Not bound to a key,
 * which may be rotated.
 */
export interface RefreshGrant {
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly resource: string;
  readonly scope: string;
  readonly subject: string;
}

/** Everything AAuth that outlives a request. */
export interface Grants {
  readonly consentRequests: Secrets<ConsentRequest>;
  readonly codes: Secrets<ConsentedRequest>;
  readonly refreshTokens: Secrets<RefreshGrant>;
}

export const CODE_LIFETIME_SECONDS = 60;

/**
 * Each with a quota for the owner of an agent (`ownerOf`): subdomains, ports, paths and delegates
 * are an agent's own to make.
 */
export function createGrants(stores: Pick<Stores, "records">): Grants {
  // The same owner for all callers that are known by a key alone.
  const ownerOfGrant = ({ agent }: { readonly agent: string }) => ownerOf(agent);
  return {
    consentRequests: createSecrets(stores.records<ConsentRequest>("consent requests"), ownerOfGrant),
    codes: createSecrets(stores.records<ConsentedRequest>("codes"), ownerOfGrant),
    refreshTokens: createSecrets(stores.records<RefreshGrant>("refresh tokens"), ownerOfGrant),
  };
}
