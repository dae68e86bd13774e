import type { WaitingRequest } from "aauth/server";
import type { CreateStore } from "issuer-kit";
import type { Person } from "../sign-in/person.ts";
import type { Desk } from "./desk.ts";

/** A request that a person has come to with its code. */
interface OpenedRequest {
  readonly callback?: string;
  /** What the person has asked the agent, of which version of the request. */
  readonly asked?: { readonly question: string; readonly version: number };
}

/** A request, and how this person has come to it; not by its code where `opened` is undefined. */
export interface Found {
  readonly waiting: WaitingRequest;
  readonly opened: OpenedRequest | undefined;
}

/** The requests of persons. A person and an owner may be at one request, each with a way back of their own. */
export interface OpenedRequests {
  /** A request of this person: one that the desk shows them. To any other person it does not exist. */
  find(person: Person, reference: string): Promise<Found | undefined>;
  keep(person: Person, reference: string, request: OpenedRequest): Promise<void>;
  /** Forgets that this person has come to it. */
  leave(person: Person, reference: string): Promise<void>;
  /** Where the person goes back to: an address that the agent's provider has published. */
  callbackOf(found: Found): Promise<string | undefined>;
}

/** @param lifetimeSeconds how long a request waits */
export function createOpenedRequests(
  desk: Desk,
  createStore: CreateStore,
  lifetimeSeconds: number,
): OpenedRequests {
  const store = createStore<OpenedRequest>();
  const keyOf = (person: Person, reference: string) => `${person.id} ${reference}`;
  return {
    async find(person, reference) {
      const waiting = await desk.server.find(reference);
      const opened = await store.get(keyOf(person, reference));
      // hole T38
      if (waiting === undefined || !desk.shows(waiting.request, person, opened !== undefined))
        return undefined;
      return { waiting, opened };
    },
    keep: (person, reference, request) =>
      store.put(person.id, keyOf(person, reference), request, lifetimeSeconds),
    leave: (person, reference) => store.delete(keyOf(person, reference)),
    async callbackOf({ waiting: { request }, opened }) {
      const callback = opened?.callback;
      // hole T39a
      return callback !== undefined && (await desk.server.mayReturnTo(request.agent, callback))
        ? callback
        : undefined;
    },
  };
}
