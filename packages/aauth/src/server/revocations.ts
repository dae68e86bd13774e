/**
 * Revocations: those of others that are received, and those that are sent on (draft -11, section 11.12).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Discovery, PartyDocument } from "../discovery/discovery.ts";
import type { Transport } from "../discovery/transport.ts";
import { documents } from "../draft-11/documents.ts";
import { isServerIdentifier } from "../draft-11/identifiers.ts";
import type { DocumentKind } from "../draft-11/names.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { createRevocations, type RevokedToken } from "../profile/revocations.ts";
import type { NamedToken } from "../profile/verification.ts";
import { ownerOf } from "../store/owner-of.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { SigningKey } from "../types.ts";
import {
  answerOf,
  failed,
  invalidRequest,
  type Outcome,
  Problem,
  succeeded,
  waitingAnswer,
} from "./answers.ts";
import type { SendRevocation } from "./deliveries.ts";
import { Limit } from "./limit.ts";
import { type CallServer, createServerCalls } from "./server-calls.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** The longest life of a token, of an agent, and a minute for clocks that differ. */
export const MAX_AHEAD_SECONDS = 86_460;
/** Of one caller's owner (`ownerOf`), and of all. */
const MAX_PER_OWNER = 1_000;
const MAX_ENTRIES = 10_000;
/** One round trip to each party downstream, where the caller does not say how long it waits (section 11.12.3). */
const HOLD_SECONDS = 20;
const MAX_JTI_CHARACTERS = 512;
/** How long a cascade may be polled for. */
const CASCADE_SECONDS = 600;
/** Parties that a recipient may report to have failed. */
const MAX_REPORTED = 50;

export interface RevocationsOptions {
  readonly store: RecordStore<unknown>;
  readonly now: () => number;
  readonly issuer: string;
  /** Of polled cascades, with a slash at its end. */
  readonly path: string;
  readonly pollSeconds: number;
  /** Whether a token of the server's own records is revoked. */
  readonly isOwnRevoked: (token: Pick<NamedToken, "iss" | "jti">) => Promise<boolean>;
  /**
   * Passes a caller's revocation on. May be done again: it tries what failed. Undefined where nothing is downstream.
   */
  cascade(caller: string, jti: string): Promise<(() => Promise<Outcome>) | undefined>;
}

/** A cascade that takes longer than its caller has waited. Plain data. */
interface Cascade {
  readonly caller: string;
  readonly jti: string;
  /** Set once it is over. */
  readonly outcome?: Outcome;
  readonly told?: true;
}

/** How long a caller waits for an answer, and whether it is still there. */
export interface Waiting {
  readonly waitSeconds: number;
  readonly signal: AbortSignal | undefined;
}

