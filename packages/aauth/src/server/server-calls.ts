/**
 * Requests that a server sends in its own name (draft -11, section 11.3.2).
 *
 * @module
 */

import { createGuardedTransport } from "#http";
import { type AgentObserver, cutSignatureBase, ignoreEvents } from "../agent/events.ts";
import { createSigner } from "../agent/signer.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import type { Transport } from "../discovery/transport.ts";
import { DOCUMENTS, type DocumentKind } from "../draft-11/names.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { EndpointRole } from "../profile/messages.ts";
import { membersOf } from "../resource/endpoint.ts";
import type { SigningKey } from "../types.ts";

const TIMEOUT_MS = 10_000;
const MAX_BODY_BYTES = 65_536;

export interface ServerCall {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly endpoint: EndpointRole;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** Answer of the other server. */
export interface ServerReply {
  readonly status: number;
  field(name: string): string | null;
  /**
   * `Location`, absolute; undefined where there is none, or one at another origin than was asked.
   */
  readonly location: string | undefined;
  readonly isEmpty: boolean;
  /** The parsed body; undefined when it is not a JSON object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

/** @throws what the transport throws, and a `TimeoutError` after ten seconds */
export type CallServer = (call: ServerCall) => Promise<ServerReply>;

export function createServerCalls(options: {
  readonly issuer: string;
  readonly kind: DocumentKind;
  readonly key: () => SigningKey;
  readonly transport: Transport | undefined;
  readonly now: () => number;
  readonly observe?: AgentObserver | undefined;
}): CallServer {
  const { issuer, kind, key, transport = createGuardedTransport({ development: false }), now } = options;
  const { observe = ignoreEvents } = options;
  const signatureKey = { scheme: "jwks_uri", id: issuer, document: DOCUMENTS[kind] } as const;
  const sign = createSigner(draft11);
  return async ({ method, url, endpoint, body }) => {
    const bytes = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
    const headers = {
      accept: "application/json, application/problem+json",
      ...(bytes !== undefined && { "content-type": "application/json" }),
    };
    const request = { method, url, headers, body: bytes };
    const signer = key();
    const signed = await sign(request, { key: signer, signatureKey, endpoint, now });
    observe({
      type: "request_signed",
      profile: draft11.name,
      purpose: endpoint === "revocation" ? "resource" : "token",
      url,
      method,
      scheme: signatureKey.scheme,
      coveredComponents: signed.coveredComponents,
      signatureBase: cutSignatureBase(signed.signatureBase),
      created: signed.created,
      kid: signer.kid,
      thumbprint: signer.thumbprint,
      attempt: 1,
    });
    const response = await transport(url, {
      method,
      headers: { ...headers, ...signed.headers },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(bytes !== undefined && { body: bytes }),
    });
    const received = await readAtMost(response.body, MAX_BODY_BYTES);
    const named = response.headers.get("location");
    const location = named === null ? null : URL.parse(named, url);
    return {
      status: response.status,
      field: (name) => response.headers.get(name),
      location: location?.origin === new URL(url).origin ? location.href : undefined, // hole T34a
      isEmpty: received.byteLength === 0,
      members: membersOf(received),
    };
  };
}
