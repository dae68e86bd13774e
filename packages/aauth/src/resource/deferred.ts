/**
 * Requests of a resource that wait for a person, an approval or an auth token (draft -11, sections
 * 6.2, 6.5.1 and 11.8).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import {
  type CodeRefusal,
  type DeferredRecord,
  DeferredRequests as Engine,
  MissingRequestError,
  newRecord,
  randomName,
} from "../deferred/deferred-requests.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { admitsCallback, type CallbackParties, callbackUrl } from "../draft-11/callback.ts";
import { isEndpointUrl } from "../draft-11/identifiers.ts";
import { emptyAnswer, type PollingError, pollingError, problemAnswer } from "../draft-11/problem.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { Observer } from "../profile/events.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { ownerOfCaller } from "../store/owner-of.ts";
import { createMemoryRecordStore, type RecordStore } from "../store/record-store.ts";
import type { Hold, ProvenCaller, Requirement } from "../types.ts";
import type { Challenger } from "./challenge.ts";
import { type Endpoint, lastSegment, refusing } from "./endpoint.ts";
import { observed } from "./observed.ts";
import type { AddressedRequest, Verifier } from "./types.ts";

const { unmet, validateRequirement } = draft11.verification;
const AUTH_TOKEN = "auth-token";
/** Used only for error responses. The request that is polled determines the required token. */
const REQUIREMENT = { level: "agent-token" } as const;

/** Options of deferred requests. */
export interface DeferredOptions<Data = unknown> {
  /** Path below which requests are polled, with a final slash. Default `/aauth/pending/`. */
  readonly path?: string | undefined;
  /**
   * The page on which persons act, `https` without query. Default: none; requests cannot require an
   * interaction.
   */
  readonly interactionUrl?: string | undefined;
  /** Seconds until an idle request expires. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Seconds between polls. Earlier polls are answered with `slow_down`, unless it is 0 or the
   * request waits for an auth token. Default 5.
   */
  readonly retryAfterSeconds?: number | undefined;
  /** Receives each verdict on a poll, in addition to the resource's observer. Default: none. */
  readonly observer?: Observer<AddressedRequest> | undefined;
  /**
   * Executes the answer of `finish` after it is stored, when the request can no longer expire or be
   * cancelled. Runs in `finish`; until it succeeds, also in each later `finish` and poll, which
   * rethrow its errors. It must be idempotent. Default: nothing to execute.
   *
   * @returns the answer for the holder
   */
  carryOut?(request: Pick<OpenedRequest<Data>, "id" | "owner" | "data">, answer: Answer): Awaitable<Answer>;
  /**
   * Executes a request of `hold`, once. `caller` is the caller of the poll, whose auth token meets
   * the requirement. If it throws, the request ends with `server_error` and is not executed again,
   * because it may have been partly executed. Default: no request can be held.
   */
  execute?(data: Data, caller: ProvenCaller): Promise<Answer>;
}

/** Parts of the resource that deferred requests use. */
export interface DeferredParts {
  readonly verifier: Verifier<string>;
  readonly challenger: Pick<Challenger, "resourceToken">;
  /** Identifier of the resource. */
  readonly resource: string;
  /** Default: browsers return to person servers only. */
  readonly discovery?: Discovery | undefined;
  /** Default: in memory. */
  readonly store?: RecordStore<unknown> | undefined;
  readonly now?: (() => number) | undefined;
}

/** A request that its person has opened. */
export interface OpenedRequest<Data> extends CallbackParties {
  /** Thumbprint of the key that signs its polls. */
  readonly thumbprint: string;
  /** Owner that the request is charged to. */
  readonly owner: string;
  readonly id: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** The data passed to `begin`. */
  readonly data: Data;
}

/** A request to defer: the reason, and the data that `open` returns. */
interface NewRequest<Data> {
  readonly requirement?: "interaction" | "approval";
  readonly data: Data;
}

interface BegunRequest {
  readonly id: string;
  readonly code?: string;
  /** The 202 response for the caller. */
  readonly answer: Answer;
}