export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #received: Limit;
  readonly #known: ReturnType<typeof createRevocations>;
  /** Cascades that run in this process. */
  readonly #running = new Map<string, Promise<Outcome>>();

  constructor(options: RevocationsOptions) {
    this.#options = options;
    const store = options.store as RecordStore<RevokedToken>;
    this.#known = createRevocations({ store, now: options.now });
    this.#received = new Limit({ now: options.now, maxPerOwner: MAX_PER_OWNER, maxEntries: MAX_ENTRIES });
  }

  /** Whether a token is revoked: by its issuer, or as one of the server's own records. */
  readonly isRevoked = async ({ iss, jti }: Pick<NamedToken, "iss" | "jti">): Promise<boolean> =>
    (await this.#known.isRevoked({ iss, jti, type: "", exp: 0 })) ||
    (await this.#options.isOwnRevoked({ iss, jti }));

  /**
   * Receives a revocation: recorded first, passed on, answered once that is done.
   *
   * @param caller verified: it reaches its own tokens, and no other
   * @throws Problem 400 `invalid_request`, 429 `rate_limited`
   * @throws StoreFullError where it could not be kept: no caller may hear that it was
   */
  async receive(
    caller: string,
    { jti, exp }: Readonly<Record<string, unknown>>,
    waitSeconds = HOLD_SECONDS,
  ): Promise<Answer> {
    const { now, cascade } = this.#options;
    if (typeof jti !== "string" || jti === "" || jti.length > MAX_JTI_CHARACTERS) {
      throw invalidRequest("jti must be the identifier of a token");
    }
    if (typeof exp !== "number") throw invalidRequest("exp must be that of the token");
    if (exp > now() + MAX_AHEAD_SECONDS) throw invalidRequest("no token lives as long as this exp says"); // hole T35
    const lifeSeconds = exp - now();
    // hole T35
    if (lifeSeconds > 0 && !this.#received.admits(ownerOf(caller), keyOf(caller, jti), lifeSeconds)) {
      throw new Problem(429, "rate_limited", "too many revocations are kept for this caller", 60);
    }
    if (!(await this.#known.revoke({ iss: caller, jti, exp }))) throw new StoreFullError();
    const run = await cascade(caller, jti);
    if (run === undefined) return answerOf(succeeded(undefined));
    // One name for each token: repeating a revocation makes nothing more to keep.
    const id = await platformCrypto.digest("sha-256", keyOf(caller, jti), "base64url");
    const answer = await this.#hold(id, run, waitSeconds);
    if (answer === undefined) await this.#keep(id, { caller, jti });
    return answer ?? this.#pendingAnswer(id);
  }

  /** @throws Problem 404 for another caller; 410 once it has been told */
  async poll(id: string, caller: string, waiting: Waiting): Promise<Answer> {
    const { store, cascade } = this.#options;
    const kept = (await store.get(keyOf("cascade", id))) as Cascade | undefined;
    if (kept?.caller !== caller) throw new Problem(404, "not_found", "there is no such revocation"); // hole T35
    if (kept.told) throw new Problem(410, "gone", "the revocation has been answered");
    // Where another process has begun it, it is done again: what has been recorded is not asked for twice.
    const run = (await cascade(caller, kept.jti)) ?? (async () => succeeded(undefined));
    const answer =
      kept.outcome === undefined ? await this.#hold(id, run, waiting.waitSeconds) : answerOf(kept.outcome);
    if (answer === undefined) return this.#pendingAnswer(id);
    // A caller that is gone has not heard it.
    if (!waiting.signal?.aborted) await this.#note(id, { told: true });
    return answer;
  }

  /** @returns undefined where it takes longer */
  async #hold(id: string, run: () => Promise<Outcome>, waitSeconds: number): Promise<Answer | undefined> {
    const running = this.#running.get(id) ?? this.#start(id, run);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, Math.min(waitSeconds, HOLD_SECONDS) * 1000, undefined);
    });
    // An error is for the caller that polls; where none does, it is dropped.
    running.catch(() => {});
    const outcome = await Promise.race([running, late]).finally(() => clearTimeout(timer));
    return outcome && answerOf(outcome);
  }

  /** Its outcome is kept for the caller that polls, in any process; where none does, nothing is left of it here. */
  #start(id: string, run: () => Promise<Outcome>): Promise<Outcome> {
    const running = run()
      .then(async (outcome) => {
        await this.#note(id, { outcome });
        return outcome;
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, running);
    return running;
  }

  #pendingAnswer(id: string): Answer {
    const { issuer, path, pollSeconds } = this.#options;
    return waitingAnswer({
      location: `${issuer}${path}${id}`,
      retryAfterSeconds: pollSeconds,
      status: "pending",
      requirement: undefined,
    });
  }

  async #keep(id: string, cascade: Cascade): Promise<void> {
    const terms = { owner: ownerOf(cascade.caller), ttlSeconds: CASCADE_SECONDS };
    await this.#options.store.put(keyOf("cascade", id), cascade, terms);
  }

  async #note(id: string, change: Partial<Cascade>): Promise<void> {
    await this.#options.store.update(keyOf("cascade", id), (value) => {
      const kept = value as Cascade | undefined;
      if (kept === undefined) return undefined;
      return { value: { ...kept, ...change }, owner: ownerOf(kept.caller), ttlSeconds: CASCADE_SECONDS };
    });
  }
}

/**
 * The outcome of a cascade for the issuer of the token that it began with, which does not learn at
 * which parties its agent has been: that it has reached them all, or not yet (section 11.12.3).
 */
export const cascadeOutcome = (results: readonly DownstreamResult[]): Outcome =>
  results.some(({ error }) => error === "revocation_unavailable")
    ? failed(
        new Problem(
          500,
          "server_error",
          "it is recorded, and sent again to a party that has not confirmed it",
        ),
      )
    : succeeded(undefined);

type RevocableParty = PartyDocument & { readonly revocation_endpoint?: string };

/**
 * Revokes an own token at another party, and waits until that is over: its result, and those that
 * it reports of others.
 */
