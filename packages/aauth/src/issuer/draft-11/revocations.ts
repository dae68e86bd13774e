/**
 * Revocations: those of others that are received, and those that are sent on (draft -11, section 11.12).
 *
 * @module
 */

import type { Discovery } from "../../discovery/discovery.ts";
import type { Transport } from "../../discovery/transport.ts";
import type { DocumentKind } from "../../profiles/draft-11/names.ts";
import { createRevocations, type RevokedToken } from "../../profiles/revocations.ts";
import type { Answer, NamedToken } from "../../profiles/wire-profile.ts";
import type { KeyValueStore } from "../../store/key-value-store.ts";
import { ownerOf } from "../../store/owner-of.ts";
import { StoreFullError } from "../../store/quota-store.ts";
import type { SigningKey } from "../../types.ts";
import { answerOf, invalidRequest, type Outcome, Problem, succeeded, waitingAnswer } from "./answers.ts";
import { Limit } from "./limit.ts";
import { locked } from "./locked.ts";
import { randomName } from "./pending-requests.ts";
import { type CallServer, createServerCalls } from "./server-calls.ts";
import { keyOf } from "./stores.ts";
import type { DownstreamResult } from "./types.ts";

/** The longest life of a token, of an agent, and a minute for clocks that differ. */
export const MAX_AHEAD_SECONDS = 86_460;
/** Remembered for so long after a token's end. */
const SKEW_SECONDS = 60;
/** Of one caller's owner (`ownerOf`), and of all. */
const MAX_PER_OWNER = 1_000;
const MAX_ENTRIES = 10_000;
/** One round trip to each party downstream, where the caller does not say how long it waits (section 11.12.3). */
const HOLD_SECONDS = 20;
const MAX_JTI_CHARACTERS = 512;
/** How long a cascade may be polled for. */
const CASCADE_SECONDS = 600;

export interface RevocationsOptions {
  readonly store: KeyValueStore<unknown>;
  readonly now: () => number;
  readonly issuer: string;
  /** Of polled cascades, with a slash at its end. */
  readonly path: string;
  readonly discovery: Discovery;
  readonly call: CallServer;
  readonly pollSeconds: number;
  /**
   * Passes a caller's revocation on. May be done again: it tries what failed. Undefined where nothing is downstream.
   */
  cascade(caller: string, jti: string): Promise<(() => Promise<Outcome>) | undefined>;
}

interface Cascade {
  readonly caller: string;
  readonly jti: string;
  /** Set once it is over. */
  readonly outcome?: Outcome;
  readonly told?: true;
}

export class Revocations {
  readonly #options: RevocationsOptions;
  readonly #received: Limit;
  readonly #known: ReturnType<typeof createRevocations>;
  /** Cascades that run in this process. */
  readonly #running = new Map<string, Promise<Outcome>>();

  constructor(options: RevocationsOptions) {
    this.#options = options;
    const store = options.store as KeyValueStore<RevokedToken>;
    this.#known = createRevocations({ store, now: options.now });
    this.#received = new Limit({ now: options.now, maxPerOwner: MAX_PER_OWNER, maxEntries: MAX_ENTRIES });
  }

  /** Whether the issuer of a token has revoked it here. */
  readonly isRevoked = async ({ iss, jti }: Pick<NamedToken, "iss" | "jti">): Promise<boolean> =>
    this.#known.isRevoked({ iss, jti, type: "", exp: 0 });

  /** @throws StoreFullError where it could not be kept: no caller may hear that it was */
  async record(iss: string, jti: string, exp: number): Promise<void> {
    if (!(await this.#known.revoke({ iss, jti, exp }))) throw new StoreFullError(); // hole T35
  }

  /**
   * Receives a revocation: recorded first, passed on, answered once that is done.
   *
   * @param caller verified: it reaches its own tokens, and no other
   * @throws Problem 400 `invalid_request`, 429 `rate_limited`
   */
  async receive(
    caller: string,
    { jti, exp }: Readonly<Record<string, unknown>>,
    waitSeconds = HOLD_SECONDS,
  ): Promise<Answer> {
    const { store, now, cascade } = this.#options;
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
    await this.record(caller, jti, exp);
    const run = await cascade(caller, jti);
    if (run === undefined) return answerOf(succeeded(undefined));
    // One name for each token: repeating a revocation makes nothing more to keep.
    const name = keyOf("cascade of", caller, jti);
    await store.putIfAbsent(name, randomName(), CASCADE_SECONDS);
    const id = String(await store.get(name));
    await store.put(keyOf("cascade", id), { caller, jti } satisfies Cascade, CASCADE_SECONDS);
    return this.#hold(id, run, Math.min(waitSeconds, HOLD_SECONDS));
  }

  /** @throws Problem 404 for another caller; 410 once it has been told */
  async poll(id: string, caller: string, waitSeconds: number): Promise<Answer> {
    const { store, cascade } = this.#options;
    const kept = (await store.get(keyOf("cascade", id))) as Cascade | undefined;
    if (kept?.caller !== caller) throw new Problem(404, "not_found", "there is no such revocation"); // hole T35
    if (kept.told) throw new Problem(410, "gone", "the revocation has been answered");
    if (kept.outcome !== undefined) return this.#tell(id, kept.outcome);
    // Where another process has begun it, it is done again: what has been recorded is not asked for twice.
    const run = (await cascade(caller, kept.jti)) ?? (async () => succeeded(undefined));
    return this.#hold(id, run, Math.min(waitSeconds, HOLD_SECONDS));
  }

  async #hold(id: string, run: () => Promise<Outcome>, waitSeconds: number): Promise<Answer> {
    const { issuer, path, pollSeconds } = this.#options;
    const running = this.#running.get(id) ?? this.#start(id, run);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, waitSeconds * 1000, undefined);
    });
    // An error is for the caller that polls; where none does, it is dropped.
    running.catch(() => {});
    const outcome = await Promise.race([running, late]).finally(() => clearTimeout(timer));
    if (outcome === undefined) {
      const location = `${issuer}${path}${id}`;
      return waitingAnswer({
        location,
        retryAfterSeconds: pollSeconds,
        status: "pending",
        requirement: undefined,
      });
    }
    return this.#tell(id, outcome);
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

