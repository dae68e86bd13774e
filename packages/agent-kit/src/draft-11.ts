/**
 * Common rules of the demo's parties in draft -11: servers, addresses, requirements of each mode,
 * and the time that a call waits for a person.
 *
 * @module
 */

import {
  type AAuthEvent,
  type AddressMap,
  createAddressMap,
  createDiscovery,
  type Discovery,
  draft11,
  type Observer,
  type ProvenCaller,
  type Requirement,
} from "aauth";
import { DRAFT_11_SERVERS, identifierOf } from "topology";
import { type Config, ConfigError, type profileSettings } from "./service/config/index.ts";

export { draft11Key } from "./draft-11-key.ts";

type ProfileConfig = Config<typeof profileSettings>;
type Mode = ProfileConfig["mode"];

/** The servers of a mode, and the addresses of all parties. */
export interface Draft11Parties {
  readonly map: AddressMap;
  readonly discovery: Discovery;
  /** The agents' person server; undefined in modes without persons. */
  readonly personServer: string | undefined;
  /** The resources' access server; undefined if person servers authorize. */
  readonly accessServer: string | undefined;
}

/** @param options.discovery default: over the map of `AAUTH_ENDPOINTS` */
export function draft11Parties(
  { mode, endpoints }: Pick<ProfileConfig, "mode" | "endpoints">,
  options: {
    /**
     * Identifier of the service. Below `.localhost`, it and its peers exist only in development.
     */
    readonly id: string;
    readonly now: () => number;
    readonly discovery?: Discovery | undefined;
  },
): Draft11Parties {
  const { id, now } = options;
  const map = createAddressMap(endpoints);
  const development = id.endsWith(".localhost");
  const { discovery = createDiscovery({ development, addresses: map, now }) } = options;
  return {
    map,
    discovery,
    personServer: mode === "agent-identity" ? undefined : identifierOf(DRAFT_11_SERVERS.personServer),
    accessServer: mode === "federated" ? identifierOf(DRAFT_11_SERVERS.accessServer) : undefined,
  };
}

/** Requirement on the callers of an agent. */
export function draft11Requirement(mode: Mode, scope: string): Requirement {
  switch (mode) {
    case "agent-identity":
      return { level: "agent-token" };
    case "person-identity":
      return { level: "person-token" };
    case "person-server":
    case "mission":
    case "federated":
      return { level: "auth-token", scopes: [scope] };
  }
}

/** @throws ConfigError for an identity that is invalid in draft -11 */
export function requireServerIdentifier(service: string, variable: string, value: string): void {
  if (draft11.documents.isIdentifier(value)) return;
  const message = `must be https://host without a port with AAUTH_PROFILE=${draft11.name}, got ${JSON.stringify(value)}`;
  throw new ConfigError(service, [{ name: variable, message }]);
}

/**
 * Whether an address is a loopback callback, which a provider allows by
 * `localhost_callback_allowed` without publishing it.
 */
export function isLoopbackCallback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === "http:" && ["localhost", "127.0.0.1"].includes(url.hostname);
}

/**
 * Identifier of a sub-agent: `aauth:user-1@backend.example` and `scout` yield
 * `aauth:user-1+scout@backend.example` (draft -11, section 5.2). Invalid for an invalid parent.
 */
export function subAgentId(parent: string, discriminator: string): string {
  const [, local = "", domain = ""] = /^aauth:([^@]+)@(.+)$/.exec(parent) ?? [];
  return `aauth:${local}+${discriminator}@${domain}`;
}

/**
 * The token of a verified request, for a call on behalf of the same person; undefined for a caller
 * without a person.
 *
 * @param fields of the request that was VERIFIED
 */
export function upstreamTokenOf(
  { person, grant }: ProvenCaller,
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
): string | undefined {
  if (person === undefined) return undefined;
  // A person token is not a grant, so its compact form is only in the message.
  return grant?.token ?? signingToken(fields);
}

/**
 * The token in `Signature-Key`; undefined for another scheme. Only the member with the signature's
 * label is proven.
 *
 * @param fields of the request that was VERIFIED
 */
export function signingToken(
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
): string | undefined {
  const { parseSignatureInput, parseKeyClaim } = draft11.messages;
  const { label } = parseSignatureInput(String(fields["signature-input"]));
  const claim = parseKeyClaim(String(fields["signature-key"]), label);
  return claim.scheme === "jwt" ? claim.jwt : undefined;
}

/**
 * Default time for which requests wait for persons at person servers, resources and access servers.
 */
const PERSON_LIMIT_MS = 600_000;
/** Maximum pages for which one call waits, so that a party cannot hold it forever. */
const MAX_PAGES = 5;
const ACCEPTED = 202;

/** The deadline of one call. */
export interface Patience {
  /** Aborted with a `TimeoutError`. */
  readonly signal: AbortSignal;
  /**
   * Observer of the call. While an answer is pending, the person's time applies; afterwards
   * `limitMs` starts again.
   */
  readonly observer: Observer;
  /** Ends the deadline with the call. */
  end(): void;
}

/**
 * Creates the deadline of a call: `limitMs` for the parties, plus ten minutes for each answer that
 * waits for a person, at most five times.
 */
export function createPatience(limitMs: number, personMs: number = PERSON_LIMIT_MS): Patience {
  const controller = new AbortController();
  let isWaiting = false;
  let pages = 0;
  let timer: ReturnType<typeof setTimeout>;
  const allow = (ms: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => controller.abort(new DOMException("no answer in time", "TimeoutError")), ms);
  };
  allow(limitMs);
  return {
    signal: controller.signal,
    observer(event) {
      // Each poll finds the same answer pending.
      const isPage = event.type === "interaction_required";
      if (isPage) pages++;
      if (isPage ? pages <= MAX_PAGES : event.type === "answer_pending" && !isWaiting) {
        isWaiting = true;
        allow(personMs);
      } else if (isWaiting && hasAnswer(event)) {
        isWaiting = false;
        allow(limitMs);
      }
    },
    end: () => clearTimeout(timer),
  };
}

/** Statuses that do not concern the answer: still deferred, too many polls, or unavailable. */
const STILL_WAITING: ReadonlySet<number> = new Set([ACCEPTED, 429, 503]);

/** Whether a waiting call has received its answer. */
export function hasAnswer(event: AAuthEvent): boolean {
  switch (event.type) {
    case "token_received":
    case "request_retried":
      return true;
    case "challenge_received":
      return event.status !== ACCEPTED;
    case "response_received":
      return event.purpose === "resource" && !STILL_WAITING.has(event.status);
    default:
      return false;
  }
}
