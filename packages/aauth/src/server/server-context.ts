/**
 * Context of the endpoints of a person server or an access server, and the functions for the pages
 * of both (draft -11, sections 7.3 and 7.5).
 *
 * @module
 */

import { admitsCallback } from "../draft-11/callback.ts";
import { failed, Problem } from "./answers.ts";
import type { TokenName } from "./issued-tokens.ts";
import type { ServerRequests } from "./server-requests.ts";
import type { Server, ServerParts } from "./server-types.ts";
import type { PairWork } from "./token-pair.ts";

/**
 * Context of the endpoints of a server.
 *
 * @typeParam Work data for executing a deferred request
 */
export interface ServerContext<Work extends PairWork = PairWork> extends ServerParts {
  /** Whether a token is revoked, by its issuer or by this server. */
  readonly isRevoked: (token: TokenName) => Promise<boolean>;
  readonly pending: ServerRequests<Work>;
}

/** Functions that the pages of both servers use. */
export function commonPages<Work extends PairWork>({
  pending,
  issuer,
  discovery,
}: ServerContext<Work>): Omit<Server<object>, "handle" | "metadata"> {
  return {
    open: (...interaction) => pending.open(...interaction),
    find: (reference) => pending.get(reference),
    waiting: (decider) => pending.list(decider),
    abandon: (reference) =>
      pending.change(reference, (record) =>
        pending.finish(
          record,
          failed(new Problem(403, "abandoned", "the person left the page without a decision")),
        ),
      ),
    ask: (reference, clarification) =>
      pending.change(reference, (record) => pending.ask(record, clarification, "page")),
    answered: (reference, waitSeconds) => pending.answered(reference, waitSeconds),
    mayReturnTo: ({ iss: provider }, callback) =>
      admitsCallback(callback, { provider, personServer: issuer }, discovery),
  };
}
