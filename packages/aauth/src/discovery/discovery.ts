/**
 * Finds the documents and keys of parties from their identifiers.
 *
 * @module
 */

import type { IssuerJwk, Jwks } from "../types.ts";

/** A document as it was read: what a profile knows of it, and where its keys are. */
export interface PartyDocument {
  /** Undefined for a party that publishes no keys. */
  readonly jwks_uri?: string | undefined;
}

/** One document below `/.well-known/`. */
export interface DocumentRule<Document extends PartyDocument = PartyDocument> {
  readonly name: string;
  /**
   * @throws AAuthVerificationError `metadata_mismatch` when it names another identity than `id`,
   * `discovery_failed` on a wrong shape
   */
  read(document: unknown, id: string): Document;
}

/**
 * Kind of party that a look-up is about, and how its documents are found, read and kept: a member
 * of a profile's `documents.kinds`, such as `draft11.documents.kinds.agent`. A discovery has caches
 * of its own for each such value, by identity.
 */
export interface DiscoveryKind<Document extends PartyDocument = PartyDocument> {
  /** For events; nothing is decided by it. */
  readonly name: string;
  readonly document: DocumentRule<Document>;
  /** Whose keys count where there is no such document, as of a plain OpenID provider. */
  readonly keysElsewhere?: DocumentRule;
  /**
   * Only parties that the configuration names are asked for: they never wait behind fetches for
   * others. Default false.
   */
  readonly isConfigured?: boolean;
  /** True for an identifier in its one canonical spelling. No other is fetched. */
  isIdentifier(value: string): boolean;
  /**
   * How many times in a row a key set may be fetched again, for a key that is not in it or a
   * signature that it does not verify. At least 1.
   */
  readonly refetchBurst: number;
  /** After a burst a key set may be fetched again once in so many seconds. */
  readonly refetchCooldownSeconds: number;
  /**
   * A key set is requested at most once in so many seconds, as soon as its server answers at all,
   * and a server that does not answer is asked again after 1, 2, 4 … up to so many seconds. Cache
   * headers are honoured, between so many seconds and a day. Default: failures are remembered for 1
   * s, and every document is cached for 300 s.
   */
  readonly keySetIntervalSeconds?: number;
}

/** Where the parties of a profile publish who they are. */
export interface DocumentRules {
  /** True for an identifier in its one canonical spelling. Identifiers are compared as strings. */
  isIdentifier(value: string): boolean;
  /**
   * The same for an agent, where its identifier is no address of documents. Default `isIdentifier`.
   */
  isAgentIdentifier?(value: string): boolean;
  /** By name. */
  readonly kinds: Readonly<Record<string, DiscoveryKind>>;
}

/** A published key. */
export interface DiscoveredKey {
  /** As published; not imported. */
  readonly jwk: IssuerJwk;
  /** Whether it was fetched for this question. */
  readonly source: "discovery" | "discovery-cache";
}

/**
 * Where keys come from. Every method rejects with an AAuthVerificationError of the discovery group
 * (profile 5.2).
 */
export interface Discovery {
  /** The document of a party. */
  metadata<Document extends PartyDocument>(kind: DiscoveryKind<Document>, id: string): Promise<Document>;
  /**
   * The key named `kid`; without one, the only key of the set. An unknown `kid` makes the set be
   * fetched again, within the kind's burst and cooldown, so that a rotated key is found at once.
   */
  key(kind: DiscoveryKind, id: string, kid: string | undefined): Promise<DiscoveredKey>;
  /**
   * For a signature that did not verify with `refused`, a key that came from the cache: the key
   * that is published under this `kid` now, or undefined when it is still the same. Agents that
   * make a new key at every start may give it the old name. Fetches within the kind's burst and
   * cooldown.
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
   * Notes that a signature has verified with a key of this party: documents of parties that have
   * proven nothing do not push its documents out of the cache, and fetches for them do not delay
   * its own. Verifiers call it.
   */
  proven?(kind: DiscoveryKind, id: string): void;
}
