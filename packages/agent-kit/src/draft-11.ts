/**
 * What the demo's parties have in common when they speak draft -11: who the servers are, where
 * everyone is, what a caller must prove in each mode, and how long a call waits while a person
 * acts.
 *
 * @module
 */

import {
  type AAuthError,
  createDiscovery,
  createEndpointMap,
  type Discovery,
  draft11,
  type EndpointMap,
  isServerIdentifier,
  type ProvenCaller,
  type Requirement,
} from "aauth";
import type { AgentEvent, AgentObserver } from "aauth/agent";
import { parseAgentIdentifier, parseSignatureInput, parseSignatureKey } from "aauth/wire";
import { DRAFT_11_SERVERS, identifierOf } from "topology";
import { type Config, ConfigError, type profileSettings } from "./service/index.ts";

type ProfileConfig = Config<typeof profileSettings>;
type Mode = ProfileConfig["mode"];

/** The servers of a mode, and the way to every party. */
export interface Draft11Parties {
  readonly map: EndpointMap;
  readonly discovery: Discovery;
  /** The agents' own; undefined where no person is asked. */
  readonly personServer: string | undefined;
  /** The resources' own; undefined where person servers authorize. */
  readonly accessServer: string | undefined;
}

/** @param options.discovery default: over the map of `AAUTH_ENDPOINTS` */
export function draft11Parties(
  { mode, endpoints }: Pick<ProfileConfig, "mode" | "endpoints">,
  options: {
    /** Own identifier: below `.localhost` it exists in development only, and so do its peers. */
    readonly id: string;
    readonly now: () => number;
    readonly discovery?: Discovery | undefined;
  },
): Draft11Parties {
  const { id, now } = options;
  const map = createEndpointMap(endpoints);
  const development = id.endsWith(".localhost");
  const { discovery = createDiscovery({ development, transport: map.documents, now }) } = options;
  return {
    map,
    discovery,
    personServer: mode === "agent-identity" ? undefined : identifierOf(DRAFT_11_SERVERS.personServer),
    accessServer: mode === "federated" ? identifierOf(DRAFT_11_SERVERS.accessServer) : undefined,
  };
}

/** What a caller of an agent must prove. */
export function draft11Requirement(mode: Mode, scope: string): Requirement {
  switch (mode) {
    case "agent-identity":
      return { level: "agent-token" };
    case "person-identity":
      return { level: "person-token" };
    case "person-server":
    case "federated":
      return { level: "auth-token", scopes: [scope] };
  }
}

/** @throws ConfigError for an identity that draft -11 does not have */
export function requireServerIdentifier(service: string, variable: string, value: string): void {
  if (isServerIdentifier(value)) return;
  const message = `must be https://host without a port with AAUTH_PROFILE=${draft11.name}, got ${JSON.stringify(value)}`;
  throw new ConfigError(service, [{ name: variable, message }]);
}

/**
 * Whether an address is one that a provider admits as a callback with `localhost_callback_allowed`,
 * without publishing it.
 */
export function isLoopbackCallback(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === "http:" && ["localhost", "127.0.0.1"].includes(url.hostname);
}

/**
 * Identifier of a sub-agent: `aauth:user-1@backend.example` and `scout` make
 * `aauth:user-1+scout@backend.example` (draft -11, section 5.2). Not an agent identifier where the
 * parent is not one.
 */
export function subAgentId(parent: string, discriminator: string): string {
  const { local, domain } = parseAgentIdentifier(parent) ?? { local: "", domain: "" };
  return `aauth:${local}+${discriminator}@${domain}`;
}

/**
 * The token that a served request was signed with, for a call on behalf of the same person;
 * undefined for a caller without a person.
 *
 * @param fields of the request that was VERIFIED
 */
export function upstreamTokenOf(
  { person, grant }: ProvenCaller,
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
): string | undefined {
  if (person === undefined) return undefined;
  // A person token is no grant, so that its compact form is in the message only.
  return grant?.token ?? signingToken(fields);
}

/**
 * The token that a request was signed with; undefined for another scheme. Of the members of
 * `Signature-Key` only the one with the signature's label is proven.
 *
 * @param fields of the request that was VERIFIED
 */
export function signingToken(
  fields: Readonly<Record<string, string | readonly string[] | undefined>>,
): string | undefined {
  const { label } = parseSignatureInput(String(fields["signature-input"]));
  const claim = parseSignatureKey(String(fields["signature-key"]), label);
  return claim.scheme === "jwt" ? claim.jwt : undefined;
}

/**
 * How long requests wait for persons at person servers, resources and access servers by default.
 */
const PERSON_LIMIT_MS = 600_000;
/** For how many pages one call waits: a party that finds ever new ones does not hold it forever. */
const MAX_PAGES = 5;
const ACCEPTED = 202;

/** The deadline of one call. */
export interface Patience {
  /** Aborted with a `TimeoutError`. */
  readonly signal: AbortSignal;
  /**
   * Observer of the call. While an answer is pending the person's time counts; afterwards `limitMs`
   * begins again.
   */
  readonly observer: AgentObserver;
  /** The call is over. */
  end(): void;
}

/**
 * Creates the deadline of a call: `limitMs` for the parties, and beside it ten minutes for each
 * answer that waits for a person, five times at most.
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
      // The same answer is found pending at each look.
      const isPage = event.type === "interaction_required";
      if (isPage) pages++;
      if (isPage ? pages <= MAX_PAGES : event.type === "answer_pending" && !isWaiting) {
        isWaiting = true;
        allow(personMs);
      } else if (isWaiting && goesOn(event)) {
        isWaiting = false;
        allow(limitMs);
      }
    },
    end: () => clearTimeout(timer),
  };
}

/** Sections for errors that both profiles have, and whose own is February's. */
const SECTIONS: readonly (readonly [RegExp, string])[] = [
  [/^token_request_/, "11.9.3"],
  [/^(?:discovery_|metadata_|unknown_key)/, "11.2"],
  [/^challenge_/, "6.7.3"],
];

/** The section of draft -11 that demands what an agent's call failed at. */
export function draft11SectionOf({ code, section }: AAuthError): string {
  if (section.startsWith("draft -11")) return section;
  const known = SECTIONS.find(([codes]) => codes.test(code))?.[1] ?? "11.9";
  return `draft -11, section ${known}`;
}

/** Neither too many polls nor a party that is away says anything about the answer. */
const STILL_WAITING: ReadonlySet<number> = new Set([ACCEPTED, 429, 503]);

/** Whether a call that waited for an answer has got it. */
export function goesOn(event: AgentEvent): boolean {
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
