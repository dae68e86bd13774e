/**
 * Answers of a resource that come later (draft -11, sections 6.2, 6.5.1 and 11.8): requests that wait for a person or an approval, and
 * requests that are held until an auth token is here.
 *
 * @module
 */

import type { Awaitable } from "../crypto/interface.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { admitsCallback, type CallbackParties, callbackUrl } from "../draft-11/callback.ts";
import {
  createPendingRequests,
  type DeferredRequest,
  type PendingHolder,
  type PendingRequests,
  type PendingRequestsOptions,
  type PollingError,
} from "../draft-11/pending-requests.ts";
import { draft11 } from "../draft-11/profile.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { ownerOfCaller } from "../store/owner-of.ts";
import { QuotaStore } from "../store/quota-store.ts";
import type { ProvenCaller } from "../types.ts";
import { type Endpoint, lastSegment, refusing } from "./endpoint.ts";
import type { Verifier } from "./types.ts";

/** Only what an error is answered in: which token a poll shows, the request that it is for decides. */
const REQUIREMENT = { level: "agent-token" } as const;

/** Whose a request is at a resource: of the key that signed it, charged to the caller's owner. */
export const holderOf = (caller: ProvenCaller): PendingHolder => ({
  holder: caller.thumbprint,
  owner: ownerOfCaller(caller),
});

export interface DeferredOptions extends Omit<PendingRequestsOptions, "location"> {
  /** That of the resource's routes. */
  readonly verifier: Verifier;
  /** Own identifier. */
  readonly resource: string;
  /** Where requests are polled, one segment below; ends with a slash. Default `/aauth/pending/`. */
  readonly path?: string | undefined;
  /** Finds the callbacks that agent providers publish. Default: none, and browsers are sent back to person servers only. */
  readonly discovery?: Discovery | undefined;
}

/** What is kept with a request: where its browser may go afterwards. */
interface WithParties<Data> extends CallbackParties {
  readonly data: Data;
}

/** A request whose person is here. */
export interface OpenedRequest<Data> extends DeferredRequest<Data>, CallbackParties {}

/** The pending requests of a resource, and where they are polled. */
export interface Deferred<Data> extends Pick<PendingRequests<Data>, "finish" | "fail"> {
  /** `begin` of {@link PendingRequests}, for the caller of a request. */
  begin(
    caller: ProvenCaller,
    request: Parameters<PendingRequests<Data>["begin"]>[1],
  ): ReturnType<PendingRequests<Data>["begin"]>;
  /**
   * The request that a code names, once: the person is here. Wrong guesses at the code of a request end it, and beyond five different
   * wrong codes in ten minutes an address is answered `too_many_codes` instead of `invalid_code`: send 429. The right code opens its
   * request all the same, since behind a proxy all browsers have one address.
   *
   * Does NOT say that this person may decide: authenticate them.
   *
   * @param from address of the browser
   */
  open(
    code: string,
    from: string,
  ): Promise<OpenedRequest<Data> | "invalid_code" | "expired" | "too_many_codes">;
  /**
   * Where the browser goes with the `callback` that it came with; undefined for one that is not the agent provider's, the loopback address that it allows, or
   * at the person server: then it stays.
   *
   * @param error how the request has ended, where it was not answered
   */
  returnUrl(opened: CallbackParties, callback: string, error?: PollingError): Promise<string | undefined>;
  /** Polls with GET, cancels with DELETE; each signed by the key of the request that waits, with any of its agent's tokens. */
  readonly endpoint: Endpoint;
}

/** Wrong codes of one address, and of all together, that are remembered for ten minutes. */
const MAX_WRONG_CODES = 5;
const MAX_WRONG_CODES_TOGETHER = 10_000;
const WRONG_CODE_SECONDS = 600;
/** A code is shorter. */
const MAX_CODE_CHARACTERS = 64;

/**
 * Creates the pending requests of a resource.
 *
 * @throws TypeError as {@link createPendingRequests}
 *
 * @example
 * const { answer } = await deferred.begin(request.caller, { requirement: "interaction", data: { report: 7 } });
 * // at the page: const opened = await deferred.open(code, address); … await deferred.finish(opened.id, { status: 200, headers, body });
 */
export function createDeferred<Data>(options: DeferredOptions): Deferred<Data> {
  const { verifier, resource, path = "/aauth/pending/" } = options;
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const wrongCodes = new QuotaStore<true>({
    maxEntries: MAX_WRONG_CODES_TOGETHER,
    maxPerOwner: MAX_WRONG_CODES,
    now,
  });

  /** False for one too many. */
  function noteWrongCode(from: string, code: string): boolean {
    const key = JSON.stringify([from, code.slice(0, MAX_CODE_CHARACTERS)]);
    if (wrongCodes.has(key)) return true;
    if (!wrongCodes.hasRoom(from)) return false; // hole S23
    wrongCodes.put(from, key, true, WRONG_CODE_SECONDS);
    return true;
  }

  const pending = createPendingRequests<WithParties<Data>>({ ...options, location: `${resource}${path}` });
  return {
    finish: pending.finish,
    fail: pending.fail,
    begin: (caller, { data, ...request }) =>
      pending.begin(holderOf(caller), { ...request, data: { data, ...partiesOf(caller) } }),
    async open(code, from) {
      const opened = await pending.open(code);
      if (opened === "invalid_code") return noteWrongCode(from, code) ? opened : "too_many_codes";
      return opened === "expired" ? opened : { ...opened, ...opened.data };
    },
    async returnUrl(opened, callback, error) {
      const isAdmitted = await admitsCallback(callback, opened, options.discovery);
      return isAdmitted ? callbackUrl(callback, error) : undefined;
    },
    endpoint: pollEndpoint(path, verifier, (id, caller, method) =>
      method === "DELETE" ? pending.cancel(id, caller.thumbprint) : pending.poll(id, caller.thumbprint),
    ),
  };
}

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
        return answer(id, caller, request.method === "DELETE" ? "DELETE" : "GET");
      }),
  };
}
