/**
 * Requests of a resource that wait for a person or an approval (draft -11, sections 6.2 and 11.8).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import {
  type CodeRefusal,
  type DeferredRecord,
  DeferredRecords,
  MissingRequestError,
  newRecord,
  randomName,
} from "../deferred/deferred-records.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { admitsCallback, type CallbackParties, callbackUrl } from "../draft-11/callback.ts";
import { formatRequirement } from "../draft-11/headers.ts";
import { isEndpointUrl } from "../draft-11/identifiers.ts";
import {
  emptyAnswer,
  type PollingError,
  pendingAnswer,
  pollingError,
  problemAnswer,
} from "../draft-11/problem.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { ownerOfCaller } from "../store/owner-of.ts";
import { createMemoryRecordStore, type RecordStore } from "../store/record-store.ts";
import type { ProvenCaller } from "../types.ts";
import { type Endpoint, lastSegment, refusing } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

/** Used only for error responses. The request that is polled determines the required token. */
const REQUIREMENT = { level: "agent-token" } as const;

/** Options of deferred requests. */
export interface DeferredOptions<Data = unknown> {
  /** Verifier of the resource's routes. */
  readonly verifier: Verifier;
  /** Identifier of the resource. */
  readonly resource: string;
  /** Path below which requests are polled, with a final slash. Default `/aauth/pending/`. */
  readonly path?: string | undefined;
  /**
   * The page on which persons act, `https` without query. Default: none; requests cannot require an
   * interaction.
   */
  readonly interactionUrl?: string | undefined;
  /**
   * Finds the callbacks that agent providers publish. Default: none; browsers return to person
   * servers only.
   */
  readonly discovery?: Discovery | undefined;
  /**
   * Default: in memory, 50000 entries of all owners, lost with the process. Values are plain JSON
   * if the data of requests is.
   */
  readonly store?: RecordStore<unknown> | undefined;
  /** Seconds until an idle request expires. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Seconds between polls. Earlier polls are answered with `slow_down`, unless it is 0. Default 5.
   */
  readonly retryAfterSeconds?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * Executes the answer of `finish` after it is stored, when the request can no longer expire or be
   * cancelled. Runs in `finish`; until it succeeds, also in each later `finish` and poll, which
   * rethrow its errors. It must be idempotent. Default: nothing to execute.
   *
   * @returns the answer for the holder
   */
  carryOut?(request: Pick<OpenedRequest<Data>, "id" | "owner" | "data">, answer: Answer): Awaitable<Answer>;
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

/** The deferred requests of a resource, and their endpoint. */
export interface Deferred<Data> {
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
  readonly data: unknown;
  readonly parties: CallbackParties;
  /** `AAuth-Requirement` until the person has opened the request. */
  field?: string;
  /** Unix seconds; earlier polls get `slow_down`. */
  notBefore: number;
  outcome?: Answer;
  /** Set until the outcome is executed. */
  isOwed?: true;
}

/**
 * Creates the deferred requests of a resource. Replicas share `store`.
 *
 * @throws TypeError for a `path` without a final slash, or an invalid `interactionUrl`
 *
 * @example
 * const { answer } = await deferred.begin(request.caller, { requirement: "interaction", data: { report: 7 } });
 * // at the page: const opened = await deferred.open(code, address); … await deferred.finish(opened.id, { status: 200, headers, body });
 */
export function createDeferred<Data>(options: DeferredOptions<Data>): Deferred<Data> {
  const { verifier, discovery, path = "/aauth/pending/" } = options;
  const requests = new DeferredRequests<Data>(options, path);
  return {
    begin: (caller, request) => requests.begin(caller, request),
    finish: (id, answer) => requests.finish(id, answer, options.carryOut !== undefined),
    fail: (id, error, detail) => requests.finish(id, pollingError(error, detail), false),
    open: (code, from) => requests.open(code, from),
    async returnUrl(opened, callback, error) {
      const isAdmitted = await admitsCallback(callback, opened, discovery);
      return isAdmitted ? callbackUrl(callback, error) : undefined;
    },
    endpoint: pollEndpoint(path, verifier, (id, { thumbprint }, method) =>
      method === "DELETE" ? requests.cancel(id, thumbprint) : requests.poll(id, thumbprint),
    ),
  };
}

class DeferredRequests<Data> {
  readonly #options: DeferredOptions<Data>;
  readonly #location: string;
  readonly #now: () => number;
  readonly #records: DeferredRecords<Waiting>;