/** Deferred requests of a resource, and the endpoint at which they are polled. */
export interface DeferredRequests<Data> {
  /**
   * Stores a caller's request, and creates the 202 with the address to poll. With `interaction`, a
   * person must act on the page, where `code` identifies the request; with `approval`, another
   * party decides.
   *
   * @throws TypeError for `interaction` without an `interactionUrl`
   * @throws StoreFullError if the store is full: respond with 503
   */
  begin(caller: ProvenCaller, request: NewRequest<Data>): Promise<BegunRequest>;
  /**
   * For `hold` of a requirement of level `auth-token`: a caller with a person that lacks only the
   * token gets a 202 with a resource token. The first poll with a token that meets the requirement
   * executes the request. The response is kept for that token until the token expires; any other
   * token gets 410, another person 404.
   *
   * @throws TypeError without `execute`; from the returned function for another level, and a caller
   *   without a person
   * @throws StoreFullError from the returned function
   */
  hold(data: Data): Hold;
  /**
   * Sets the answer for the holder, once; false if the request has ended or does not exist. If
   * `carryOut` throws, so does this, but the answer remains; repeating the call executes it.
   */
  finish(id: string, answer: Answer): Promise<boolean>;
  /** Ends the request with an error (section 11.9.4); false as in `finish`. */
  fail(id: string, error: PollingError, detail?: string): Promise<boolean>;
  /**
   * Opens the request of a code, once, when the person arrives. Five wrong guesses of a request's
   * code end the request. After five different wrong codes in ten minutes, the result for any code
   * of that address is `too_many_codes`, and nothing is used up: respond with 429.
   *
   * Does NOT authenticate the person or check that they may decide.
   *
   * @param from address of the browser
   */
  open(code: string, from: string): Promise<OpenedRequest<Data> | CodeRefusal>;
  /**
   * Return address of the browser for its `callback`. Undefined unless the callback is the agent
   * provider's, a loopback address that it allows, or at the person server; the browser then stays.
   *
   * @param error error with which the request ended, if any
   */
  returnUrl(opened: CallbackParties, callback: string, error?: PollingError): Promise<string | undefined>;
  /**
   * GET polls: the answer is delivered once, then 410. 404 for an unknown request, or one of
   * another key; 408 `expired`; 429 `slow_down`. DELETE cancels: 204, or 410 if there is already an
   * answer, which can still be polled. All requests are signed by the key of the request, with any
   * token of its agent.
   */
  readonly endpoint: Endpoint;
}

/** Wrong codes of one address. */
const MAX_WRONG_CODES = 5;
/** Time for which polls of an ended request get 410, and of an expired one 408. */
const KEPT_SECONDS = 600;

interface Waiting extends DeferredRecord {
  /** Unset after a held request was executed or cancelled. */
  data?: unknown;
  readonly parties: CallbackParties;
  /** Unix seconds; earlier polls get `slow_down`. */
  notBefore: number;
  /** Set until the outcome is executed. */
  isOwed?: true;
  /** Set in a request that waits for an auth token. */
  readonly held?: Held;
}

interface Held {
  readonly requirement: Requirement<string>;
  /** `[person server, sub]`. */
  readonly person: readonly [string, string];
  /** Expiry of the last issued resource token, Unix seconds. */
  tokenUntil: number;
  /** The execution. Stored before it begins, so that it cannot begin twice. */
  run?: { readonly jti: string | undefined; answer?: Answer };
}

/**
 * Creates deferred requests of a resource. Replicas share `store`.
 *
 * @throws TypeError for a `path` without a final slash, or an invalid `interactionUrl`
 */
export function createDeferred<Data>(options: DeferredOptions<Data> & DeferredParts): DeferredRequests<Data> {
  const { verifier, observer, discovery, path = "/aauth/pending/" } = options;
  const requests = new Requests<Data>(options, path);
  const begin = observer === undefined ? verifier.begin : observed(verifier.begin, observer);
  return {
    begin: (caller, request) => requests.begin(caller, request),
    hold(data) {
      if (options.execute === undefined) throw new TypeError("hold needs the option execute");
      return (caller, requirement) => requests.hold(data, caller, requirement);
    },
    finish: (id, answer) => requests.finish(id, answer, options.carryOut !== undefined),
    fail: (id, error, detail) => requests.finish(id, pollingError(error, detail), false),
    open: (code, from) => requests.open(code, from),
    async returnUrl(opened, callback, error) {
      const isAdmitted = await admitsCallback(callback, opened, discovery);
      return isAdmitted ? callbackUrl(callback, error) : undefined;
    },
    endpoint: {
      methods: ["GET", "DELETE"],
      path,
      maxBodyBytes: 0,
      handle: (request) =>
        refusing(draft11, REQUIREMENT, async () => {
          const { caller } = await (await begin(request)).complete(request.body);
          try {
            return await requests.poll(lastSegment(request.target), caller, request.method === "DELETE");
          } catch (error) {
            if (error instanceof MissingRequestError) return emptyAnswer(error.isEnded ? 410 : 404);
            throw error;
          }
        }),
    },
  };
}

class Requests<Data> {
  readonly #options: DeferredOptions<Data> & DeferredParts;
  readonly #now: () => number;
  readonly #records: Engine<Waiting>;
  /** Executions of held requests in this process, by id. */
  readonly #running = new Map<string, Promise<Answer>>();

