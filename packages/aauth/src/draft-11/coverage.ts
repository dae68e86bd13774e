/**
 * Which components a message covers (draft -11, section 11.3.3.1).
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
 * Components that a message has to cover. A body is covered at every kind of endpoint: servers and
 * revocation endpoints demand it by the text, and our resources publish it as
 * `additional_signature_components`. So is a session token, and every component that is published
 * in addition and that the message has: of a request without a body, no signer can cover the
 * digest.
 */
export const demandedCoverage = (facts: MessageFacts): readonly string[] =>
  coverageOf(facts, facts.target.includes("?")); // hole E1

/**
 * Components that a signer covers: those demanded, and an absent query, which others may demand as
 * `?`.
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
 * `Authorization: AAuth …`. A session token counts for nothing without the signature that covers it
 * (section 6.3).
 */
const hasSession = (headers: MessageFacts["headers"]): boolean =>
  isSessionAuthorization(fieldValue(headers, "authorization") ?? "");
