/**
 * Requests of a resource that wait for a person or an approval (draft -11, sections 6.2 and 11.8).
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import {
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
import { Limit } from "../store/limit.ts";
import { ownerOfCaller } from "../store/owner-of.ts";
import { createMemoryRecordStore, type RecordStore } from "../store/record-store.ts";
import type { ProvenCaller } from "../types.ts";
import { type Endpoint, lastSegment, refusing } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

/**
 * Only what an error is answered in: which token a poll shows, the request that it is for decides.
 */
const REQUIREMENT = { level: "agent-token" } as const;

/** What deferred requests are made with. */
export interface DeferredOptions<Data = unknown> {
  /** Verifier of the resource's routes. */
  readonly verifier: Verifier;
  /** Own identifier. */
  readonly resource: string;
  /** Where requests are polled, one segment below; ends with a slash. Default `/aauth/pending/`. */
  readonly path?: string | undefined;
  /**
   * The page where persons act, `https` without query. Default: none, and no request asks for an
   * interaction.
   */
  readonly interactionUrl?: string | undefined;
  /**
   * Finds the callbacks that agent providers publish. Default: none, and browsers are sent back to
   * person servers only.
   */
  readonly discovery?: Discovery | undefined;
  /**
   * Default: in memory, 50000 entries of all owners; lost with the process. Plain JSON where the
   * data of requests is.
   */
  readonly store?: RecordStore<unknown> | undefined;
  /** Seconds until a request that nothing happens to has expired. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /**
   * Seconds that a poller is asked to wait; one that is faster is slowed down, unless it is 0.
   * Default 5.
   */
  readonly retryAfterSeconds?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
  /**
   * Does what the answer of `finish` says, once that is kept and the request can neither end nor be
   * cancelled. Runs in `finish`, and until it has succeeded in each later one and in each poll,
   * which throw what it throws; it has to do no harm twice. Default: nothing is to be done.
   *
   * @returns the answer that the holder gets
   */
  carryOut?(request: Pick<OpenedRequest<Data>, "id" | "owner" | "data">, answer: Answer): Awaitable<Answer>;
}

/** A request whose person is here. */
export interface OpenedRequest<Data> extends CallbackParties {
  /** Thumbprint of the key that signs its polls. */
  readonly thumbprint: string;
  /** Owner that the request is charged to. */
  readonly owner: string;
  readonly id: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** What was given to `begin`. */
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
  /** The 202 for the caller. */
  readonly answer: Answer;
}

type CodeRefusal = "invalid_code" | "expired" | "too_many_codes";

/** The deferred requests of a resource, and where they are polled. */
export interface Deferred<Data> {
  /**
   * Keeps a caller's request and makes the 202 that says where it is polled. With `interaction`, a
   * person has to act at the page, and `code` names the request there; with `approval`, someone
   * else decides.
   *
   * @throws TypeError for `interaction` without an `interactionUrl`
   * @throws StoreFullError where the store has no room: answer 503
   */
  begin(caller: ProvenCaller, request: NewRequest<Data>): Promise<BegunRequest>;
  /**
   * Sets the answer that the holder gets, once; false where the request has ended or never was.
   * Where `carryOut` throws, so does this, and the answer stands: the same call carries it out.
   */
  finish(id: string, answer: Answer): Promise<boolean>;
  /** Ends the request with an error (section 11.9.4); false as of `finish`. */
  fail(id: string, error: PollingError, detail?: string): Promise<boolean>;
  /**
   * The request that a code names, once: the person is here. Wrong guesses at the code of a request
   * end it, and beyond five different wrong codes in ten minutes an address is answered
   * `too_many_codes` instead of `invalid_code`: send 429. The right code opens its request all the
   * same, since behind a proxy all browsers have one address.
   *
   * Does NOT say that this person may decide: authenticate them.
   *
   * @param from address of the browser
   */
  open(code: string, from: string): Promise<OpenedRequest<Data> | CodeRefusal>;
  /**
   * Where the browser goes with the `callback` that it came with; undefined for one that is not the
   * agent provider's, the loopback address that it allows, or at the person server: then it stays.
   *
   * @param error how the request has ended, where it was not answered
   */
  returnUrl(opened: CallbackParties, callback: string, error?: PollingError): Promise<string | undefined>;
  /**
   * Polls with GET: the answer is given once, then 410. 404 for an unknown request and for one of
   * another key, 408 `expired`, 429 `slow_down`. Cancels with DELETE: 204, and 410 where there is
   * an answer, which can still be polled for. Each is signed by the key of the request, with any
   * token of its agent.
   */
  readonly endpoint: Endpoint;
}

