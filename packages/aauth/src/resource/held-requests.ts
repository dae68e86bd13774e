/**
 * Requests that a resource holds until an auth token is here, and then executes once (draft -11,
 * section 6.5.1).
 *
 * @module
 */

import { type DeferredRecord, DeferredRecords, newRecord, randomName } from "../deferred/deferred-records.ts";
import { formatRequirement } from "../draft-11/headers.ts";
import { emptyAnswer, pendingAnswer, pollingError } from "../draft-11/problem.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { createMemoryRecordStore, type RecordStore } from "../store/record-store.ts";
import type { ProvenCaller, Requirement } from "../types.ts";
import type { Challenger } from "./challenge.ts";
import { chargedTo, pollEndpoint } from "./deferred.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

const { unmet, validateRequirement } = draft11.verification;
const AUTH_TOKEN = "auth-token";

/** What held requests are made with, and what executes them. */
export interface HeldRequestsOptions<Invocation> {
  /** Verifier of the resource's routes. */
  readonly verifier: Verifier;
  /** Issues the resource tokens. */
  readonly challenger: Challenger;
  /** Own identifier. */
  readonly resource: string;
  /**
   * Executes what was held, once. It gets the caller of the poll, whose auth token meets the
   * requirement. What it throws ends the request with `server_error`: it may have done half of its
   * work, so it is not called again.
   */
  execute(invocation: Invocation, caller: ProvenCaller): Promise<Answer>;
  /** Where requests are polled, one segment below; ends with a slash. Default `/aauth/held/`. */
  readonly path?: string | undefined;
  /**
   * Default: in memory, 50000 entries of all owners; lost with the process. Plain JSON where
   * invocations are.
   */
  readonly store?: RecordStore<unknown> | undefined;
  /** Seconds until a request that no auth token came for has expired. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /** Seconds that a poller is asked to wait. Default 5. */
  readonly retryAfterSeconds?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Requests that a resource holds until they are authorized. */
export interface HeldRequests<Invocation> {
  /**
   * Holds a request and makes the 202 with its resource token.
   *
   * @param caller who has shown a person token or an auth token
   * @param requirement of level `auth-token`
   * @throws TypeError for another requirement, and for a caller that has shown no person: answer
   * `requirement=person-token`
   * @throws StoreFullError where the store has no room: answer 503
   */
  hold(caller: ProvenCaller, requirement: Requirement, invocation: Invocation): Promise<Answer>;
  /**
   * Polls with GET, gives up with DELETE. The first poll with an auth token that meets the
   * requirement executes; the answer is kept for that token until it expires, and 410 for any
   * other. 404 for another key or person.
   */
  readonly endpoint: Endpoint;
}

/** Seconds that a request is kept beyond its end. */
const KEPT_SECONDS = 600;

interface Held<Invocation> extends DeferredRecord {
  readonly requirement: Requirement;
  /** `[person server, sub]`. */
  readonly person: readonly [string, string];
  /** Until it was executed, or given up. */
  invocation?: Invocation;
  /** The execution: written before it begins, so that no second one does. */
  run?: { readonly jti: string | undefined; answer?: Answer };
  /** Unix seconds; the resource token that was given last expires then. */
  tokenUntil: number;
}

/**
 * Creates the held requests of a resource. Replicas share `store`.
 *
 * @example
 * const held = createHeldRequests({ verifier, challenger, resource, execute: (order, caller) => place(order, caller) });
 * // in a handler: return held.hold(request.caller, { level: "auth-token", scopes: ["orders.write"] }, request.body);
 */
export function createHeldRequests<Invocation>(
  options: HeldRequestsOptions<Invocation>,
): HeldRequests<Invocation> {
  const { path = "/aauth/held/", verifier } = options;
  const holder = new Holder(options, path);
  return {
    hold: (...request) => holder.hold(...request),
    endpoint: pollEndpoint(path, verifier, (...request) => holder.poll(...request)),
  };
}

class Holder<Invocation> {
  readonly #options: HeldRequestsOptions<Invocation>;
  readonly #location: string;
  readonly #now: () => number;
  readonly #records: DeferredRecords<Held<Invocation>>;
  /** Executions in this process, by id. */
  readonly #running = new Map<string, Promise<Answer>>();

  constructor(options: HeldRequestsOptions<Invocation>, path: string) {
    const { now = () => Math.floor(Date.now() / 1000) } = options;
    const { store = createMemoryRecordStore({ now }) } = options;
    this.#options = options;
    this.#location = `${options.resource}${path}`;
    this.#now = now;
    this.#records = new DeferredRecords({ store, now, keptSeconds: KEPT_SECONDS });
  }

