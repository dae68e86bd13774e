import type { RecordStore } from "aauth";
import type { WaitingRequest } from "aauth/server";
import { digestOf } from "agent-kit/service";
import type { Person } from "../sign-in/person.ts";
import type { Desk } from "./desk.ts";

/** A request that a person has opened with its code. */
export interface OpenedRequest {
  readonly callback?: string;
  /** The person's question to the agent, and the version of the request it refers to. */
  readonly asked?: { readonly question: string; readonly version: number };
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
  /** A request that the desk shows this person; undefined for everyone else. */
  find(person: Person, reference: string): Promise<Found | undefined>;
  keep(person: Person, reference: string, request: OpenedRequest): Promise<void>;
  /** Address that the person returns to; the agent's provider has published it. */
  callbackOf(found: Found): Promise<string | undefined>;
}

/**
 * @param store used by this desk only; replicas share it
 * @param lifetimeSeconds how long a request waits
 */
export function createOpenedRequests(
  desk: Desk,
  store: RecordStore<OpenedRequest>,
  lifetimeSeconds: number,
): OpenedRequests {
  const keyOf = (person: Person, reference: string) => digestOf(`${person.id} ${reference}`);
  return {
    async find(person, reference) {
      const waiting = await desk.server.find(reference);
      const opened = await store.get(keyOf(person, reference));
      // hole T38
      if (waiting === undefined || !desk.shows(waiting.request, person, opened !== undefined))
        return undefined;
      return { waiting, opened };
    },
    keep: async (person, reference, request) =>
      store.put(keyOf(person, reference), request, { owner: person.id, ttlSeconds: lifetimeSeconds }),
    async callbackOf({ waiting: { request }, opened }) {
      const callback = opened?.callback;
      // hole T39a
      return callback !== undefined && (await desk.server.mayReturnTo(request.agent, callback))
        ? callback
        : undefined;
    },
  };
}