  async #tell(id: string, outcome: Outcome): Promise<Answer> {
    await this.#note(id, { told: true });
    return answerOf(outcome);
  }

  async #note(id: string, change: Partial<Cascade>): Promise<void> {
    const { store } = this.#options;
    const kept = (await store.get(keyOf("cascade", id))) as Cascade | undefined;
    if (kept !== undefined) await store.put(keyOf("cascade", id), { ...kept, ...change }, CASCADE_SECONDS);
  }

  /** Sends the revocation of an own token to several parties, each recipient in a record of its own: what has been recorded there is not sent again. */
  async sendOnce(
    record: { readonly key: string; readonly jti: string; readonly exp: number },
    recipients: readonly (readonly [DocumentKind, string])[],
  ): Promise<readonly DownstreamResult[]> {
    const { store, now } = this.#options;
    const ttl = Math.max(1, record.exp - now() + SKEW_SECONDS);
    return Promise.all(
      recipients.map(([kind, recipient]) => {
        const key = keyOf("sent", record.key, kind, recipient);
        return locked(store, key, async () => {
          if ((await store.get(key)) !== undefined) return { recipient };
          const result = await sendTo(this.#options, kind, recipient, record);
          if (result.error === undefined) await store.put(key, true, ttl);
          return result;
        });
      }),
    );
  }
}

/** Revokes an own token at another party, and waits until that is over. */
async function sendTo(
  { discovery, call }: Pick<RevocationsOptions, "discovery" | "call">,
  kind: DocumentKind,
  recipient: string,
  { jti, exp }: { readonly jti: string; readonly exp: number },
): Promise<DownstreamResult> {
  const unavailable = { recipient, error: "revocation_unavailable" } as const;
  try {
    const { revocation_endpoint: url } = (await discovery.metadata(kind, recipient)) as {
      readonly revocation_endpoint?: string;
    };
    if (url === undefined) return { recipient, error: "revocation_unsupported" };
    let reply = await call({ method: "POST", url, endpoint: "revocation", body: { jti, exp } });
    const giveUpAt = performance.now() + HOLD_SECONDS * 1000;
    while (reply.status === 202 && performance.now() < giveUpAt) {
      const location = URL.parse(reply.field("location") ?? "", url);
      if (location?.origin !== new URL(url).origin) return unavailable;
      await new Promise((resolve) => setTimeout(resolve, delayMs(reply.field("retry-after"))));
      reply = await call({ method: "GET", url: location.href, endpoint: "pending" });
    }
    if (reply.status === 200 && (reply.isEmpty || reply.members !== undefined)) return { recipient };
    return reply.status === 403 && reply.members?.error === "unsupported_iss"
      ? { recipient, error: "revocation_unsupported" }
      : unavailable;
  } catch {
    return unavailable;
  }
}

/** A token that its issuer takes back, and where. */
export interface SendRevocationOptions {
  /** Server identifier of the issuer: only its own tokens are reached. */
  readonly issuer: string;
  /** As what it signs: `agent` for an agent provider, `resource` for a resource. */
  readonly kind: DocumentKind;
  /** A key that it publishes. */
  readonly key: SigningKey;
  /** Server identifier of the party that is told, and as what: an agent token goes to its person server, a resource token to its `aud` and its `ps`. */
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
 * @returns with `error` where it was not recorded: `revocation_unsupported` for a party that takes none, `revocation_unavailable` for one that did not answer
 *
 * @example
 * await sendRevocation({ issuer: "https://agent.example", kind: "agent", key, recipient: claims.ps, recipientKind: "person", jti, exp, discovery });
 */
export function sendRevocation(options: SendRevocationOptions): Promise<DownstreamResult> {
  const { issuer, kind, key, recipient, recipientKind, jti, exp, discovery, transport } = options;
  const { now = () => Math.floor(Date.now() / 1000) } = options;
  const call = createServerCalls({ issuer, kind, key: () => key, transport, now });
  return sendTo({ discovery, call }, recipientKind, recipient, { jti, exp });
}

/** Milliseconds; between 50 ms and 5 s. */
function delayMs(retryAfter: string | null): number {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Math.min(5_000, Math.max(50, Number.isNaN(seconds) ? 1_000 : seconds * 1000));
}