  async hold(caller: ProvenCaller, requirement: Requirement, invocation: Invocation): Promise<Answer> {
    if (requirement.level !== AUTH_TOKEN) throw new TypeError(`a held request needs level ${AUTH_TOKEN}`);
    validateRequirement(requirement);
    const person = personOf(caller);
    if (person === undefined) throw new TypeError("a resource token needs a caller that has shown a person");
    const { lifetimeSeconds = 600 } = this.#options;
    const held: Held<Invocation> = {
      ...{ ...newRecord(randomName(16)), ...chargedTo(caller), expiresAt: this.#now() + lifetimeSeconds },
      ...{ requirement, invocation, person, tokenUntil: 0 },
    };
    const answer = await this.#demanding(held, caller);
    await this.#records.add(held);
    return answer;
  }

  async poll(id: string, caller: ProvenCaller, method: "GET" | "DELETE"): Promise<Answer> {
    let begun: { readonly invocation: Invocation } | undefined;
    const own = Promise.withResolvers<Answer>();
    own.promise.catch(() => {});
    try {
      const answer = await this.#records.change(id, caller.thumbprint, (held) =>
        this.#judged(held, caller, method, (invocation) => {
          begun = { invocation };
          // Polls that arrive meanwhile get the same answer.
          this.#running.set(id, own.promise);
        }),
      );
      if (begun === undefined) return answer ?? this.#running.get(id) ?? this.#waiting(id);
      own.resolve(this.#executed(id, begun.invocation, caller));
      return await own.promise;
    } catch (error) {
      own.reject(error);
      throw error;
    } finally {
      if (begun !== undefined) this.#running.delete(id);
    }
  }

  /**
   * The answer to a poll; undefined where the request is executed now, `begin` called where this
   * poll does it.
   */
  async #judged(
    held: Held<Invocation>,
    caller: ProvenCaller,
    method: "GET" | "DELETE",
    begin: (invocation: Invocation) => void,
  ): Promise<Answer | undefined> {
    if (!isPerson(held, caller)) return emptyAnswer(404);
    const jti = caller.grant?.claims.jti as string | undefined;
    const { run, requirement } = held;
    if (run !== undefined) return jti !== undefined && run.jti === jti ? run.answer : emptyAnswer(410);
    if (method === "DELETE") return giveUp(held, emptyAnswer(204));
    if (this.#now() >= held.expiresAt) return giveUp(held, pollingError("expired"));
    if (jti === undefined || unmet(caller, requirement) !== undefined) return this.#demanding(held, caller);
    held.run = { jti };
    // The answer is kept as long as the token, and nothing may be executed again.
    held.expiresAt = Math.max(held.expiresAt, caller.grant?.claims.exp as number);
    begin(held.invocation as Invocation);
    return undefined;
  }

  /** The 202. A new resource token only after the last one, which could be redeemed, too. */
  async #demanding(held: Held<Invocation>, caller: ProvenCaller): Promise<Answer> {
    const { scopes = [], account } = held.requirement;
    const isDue = caller.person !== undefined && this.#now() >= held.tokenUntil;
    const token = isDue ? await this.#options.challenger.resourceToken(caller, scopes, account) : undefined;
    if (token === undefined) return this.#waiting(held.id);
    held.tokenUntil = this.#now() + token.expiresInSeconds;
    const { resourceToken } = token;
    return this.#waiting(held.id, formatRequirement({ requirement: AUTH_TOKEN, resourceToken }));
  }

  #waiting(id: string, requirement?: string): Answer {
    const { retryAfterSeconds = 5 } = this.#options;
    const location = `${this.#location}${id}`;
    return pendingAnswer({ status: "pending" }, { location, retryAfterSeconds, requirement });
  }

  /** Executes what was held, and keeps the answer. */
  async #executed(id: string, invocation: Invocation, caller: ProvenCaller): Promise<Answer> {
    const keep = (answer: Answer) =>
      this.#records.change(id, caller.thumbprint, (held) => {
        held.run = { ...held.run!, answer };
        delete held.invocation;
      });
    let answer: Answer;
    try {
      answer = await this.#options.execute(invocation, caller);
    } catch (error) {
      await keep(pollingError("server_error"));
      throw error;
    }
    await keep(answer);
    return answer;
  }
}

/** Gives up the request: it is never executed afterwards. */
function giveUp(held: Held<unknown>, answer: Answer): Answer {
  held.run = { jti: undefined };
  delete held.invocation;
  return answer;
}

/**
 * The person server and what it calls the person: the same in a person token and in the auth tokens
 * that follow from it.
 */
function personOf({ person, grant }: ProvenCaller): readonly [string, string] | undefined {
  return person && [(grant?.claims.ps as string | undefined) ?? person.iss, person.sub];
}

/** Where a person is named, the same person. */
function isPerson(held: Held<unknown>, caller: ProvenCaller): boolean {
  return personOf(caller)?.every((part, index) => part === held.person[index]) ?? true;
}