/** Wrong codes of one address, and of all together, that are remembered for ten minutes. */
const MAX_WRONG_CODES = 5;
const MAX_WRONG_CODES_TOGETHER = 10_000;
const WRONG_CODE_SECONDS = 600;
/** A code is shorter. */
const MAX_CODE_CHARACTERS = 64;
/** How long a request that has ended is answered 410, and an expired one 408. */
const KEPT_SECONDS = 600;

interface Waiting extends DeferredRecord {
  readonly data: unknown;
  readonly parties: CallbackParties;
  /** `AAuth-Requirement` until the person is here. */
  field?: string;
  /** Unix seconds; earlier polls are slowed down. */
  notBefore: number;
  outcome?: Answer;
  /** The outcome is not carried out yet. */
  isOwed?: true;
}

/**
 * Creates the deferred requests of a resource. Replicas share `store`.
 *
 * @throws TypeError for a `path` that does not end with a slash or an `interactionUrl` that is no
 * endpoint
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
  readonly #wrongCodes: Limit;

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
      guessedAt(record) {
        record.outcome = pollingError("invalid_code", "wrong codes were tried too often");
      },
    });
    this.#wrongCodes = new Limit({
      ...{ now, maxPerOwner: MAX_WRONG_CODES, maxEntries: MAX_WRONG_CODES_TOGETHER },
    });
  }

  async begin(caller: ProvenCaller, { requirement, data }: NewRequest<Data>): Promise<BegunRequest> {
    const { interactionUrl, lifetimeSeconds = 600 } = this.#options;
    if (requirement === "interaction" && interactionUrl === undefined) {
      throw new TypeError("an interaction needs interactionUrl, the page where a person acts");
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
    // Kept first: what is carried out can then no longer be cancelled, nor expire.
    if (isSet && isOwed) await this.#records.changeAny(id, (record) => this.#carryOut(record));
    return isSet ?? false;
  }

  async open(typed: string, from: string): Promise<OpenedRequest<Data> | CodeRefusal> {
    const opened = await this.#records.open(typed, async (record) => {
      if (record.outcome !== undefined) return undefined;
      await this.#records.dropCode(record);
      const { id, holder: thumbprint, owner, expiresAt, data, parties } = record;
      if (this.#now() >= expiresAt) return "expired";
      record.status = "interacting";
      return { id, thumbprint, owner, expiresAt, data: data as Data, ...parties };
    });
    if (opened !== undefined) return opened;
    const wrong = typed.slice(0, MAX_CODE_CHARACTERS);
    if (!this.#wrongCodes.admits(from, wrong, WRONG_CODE_SECONDS)) return "too_many_codes"; // hole S23
    return "invalid_code";
  }

  poll(id: string, holder: string): Promise<Answer> {
    return this.#records.change(id, holder, async (record) => {
      const { retryAfterSeconds = 5 } = this.#options;
      const now = this.#now();
      if (now < record.notBefore) {
        const headers = { "retry-after": String(retryAfterSeconds + 5) };
        return problemAnswer(429, "slow_down", undefined, headers);
      }
      // Clocks in whole seconds can shorten an interval.
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

  // Once the person is here, the code has been used: no other browser is sent there.
  #waiting({ id, status, field }: Waiting): Answer {
    const { retryAfterSeconds = 5 } = this.#options;
    const requirement = status === "pending" ? field : undefined;
    return pendingAnswer({ status }, { location: `${this.#location}${id}`, retryAfterSeconds, requirement });
  }
}

/** The key of a caller polls for its request, and its owner is charged for it. */
export const chargedTo = (caller: ProvenCaller): Pick<DeferredRecord, "holder" | "owner"> => ({
  holder: caller.thumbprint,
  owner: ownerOfCaller(caller),
});

/** Person tokens and auth tokens name no agent, and so no provider. */
function partiesOf({ person, grant, identityToken }: ProvenCaller): CallbackParties {
  if (person !== undefined) return { personServer: (grant?.claims.ps as string | undefined) ?? person.iss };
  const { iss, ps } = (identityToken ?? {}) as { readonly iss?: string; readonly ps?: string };
  return { provider: iss, personServer: ps };
}

/** An endpoint whose requests are verified, and judged by what their last segment names. */
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
