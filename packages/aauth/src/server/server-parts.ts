/**
 * Parts of a person server and an access server that derive from their common options.
 *
 * @module
 */

import { requireIdentifier, requireTrust } from "../discovery/checked-options.ts";
import { createDiscovery } from "../discovery/create-discovery.ts";
import type { Discovery, DiscoveryKind } from "../discovery/discovery.ts";
import { documents } from "../draft-11/documents.ts";
import { DOCUMENTS } from "../draft-11/names.ts";
import { draft11 } from "../draft-11/profile.ts";
import { jwksOf } from "../keys/jwks.ts";
import { keyRingOf } from "../keys/key-option.ts";
import type { KeyRing } from "../keys/key-ring.ts";
import {
  type OptionChecks,
  requireFunction,
  requireMade,
  requireSeconds,
  requireString,
  unchecked,
} from "../keys/option-checks.ts";
import { observerOf } from "../profile/events.ts";
import type { RevocationCheck } from "../profile/verification.ts";
import { createMemoryStores } from "../store/stores.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import type { Jwks, SigningKey } from "../types.ts";
import { createServerCalls } from "./server-calls.ts";
import { createFrame, type FrameOptions } from "./server-frame.ts";
import type { ServerOptions, ServerParts } from "./server-types.ts";
import type { StoreName } from "./stores.ts";

const PENDING_SECONDS = 600;
/** A longer time is probably a mistake, such as milliseconds. */
const MAX_PENDING_SECONDS = 30 * 86_400;

/** Checks of the common options. */
export const SERVER_CHECKS: OptionChecks<Omit<ServerOptions<object>, "metadata">> & { metadata(): void } = {
  issuer: (name, value) => requireIdentifier(name, value, draft11),
  key: (_, value) => void keyRingOf(value),
  discovery: (name, value) => requireMade(name, value, "metadata", "createDiscovery"),
  interactionUrl: requireString,
  metadata: unchecked,
  stores: unchecked,
  transport: requireFunction,
  now: requireFunction,
  pendingSeconds: (name, value) => requireSeconds(name, value, MAX_PENDING_SECONDS),
  pollSeconds: (name, value) => requireSeconds(name, value, MAX_PENDING_SECONDS),
  observer: requireFunction,
};

/** @throws TypeError unless the option `name` is a trust policy */
export const requirePolicy = (name: string, policy: TrustPolicy): void => requireTrust(name, policy, draft11);

/**
 * Applies defaults to options and creates the common parts.
 */
export function partsOf(options: ServerOptions<object>, kind: "person" | "access") {
  const { issuer, pendingSeconds = PENDING_SECONDS, pollSeconds = 1 } = options;
  const { now = () => Math.floor(Date.now() / 1000), interactionUrl = `${issuer}/interaction` } = options;
  const { stores = createMemoryStores({ now }), transport } = options;
  const observe = observerOf(options.observer);
  if (options.stores === undefined) observe({ type: "memory_stores", party: issuer });
  const report = (error: unknown) => observe({ type: "unexpected_error", error });
  const keys = keysOf(options.key);
  const key = () => keys.current();
  const { discovery: others = createDiscovery({ now }) } = options;
  const discovery = knowingItself(others, issuer, documents.kinds[kind], keys);
  const call = createServerCalls({
    issuer,
    kind,
    key,
    discovery,
    transport,
    now,
    observe: (event) => observe(event),
  });
  const parts: ServerParts = {
    issuer,
    now,
    observe,
    report,
    key,
    discovery,
    call,
    interactionUrl,
    pendingSeconds,
    pollSeconds,
  };
  return {
    ...parts,
    open: (name: StoreName) => stores.records<unknown>(`${name} ${issuer}`),
    /** Serves the documents, and the routes of the server. */
    frame: (metadata: object, isRevoked: RevocationCheck, routes: FrameOptions["routes"]) =>
      createFrame({
        ...parts,
        replayStore: stores.claims(`replay ${issuer}`),
        isRevoked,
        routes,
        documents: {
          [`/.well-known/${DOCUMENTS[kind]}`]: () => metadata,
          "/jwks.json": () => keys.jwks(),
        },
      }),
  };
}

interface Keys {
  current(): SigningKey;
  jwks(): Jwks;
}

function keysOf(key: SigningKey | KeyRing): Keys {
  const ring = keyRingOf(key);
  return { current: () => ring.current(), jwks: () => jwksOf(ring.published()) };
}

/** Resolves the server's own keys without fetching them. */
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