  constructor(options: DeferredOptions<Data>, path: string) {
    const { resource, interactionUrl, now = () => Math.floor(Date.now() / 1000) } = options;
    const { store = createMemoryRecordStore({ now }) } = options;
    const location = `${resource}${path}`;
    if (!isEndpointUrl(location) || !location.endsWith("/"))
      throw new TypeError("path must begin and end with a slash");
    if (interactionUrl !== undefined && !isEndpointUrl(interactionUrl)) {
      throw new TypeError("interactionUrl must be https, without query and fragment");
    }
    this.#options = options;
    this.#location = location;
    this.#now = now;
    this.#records = new DeferredRecords({
      ...{ store, now, keptSeconds: KEPT_SECONDS },
      codes: {
        maxWrong: MAX_WRONG_CODES,
        guessedAt(record) {
          record.outcome = pollingError("invalid_code", "too many wrong codes were tried");
        },
      },
    });
  }

  async begin(caller: ProvenCaller, { requirement, data }: NewRequest<Data>): Promise<BegunRequest> {
    const { interactionUrl, lifetimeSeconds = 600 } = this.#options;
    if (requirement === "interaction" && interactionUrl === undefined) {
      throw new TypeError("an interaction requires the option interactionUrl");
    }
    const record: Waiting = {
      ...{ ...newRecord(randomName(16)), ...chargedTo(caller), data, parties: partiesOf(caller) },
      ...{ expiresAt: this.#now() + lifetimeSeconds, notBefore: 0 },
    };
    const code = requirement === "interaction" ? await this.#records.newCode(record) : undefined;
    const shown = code !== undefined && { url: interactionUrl!, code };
    if (requirement !== undefined) record.field = formatRequirement({ requirement, ...shown });
    await this.#records.add(record);
    return { id: record.id, ...(code !== undefined && { code }), answer: this.#waiting(record) };
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

  poll(id: string, holder: string): Promise<Answer> {
    return this.#records.change(id, holder, async (record) => {
      const { retryAfterSeconds = 5 } = this.#options;
      const now = this.#now();
      if (now < record.notBefore) {
        const headers = { "retry-after": String(retryAfterSeconds + 5) };
        return problemAnswer(429, "slow_down", undefined, headers);
      }
      // Tolerates clocks that count whole seconds.
      record.notBefore = now + retryAfterSeconds * 0.8;
      const outcome = record.outcome ?? (now < record.expiresAt ? undefined : pollingError("expired"));
      if (outcome === undefined) return this.#waiting(record);
      await this.#carryOut(record); // hole V57a
      await this.#records.end(record);
      return record.outcome ?? outcome;
    });
  }

  cancel(id: string, holder: string): Promise<Answer> {
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

  // After the person has opened the request, the requirement is omitted, because the code is used
  // up.
  #waiting({ id, status, field }: Waiting): Answer {
    const { retryAfterSeconds = 5 } = this.#options;
    const requirement = status === "pending" ? field : undefined;
    return pendingAnswer({ status }, { location: `${this.#location}${id}`, retryAfterSeconds, requirement });
  }
}

/** The caller's key becomes the holder of a request, and its owner is charged. */
export const chargedTo = (caller: ProvenCaller): Pick<DeferredRecord, "holder" | "owner"> => ({
  holder: caller.thumbprint,
  owner: ownerOfCaller(caller),
});

/**
 * Callback parties of a caller. Person tokens and auth tokens do not name the agent, so its
 * provider is unknown.
 */
function partiesOf({ person, grant, identityToken }: ProvenCaller): CallbackParties {
  if (person !== undefined) return { personServer: (grant?.claims.ps as string | undefined) ?? person.iss };
  const { iss, ps } = (identityToken ?? {}) as { readonly iss?: string; readonly ps?: string };
  return { provider: iss, personServer: ps };
}

/** An endpoint for verified requests whose last path segment is the id of a deferred request. */
export function pollEndpoint(
  path: string,
  verifier: Verifier,
  answer: (id: string, caller: ProvenCaller, method: "GET" | "DELETE") => Awaitable<Answer>,
): Endpoint {
  return {
    methods: ["GET", "DELETE"],
    path,
    maxBodyBytes: 0,
    handle: (request) =>
      refusing(draft11, REQUIREMENT, async () => {
        const { caller } = await verifier.verifyRequest(request);
        const id = lastSegment(request.target);
        try {
          return await answer(id, caller, request.method === "DELETE" ? "DELETE" : "GET");
        } catch (error) {
          if (error instanceof MissingRequestError) return emptyAnswer(error.isEnded ? 410 : 404);
          throw error;
        }
      }),
  };
}
