/**
 * Finds the documents and keys of parties from their identifiers.
 *
 * @module
 */

import type { IssuerJwk, Jwks } from "../types.ts";
import type { AddressMap } from "./address-map.ts";

/** A parsed document, with the address of the party's key set. */
export interface PartyDocument {
  /** Undefined for a party that publishes no keys. */
  readonly jwks_uri?: string | undefined;
}

/** One document below `/.well-known/`. */
export interface DocumentRule<Document extends PartyDocument = PartyDocument> {
  readonly name: string;
  /**
   * @throws AAuthVerificationError `metadata_mismatch` if it names another identity than `id`,
   *   `discovery_failed` for an invalid document
   */
  read(document: unknown, id: string): Document;
}

/**
 * Kind of party, and the rules for finding, reading and caching its documents: a member of a
 * profile's `documents.kinds`, such as `draft11.documents.kinds.agent`. A discovery has separate
 * caches for each such object.
 */
export interface DiscoveryKind<Document extends PartyDocument = PartyDocument> {
  /** For events only. */
  readonly name: string;
  readonly document: DocumentRule<Document>;
  /** Document that names the keys if `document` does not exist, as for a plain OpenID provider. */
  readonly keysElsewhere?: DocumentRule;
  /**
   * Whether all parties of this kind are configured, so that they never wait for fetches of others.
   * Default false.
   */
  readonly isConfigured?: boolean;
  /** True for a canonical identifier. No other is fetched. */
  isIdentifier(value: string): boolean;
  /**
   * Number of successive refetches of a key set, for an unknown key or a signature that does not
   * verify. At least 1.
   */
  readonly refetchBurst: number;
  /** Seconds between refetches of a key set after such a burst. */
  readonly refetchCooldownSeconds: number;
  /**
   * Minimum seconds between requests for a key set whose server responds. A server that does not
   * respond is retried after 1, 2, 4 … up to this number of seconds. Cache headers are honoured
   * between this number and a day. Default: failures are cached for 1 s, and every document for 300
   * s.
   */
  readonly keySetIntervalSeconds?: number;
}

/** Documents and identifiers of a profile's parties. */
export interface DocumentRules {
  /** True for a canonical identifier. Identifiers are compared as strings. */
  isIdentifier(value: string): boolean;
  /**
   * True for a canonical agent identifier, in a profile where that is not the address of a
   * document. Default `isIdentifier`.
   */
  isAgentIdentifier?(value: string): boolean;
  /** By name. */
  readonly kinds: Readonly<Record<string, DiscoveryKind>>;
}

/** A published key. */
export interface DiscoveredKey {
  /** As published; not imported. */
  readonly jwk: IssuerJwk;
  /** Whether it was fetched for this call. */
  readonly source: "discovery" | "discovery-cache";
}

/**
 * Source of documents and keys. Every method rejects with an AAuthVerificationError of the
 * discovery group (profile 5.2).
 */
export interface Discovery {
  /** Where parties are, also for requests to them. Default: at their identifiers. */
  readonly addresses?: AddressMap | undefined;
  /** The document of a party. */
  metadata<Document extends PartyDocument>(kind: DiscoveryKind<Document>, id: string): Promise<Document>;
  /**
   * The key named `kid`; without one, the only key of the set. For an unknown `kid`, the set is
   * fetched again, within the kind's burst and cooldown, so that a rotated key is found at once.
   */
  key(kind: DiscoveryKind, id: string, kid: string | undefined): Promise<DiscoveredKey>;
  /**
   * For a signature that did not verify with `refused`, a cached key: returns the key now published
   * under this `kid`, or undefined if it is unchanged. An agent that creates a key at every start
   * may reuse the `kid`. Fetches within the kind's burst and cooldown.
   */
  replacedKey(
    kind: DiscoveryKind,
    id: string,
    kid: string | undefined,
    refused: IssuerJwk,
  ): Promise<IssuerJwk | undefined>;
  /** The whole key set. */
  keys(kind: DiscoveryKind, id: string): Promise<Jwks>;
  /**
   * Records that a signature has verified with a key of this party. Documents of unproven parties
   * then cannot evict its documents, and fetches for them cannot delay its own. Called by
   * verifiers.
   */
  proven?(kind: DiscoveryKind, id: string): void;
}
