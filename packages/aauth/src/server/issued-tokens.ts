/**
 * The tokens of a server until they expire. A revocation is part of the token's record, so it needs
 * no room and is never refused or dropped.
 *
 * @module
 */

import type { DocumentKind } from "../draft-11/names.ts";
import type { RecordStore } from "../store/record-store.ts";
import { Problem } from "./answers.ts";
import { type Table, tableOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** Time for which a record is kept after its token has expired. */
const SKEW_SECONDS = 60;

export interface TokenName {
  readonly iss: string;
  readonly jti: string;
}

/** A party that accepts a token: its role and identifier. */
export interface Recipient {
  readonly kind: DocumentKind;
  readonly recipient: string;
}

/** An outstanding delivery of a revocation. Plain data. */
export interface Delivery extends Recipient {
  /**
   * Failures of the last attempt, at the recipient and at the parties to which it passed the
   * revocation on. Empty before the first attempt.
   */
  readonly failed: readonly DownstreamResult[];
}

/** A token and its expiry, Unix seconds. Plain data. */
export interface ExpiringToken extends TokenName {
  readonly exp: number;
}

/** Members of every token's record. Plain data. */
export interface RevocableToken extends ExpiringToken {
  /** The presented token with which an auth token was requested. */
  readonly presented?: TokenName | undefined;
  /** Unset for a token that is not revoked. */
  readonly undelivered?: readonly Delivery[];
}

/** Tokens listed under a common name, and the owner of the list. Plain data. */
interface TokenList {
  readonly owner: string;
  readonly tokens: readonly ExpiringToken[];
}

/** Known parties that may still accept a revoked token. */
export const unconfirmedOf = ({ undelivered = [] }: RevocableToken): readonly DownstreamResult[] =>
  undelivered.flatMap(({ recipient, failed }) =>
    failed.length === 0 ? [{ recipient, error: "revocation_unavailable" as const }] : failed,
  );

export const tooManyTokens = (): Problem =>
  new Problem(429, "slow_down", "the agent has too many valid tokens", SKEW_SECONDS);

/**
 * Skips an unreadable record, so that tampering with one does not affect the revocation of others.
 */
function unlessUnreadable(error: unknown): undefined {
  if ((error as { readonly code?: unknown }).code !== "store_record_unreadable") throw error;
}

export class IssuedTokens<Token extends RevocableToken> {
  readonly #store: RecordStore<unknown>;
  readonly #tokens: Table<Token>;
  readonly #lists: Table<TokenList>;
  readonly #now: () => number;
  readonly #ownerOf: (token: Token) => string;

  /** @param ownerOf returns the owner to which a token is charged */
  constructor(store: RecordStore<unknown>, now: () => number, ownerOf: (token: Token) => string) {
    this.#store = store;
    this.#tokens = tableOf(store, "token");
    this.#lists = tableOf(store, "list");
    this.#now = now;
    this.#ownerOf = ownerOf;
  }

  async get({ iss, jti }: TokenName): Promise<Token | undefined> {
    return this.#tokens.get([iss, jti]);
  }

  /** Unexpired tokens of an owner, oldest first. */
  async list(owner: string): Promise<readonly Token[]> {
    const tokens = (await this.#store.list(owner)) as readonly Token[];
    return tokens.filter(({ exp }) => exp > this.#now());
  }

  /**
   * Records a token before it is issued.
   *
   * @param on tokens from which it derives; it is revoked with each of them
   * @param listOwner owner charged for the lists of tokens derived from those
   * @throws StoreFullError
   */
  async add(token: Token, on: readonly TokenName[], listOwner: string): Promise<void> {
    await this.#tokens.put([token.iss, token.jti], token, this.#terms(token));
    for (const { iss, jti } of on) await this.listUnder(["on", iss, jti], token, { owner: listOwner });
  }

  /** Unexpired tokens derived from another. */
  issuedOn({ iss, jti }: TokenName): Promise<readonly Token[]> {
    return this.listed(["on", iss, jti]);
  }

  async delete({ iss, jti }: TokenName): Promise<void> {
    await this.#tokens.delete([iss, jti]);
  }

  /** Replaces a token's record, if any, by the result of `change`. */
  async update({ iss, jti }: TokenName, change: (token: Token) => Token): Promise<Token | undefined> {
    return this.#tokens.update([iss, jti], (kept) => {
      const value = kept && change(kept);
      return value === kept || value === undefined ? undefined : { value, ...this.#terms(value) };
    });
  }

  /** Whether a token is revoked; false for an unknown one. */
  async isRevoked(name: TokenName): Promise<boolean> {
    return (await this.get(name))?.undelivered !== undefined;
  }

  /**
   * Lists a token under another name, such as its agent's. A list is charged to its first owner.
   *
   * @param options.max maximum unexpired tokens in the list. Default: no limit
   * @throws Problem 429 `slow_down` if the list is full
   */
  async listUnder(
    name: readonly string[],
    { iss, jti, exp }: ExpiringToken,
    { owner, max = Number.POSITIVE_INFINITY }: { readonly owner: string; readonly max?: number },
  ): Promise<void> {
    await this.#lists.update(name, (kept = { owner, tokens: [] }) => {
      const others = kept.tokens.filter((token) => token.exp > this.#now());
      if (others.some((token) => token.iss === iss && token.jti === jti)) return undefined;
      if (others.length >= max) throw tooManyTokens(); // hole S1b
      const tokens = [...others, { iss, jti, exp }];
      const ttlSeconds = this.ttlOf(Math.max(...tokens.map((token) => token.exp)));
      return { value: { owner: kept.owner, tokens }, owner: kept.owner, ttlSeconds };
    });
  }

  /** Unexpired tokens of a list, without unreadable records. */
  async listed(name: readonly string[]): Promise<readonly Token[]> {
    const { tokens = [] } = (await this.#lists.get(name)) ?? {};
    const found = await Promise.all(tokens.map((token) => this.get(token).catch(unlessUnreadable)));
    return found.filter((token) => token !== undefined).filter(({ exp }) => exp > this.#now());
  }

  /** Seconds for which a token's record is needed. */
  ttlOf(exp: number): number {
    return Math.max(1, exp - this.#now() + SKEW_SECONDS);
  }

  #terms(token: Token) {
    return { owner: this.#ownerOf(token), ttlSeconds: this.ttlOf(token.exp) };
  }
}
