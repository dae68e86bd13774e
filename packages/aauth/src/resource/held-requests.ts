/**
 * Requests that a resource holds until an auth token arrives, and then executes once (draft -11,
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

/** Options of held requests. */
export interface HeldRequestsOptions<Invocation> {
  /** Verifier of the resource's routes. */
  readonly verifier: Verifier;
  /** Issues the resource tokens. */
  readonly challenger: Challenger;
  /** Own identifier. */
  readonly resource: string;
  /**
   * Executes a held request, once. `caller` is the caller of the poll, whose auth token meets the
   * requirement. If it throws, the request ends with `server_error` and is not executed again,
   * because it may have been partly executed.
   */
  execute(invocation: Invocation, caller: ProvenCaller): Promise<Answer>;
  /** Path below which requests are polled, with a final slash. Default `/aauth/held/`. */
  readonly path?: string | undefined;
  /**
   * Default: in memory, 50000 entries of all owners, lost with the process. Values are plain JSON
   * if invocations are.
   */
  readonly store?: RecordStore<unknown> | undefined;
  /** Seconds until a request without an auth token expires. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /** Seconds between polls. Default 5. */
  readonly retryAfterSeconds?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Requests of a resource that wait for an auth token. */
export interface HeldRequests<Invocation> {
  /**
   * Holds a request, and creates the 202 with a resource token.
   *
   * @param caller a caller that has presented a person token or an auth token
   * @param requirement of level `auth-token`
   * @throws TypeError for another requirement, and for a caller that has not presented a person:
   *   respond with `requirement=person-token`
   * @throws StoreFullError where the store has no room: answer 503
   */
  hold(caller: ProvenCaller, requirement: Requirement, invocation: Invocation): Promise<Answer>;
  /**
   * GET polls, DELETE cancels. The first poll with an auth token that meets the requirement
   * executes the request. The response is kept for that token until the token expires; any other
   * token gets 410. 404 for another key or person.
   */
  readonly endpoint: Endpoint;
}

/** Seconds for which a request is kept after its end. */
const KEPT_SECONDS = 600;

interface Held<Invocation> extends DeferredRecord {
  readonly requirement: Requirement;
  /** `[person server, sub]`. */
  readonly person: readonly [string, string];
  /** Unset after the request was executed or cancelled. */
  invocation?: Invocation;
  /** The execution. Stored before it begins, so that it cannot begin twice. */
  run?: { readonly jti: string | undefined; answer?: Answer };
  /** Expiry of the last issued resource token, Unix seconds. */
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
    if (requirement.level !== AUTH_TOKEN)
      throw new TypeError(`requirement.level must be ${AUTH_TOKEN} for a held request`);
    validateRequirement(requirement);
    const person = personOf(caller);
    if (person === undefined)
      throw new TypeError("the caller must have presented a person token or an auth token");
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
          // Concurrent polls get the same response.
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
   * The response to a poll; undefined while the request is being executed. Calls `begin` if this
   * poll executes it.
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
    // The response is kept as long as the token is valid, and the request is never executed again.
    held.expiresAt = Math.max(held.expiresAt, caller.grant?.claims.exp as number);
    begin(held.invocation as Invocation);
    return undefined;
  }

  /**
   * The 202. It has a new resource token only if the last one has expired, because both could be
   * redeemed.
   */
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

  /** Executes a held request and stores the response. */
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

/** Cancels a request, which is then never executed. */
function giveUp(held: Held<unknown>, answer: Answer): Answer {
  held.run = { jti: undefined };
  delete held.invocation;
  return answer;
}

/**
 * The person server and its identifier of the person, which are the same in a person token and the
 * auth tokens derived from it.
 */
function personOf({ person, grant }: ProvenCaller): readonly [string, string] | undefined {
  return person && [(grant?.claims.ps as string | undefined) ?? person.iss, person.sub];
}

/** True unless the caller names another person. */
function isPerson(held: Held<unknown>, caller: ProvenCaller): boolean {
  return personOf(caller)?.every((part, index) => part === held.person[index]) ?? true;
}
