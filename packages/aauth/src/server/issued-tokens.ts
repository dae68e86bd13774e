/**
 * The tokens of a server until they expire. A token's revocation is part of its record: it needs no
 * room of its own, so it is never refused or dropped.
 *
 * @module
 */

import type { DocumentKind } from "../draft-11/names.ts";
import type { RecordStore } from "../store/record-store.ts";
import { Problem } from "./answers.ts";
import { type Table, tableOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** Kept for so long after a token's end. */
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

/** A party that a revocation has to reach, and has not. Plain data. */
export interface Delivery extends Recipient {
  /**
   * Outcome of the last attempt: there, and where the recipient has passed it on. Empty before the
   * first one.
   */
  readonly failed: readonly DownstreamResult[];
}

/** A token and its end, Unix seconds. Plain data. */
export interface ExpiringToken extends TokenName {
  readonly exp: number;
}

/** Members of every token's record. Plain data. */
export interface RevocableToken extends ExpiringToken {
  /** The token that an auth token was had with. */
  readonly presented?: TokenName | undefined;
  /** Unset for a token that is not revoked. */
  readonly undelivered?: readonly Delivery[];
}

/** Tokens that have a further name in common, and the owner of the list. Plain data. */
interface TokenList {
  readonly owner: string;
  readonly tokens: readonly ExpiringToken[];
}

/** Parties where a revoked token may still be accepted, as far as is known. */
export const unconfirmedOf = ({ undelivered = [] }: RevocableToken): readonly DownstreamResult[] =>
  undelivered.flatMap(({ recipient, failed }) =>
    failed.length === 0 ? [{ recipient, error: "revocation_unavailable" as const }] : failed,
  );

export const tooManyTokens = (): Problem =>
  new Problem(429, "slow_down", "too many tokens are valid at the same time", SKEW_SECONDS);

/** One record that was tampered with hides no other token, and keeps none from being revoked. */
function unlessUnreadable(error: unknown): undefined {
  if ((error as { readonly code?: unknown }).code !== "store_record_unreadable") throw error;
}

export class IssuedTokens<Token extends RevocableToken> {
  readonly #store: RecordStore<unknown>;
  readonly #tokens: Table<Token>;
  readonly #lists: Table<TokenList>;
  readonly #now: () => number;
  readonly #ownerOf: (token: Token) => string;

  /** @param ownerOf owner that a token is charged to, and listed by */
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

  /** Tokens of an owner that have not expired, oldest first. */
  async list(owner: string): Promise<readonly Token[]> {
    const tokens = (await this.#store.list(owner)) as readonly Token[];
    return tokens.filter(({ exp }) => exp > this.#now());
  }

  /**
   * Keeps a token that is about to be given out.
   *
   * @param on tokens that it follows from: it is revoked with each of them
   * @param listOwner charged for the lists of what follows from those
   * @throws StoreFullError
   */
  async add(token: Token, on: readonly TokenName[], listOwner: string): Promise<void> {
    await this.#tokens.put([token.iss, token.jti], token, this.#terms(token));
    for (const { iss, jti } of on) await this.listUnder(["on", iss, jti], token, { owner: listOwner });
  }

  /** Tokens that follow from another, and have not expired. */
  issuedOn({ iss, jti }: TokenName): Promise<readonly Token[]> {
    return this.listed(["on", iss, jti]);
  }

  async delete({ iss, jti }: TokenName): Promise<void> {
    await this.#tokens.delete([iss, jti]);
  }

  /** Replaces a token's record, where there is one, by what `change` makes of it. */
  async update({ iss, jti }: TokenName, change: (token: Token) => Token): Promise<Token | undefined> {
    return this.#tokens.update([iss, jti], (kept) => {
      const value = kept && change(kept);
      return value === kept || value === undefined ? undefined : { value, ...this.#terms(value) };
    });
  }

  /** Whether a token is revoked; false for one that is not known. */
  async isRevoked(name: TokenName): Promise<boolean> {
    return (await this.get(name))?.undelivered !== undefined;
  }

  /**
   * Lists a token under a further name, such as its agent's. A list has no owner's quota of tokens,
   * and is charged to the owner that it begins with.
   *
   * @param options.max tokens in the list that have not expired. Default: as many as there are
   * @throws Problem 429 `slow_down` for one too many
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

  /** Tokens of a list that have not expired, but for records that cannot be read. */
  async listed(name: readonly string[]): Promise<readonly Token[]> {
    const { tokens = [] } = (await this.#lists.get(name)) ?? {};
    const found = await Promise.all(tokens.map((token) => this.get(token).catch(unlessUnreadable)));
    return found.filter((token) => token !== undefined).filter(({ exp }) => exp > this.#now());
  }

  /** Seconds until nothing depends on a token any more. */
  ttlOf(exp: number): number {
    return Math.max(1, exp - this.#now() + SKEW_SECONDS);
  }

  #terms(token: Token) {
    return { owner: this.#ownerOf(token), ttlSeconds: this.ttlOf(token.exp) };
  }
}
