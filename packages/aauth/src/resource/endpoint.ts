/**
 * Endpoints of a server as values: a framework's adapter hands over requests and sends the answers.
 *
 * @module
 */

import { AAuthVerificationError } from "../errors.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { ResourceProfile } from "../profile/wire-profile.ts";
import type { Jwks, Requirement } from "../types.ts";
import { plainRefusal } from "./challenge.ts";
import type { AddressedRequest } from "./types.ts";

/** A request with the body that came with it. */
export interface EndpointRequest extends AddressedRequest {
  /** The bytes as they came; undefined for none. */
  readonly body: Uint8Array | undefined;
}

/** An endpoint that verifies its requests itself. */
export interface Endpoint {
  readonly methods: readonly string[];
  /**
   * Path of the endpoint. One that ends with a slash stands for all that are one segment longer.
   */
  readonly path: string;
  /** Bytes that a body may have. */
  readonly maxBodyBytes: number;
  /**
   * The answer, also to requests that do not pass.
   *
   * @throws StoreFullError where a store has no room: answer 503
   */
  handle(request: EndpointRequest): Promise<Answer>;
}

/**
 * Verifiers cache keys for 300 s (profile 5.2); a shared cache must not keep them longer than that.
 */
const DOCUMENT_CACHE_CONTROL = "public, max-age=60";

/** Documents that a party publishes about itself. */
export interface WellKnownDocuments {
  /** By their name below `/.well-known/`: `aauth-resource.json`. Default: none. */
  readonly documents?: Readonly<Record<string, object>>;
  /**
   * Served at `/jwks.json`; called for each request, so that a rotated key shows at once. Default:
   * none.
   */
  readonly jwks?: () => Jwks;
}

/**
 * Creates the endpoints of documents, by exact path: unsigned, since their reader has no identity
 * here yet.
 */
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

/** `answer`, or the refusal that an error of the verifier in it stands for. */
export async function refusing(
  profile: ResourceProfile,
  requirement: Requirement,
  answer: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof AAuthVerificationError)) throw error;
    return plainRefusal(error, { requirement }, [profile]);
  }
}

/** The last segment of a request's path: what it names below an endpoint's. */
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
