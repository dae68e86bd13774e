/**
 * How a person server takes tokens back, with everything that came of them (draft -11, section 11.12.4).
 *
 * @module
 */

import { failed, type Outcome, Problem, succeeded } from "./answers.ts";
import { Deliveries } from "./deliveries.ts";
import type { PersonRecords, TokenRecord } from "./person-records.ts";
import type { ServerParts } from "./server-types.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** Tokens by the name of each that they follow from: a person may have thousands. */
const bySource = (tokens: readonly TokenRecord[]) =>
  Map.groupBy(
    tokens.flatMap((token) => [token.presented, token.upstream].map((source) => ({ token, source }))),
    ({ source }) => source && keyOf(source.iss, source.jti),
  );

/** Revokes tokens of a person server, with all that stands or falls with them. */
export class TokenRevoker {
  readonly #issuer: string;
  readonly #records: PersonRecords;
  readonly #deliveries: Deliveries<TokenRecord>;

  constructor(parts: ServerParts, records: PersonRecords) {
    this.#issuer = parts.issuer;
    this.#records = records;
    this.#deliveries = new Deliveries(parts, records.tokens, ({ iss, resource, shownTo }) =>
      // An access server takes its own tokens back, with the person token that it was shown.
      iss !== parts.issuer
        ? []
        : [
            { kind: "resource", recipient: resource },
            ...shownTo.map((recipient) => ({ kind: "access", recipient }) as const),
          ],
    );
  }

  /** @returns once every party downstream has answered or failed */
  async revoke(tokens: readonly TokenRecord[]): Promise<readonly DownstreamResult[]> {
    // All of them are refused here before any other party hears of it, also those that are issued
    // while this looks for them.
    let all: readonly TokenRecord[] = [];
    for (let known = -1; known < all.length; ) {
      known = all.length;
      all = await this.#closure(tokens);
      await Promise.all(all.map((token) => this.#deliveries.revoke(token)));
    }
    const results = await Promise.all(all.map((token) => this.#deliveries.deliver(token)));
    return results.flat();
  }

  /** Repeats revocations that have not been confirmed. */
  resume(tokens: readonly TokenRecord[]): void {
    this.#deliveries.resume(tokens);
  }

  /** Everything that stands or falls with these tokens: what was had with them, what follows from them, and for an access server's token the person token. */
  async #closure(tokens: readonly TokenRecord[]): Promise<readonly TokenRecord[]> {
    const found = new Map<string, TokenRecord>();
    const derived = new Map<string, ReturnType<typeof bySource>>();
    const queue = [...tokens];
    for (let token = queue.pop(); token !== undefined; token = queue.pop()) {
      const { iss, jti, person, presented } = token;
      const name = keyOf(iss, jti);
      if (found.has(name)) continue;
      found.set(name, token);
      const source =
        presented === undefined || iss === this.#issuer
          ? undefined
          : await this.#records.tokens.get(presented);
      if (source !== undefined) queue.push(source);
      const ofPerson = derived.get(person) ?? bySource(await this.#records.tokensOf(person));
      derived.set(person, ofPerson);
      queue.push(...(ofPerson.get(name) ?? []).map((one) => one.token)); // hole T36
    }
    return [...found.values()];
  }
}

/**
 * The outcome of a cascade for the issuer of the token that it began with, which does not learn at
 * which parties its agent has been: that it has reached them all, or not yet (section 11.12.3).
 */
export function cascadeOutcome(results: readonly DownstreamResult[]): Outcome {
  if (!results.some(({ error }) => error === "revocation_unavailable")) return succeeded(undefined);
  const why = "it is recorded, and sent again to a party that has not confirmed it";
  return failed(new Problem(500, "server_error", why));
}
