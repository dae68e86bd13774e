import type { RecordStore } from "aauth";
import type { WaitingRequest } from "aauth/server";
import { digestOf } from "agent-kit/service";
import type { Person } from "../sign-in/person.ts";
import type { Desk } from "./desk.ts";

/** A request that a person has come to with its code. */
export interface OpenedRequest {
  readonly callback?: string;
  /** The person's question to the agent, and the version of the request that it is about. */
  readonly asked?: { readonly question: string; readonly version: number };
}

/** A request, and how this person opened it: without its code where `opened` is undefined. */
export interface Found {
  readonly waiting: WaitingRequest;
  readonly opened: OpenedRequest | undefined;
}

/** Requests of persons. A person and an owner may open the same request, each with a callback. */
export interface OpenedRequests {
  /** A request that the desk shows this person. For any other person it does not exist. */
  find(person: Person, reference: string): Promise<Found | undefined>;
  keep(person: Person, reference: string, request: OpenedRequest): Promise<void>;
  /** Address that the person returns to, which the agent's provider has published. */
  callbackOf(found: Found): Promise<string | undefined>;
}

/**
 * @param store of this desk alone; replicas share it
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
