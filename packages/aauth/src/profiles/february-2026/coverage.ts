import { AAuthError } from "../../errors.ts";
import { fieldValue } from "../../http-signatures/field.ts";
import { PROFILE } from "../../profile.ts";
import type { HeaderFields } from "../../types.ts";

/** What decides which components have to be signed. */
export interface CoverageFacts {
  /** The target has a `?`. */
  readonly hasQuery: boolean;
  readonly hasBody: boolean;
  /** There is a `Nonce` header. */
  readonly hasNonce: boolean;
}

const { signatureKey, contentDigest, nonce } = PROFILE.headers;

const lists: readonly (readonly string[])[] = Array.from({ length: 8 }, (_, bits) =>
  Object.freeze([
    "@method",
    "@authority",
    "@path",
    ...(bits & 1 ? ["@query"] : []),
    ...(bits & 2 ? ["content-type", contentDigest] : []),
    ...(bits & 4 ? [nonce] : []),
    signatureKey,
  ]),
);

/**
 * The components a request has to cover, in the order they are emitted (profile 2.1).
 *
 * @example
 * coveredComponents({ hasQuery: false, hasBody: false, hasNonce: false }); // @method @authority @path signature-key
 */
export function coveredComponents(facts: CoverageFacts): readonly string[] {
  return requiredList(facts.hasQuery, facts.hasBody, facts.hasNonce);
}

function requiredList(hasQuery: boolean, hasBody: boolean, hasNonce: boolean): readonly string[] {
  return lists[(hasQuery ? 1 : 0) | (hasBody ? 2 : 0) | (hasNonce ? 4 : 0)]!;
}

export interface CoverageOptions {
  /** `optional` lets a body go without `content-type` and `content-digest`, for peers of the Python demo. */
  readonly bodyCoverage?: "required" | "optional";
}

/**
 * Refuses a signature that leaves something open to change (profile 2.5). Order is free, more is welcome.
 *
 * @param components as parsed from `Signature-Input`
 * @param facts about the request as received: `coverageFacts`
 * @throws {AAuthError} `insufficient_coverage`, naming the component
 *
 * Does NOT compare the digest with the body: see `verifyBody`.
 */
export function requireCoverage(
  components: readonly string[],
  facts: CoverageFacts,
  options: CoverageOptions = {},
): void {
  const hasBody = facts.hasBody && options.bodyCoverage !== "optional";
  const required = requiredList(facts.hasQuery, hasBody, facts.hasNonce);
  // A frozen list is one that many callers send, and stays what it is.
  if (sufficient.get(components)?.has(required)) return;
  for (const name of required) {
    if (!components.includes(name)) {
      throw new AAuthError("insufficient_coverage", `the signature does not cover ${name}`);
    }
  }
  if (!Object.isFrozen(components)) return;
  const known = sufficient.get(components);
  if (known === undefined) sufficient.set(components, new Set([required]));
  else known.add(required);
}

/** For a list of components, the required lists that it has been found to cover. */
const sufficient = new WeakMap<readonly string[], Set<readonly string[]>>();

/**
 * The facts of a request whose body has not arrived: a body is announced by `Content-Length` or `Transfer-Encoding`.
 * A body nobody announced is caught by `verifyBody`.
 *
 * @param request target as on the request line; headers with lower-case names
 */
export function coverageFacts(request: {
  readonly target: string;
  readonly headers: HeaderFields;
}): CoverageFacts {
  const { target, headers } = request;
  const length = fieldValue(headers, "content-length");
  return {
    hasQuery: target.includes("?"),
    hasBody:
      (length !== undefined && length !== "0") || fieldValue(headers, "transfer-encoding") !== undefined,
    hasNonce: fieldValue(headers, nonce) !== undefined,
  };
}
