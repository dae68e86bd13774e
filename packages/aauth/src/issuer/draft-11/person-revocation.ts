/**
 * How a person server takes tokens back, with everything that came of them (draft -11, section 11.12.4).
 *
 * @module
 */

import type { DocumentKind } from "../../profiles/draft-11/names.ts";
import type { PersonRecords, TokenName, TokenRecord } from "./person-records.ts";
import type { Revocations } from "./revocations.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** @returns a function that revokes tokens, and answers once every party downstream has answered or failed */
export function createTokenRevoker(issuer: string, records: PersonRecords, revocations: Revocations) {
  return revokeAll;

  /** Everything that stands or falls with these tokens: what was had with them, what follows from them, and for an access server's token the person token. */
  async function closure(tokens: readonly TokenRecord[]): Promise<readonly TokenRecord[]> {
    const found = new Map<string, TokenRecord>();
    const queue = [...tokens];
    for (let token = queue.pop(); token !== undefined; token = queue.pop()) {
      const { iss, jti, person, presented } = token;
      const name = keyOf(iss, jti);
      if (found.has(name)) continue;
      found.set(name, token);
      const source = presented === undefined || iss === issuer ? undefined : await records.token(presented);
      if (source !== undefined) queue.push(source);
      const isFrom = (other: TokenName | undefined) => other?.iss === iss && other.jti === jti;
      const ofPerson = await records.tokensOf(person);
      queue.push(...ofPerson.filter((other) => isFrom(other.presented) || isFrom(other.upstream)));
    }
    return [...found.values()];
  }

  async function revokeAll(tokens: readonly TokenRecord[]): Promise<readonly DownstreamResult[]> {
    const all = await closure(tokens);
    // All of them are refused here before anybody else hears of it.
    await Promise.all(all.map(({ iss, jti, exp }) => revocations.record(iss, jti, exp)));
    const own = all.filter(({ iss }) => iss === issuer);
    const results = await Promise.all(
      own.map(({ jti, exp, resource, shownTo }) => {
        const recipients: (readonly [DocumentKind, string])[] = [
          ["resource", resource],
          ...shownTo.map((id) => ["access", id] as const),
        ];
        return revocations.sendOnce({ key: keyOf(issuer, jti), jti, exp }, recipients);
      }),
    );
    return results.flat();
  }
}
