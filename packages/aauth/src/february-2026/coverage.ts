/**
 * Components that a message covers (profile 2.1, 2.5).
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

/** Covers everything that a request has, including query, body and nonce, in signing order. */
export const fullCoverage = (facts: MessageFacts): readonly string[] =>
  listFor(facts.target.includes("?"), facts.hasBody, hasNonce(facts));

/** Components demanded of a peer that does not cover bodies. */
export const coverageWithoutBody = (facts: MessageFacts): readonly string[] =>
  listFor(facts.target.includes("?"), false, hasNonce(facts));

/**
 * Components that agents of the published demo can verify: neither body nor nonce, and no query for
 * a lone `?`.
 */
export const publishedCoverage = ({ target }: MessageFacts): readonly string[] => {
  const query = target.indexOf("?");
  return listFor(query !== -1 && query < target.length - 1, false, false);
};