  constructor(options: DeferredOptions<Data> & DeferredParts, path: string) {
    const { resource, interactionUrl, retryAfterSeconds = 5 } = options;
    const { now = () => Math.floor(Date.now() / 1000), store = createMemoryRecordStore({ now }) } = options;
    const location = `${resource}${path}`;
    if (!isEndpointUrl(location) || !location.endsWith("/"))
      throw new TypeError("path must begin and end with a slash");
    if (interactionUrl !== undefined && !isEndpointUrl(interactionUrl)) {
      throw new TypeError("interactionUrl must be https, without query and fragment");
    }
    this.#options = options;
    this.#now = now;
    this.#records = new Engine({
      store,
      now,
      location,
      retryAfterSeconds,
      keptSeconds: KEPT_SECONDS,
      maxWrongCodes: MAX_WRONG_CODES,
      early(record) {
        if (now() < record.notBefore) {
          const headers = { "retry-after": String(retryAfterSeconds + 5) };
          return problemAnswer(429, "slow_down", undefined, headers);
        }
        // Tolerates clocks that count whole seconds.
        record.notBefore = now() + retryAfterSeconds * 0.8;
        return undefined;
      },
      advance: async (record) => {
        const outcome = record.outcome ?? (now() < record.expiresAt ? undefined : pollingError("expired"));
        await this.#carryOut(record); // hole V57a
        return record.outcome ?? outcome;
      },
      // After the person has opened the request, its code is used up.
      requirementOf: ({ status, requirement }) => (status === "pending" ? requirement : undefined),
    });
  }

  async begin(caller: ProvenCaller, { requirement, data }: NewRequest<Data>): Promise<BegunRequest> {
    const { interactionUrl } = this.#options;
    if (requirement === "interaction" && interactionUrl === undefined) {
      throw new TypeError("an interaction requires the option interactionUrl");
    }
    const record = this.#recordOf(caller, data);
    const code = requirement === "interaction" ? await this.#records.newCode(record) : undefined;
    const shown = code !== undefined && { url: interactionUrl!, code };
    if (requirement !== undefined) record.requirement = { requirement, ...shown };
    await this.#records.begin(record);
    const answer = this.#records.waiting(record, record.requirement);
    return { id: record.id, ...(code !== undefined && { code }), answer };
  }

  async hold(data: Data, caller: ProvenCaller, { hold: _, ...requirement }: Requirement<string>) {
    if (requirement.level !== AUTH_TOKEN)
      throw new TypeError(`requirement.level must be ${AUTH_TOKEN} for a held request`);
    validateRequirement(requirement);
    const person = personOf(caller);
    if (person === undefined)
      throw new TypeError("the caller must have presented a person token or an auth token");
    const held: Held = { requirement, person, tokenUntil: 0 };
    const record: Waiting = { ...this.#recordOf(caller, data), held };
    const answer = await this.#demanding(record, held, caller);
    await this.#records.begin(record);
    return answer;
  }

  async finish(id: string, answer: Answer, isOwed: boolean): Promise<boolean> {
    const isSet = await this.#records.changeAny(id, (record) => {
      if (record.isOwed) return isOwed;
      if (this.#records.hasEnded(record)) return false; // hole V57
      record.outcome = answer;
      if (isOwed) record.isOwed = true;
      return true;
    });
    // Stored first, so that it can no longer expire or be cancelled.
    if (isSet && isOwed) await this.#records.changeAny(id, (record) => this.#carryOut(record));
    return isSet ?? false;
  }

  open(typed: string, from: string): Promise<OpenedRequest<Data> | CodeRefusal> {
    return this.#records.open(typed, from, async (record) => {
      if (record.outcome !== undefined) return "invalid_code";
      await this.#records.dropCode(record);
      const { id, holder: thumbprint, owner, expiresAt, data, parties } = record;
      if (this.#now() >= expiresAt) return "expired";
      record.status = "interacting";
      return { id, thumbprint, owner, expiresAt, data: data as Data, ...parties };
    });
  }

  async poll(id: string, caller: ProvenCaller, isCancelled: boolean): Promise<Answer> {
    const record = await this.#records.get(id);
    if (record?.held !== undefined) return this.#pollHeld(id, caller, isCancelled);
    const holder = caller.thumbprint;
    return isCancelled ? this.#cancel(id, holder) : this.#records.poll(id, holder);
  }

  #cancel(id: string, holder: string): Promise<Answer> {
    return this.#records.change(id, holder, async (record) => {
      if (record.outcome !== undefined) return emptyAnswer(410);
      await this.#records.end(record);
      return emptyAnswer(204);
    });
  }

  async #carryOut(record: Waiting): Promise<void> {
    const { id, owner, data, outcome, isOwed } = record;
    if (!isOwed || outcome === undefined) return;
    const request = { id, owner, data: data as Data };
    record.outcome = (await this.#options.carryOut?.(request, outcome)) ?? outcome;
    delete record.isOwed;
  }

  // --------------------------------------------------------------------------------- an auth token

  async #pollHeld(id: string, caller: ProvenCaller, isCancelled: boolean): Promise<Answer> {
    let begun: { readonly data: Data } | undefined;
    const own = Promise.withResolvers<Answer>();
    own.promise.catch(() => {});
    try {
      const answer = await this.#records.change(id, caller.thumbprint, (record) =>
        this.#lookHeld(record, record.held!, { caller, isCancelled }, () => {
          begun = { data: record.data as Data };
          // Concurrent polls get the same response.
          this.#running.set(id, own.promise);
        }),
      );
      if (begun === undefined)
        return answer ?? this.#running.get(id) ?? this.#records.waiting({ id, status: "pending" });
      own.resolve(this.#executed(id, begun.data, caller));
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
  async #lookHeld(
    record: Waiting,
    held: Held,
    { caller, isCancelled }: { readonly caller: ProvenCaller; readonly isCancelled: boolean },
    begin: () => void,
  ): Promise<Answer | undefined> {
    if (!isPerson(held, caller)) return emptyAnswer(404);
    const jti = caller.grant?.claims.jti as string | undefined;
    const { run, requirement } = held;
    if (run !== undefined) return jti !== undefined && run.jti === jti ? run.answer : emptyAnswer(410);
    const isExpired = this.#now() >= record.expiresAt;
    if (isCancelled || isExpired) {
      held.run = { jti: undefined };
      delete record.data;
      return isCancelled ? emptyAnswer(204) : pollingError("expired");
    }
    if (jti === undefined || unmet(caller, requirement) !== undefined)
      return this.#demanding(record, held, caller);
    held.run = { jti };
    // The response is kept as long as the token is valid, and the request is never executed again.
    record.expiresAt = Math.max(record.expiresAt, caller.grant?.claims.exp as number);
    begin();
    return undefined;
  }

  /**
   * The 202. It has a new resource token only if the last one has expired, because both could be
   * redeemed.
   */
  async #demanding(record: Waiting, held: Held, caller: ProvenCaller): Promise<Answer> {
    const { scopes = [], account } = held.requirement;
    const isDue = caller.person !== undefined && this.#now() >= held.tokenUntil;
    const token = isDue ? await this.#options.challenger.resourceToken(caller, scopes, account) : undefined;
    if (token === undefined) return this.#records.waiting(record);
    held.tokenUntil = this.#now() + token.expiresInSeconds;
    return this.#records.waiting(record, { requirement: AUTH_TOKEN, resourceToken: token.resourceToken });
  }

  /** Executes a held request and stores the response. */
  async #executed(id: string, data: Data, caller: ProvenCaller): Promise<Answer> {
    const keep = (answer: Answer) =>
      this.#records.change(id, caller.thumbprint, (record) => {
        record.held!.run!.answer = answer;
        delete record.data;
      });
    let answer: Answer;
    try {
      answer = await this.#options.execute!(data, caller);
    } catch (error) {
      await keep(pollingError("server_error"));
      throw error;
    }
    await keep(answer);
    return answer;
  }

  // ---------------------------------------------------------------------------------------- inside

  #recordOf(caller: ProvenCaller, data: Data): Waiting {
    const { lifetimeSeconds = 600 } = this.#options;
    return {
      ...newRecord(randomName(16)),
      holder: caller.thumbprint,
      owner: ownerOfCaller(caller),
      parties: partiesOf(caller),
      data,
      expiresAt: this.#now() + lifetimeSeconds,
      notBefore: 0,
    };
  }
}

/**
 * Callback parties of a caller. Person tokens and auth tokens do not name the agent, so its
 * provider is unknown.
 */
function partiesOf({ person, grant, identityToken }: ProvenCaller): CallbackParties {
  if (person !== undefined) return { personServer: (grant?.claims.ps as string | undefined) ?? person.iss };
  const { iss, ps } = (identityToken ?? {}) as { readonly iss?: string; readonly ps?: string };
  return { provider: iss, personServer: ps };
}

/**
 * The person server and its identifier of the person, which are the same in a person token and the
 * auth tokens derived from it.
 */
function personOf({ person, grant }: ProvenCaller): Held["person"] | undefined {
  return person && [(grant?.claims.ps as string | undefined) ?? person.iss, person.sub];
}

/** True unless the caller names another person. */
function isPerson(held: Held, caller: ProvenCaller): boolean {
  return personOf(caller)?.every((part, index) => part === held.person[index]) ?? true;
}
