import type { AAuthError, Discovery, Stores } from "aauth";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { RsaKeys } from "issuer-kit/openid";
import type { OidcPaths } from "./oidc/oidc-paths.ts";
import type { ReadSession } from "./oidc/read-session.ts";
import type { Accounts } from "./realm/accounts.ts";
import type { RealmState } from "./realm/realm-state.ts";

/** Issuer of a wire profile's auth tokens, beside the realm's sign-in. */
export interface TokenIssuer {
  /**
   * Public documents by path below the issuer.
   *
   * @param keySet the realm's public keys
   */
  documents(issuer: string, keySet: () => object): Readonly<Record<string, () => object>>;
  /** Makes an error cite the profile, also if no verifier has thrown it. */
  cite(error: AAuthError): void;
  /** Registers tokens for agents, and users' consent to them. */
  register(app: FastifyInstance, options: TokenIssuerOptions): Promise<void>;
}

export interface TokenIssuerOptions {
  readonly issuer: string;
  readonly paths: OidcPaths;
  readonly state: RealmState;
  readonly accounts: Accounts;
  readonly keys: RsaKeys;
  /** Source of agents' and resources' keys and metadata. */
  readonly discovery: Discovery;
  readonly development: boolean;
  readonly readSession: ReadSession;
  /** Seconds a request waits for the user's consent. */
  readonly consentSeconds: number;
  readonly stores: Stores;
  readonly logger: FastifyBaseLogger;
  /** Unix seconds. */
  readonly now: () => number;
}
