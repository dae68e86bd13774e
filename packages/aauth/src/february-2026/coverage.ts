/**
 * Which components a message covers (profile 2.1, 2.5).
 *
 * @module
 */

import { fieldValue } from "../http-signatures/field.ts";
import type { MessageFacts } from "../profile/messages.ts";
import { FIELDS } from "./names.ts";

const lists: readonly (readonly string[])[] = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze([
    "@method",
    "@authority",
    "@path",
    ...(bits & 1 ? ["@query"] : []),
    ...(bits & 2 ? ["content-type", FIELDS.contentDigest] : []),
    ...(bits & 4 ? [FIELDS.nonce] : []),
    FIELDS.signatureKey,
  ]),
);

const listFor = (hasQuery: boolean, hasBody: boolean, hasNonce: boolean): readonly string[] =>
  lists[(hasQuery ? 1 : 0) | (hasBody ? 2 : 0) | (hasNonce ? 4 : 0)]!;

const hasNonce = ({ headers }: MessageFacts) => fieldValue(headers, FIELDS.nonce) !== undefined;

/**
 * Everything a request has is covered, a query, a body and a nonce included. The order is that in
 * which they are sent.
 */
export const fullCoverage = (facts: MessageFacts): readonly string[] =>
  listFor(facts.target.includes("?"), facts.hasBody, hasNonce(facts));

/** What is demanded of a peer that covers no body. */
export const coverageWithoutBody = (facts: MessageFacts): readonly string[] =>
  listFor(facts.target.includes("?"), false, hasNonce(facts));

/**
 * What agents of the published demo can verify: neither body nor nonce, and a bare `?` is no query.
 */
export const publishedCoverage = ({ target }: MessageFacts): readonly string[] => {
  const query = target.indexOf("?");
  return listFor(query !== -1 && query < target.length - 1, false, false);
};
