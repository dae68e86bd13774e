import type { RecordStore } from "aauth";
import type { WaitingRequest } from "aauth/server";
import { digestOf } from "agent-kit/service";
import type { Person } from "../sign-in/person.ts";
import type { BrowserSession } from "../sign-in/sessions.ts";
import type { Decider } from "./decider.ts";

/** A request that a person has opened with its code. */
export interface OpenedRequest {
  readonly callback?: string;
  /** The person's question to the agent, and the version of the request it refers to. */
  readonly asked?: { readonly question: string; readonly version: number };
  /**
   * The person's decision. While the request still waits for another party, only a denial changes
   * it.
   */
  readonly decision?: "allowed" | "denied";
}

/** A request, and how this person opened it; `opened` is undefined if no code was used. */
export interface Found {
  readonly waiting: WaitingRequest;
  readonly opened: OpenedRequest | undefined;
}

/**
 * Requests that people have opened. A person and an owner may open the same one, each with a
 * callback.
 */
export interface OpenedRequests {
  /** A request that the decider shows this person; undefined for everyone else. */
  find(person: Person, reference: string): Promise<Found | undefined>;
  keep(person: Person, reference: string, request: OpenedRequest): Promise<void>;
  /** Decision that this person has made. */
  decisionOf(person: Person, reference: string): Promise<OpenedRequest["decision"]>;
  /** Remembers a used code for the browser session that has opened a request with it. */
  keepCode(session: BrowserSession, code: string, reference: string): Promise<void>;
  /** Request that this browser session has opened with this code; undefined for all others. */
  openedWith(session: BrowserSession, code: string): Promise<string | undefined>;
  /** Address that the person returns to; the agent's provider has published it. */
  callbackOf(found: Found): Promise<string | undefined>;
}

/**
 * @param store used by this decider only, like `codes`; replicas share them
 * @param lifetimeSeconds how long a request waits
 */
export function createOpenedRequests(
  decider: Decider,
  store: RecordStore<OpenedRequest>,
  codes: RecordStore<string>,
  lifetimeSeconds: number,
): OpenedRequests {
  const keyOf = (person: Person, reference: string) => digestOf(`${person.id} ${reference}`);
  const codeKeyOf = ({ person, id }: BrowserSession, code: string) => digestOf(`${person.id} ${id} ${code}`);
  const termsOf = ({ id: owner }: Person) => ({ owner, ttlSeconds: lifetimeSeconds });
  return {
    async find(person, reference) {
      const waiting = await decider.server.find(reference);
      const opened = await store.get(keyOf(person, reference));
      // hole T38
      if (waiting === undefined || !decider.shows(waiting.request, person, opened !== undefined))
        return undefined;
      return { waiting, opened };
    },
    keep: async (person, reference, request) => store.put(keyOf(person, reference), request, termsOf(person)),
    decisionOf: async (person, reference) => (await store.get(keyOf(person, reference)))?.decision,
    keepCode: async (session, code, reference) =>
      codes.put(codeKeyOf(session, code), reference, termsOf(session.person)),
    openedWith: async (session, code) => codes.get(codeKeyOf(session, code)),
    async callbackOf({ waiting: { request }, opened }) {
      const callback = opened?.callback;
      // hole T39a: callback
      return callback !== undefined && (await decider.server.mayReturnTo(request.agent, callback))
        ? callback
        : undefined;
    },
  };
}
