/**
 * Requests that are answered later (draft -11, section 11.8): where they are polled, by whom, and how they end. What is kept is plain JSON.
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { encodeBase64Url } from "../base64.ts";
import type { Answer } from "../profile/resource-rules.ts";
import type { KeyValueStore } from "../store/key-value-store.ts";
import { createOwnedStore, type Owned } from "../store/owned-store.ts";
import { StoreFullError } from "../store/quota-store.ts";
import { formatRequirement } from "./headers.ts";
import { isEndpointUrl } from "./identifiers.ts";
import { createInteractionCode, readCode, showCode } from "./interaction-code.ts";
import { emptyAnswer, pendingAnswer, problemAnswer } from "./problem.ts";

/** What is kept of a request, and of what happens to it; plain JSON. Opaque: only this module reads it. */
export interface PendingEntry extends Owned {
  readonly [member: string]: unknown;
}

export interface PendingRequestsOptions {
  /** The address that an id is appended to, at the server's own origin: `https://resource.example/aauth/pending/`. */
  readonly location: string;
  /** The page where persons act, `https` without query. Default: none, and no request asks for an interaction. */
  readonly interactionUrl?: string | undefined;
  /** Default: in memory, 50000 entries shared among owners; gone with the process. */
  readonly store?: KeyValueStore<PendingEntry> | undefined;
  /** Seconds until a request that nothing happens to has expired. Default 600. */
  readonly lifetimeSeconds?: number | undefined;
  /** Seconds that a poller is asked to wait; one that is faster is slowed down, unless it is 0. Default 5. */
  readonly retryAfterSeconds?: number | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/** Whose request it is. */
export interface PendingHolder {
  /** The same in each poll: at a resource the thumbprint of the key, at a person server the agent. */
  readonly holder: string;
  /** Counted by in the default store. */
  readonly owner: string;
}

/** A request that waits, for the code that ends it. */
export interface DeferredRequest<Data> extends PendingHolder {
  readonly id: string;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** What was given to `begin`. */
  readonly data: Data;
}

/** How a request ends without an answer (section 11.9.4). */
export type PollingError = keyof typeof POLLING_ERRORS;

const POLLING_ERRORS = {
  denied: 403,
  abandoned: 403,
  revoked: 403,
  expired: 408,
  invalid_code: 410,
  server_error: 500,
} as const;

export interface PendingRequests<Data> {
  /**
   * Keeps a request and makes the 202 that says where it is polled. With `interaction`, a person has to act at the page, and `code` names the
   * request there; with `approval`, someone else decides.
   *
   * @throws TypeError for `interaction` without an `interactionUrl`
   * @throws StoreFullError when the default store has no room: answer 503
   */
  begin(
    holder: PendingHolder,
    request: { readonly requirement?: "interaction" | "approval"; readonly data: Data },
  ): Promise<{ readonly id: string; readonly code?: string; readonly answer: Answer }>;
  /**
   * The answer to a poll. What `finish` or `fail` has said is given once, then 410. 404 for an unknown request and for one of another holder,
   * 408 `expired`, 429 `slow_down`.
   */
  poll(id: string, holder: string): Promise<Answer>;
  /** Ends a request for its holder: 204, and 410 from then on. 410 where it has an answer, which can still be polled for. */
  cancel(id: string, holder: string): Promise<Answer>;
  /**
   * The request that a code names, once: the person is here. Wrong guesses at the code of a request end it.
   *
   * Does NOT say that this person may decide: authenticate them.
   */
  open(code: string): Promise<DeferredRequest<Data> | "invalid_code" | "expired">;
  /** Sets the answer that the holder gets; false where the request has ended or never was. */
  finish(id: string, answer: Answer): Promise<boolean>;
  /** Ends the request with an error; false as of `finish`. */
  fail(id: string, error: PollingError, detail?: string): Promise<boolean>;
}

/** Wrong guesses at one code. */
const MAX_GUESSES = 5;
/** How long an ended request is answered 410, and an expired one 408. Seconds. */
const REMEMBERED_SECONDS = 600;
const MAX_ENTRIES = 50_000;
const ID = /^[\w-]{22}$/;

interface Kept<Data> extends PendingEntry, PendingHolder {
  readonly expiresAt: number;
  readonly data: Data;
  /** Name of its code. */
  readonly code?: string;
  readonly ended?: true;
}

/**
 * Creates the requests that wait at one server. Replicas share `store`, of which `putIfAbsent` and `take` have to be atomic.
 *
 * @throws TypeError for a `location` that does not end with a slash or an `interactionUrl` that is no endpoint
 *
 * @example
 * const pending = createPendingRequests({ location: "https://resource.example/aauth/pending/" });
 * const { answer } = await pending.begin({ holder: caller.thumbprint, owner: ownerOfCaller(caller) }, { data: {} });
 */
export function createPendingRequests<Data>(options: PendingRequestsOptions): PendingRequests<Data> {
  const { location, interactionUrl, lifetimeSeconds = 600, retryAfterSeconds = 5 } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const store = options.store ?? createOwnedStore<PendingEntry>({ maxEntries: MAX_ENTRIES, now });
  if (!isEndpointUrl(location) || !location.endsWith("/"))
    throw new TypeError("location must be https and end with a slash");
  if (interactionUrl !== undefined && !isEndpointUrl(interactionUrl)) {
    throw new TypeError("interactionUrl must be https, without query and fragment");
  }

  const requestOf = async (id: string) =>
    ID.test(id) ? ((await store.get(`request ${id}`)) as Kept<Data> | undefined) : undefined;
  /** Seconds that something of a request is kept. */
  const ttlOf = ({ expiresAt }: Kept<Data>) => Math.max(1, expiresAt - now()) + REMEMBERED_SECONDS;

  /** Of two callers at the same time one gets true. */
  async function claim(key: string, value: PendingEntry, ttlSeconds: number): Promise<boolean> {
    if (await store.putIfAbsent(key, value, ttlSeconds)) return true;
    if ((await store.get(key)) === undefined) throw new StoreFullError();
    return false;
  }

  async function end(id: string, request: Kept<Data>): Promise<void> {
    if (request.code !== undefined) await store.delete(`code ${request.code}`);
    const { data: _, ...rest } = request;
    await store.put(`request ${id}`, { ...rest, ended: true }, ttlOf(request));
  }

  async function finish(id: string, answer: Answer): Promise<boolean> {
    const request = await requestOf(id);
    if (request === undefined || request.ended || now() >= request.expiresAt) return false;
    return claim(`outcome ${id}`, { owner: request.owner, answer }, ttlOf(request));
  }

  const fail = (id: string, error: PollingError, detail?: string) =>
    finish(id, problemAnswer(POLLING_ERRORS[error], error, detail));

  async function codeFor(id: string, owner: string): Promise<{ name: string; shown: string }> {
    for (;;) {
      const code = createInteractionCode();
      const { name, secret } = code;
      const isNew = await claim(`code ${name}`, { owner, id, secret }, lifetimeSeconds + REMEMBERED_SECONDS);
      if (isNew) return { name, shown: showCode(code) };
    }
  }

  /** The last of the wrong guesses ends the request. */
  async function countGuess(id: string, owner: string): Promise<void> {
    for (let guess = 1; guess < MAX_GUESSES; guess++) {
      if (await claim(`guess ${id} ${guess}`, { owner }, lifetimeSeconds + REMEMBERED_SECONDS)) return;
    }
    await fail(id, "invalid_code", "wrong codes were tried too often");
  }

  /** Where there is no room to remember polls, each of them passes. */
  async function isTooSoon(id: string, owner: string): Promise<boolean> {
    if (retryAfterSeconds === 0) return false;
    // Clocks that count whole seconds make an interval shorter.
    if (await store.putIfAbsent(`poll ${id}`, { owner }, retryAfterSeconds * 0.8)) return false;
    return (await store.get(`poll ${id}`)) !== undefined;
  }

  function waiting(id: string, status: string, requirement?: string): Answer {
    return pendingAnswer({ status }, { location: `${location}${id}`, retryAfterSeconds, requirement });
  }

  return {
    finish,
    fail,

    async begin({ holder, owner }, { requirement, data }) {
      if (requirement === "interaction" && interactionUrl === undefined) {
        throw new TypeError("an interaction needs interactionUrl, the page where a person acts");
      }
      const id = encodeBase64Url(platformCrypto.randomBytes(16));
      const code = requirement === "interaction" ? await codeFor(id, owner) : undefined;
      const shown = code && { url: interactionUrl!, code: code.shown };
      const field = requirement && formatRequirement({ requirement, ...shown });
      const request: Kept<Data> = {
        ...{ holder, owner, data, expiresAt: now() + lifetimeSeconds },
        ...(code && { code: code.name }),
        ...(field !== undefined && { field }),
      };
      await store.put(`request ${id}`, request, ttlOf(request));
      return { id, ...(code && { code: code.shown }), answer: waiting(id, "pending", field) };
    },

    async poll(id, holder) {
      const request = await requestOf(id);
      if (request === undefined || request.holder !== holder) return emptyAnswer(404);
      if (request.ended) return emptyAnswer(410);
      const { owner, expiresAt, field } = request;
      if (await isTooSoon(id, owner)) {
        return problemAnswer(429, "slow_down", undefined, { "retry-after": String(retryAfterSeconds + 5) });
      }
      const outcome = (await store.take(`outcome ${id}`)) as { readonly answer: Answer } | undefined;
      if (outcome !== undefined) {
        await end(id, request);
        return outcome.answer;
      }
      if (now() >= expiresAt) {
        await end(id, request);
        return problemAnswer(408, "expired");
      }
      const isHere = (await store.get(`opened ${id}`)) !== undefined;
      // The code has been used by then: no one else is to be sent there.
      return isHere ? waiting(id, "interacting") : waiting(id, "pending", field as string | undefined);
    },

    async cancel(id, holder) {
      const request = await requestOf(id);
      if (request === undefined || request.holder !== holder) return emptyAnswer(404);
      if (request.ended) return emptyAnswer(410);
      const { owner } = request;
      // As an answer does: one of the two happens, and what has been executed is not cancelled any more.
      const isFirst = await claim(`outcome ${id}`, { owner, answer: emptyAnswer(410) }, ttlOf(request));
      if (!isFirst) return emptyAnswer(410);
      await end(id, request);
      return emptyAnswer(204);
    },

    async open(text) {
      const code = readCode(text);
      const known = code && (await store.get(`code ${code.name}`));
      if (code === undefined || known === undefined) return "invalid_code";
      const id = known.id as string;
      const request = await requestOf(id);
      if (request === undefined || request.ended) return "invalid_code";
      if (known.secret !== code.secret) {
        await countGuess(id, known.owner);
        return "invalid_code";
      }
      if ((await store.take(`code ${code.name}`)) === undefined) return "invalid_code";
      if (now() >= request.expiresAt) return "expired";
      if ((await store.get(`outcome ${id}`)) !== undefined) return "invalid_code";
      const { holder, owner, expiresAt, data } = request;
      await store.put(`opened ${id}`, { owner }, ttlOf(request));
      return { id, holder, owner, expiresAt, data };
    },
  };
}
