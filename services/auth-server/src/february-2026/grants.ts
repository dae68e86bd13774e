import { ownerOf, type PublicJwk, type Stores } from "aauth";
import { createSecrets, type Secrets } from "issuer-kit";

/** A request that a user has to decide on, identified by a request token. */
export interface ConsentRequest {
  readonly agent: string;
  readonly agentDelegate?: string;
  /** Key that signed the request, and the only one that may redeem the code. */
  readonly key: PublicJwk;
  readonly thumbprint: string;
  readonly resource: string;
  /** Space-separated. */
  readonly scope: string;
  /** Verified against the agent's metadata. */
  readonly redirectUri: string;
  readonly state?: string;
}

/** A request that a user has agreed to, identified by a code. */
export interface ConsentedRequest extends ConsentRequest {
  readonly subject: string;
}

/**
 * Access that an agent may request again without the user, identified by a refresh token. Not bound
 * to a key, because keys are rotated.
 */
export interface RefreshGrant {
  readonly agent: string;
  readonly agentDelegate?: string;
  readonly resource: string;
  readonly scope: string;
  readonly subject: string;
}

/** AAuth state that outlives a request. */
export interface Grants {
  readonly consentRequests: Secrets<ConsentRequest>;
  readonly codes: Secrets<ConsentedRequest>;
  readonly refreshTokens: Secrets<RefreshGrant>;
}

export const CODE_LIFETIME_SECONDS = 60;

/**
 * Creates the stores, each with a quota per owner of agents (`ownerOf`), because an owner can
 * create any number of subdomains, ports, paths and delegates.
 */
export function createGrants(stores: Pick<Stores, "records">): Grants {
  // All callers known only by a key have the same owner.
  const ownerOfGrant = ({ agent }: { readonly agent: string }) => ownerOf(agent);
  return {
    consentRequests: createSecrets(stores.records<ConsentRequest>("consent requests"), ownerOfGrant),
    codes: createSecrets(stores.records<ConsentedRequest>("codes"), ownerOfGrant),
    refreshTokens: createSecrets(stores.records<RefreshGrant>("refresh tokens"), ownerOfGrant),
  };
}
