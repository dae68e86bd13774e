/**
 * Delivery of revocations to the parties that accept a server's tokens (draft -11, sections 11.12.3
 * and 11.12.4), retried until each party confirms or the token expires.
 *
 * @module
 */

import type { Delivery, IssuedTokens, Recipient, RevocableToken, TokenName } from "./issued-tokens.ts";
import { revokeAt } from "./send-revocation.ts";
import type { ServerParts } from "./server-types.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

type RevocationParts = Pick<ServerParts, "issuer" | "discovery" | "call" | "now" | "report">;

const FIRST_REPEAT_SECONDS = 2;
const MAX_REPEAT_SECONDS = 300;

/** Unconfirmed revocations of one recipient, in the order of the next attempts. */
interface Backlog {
  readonly tokens: Map<string, TokenName>;
  delaySeconds: number;
}

const isUnavailable = ({ error }: DownstreamResult) => error === "revocation_unavailable";

export class Deliveries<Token extends RevocableToken> {
  readonly #parts: RevocationParts;
  readonly #tokens: IssuedTokens<Token>;
  readonly #recipientsOf: (token: Token) => readonly Recipient[];
  /** Running attempts of this process, which callers share. */
  readonly #running = new Map<string, Promise<readonly DownstreamResult[]>>();
  readonly #backlogs = new Map<string, Backlog>();

  /** @param recipientsOf returns the parties that accept a token */
  constructor(
    parts: RevocationParts,
    tokens: IssuedTokens<Token>,
    recipientsOf: (token: Token) => readonly Recipient[],
  ) {
    this.#parts = parts;
    this.#tokens = tokens;
    this.#recipientsOf = recipientsOf;
  }

  /**
   * Revokes tokens and all tokens that depend on them.
   *
   * @returns the results after all downstream parties have responded or failed; empty if all had
   * already confirmed
   */
  async revoke(tokens: readonly TokenName[]): Promise<readonly DownstreamResult[]> {
    // All are refused here before any other party is notified, including those issued during this
    // search.
    let all: readonly Token[] = [];
    for (let known = -1; known < all.length; ) {
      known = all.length;
      all = await this.#closure(tokens);
      await Promise.all(all.map((token) => this.#refuse(token)));
    }
    const results = await Promise.all(all.map((token) => this.#deliver(token)));
    return results.flat();
  }

  /**
   * These tokens, all tokens derived from them, and the presented tokens of those from other
   * issuers.
   */
  async #closure(tokens: readonly TokenName[]): Promise<readonly Token[]> {
    const found = new Map<string, Token>();
    const queue = [...tokens];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      const key = keyOf(name.iss, name.jti);
      const token = found.has(key) ? undefined : await this.#tokens.get(name);
      if (token === undefined) continue;
      found.set(key, token);
      if (token.presented !== undefined && token.iss !== this.#parts.issuer) queue.push(token.presented);
      queue.push(...(await this.#tokens.issuedOn(token))); // hole T36
    }
    return [...found.values()];
  }

  /** Marks a token as revoked. Its recipients are those in its record at this time. */
  async #refuse(name: TokenName): Promise<void> {
    await this.#tokens.update(name, (token) =>
      token.undelivered === undefined
        ? { ...token, undelivered: this.#recipientsOf(token).map((party) => ({ ...party, failed: [] })) }
        : token,
    );
  }

  /** Sends a token's revocation to all parties that have not confirmed it. */
  async #deliver(name: TokenName): Promise<readonly DownstreamResult[]> {
    const token = await this.#tokens.get(name);
    if (token?.undelivered === undefined) return [];
    return (await Promise.all(token.undelivered.map((delivery) => this.#attempt(token, delivery)))).flat();
  }

  /** Retries failed deliveries, including those of other processes and from before a restart. */
  resume(tokens: readonly Token[]): void {
    for (const token of tokens) {
      for (const { recipient, failed } of token.undelivered ?? []) {
        // There are no failures if a process ended before its first attempt.
        if (failed.length === 0 || failed.some(isUnavailable)) this.#repeat(recipient, token);
      }
    }
  }

  #attempt(token: Token, delivery: Delivery): Promise<readonly DownstreamResult[]> {
    const key = keyOf(delivery.kind, delivery.recipient, token.iss, token.jti);
    const running =
      this.#running.get(key) ?? this.#try(token, delivery).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }

  async #try(token: Token, { kind, recipient }: Delivery): Promise<readonly DownstreamResult[]> {
    const results = await revokeAt({ kind, recipient }, token, this.#parts);
    const failed = results.filter(({ error }) => error !== undefined);
    await this.#tokens.update(token, (kept) => {
      const { undelivered = [] } = kept;
      const others = undelivered.filter((one) => one.kind !== kind || one.recipient !== recipient);
      const ours = failed.length === 0 ? [] : [{ kind, recipient, failed }];
      return { ...kept, undelivered: [...others, ...ours] };
    });
    if (failed.some(isUnavailable)) this.#repeat(recipient, token); // hole S7b
    return results;
  }

  #repeat(recipient: string, { iss, jti }: TokenName): void {
    const known = this.#backlogs.get(recipient);
    const backlog = known ?? { tokens: new Map<string, TokenName>(), delaySeconds: FIRST_REPEAT_SECONDS };
    backlog.tokens.set(keyOf(iss, jti), { iss, jti });
    if (known !== undefined) return;
    this.#backlogs.set(recipient, backlog);
    this.#schedule(recipient, backlog);
  }

  #schedule(recipient: string, backlog: Backlog): void {
    const timer = setTimeout(() => {
      this.#repeatAll(recipient, backlog).catch(this.#parts.report);
    }, backlog.delaySeconds * 1000);
    // The timer must not keep the process alive. In browsers, timers are numbers.
    (timer as { unref?: () => void }).unref?.();
  }

  /**
   * Retries one after another up to the first failure, so that an unavailable recipient costs one
   * request per interval.
   */
  async #repeatAll(recipient: string, backlog: Backlog): Promise<void> {
    try {
      // Those that are added meanwhile wait for the next round.
      const round = [...backlog.tokens];
      for (const [key, name] of round) {
        const token = await this.#tokens.get(name);
        const isOver = token === undefined || token.exp <= this.#parts.now();
        const waiting = (token?.undelivered ?? []).filter((one) => one.recipient === recipient);
        const attempts = isOver ? [] : waiting.map((delivery) => this.#attempt(token, delivery));
        const results = (await Promise.all(attempts)).flat();
        backlog.tokens.delete(key);
        if (results.some(isUnavailable)) {
          // Moved to the end, so that it does not block the others.
          backlog.tokens.set(key, name);
          break;
        }
        backlog.delaySeconds = FIRST_REPEAT_SECONDS;
      }
    } finally {
      if (backlog.tokens.size === 0) {
        this.#backlogs.delete(recipient);
      } else {
        backlog.delaySeconds = Math.min(backlog.delaySeconds * 2, MAX_REPEAT_SECONDS);
        this.#schedule(recipient, backlog);
      }
    }
  }
}