export const createRevocationSender =
  ({ discovery, call }: { readonly discovery: Discovery; readonly call: CallServer }): SendRevocation =>
  async ({ kind, recipient }, { jti, exp }) => {
    const unavailable = [{ recipient, error: "revocation_unavailable" }] as const;
    const unsupported = [{ recipient, error: "revocation_unsupported" }] as const;
    try {
      const document = await discovery.metadata<RevocableParty>(documents.kinds[kind], recipient);
      const { revocation_endpoint: url } = document;
      if (url === undefined) return unsupported;
      let reply = await call({ method: "POST", url, endpoint: "revocation", body: { jti, exp } });
      const giveUpAt = performance.now() + HOLD_SECONDS * 1000;
      while (reply.status === 202 && performance.now() < giveUpAt) {
        const location = URL.parse(reply.field("location") ?? "", url);
        if (location?.origin !== new URL(url).origin) return unavailable;
        await new Promise((resolve) => setTimeout(resolve, delayMs(reply.field("retry-after"))));
        reply = await call({ method: "GET", url: location.href, endpoint: "pending" });
      }
      if (reply.status === 200 && (reply.isEmpty || reply.members !== undefined)) {
        return [{ recipient }, ...reportedFailures(reply.members?.downstream)];
      }
      return reply.status === 403 && reply.members?.error === "unsupported_iss" ? unsupported : unavailable;
    } catch {
      return unavailable;
    }
  };

/**
 * Failures that a recipient reports of the parties that it has told (section 11.12.3).
 *
 * @throws TypeError for anything else
 */
function reportedFailures(downstream: unknown): readonly DownstreamResult[] {
  if (downstream === undefined) return [];
  if (!Array.isArray(downstream)) throw new TypeError("downstream is not a list");
  const failures = new Map<string, DownstreamResult>();
  for (const { recipient, error } of downstream) {
    if (error === undefined || failures.size === MAX_REPORTED) continue;
    if (!isServerIdentifier(recipient)) throw new TypeError("a recipient is a server identifier");
    failures.set(recipient, {
      recipient,
      error: error === "revocation_unsupported" ? error : "revocation_unavailable",
    });
  }
  return [...failures.values()];
}

/** A token that its issuer takes back, and where. */
export interface SendRevocationOptions {
  /** Server identifier of the issuer: only its own tokens are reached. */
  readonly issuer: string;
  /** As what it signs: `agent` for an agent provider, `resource` for a resource. */
  readonly kind: DocumentKind;
  /** A key that it publishes. */
  readonly key: SigningKey;
  /** Server identifier of the party that receives the revocation, and its role: an agent token goes to its person server, a resource token to its `aud` and its `ps`. */
  readonly recipient: string;
  readonly recipientKind: DocumentKind;
  /** Of the token. */
  readonly jti: string;
  /** Of the token, Unix seconds. */
  readonly exp: number;
  readonly discovery: Discovery;
  /** Default: to public addresses only. */
  readonly transport?: Transport | undefined;
  /** Unix seconds. Default: the system clock. */
  readonly now?: (() => number) | undefined;
}

/**
 * Revokes a token at another party (draft -11, section 11.12), and waits until that party has passed it on, 20 seconds at most. It may be repeated.
 *
 * Person servers and access servers revoke what they have issued themselves: `revoke` of each.
 *
 * @returns with `error` where that is not confirmed: `revocation_unsupported` for a party that
 * takes none, `revocation_unavailable` for one that did not answer, or has not reached every party
 * downstream
 *
 * @example
 * await sendRevocation({ issuer: "https://agent.example", kind: "agent", key, recipient: claims.ps, recipientKind: "person", jti, exp, discovery });
 */
export async function sendRevocation(options: SendRevocationOptions): Promise<DownstreamResult> {
  const { issuer, kind, key, recipient, recipientKind, jti, exp, discovery, transport } = options;
  const { now = () => Math.floor(Date.now() / 1000) } = options;
  const call = createServerCalls({ issuer, kind, key: () => key, transport, now });
  const send = createRevocationSender({ discovery, call });
  const [result] = await send({ kind: recipientKind, recipient }, { jti, exp });
  return result!;
}

/** Milliseconds; between 50 ms and 5 s. */
function delayMs(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Math.min(5_000, Math.max(50, Number.isNaN(seconds) ? 1_000 : seconds * 1000));
}
