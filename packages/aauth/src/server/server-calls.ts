/**
 * Requests that a server sends in its own name (draft -11, section 11.3.2).
 *
 * @module
 */

import { createGuardedTransport } from "#http";
import { ignoreEvents } from "../agent/events.ts";
import { createSender } from "../agent/sender.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { retryAfterOf } from "../discovery/fresh-seconds.ts";
import { readAtMost } from "../discovery/read-at-most.ts";
import { mappedTransport, type Transport } from "../discovery/transport.ts";
import { DOCUMENTS, type DocumentKind } from "../draft-11/names.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { Observer } from "../profile/events.ts";
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

/** Response of the other server. */
export interface ServerReply {
  readonly status: number;
  /** As in `ResponseHead`. */
  field(name: string): string | null;
  /** Absolute `Location`; undefined if absent or at another origin. */
  readonly location: string | undefined;
  readonly isEmpty: boolean;
  /** The parsed body; undefined unless it is a JSON object. */
  readonly members: Readonly<Record<string, unknown>> | undefined;
}

/** @throws errors of the transport, and a `TimeoutError` after ten seconds */
export type CallServer = (call: ServerCall) => Promise<ServerReply>;

export function createServerCalls(options: {
  readonly issuer: string;
  readonly kind: DocumentKind;
  readonly key: () => SigningKey;
  readonly discovery: Pick<Discovery, "addresses">;
  readonly transport: Transport | undefined;
  readonly now: () => number;
  readonly observe?: Observer<never>;
}): CallServer {
  const { issuer, kind, key, now, observe = ignoreEvents } = options;
  const { addresses } = options.discovery;
  const { transport = mappedTransport(addresses, createGuardedTransport({ development: false })) } = options;
  const signatureKey = { scheme: "jwks_uri", id: issuer, document: DOCUMENTS[kind] } as const;
  const send = createSender({ profile: draft11, transport, addresses, now });
  return async ({ method, url, endpoint, body: members }) => {
    const body = members && new TextEncoder().encode(JSON.stringify(members));
    const headers = {
      accept: "application/json, application/problem+json",
      ...(body !== undefined && { "content-type": "application/json" }),
    };
    const signals = [AbortSignal.timeout(TIMEOUT_MS)];
    const purpose = endpoint === "revocation" ? "resource" : "token";
    const response = await send(
      { method, url, headers, body, signals },
      { key: key(), signatureKey, endpoint, purpose, observe },
    );
    const received = await readAtMost(response.body, MAX_BODY_BYTES);
    const named = response.headers.get("location");
    const location = named === null ? null : URL.parse(named, url);
    return {
      status: response.status,
      field: (name) =>
        name === "retry-after" ? retryAfterOf(response.headers, now()) : response.headers.get(name),
      location: location?.origin === new URL(url).origin ? location.href : undefined, // hole T34a: location?.href
      isEmpty: received.byteLength === 0,
      members: membersOf(received),
    };
  };
}
