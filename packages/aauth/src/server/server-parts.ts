/**
 * What a person server and an access server are both made of: what follows from their common options, and the endpoints that both have.
 *
 * @module
 */

import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { documents } from "../draft-11/documents.ts";
import { isServerIdentifier } from "../draft-11/identifiers.ts";
import { DOCUMENTS } from "../draft-11/names.ts";
import { toJwks } from "../keys/jwks.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import { createMemoryRecordStore } from "../store/record-store.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { Jwks, SigningKey } from "../types.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { Revocations } from "./revocations.ts";
import { createServerCalls } from "./server-calls.ts";
import { type FrameOptions, ownerKey, type Route, SERVER_CALLER, waitingOf } from "./server-frame.ts";
import type { ServerOptions } from "./server-types.ts";
import type { StoreName } from "./stores.ts";

/** One key, or those of a key ring: the current one signs, the published ones are found by others. */
export type ServerKey = SigningKey | Pick<KeyRing, "current" | "published">;

const PENDING_SECONDS = 600;

/**
 * The options with their defaults, and what is made of them.
 *
 * @throws TypeError for an issuer that is no server identifier
 */
export function partsOf<Metadata>(options: ServerOptions<Metadata>, kind: "person" | "access") {
  const { issuer, transport, pendingSeconds = PENDING_SECONDS, pollSeconds = 1, log = () => {} } = options;
  if (!isServerIdentifier(issuer)) throw new TypeError("issuer must be a server identifier: https://host");
  const { now = () => Math.floor(Date.now() / 1000), interactionUrl = `${issuer}/interaction` } = options;
  const keys = keysOf(options.key);
  const key = () => keys.current();
  return {
    ...{ issuer, now, log, pendingSeconds, pollSeconds, interactionUrl, key },
    observer: options.observer,
    open: (name: StoreName) => options.stores?.[name] ?? createMemoryRecordStore<unknown>({ now }),
    discovery: knowingItself(options.discovery, issuer, documents.kinds[kind], keys),
    call: createServerCalls({ issuer, kind, key, transport, now, observe: options.callObserver }),
    documents: (metadata: object): FrameOptions["documents"] => ({
      [`/.well-known/${DOCUMENTS[kind]}`]: () => metadata,
      "/jwks.json": () => keys.jwks(),
    }),
  };
}

interface Keys {
  current(): SigningKey;
  jwks(): Jwks;
}

function keysOf(key: ServerKey): Keys {
  const ring = "current" in key ? key : { current: () => key, published: () => [key] };
  return { current: () => ring.current(), jwks: () => toJwks(ring.published()) };
}

/** A server does not fetch its own keys over the network. */
function knowingItself(discovery: Discovery, issuer: string, kind: DiscoveryKind, keys: Keys): Discovery {
  return {
    ...discovery,
    async key(asked, id, kid) {
      const own =
        asked === kind && id === issuer ? keys.jwks().keys.find((jwk) => jwk.kid === kid) : undefined;
      return own === undefined ? discovery.key(asked, id, kid) : { jwk: own, source: "discovery-cache" };
    },
    async replacedKey(asked, id, kid, refused) {
      return asked === kind && id === issuer ? undefined : discovery.replacedKey(asked, id, kid, refused);
    },
  };
}

/** Where a request that waits is polled, answered and cancelled. */
export const pendingMethods = <Work>(
  pending: PendingRequests<Work>,
  answer: Route["methods"][string],
): Route["methods"] => ({
  GET: (call, id) => pending.poll(id, ownerKey(call.caller), waitingOf(call)),
  POST: answer,
  DELETE: ({ caller }, id) => pending.cancel(id, ownerKey(caller)),
});

/** Where servers revoke their tokens, and poll what comes of it. */
export function revocationRoutes(
  paths: { readonly revocation: string; readonly cascade: string },
  revocations: Revocations,
  from?: TrustPolicy,
): FrameOptions["routes"] {
  const servers = { role: "revocation", level: SERVER_CALLER } as const;
  return {
    [paths.revocation]: {
      ...servers,
      from, // hole T35
      methods: {
        POST: ({ caller, members, waitSeconds }) => revocations.receive(caller.server!, members, waitSeconds),
      },
    },
    [paths.cascade]: {
      ...servers,
      methods: {
        GET: (call, id) => revocations.poll(id, call.caller.server!, waitingOf(call)),
      },
    },
  };
}
