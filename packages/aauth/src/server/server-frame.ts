/**
 * HTTP frame of a person server and an access server: callers of each endpoint, bodies, errors.
 *
 * @module
 */

import { MissingRequestError, type Waiting } from "../deferred/deferred-requests.ts";
import { FIELDS, LEVELS } from "../draft-11/names.ts";
import { problemAnswer } from "../draft-11/problem.ts";
import { draft11 } from "../draft-11/profile.ts";
import { parseSignatureInput } from "../draft-11/signature-key.ts";
import { AAuthVerificationError } from "../errors.ts";
import { fieldValue } from "../http-signatures/field.ts";
import type { EndpointRole } from "../profile/messages.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { RevocationCheck } from "../profile/verification.ts";
import { membersOf } from "../resource/endpoint.ts";
import { createVerifier } from "../resource/verify-request.ts";
import type { ClaimStore } from "../store/claim-store.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { ProvenCaller } from "../types.ts";
import { failed, invalidRequest, Problem, refusal } from "./answers.ts";
import type { ServerParts } from "./server-types.ts";
import type { ServerRequest } from "./types.ts";

const MAX_BODY_BYTES = 65_536;
const MAX_DOCUMENT_AGE_SECONDS = 300;
/** `Retry-After` if a store is full. */
const RETRY_SECONDS = 60;

export const AGENT_CALLER = { level: LEVELS[0] } as const;
export const SERVER_CALLER = { level: LEVELS[3] } as const;

type Members = Readonly<Record<string, unknown>>;

/** A verified request. */
export interface Call extends Waiting {
  readonly caller: ProvenCaller;
  /** Proven caller: the identifier of a server, or the provider and identifier of an agent. */
  readonly owner: string;
  /** The token in `Signature-Key`; undefined for a server. Compact JWS. */
  readonly token: string | undefined;
  /** Members of the body; empty without a body. */
  readonly members: Members;
  readonly request: ServerRequest;
}

export interface Route {
  readonly methods: Readonly<Record<string, (call: Call, name: string) => Promise<Answer>>>;
  readonly role: EndpointRole;
  readonly level: typeof AGENT_CALLER | typeof SERVER_CALLER;
  /** Allowed callers. Others are refused before anything is fetched for them. Default: any. */
  readonly from?: TrustPolicy | undefined;
}

export interface FrameOptions extends Pick<ServerParts, "issuer" | "discovery" | "now" | "observe"> {
  readonly isRevoked: RevocationCheck;
  readonly replayStore: ClaimStore;
  /** By path. */
  readonly documents: Readonly<Record<string, () => object>>;
  /** By path. A path with a final slash matches all paths below it. */
  readonly routes: Readonly<Record<string, Route>>;
}

/**
 * Creates the handler of all documents and endpoints.
 *
 * @returns a function that returns undefined for any other path
 */
export function createFrame(options: FrameOptions): (request: ServerRequest) => Promise<Answer | undefined> {
  const { issuer, discovery, isRevoked, replayStore, now, observe, documents, routes } = options;
  const authorities = [new URL(issuer).host];
  const found = Object.entries(routes).map(([path, route]) => {
    const own = { profile: draft11, authorities, discovery, isRevoked, replayStore, now };
    const verifier = createVerifier({ ...own, endpoint: route.role, agentProviders: route.from });
    return { path, route, verifier };
  });

  return async (request) => {
    const [path = ""] = request.target.split("?", 1);
    if (Object.hasOwn(documents, path)) return document(request, documents[path]!());
    const match = found.find((own) =>
      own.path.endsWith("/") ? path.startsWith(own.path) && path.length > own.path.length : path === own.path,
    );
    if (match === undefined) return undefined;
    const { route, verifier } = match;
    const handler = Object.hasOwn(route.methods, request.method) ? route.methods[request.method] : undefined;
    if (handler === undefined) return notAllowed(Object.keys(route.methods));
    try {
      if ((request.body?.byteLength ?? 0) > MAX_BODY_BYTES) {
        throw new Problem(413, "invalid_request", `the body exceeds ${MAX_BODY_BYTES} bytes`);
      }
      const { method, target, headers, body } = request;
      const verified = await verifier.verifyRequest({ method, target, headers, body }, route.level);
      const { caller } = verified;
      observe({ type: "request_verified", verified, requirement: route.level }, request);
      const owner = caller.server ?? `${String(caller.identityToken?.iss)} ${String(caller.agent)}`;
      const said = { token: tokenIn(request), members: readBody(request), waitSeconds: waitOf(request) };
      const call = { caller, owner, request, ...said, signal: request.signal };
      return await handler(call, path.slice(match.path.length));
    } catch (error) {
      if (error instanceof AAuthVerificationError) {
        const challenge = refusalOf(error, route);
        observe({ type: "request_refused", error, requirement: route.level, challenge }, request);
        return challenge;
      }
      if (error instanceof Problem) return failed(error);
      if (error instanceof MissingRequestError)
        return error.isEnded
          ? problemAnswer(410, "gone", error.message)
          : problemAnswer(404, "not_found", error.message);
      if (error instanceof StoreFullError) {
        const retry = { "retry-after": String(RETRY_SECONDS) };
        return problemAnswer(503, "server_error", "the store is full; try again later", retry);
      }
      observe({ type: "unexpected_error", error }, request);
      return problemAnswer(500, "server_error", "the request could not be served");
    }
  };
}

function refusalOf(error: AAuthVerificationError, { role, level }: Route): Answer {
  // A sub-agent has signed. Its token is valid, but it may not call this endpoint (section 10.2.2).
  if (error.code === "token_agent_mismatch") return problemAnswer(400, "invalid_request", error.message);
  if (error.code === "untrusted_agent" && role === "revocation") {
    return problemAnswer(403, "unsupported_iss", "tokens of this issuer are not accepted here");
  }
  return refusal(error, level);
}

function document({ method }: ServerRequest, content: object): Answer {
  if (method !== "GET" && method !== "HEAD") return notAllowed(["GET"]);
  const headers = {
    "content-type": "application/json",
    "cache-control": `max-age=${MAX_DOCUMENT_AGE_SECONDS}`,
  };
  return { status: 200, headers, body: JSON.stringify(content) };
}

const notAllowed = (methods: readonly string[]): Answer =>
  problemAnswer(405, "invalid_request", "the method is not allowed", { allow: methods.join(", ") });

/** The token of a verified request, whose fields are valid. */
function tokenIn({ headers }: ServerRequest): string | undefined {
  const field = (name: string) => fieldValue(headers, name) ?? "";
  const { label } = parseSignatureInput(field(FIELDS.signatureInput));
  return draft11.messages.parseKeyClaim(field(FIELDS.signatureKey), label).jwt;
}

function readBody({ body, headers }: ServerRequest): Members {
  if (body === undefined || body.byteLength === 0) return {};
  const type = String(headers["content-type"] ?? "");
  const members = /^application\/json\s*(?:;|$)/i.test(type) ? membersOf(body) : undefined;
  if (members === undefined) throw invalidRequest("the body must be a JSON object, of type application/json");
  return members;
}

/** `wait` of `Prefer` (RFC 7240). Unknown preferences are ignored. */
function waitOf({ headers }: ServerRequest): number | undefined {
  const value = [headers.prefer ?? ""].flat().join(",");
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:[,;]|$)/i.exec(value)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}
