/**
 * How a person server takes tokens back, with everything that came of them (draft -11, section 11.12.4).
 *
 * @module
 */

import type { DocumentKind } from "../draft-11/names.ts";
import type { Deliveries } from "./deliveries.ts";
import type { PersonRecords, TokenRecord } from "./person-records.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** Tokens by the name of each that they follow from: a person may have thousands. */
function bySource(tokens: readonly TokenRecord[]): ReadonlyMap<string, readonly TokenRecord[]> {
  const sources = new Map<string, TokenRecord[]>();
  for (const token of tokens) {
    for (const source of [token.presented, token.upstream]) {
      if (source === undefined) continue;
      const name = keyOf(source.iss, source.jti);
      const known = sources.get(name);
      if (known === undefined) sources.set(name, [token]);
      else known.push(token);
    }
  }
  return sources;
}

/** @returns a function that revokes tokens, and answers once every party downstream has answered or failed */
export function createTokenRevoker(
  issuer: string,
  records: PersonRecords,
  deliveries: Deliveries<TokenRecord>,
) {
  return revokeAll;

  /** Everything that stands or falls with these tokens: what was had with them, what follows from them, and for an access server's token the person token. */
  async function closure(tokens: readonly TokenRecord[]): Promise<readonly TokenRecord[]> {
    const found = new Map<string, TokenRecord>();
    const derived = new Map<string, ReadonlyMap<string, readonly TokenRecord[]>>();
    const queue = [...tokens];
    for (let token = queue.pop(); token !== undefined; token = queue.pop()) {
      const { iss, jti, person, presented } = token;
      const name = keyOf(iss, jti);
      if (found.has(name)) continue;
      found.set(name, token);
      const source =
        presented === undefined || iss === issuer ? undefined : await records.tokens.get(presented);
      if (source !== undefined) queue.push(source);
      const ofPerson = derived.get(person) ?? bySource(await records.tokensOf(person));
      derived.set(person, ofPerson);
      queue.push(...(ofPerson.get(name) ?? [])); // hole T36
    }
    return [...found.values()];
  }

  async function revokeAll(tokens: readonly TokenRecord[]): Promise<readonly DownstreamResult[]> {
    // All of them are refused here before any other party hears of it, also those that are issued
    // while this looks for them.
    let all: readonly TokenRecord[] = [];
    for (let known = -1; known < all.length; ) {
      known = all.length;
      all = await closure(tokens);
      await Promise.all(all.map((token) => deliveries.revoke(token, recipientsOf)));
    }
    const results = await Promise.all(all.map((token) => deliveries.deliver(token)));
    return results.flat();
  }

  /** An access server takes its own tokens back, with the person token that it was shown. */
  function recipientsOf({
    iss,
    resource,
    shownTo,
  }: TokenRecord): readonly (readonly [DocumentKind, string])[] {
    if (iss !== issuer) return [];
    return [["resource", resource], ...shownTo.map((id) => ["access", id] as const)];
  }
}
