/**
 * Requests that a resource holds until an auth token is here, and then executes once (draft -11, section 6.5.1).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import { formatRequirement } from "../draft-11/headers.ts";
import type { PendingEntry, PendingHolder } from "../draft-11/pending-requests.ts";
import { emptyAnswer, pendingAnswer, problemAnswer } from "../draft-11/problem.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { createOwnedStore } from "../store/owned-store.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { ProvenCaller, Requirement } from "../types.ts";
import type { Challenger } from "./challenge.ts";
import { holderOf, pollEndpoint } from "./deferred.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

const { unmet, validateRequirement } = draft11.verification;
const AUTH_TOKEN = "auth-token";

export interface HeldRequestsOptions<Invocation> {
  /** That of the resource's routes. */
  readonly verifier: Verifier;
  /** Issues the resource tokens. */
  readonly challenger: Challenger;
  /** Own identifier. */
  readonly resource: string;
  /**
   * Executes what was held, once. It gets the caller of the poll, whose auth token meets the requirement. What it throws ends the request with
   * `server_error`: it may have done half of its work, so it is not called again.
   */
  execute(invocation: Invocation, caller: ProvenCaller): Promise<Answer>;
  /** Where requests are polled, one segment below; ends with a slash. Default `/aauth/held/`. */
  readonly path?: string | undefined;
  /** Default: in memory, 50000 entries shared among owners; gone with the process. Plain JSON where invocations are. */
  readonly store?: KeyValueStore<PendingEntry> | undefined;
  /** Seconds until a request that no auth token came for has expired. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /** Seconds that a poller is asked to wait. Default 5. */
  readonly retryAfterSeconds?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

export interface HeldRequests<Invocation> {
  /**
   * Holds a request and makes the 202 with its resource token.
   *
   * @param caller who has shown a person token or an auth token
   * @param requirement of level `auth-token`
   * @throws TypeError for another requirement, and for a caller that has shown no person: answer `requirement=person-token`
   * @throws StoreFullError when the default store has no room: answer 503
   */
  hold(caller: ProvenCaller, requirement: Requirement, invocation: Invocation): Promise<Answer>;
  /**
   * Polls with GET, gives up with DELETE. The first poll with an auth token that meets the requirement executes; the answer is kept for that
   * token until it expires, and 410 for any other. 404 for another key or person.
   */
  readonly endpoint: Endpoint;
}

/** Beyond its end. Seconds. */
const REMEMBERED_SECONDS = 600;
const MAX_ENTRIES = 50_000;
const ID = /^[\w-]{22}$/;

interface Held<Invocation> extends PendingEntry, PendingHolder {
  readonly requirement: Requirement;
  readonly invocation?: Invocation;
  /** `[person server, sub]`. */
  readonly person: readonly [string, string];
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly ended?: true;
}

/** Who executes, or has: written before, so that no second one begins. */
interface Run extends PendingEntry {
  readonly jti: string;
}
interface Result extends Run {
  readonly answer: Answer;
}

/**
 * Creates the held requests of a resource. Replicas share `store`, of which `putIfAbsent` has to be atomic.
 *
 * @example
 * const held = createHeldRequests({ verifier, challenger, resource, execute: (order, caller) => place(order, caller) });
 * // in a handler: return held.hold(request.caller, { level: "auth-token", scopes: ["orders.write"] }, request.body);
 */
