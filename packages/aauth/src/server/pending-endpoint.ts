/**
 * Requests that are answered later: begun at a token endpoint, then polled, answered and cancelled
 * at a URL of their own, by who has begun them (draft -11, sections 7.5.2 and 11.8).
 *
 * @module
 */

import type { Answer } from "../profile/resource-rules.ts";
import { invalidRequest } from "./answers.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { NewRequest } from "./pending-types.ts";
import type { Call, Route } from "./server-frame.ts";
import type { ServerContext } from "./server-types.ts";
import { type PairWork, requiredPair, type TokenPair } from "./token-pair.ts";

/**
 * Begins a request; it waits no longer than the tokens live that it stands on.
 *
 * @throws Problem 429
 */
export function begin<Work extends Pick<PairWork, "notAfter">>(
  { pending, pendingSeconds, now }: ServerContext<Work>,
  call: Call,
  request: Omit<NewRequest<Work>, "holder" | "expiresAt">,
): Promise<Answer> {
  const expiresAt = Math.min(now() + pendingSeconds, request.work.notAfter);
  return pending.begin({ holder: call.owner, expiresAt, ...request }, call);
}

/** Verifies a pair of tokens, and puts it in the place of the request's. */
export type UpdatedRequest = (call: Call, id: string, tokens: TokenPair) => Promise<Answer>;

/**
 * Methods at the URL of a request.
 *
 * @param claims takes a body without action. Default: there is none
 * @throws (from each) Problem
 */
export const pendingMethods = <Work>(
  pending: PendingRequests<Work>,
  update: UpdatedRequest,
  claims?: (call: Call, id: string) => Promise<Answer>,
): Route["methods"] => ({
  GET: (call, id) => pending.poll(id, call.owner, call),
  async POST(call, id) {
    const { owner, members } = call;
    if (claims !== undefined && members.action === undefined) return claims(call, id);
    switch (members.action) {
      case "clarification_response":
        return pending.clarify(id, owner, members);
      case "updated_request":
        return update(call, id, requiredPair(members));
      default:
        throw invalidRequest("action must be clarification_response or updated_request");
    }
  },
  DELETE: ({ owner }, id) => pending.cancel(id, owner),
});
