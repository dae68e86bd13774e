/**
 * Functions for the pages of both kinds of server (draft -11, sections 7.3 and 7.5).
 *
 * @module
 */

import { admitsCallback } from "../draft-11/callback.ts";
import { failed, Problem } from "./answers.ts";
import type { Server, ServerContext } from "./server-types.ts";
import type { PairWork } from "./token-pair.ts";

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
