/**
 * Endpoints of a server as values. A framework's adapter passes requests and sends the responses.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import { AAuthVerificationError } from "../errors.ts";
import type { Answer, GuardedRequest } from "../profile/resource-rules.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { Jwks, Requirement } from "../types.ts";
import { plainRefusal } from "./challenge.ts";
import type { AddressedRequest } from "./types.ts";

/** A request with its body. */
export interface EndpointRequest extends AddressedRequest {
  /** The received bytes; undefined for none. */
  readonly body: Uint8Array | undefined;
}

/** An endpoint that verifies its requests itself. */
export interface Endpoint {
  readonly methods: readonly string[];
  /** Path of the endpoint. A path with a final slash matches all paths with one more segment. */
  readonly path: string;
  /** Maximum bytes of a body. */
  readonly maxBodyBytes: number;
  /**
   * Answers a request, including refusals.
   *
   * @throws StoreFullError where a store has no room: answer 503
   */
  handle(request: EndpointRequest): Promise<Answer>;
  /**
   * For a framework that verifies callers itself: the requirement, and the answer to a caller that
   * meets it. Default: `handle` alone serves the endpoint.
   */
  readonly guarded?: {
    readonly requirement: Requirement<string>;
    answer(request: Omit<GuardedRequest, "resourceToken">): Awaitable<Answer>;
  };
}

/**
 * Shared caches must not keep keys longer than verifiers, which cache them for 300 s (profile 5.2).
 */
const DOCUMENT_CACHE_CONTROL = "public, max-age=60";

/** Documents that a party publishes about itself. */
export interface WellKnownDocuments {
  /** By their names below `/.well-known/`, such as `aauth-resource.json`. Default: none. */
  readonly documents?: Readonly<Record<string, object>>;
  /**
   * Served at `/jwks.json`. Called for each request, so that a rotated key appears at once.
   * Default: none.
   */
  readonly jwks?: () => Jwks;
}

/** Creates the endpoints of documents, by exact path. They need no signature. */
export function documentEndpoints({ documents = {}, jwks }: WellKnownDocuments): readonly Endpoint[] {
  return [
    ...Object.entries(documents).map(([name, document]) =>
      documentEndpoint(`/.well-known/${name}`, () => document),
    ),
    ...(jwks === undefined ? [] : [documentEndpoint("/jwks.json", jwks)]),
  ];
}

const documentEndpoint = (path: string, document: () => object): Endpoint => ({
  methods: ["GET", "HEAD"],
  path,
  maxBodyBytes: 0,
  handle: async () => ({
    status: 200,
    headers: {
      "content-type": "application/json; charset=utf-8",
      "cache-control": DOCUMENT_CACHE_CONTROL,
    },
    body: JSON.stringify(document()),
  }),
});

/** Runs `answer`, and converts an error of the verifier into a refusal. */
export async function refusing(
  profile: ResourceProfile,
  requirement: Requirement,
  answer: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    return plainRefusal(error, requirement, [profile]);
  }
}

/** The last segment of a request's path. */
export const lastSegment = (target: string): string => target.split("?", 1)[0]!.split("/").at(-1)!;

/** The members of a JSON object; undefined for any other body. */
export function membersOf(body: Uint8Array | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
