/**
 * The tokens of a server until they expire. A token's revocation is part of its record: it needs no
 * room of its own, so it is never refused or dropped.
 *
 * @module
 */

import type { DocumentKind } from "../draft-11/names.ts";
import type { RecordStore } from "../store/record-store.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** Kept for so long after a token's end. */
const SKEW_SECONDS = 60;

export interface TokenName {
  readonly iss: string;
  readonly jti: string;
}

/** A party that a revocation has to reach, and has not. Plain data. */
export interface Delivery {
  readonly kind: DocumentKind;
  readonly recipient: string;
  /**
   * Outcome of the last attempt: there, and where the recipient has passed it on. Empty before the
   * first one.
   */
  readonly failed: readonly DownstreamResult[];
}

/** Members of every token's record. Plain data. */
export interface RevocableToken extends TokenName {
  readonly exp: number;
  /** Unset for a token that is not revoked. */
  readonly undelivered?: readonly Delivery[];
}

/** Parties where a revoked token may still be accepted, as far as is known. */
export const unconfirmedOf = ({ undelivered = [] }: RevocableToken): readonly DownstreamResult[] =>
  undelivered.flatMap(({ recipient, failed }) =>
    failed.length === 0 ? [{ recipient, error: "revocation_unavailable" as const }] : failed,
  );

export class IssuedTokens<Token extends RevocableToken> {
  readonly #store: RecordStore<unknown>;
  readonly #now: () => number;
  readonly #ownerOf: (token: Token) => string;

  /** @param ownerOf owner that a token is charged to, and listed by */
  constructor(store: RecordStore<unknown>, now: () => number, ownerOf: (token: Token) => string) {
    this.#store = store;
    this.#now = now;
    this.#ownerOf = ownerOf;
  }

  async get({ iss, jti }: TokenName): Promise<Token | undefined> {
    return (await this.#store.get(keyOf("token", iss, jti))) as Token | undefined;
  }

  /** Those of an owner that have not expired, oldest first. */
  async list(owner: string): Promise<readonly Token[]> {
    const tokens = (await this.#store.list(owner)) as readonly Token[];
    return tokens.filter(({ exp }) => exp > this.#now());
  }

  /** @throws StoreFullError */
  async add(token: Token): Promise<void> {
    await this.#store.put(keyOf("token", token.iss, token.jti), token, this.#terms(token));
  }

  async delete({ iss, jti }: TokenName): Promise<void> {
    await this.#store.delete(keyOf("token", iss, jti));
  }

  /** Replaces a token's record, where there is one, by what `change` makes of it. */
  async update({ iss, jti }: TokenName, change: (token: Token) => Token): Promise<Token | undefined> {
    return (await this.#store.update(keyOf("token", iss, jti), (kept) => {
      if (kept === undefined) return undefined;
      const value = change(kept as Token);
      return value === kept ? undefined : { value, ...this.#terms(value) };
    })) as Token | undefined;
  }

  /** Whether a token is revoked; false for one that is not known. */
  async isRevoked(name: TokenName): Promise<boolean> {
    return (await this.get(name))?.undelivered !== undefined;
  }

  #terms(token: Token) {
    return { owner: this.#ownerOf(token), ttlSeconds: Math.max(1, token.exp - this.#now() + SKEW_SECONDS) };
  }
}