export function createHeldRequests<Invocation>(
  options: HeldRequestsOptions<Invocation>,
): HeldRequests<Invocation> {
  const { verifier, challenger, resource, execute, path = "/aauth/held/" } = options;
  const { lifetimeSeconds = 600, retryAfterSeconds = 5 } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const store = options.store ?? createOwnedStore<PendingEntry>({ maxEntries: MAX_ENTRIES, now });
  const running = new Map<string, { readonly jti: string; readonly answer: Promise<Answer> }>();

  const ttlOf = ({ expiresAt }: { readonly expiresAt: number }) =>
    Math.max(1, expiresAt - now()) + REMEMBERED_SECONDS;

  async function waiting(id: string, held: Held<Invocation>, caller: ProvenCaller): Promise<Answer> {
    const { scopes = [], account } = held.requirement;
    // One that was given and has not expired is good: another would be redeemed, too.
    const isDue =
      !held.ended && caller.person !== undefined && (await store.get(`token ${id}`)) === undefined;
    const grant = isDue ? await challenger.resourceToken(caller, scopes, account) : undefined;
    if (grant !== undefined) await store.put(`token ${id}`, { owner: held.owner }, grant.expiresInSeconds);
    const requirement =
      grant && formatRequirement({ requirement: AUTH_TOKEN, resourceToken: grant.resourceToken });
    const location = `${resource}${path}${id}`;
    return pendingAnswer({ status: "pending" }, { location, retryAfterSeconds, requirement });
  }

  async function end(id: string, held: Held<Invocation>, lifeSeconds = 0): Promise<void> {
    const { invocation: _, ...rest } = held;
    await store.put(`held ${id}`, { ...rest, ended: true }, Math.max(ttlOf(held), lifeSeconds));
  }

  async function poll(id: string, caller: ProvenCaller, method: "GET" | "DELETE"): Promise<Answer> {
    const held = ID.test(id) ? ((await store.get(`held ${id}`)) as Held<Invocation> | undefined) : undefined;
    if (held === undefined || !isHolder(held, caller)) return emptyAnswer(404);
    const jti = caller.grant?.claims.jti as string | undefined;
    const run = (await store.get(`run ${id}`)) as Run | undefined;
    const here = running.get(id);
    if (here !== undefined) return here.jti === jti ? here.answer : emptyAnswer(410);
    if (run !== undefined) return run.jti === jti ? repeated(id, held, caller) : emptyAnswer(410);
    if (held.ended) return emptyAnswer(410);
    if (method === "DELETE") {
      // As an execution does: one of them happens.
      const isFirst = await store.putIfAbsent(`run ${id}`, { owner: held.owner, jti: "" }, ttlOf(held));
      if (isFirst) await end(id, held);
      return emptyAnswer(isFirst ? 204 : 410);
    }
    if (now() >= held.expiresAt) {
      await end(id, held);
      return problemAnswer(408, "expired");
    }
    if (jti === undefined || unmet(caller, held.requirement) !== undefined) return waiting(id, held, caller);
    const answer = executedOnce(id, held, caller, jti).finally(() => running.delete(id));
    running.set(id, { jti, answer });
    return answer;
  }

  /** Of processes that share the store one executes. */
  async function executedOnce(
    id: string,
    held: Held<Invocation>,
    caller: ProvenCaller,
    jti: string,
  ): Promise<Answer> {
    const { owner, invocation } = held;
    const lifeSeconds = Math.max(1, (caller.grant?.claims.exp as number) - now());
    // It outlives what is held: nothing may be executed again.
    if (!(await store.putIfAbsent(`run ${id}`, { owner, jti }, ttlOf(held) + lifeSeconds))) {
      const run = (await store.get(`run ${id}`)) as Run | undefined;
      if (run === undefined) throw new StoreFullError();
      return run.jti === jti ? repeated(id, held, caller) : emptyAnswer(410);
    }
    let answer: Answer;
    try {
      answer = await execute(invocation as Invocation, caller);
    } catch (error) {
      await keep(problemAnswer(500, "server_error"));
      throw error;
    }
    await keep(answer);
    return answer;

    async function keep(result: Answer): Promise<void> {
      await store.put(`result ${id}`, { owner, jti, answer: result }, lifeSeconds);
      await end(id, held, lifeSeconds);
    }
  }

  /** What came of an execution; where another process has not finished it, wait. */
  async function repeated(id: string, held: Held<Invocation>, caller: ProvenCaller): Promise<Answer> {
    const result = (await store.get(`result ${id}`)) as Result | undefined;
    return result?.answer ?? waiting(id, held, caller);
  }

  return {
    async hold(caller, requirement, invocation) {
      if (requirement.level !== AUTH_TOKEN) throw new TypeError(`a held request needs level ${AUTH_TOKEN}`);
      validateRequirement(requirement);
      const person = personOf(caller);
      if (person === undefined)
        throw new TypeError("a resource token needs a caller that has shown a person");
      const id = encodeBase64Url(platformCrypto.randomBytes(16));
      const held: Held<Invocation> = {
        ...holderOf(caller),
        ...{ requirement, invocation, person, expiresAt: now() + lifetimeSeconds },
      };
      await store.put(`held ${id}`, held, ttlOf(held));
      return waiting(id, held, caller);
    },
    endpoint: pollEndpoint(path, verifier, poll),
  };
}

/** The person server and what it calls the person: the same in a person token and in the auth tokens that follow from it. */
function personOf({ person, grant }: ProvenCaller): readonly [string, string] | undefined {
  return person && [(grant?.claims.ps as string | undefined) ?? person.iss, person.sub];
}

/** The same key, and where a person is named the same person. */
function isHolder(held: Held<unknown>, caller: ProvenCaller): boolean {
  const person = personOf(caller);
  const isPerson = person === undefined || person.every((part, index) => part === held.person[index]);
  return held.holder === caller.thumbprint && isPerson;
}
