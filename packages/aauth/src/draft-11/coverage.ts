/**
 * Components that a message covers (draft -11, section 11.3.3.1).
 *
 * @module
 */

import { fieldValue } from "../http-signatures/field.ts";
import type { MessageFacts } from "../profile/messages.ts";
import { isSessionAuthorization } from "./headers.ts";
import { FIELDS } from "./names.ts";

const BASE = ["@method", "@authority", "@path", FIELDS.signatureKey];
const BODY = [FIELDS.contentDigest, "content-type"];
const lists: readonly (readonly string[])[] = Array.from({ length: 4 }, (_, bits) =>
  Object.freeze([...BASE, ...(bits & 1 ? BODY : []), ...(bits & 2 ? ["authorization"] : [])]),
);

/**
 * Components that a message must cover. A body must be covered at every endpoint: the draft demands
 * it at servers and revocation endpoints, and our resources publish it in
 * `additional_signature_components`. So must a session token, and every published additional
 * component that the message has: a request without a body has no digest to cover.
 */
export const demandedCoverage = (facts: MessageFacts): readonly string[] =>
  coverageOf(facts, facts.target.includes("?")); // hole E1: coverageOf(facts, false)

/**
 * Components that a signer covers: the demanded ones, and an absent query, which other verifiers
 * may demand as `?`.
 */
export const signedCoverage = (facts: MessageFacts): readonly string[] => coverageOf(facts, true);

function coverageOf({ headers, hasBody, additional }: MessageFacts, withQuery: boolean): readonly string[] {
  const base = lists[(hasBody ? 1 : 0) | (hasSession(headers) ? 2 : 0)]!;
  if (additional === undefined || additional.length === 0) return base;
  const has = (name: string) => (name === "@query" ? withQuery : fieldValue(headers, name) !== undefined);
  const more = additional.filter((name) => !base.includes(name) && has(name));
  return more.length === 0 ? base : [...base, ...more];
}

/**
 * `Authorization: AAuth …`. A session token is invalid without a signature that covers it (section
 * 6.3).
 */
const hasSession = (headers: MessageFacts["headers"]): boolean =>
  isSessionAuthorization(fieldValue(headers, "authorization") ?? "");
