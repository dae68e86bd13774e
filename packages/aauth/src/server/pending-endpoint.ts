/**
 * Endpoints of deferred requests: begun at a token endpoint, then polled, answered and cancelled by
 * the same caller at their own URL (draft -11, sections 7.5.2 and 11.8).
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
 * Begins a request, which expires at the latest with the tokens it depends on.
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

/** Verifies a pair of tokens and replaces that of the request. */
export type UpdatedRequest = (call: Call, id: string, tokens: TokenPair) => Promise<Answer>;

/**
 * Methods of the URL of a request.
 *
 * @param claims handles a body without `action`. Default: such a body is refused
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
