/**
 * The revocation endpoint of a person server and an access server (draft -11, sections 11.12.1 to
 * 11.12.3).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import type { Answer } from "../profile/resource-rules.ts";
import { createRevocations, type RevokedToken } from "../profile/revocations.ts";
import { Limit } from "../store/limit.ts";
import { ownerOf } from "../store/owner-of.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import { answerOf, invalidRequest, type Outcome, Problem, succeeded, waitingAnswer } from "./answers.ts";
import type { IssuedTokens, RevocableToken, TokenName } from "./issued-tokens.ts";
import { type Call, type Route, SERVER_CALLER } from "./server-frame.ts";
import type { ServerParts } from "./server-types.ts";
import { keyOf, type Table, tableOf } from "./stores.ts";

/** The longest life of a token, of an agent, and a minute for clocks that differ. */
export const MAX_AHEAD_SECONDS = 86_460;
/** Revocations of one owner of callers (`ownerOf`), and of all. */
const MAX_PER_OWNER = 1_000;
const MAX_ENTRIES = 10_000;
/**
 * One round trip to each party downstream, where the caller does not say how long it waits (section
 * 11.12.3).
 */
const HOLD_SECONDS = 20;
const MAX_JTI_CHARACTERS = 512;
/** Seconds that a cascade may be polled for. */
const CASCADE_SECONDS = 600;

export interface RevocationEndpointOptions extends Pick<ServerParts, "issuer" | "now" | "pollSeconds"> {
  readonly store: RecordStore<unknown>;
  /** Path of the endpoint; what is polled is below it. */
  readonly path: string;
  /** Servers that may revoke. Default: any. */
  readonly from?: TrustPolicy;
  /** Those that the server has issued, or had from an access server. */
  readonly tokens: Pick<IssuedTokens<RevocableToken>, "isRevoked">;
  /**
   * Passes a caller's revocation on. May be done again: it tries what failed. Undefined where
   * nothing is downstream.
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

export class RevocationEndpoint {
  readonly #options: RevocationEndpointOptions;
  readonly #received: Limit;
  readonly #known: ReturnType<typeof createRevocations>;
  readonly #cascades: Table<Cascade>;
  /** Cascades that run in this process. */
  readonly #running = new Map<string, Promise<Outcome>>();

  constructor(options: RevocationEndpointOptions) {
    const { store, now } = options;
    this.#options = options;
    this.#known = createRevocations({ store: store as RecordStore<RevokedToken>, now });
    this.#received = new Limit({ now, maxPerOwner: MAX_PER_OWNER, maxEntries: MAX_ENTRIES });
    this.#cascades = tableOf(store, "cascade");
  }

  /** Whether a token is revoked: by its issuer, or as one of the server's own. */
  readonly isRevoked = async ({ iss, jti }: TokenName): Promise<boolean> =>
    (await this.#known.isRevoked({ iss, jti, type: "", exp: 0 })) ||
    (await this.#options.tokens.isRevoked({ iss, jti }));

  get routes(): Readonly<Record<string, Route>> {
    const { path, from } = this.#options;
    const servers = { role: "revocation", level: SERVER_CALLER } as const;
    return {
      [path]: {
        ...servers,
        from, // hole T35
        methods: { POST: (call) => this.#receive(call) },
      },
      [`${path}/`]: { ...servers, methods: { GET: (call, id) => this.#poll(call, id) } },
    };
  }

  /**
   * Receives a revocation: recorded first, passed on, answered once that is done. A caller reaches
   * its own tokens, and no other.
   *
   * @throws Problem 400 `invalid_request`, 429 `rate_limited`
   * @throws StoreFullError where it could not be kept: no caller may hear that it was
   */
  async #receive({ owner: caller, members, waitSeconds }: Call): Promise<Answer> {
    const { now, cascade } = this.#options;
    const { jti, exp } = members;
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
    const outcome = await this.#hold(id, run, waitSeconds);
    if (outcome === undefined) await this.#keep(id, () => ({ caller, jti }));
    return this.#answer(id, outcome);
  }

  /** @throws Problem 404 for another caller; 410 once it has been told */
  async #poll({ owner: caller, waitSeconds = 0, signal }: Call, id: string): Promise<Answer> {
    const kept = await this.#cascades.get([id]);
    if (kept?.caller !== caller) throw new Problem(404, "not_found", "there is no such revocation"); // hole T35
    if (kept.told) throw new Problem(410, "gone", "the revocation has been answered");
    // A cascade that another process has begun is done again: confirmed revocations are not
    // repeated.
    const run = (await this.#options.cascade(caller, kept.jti)) ?? (async () => succeeded(undefined));
    const outcome = kept.outcome ?? (await this.#hold(id, run, waitSeconds));
    // A caller that is gone has not heard it.
    if (outcome !== undefined && !signal?.aborted) await this.#note(id, { told: true });
    return this.#answer(id, outcome);
  }

  /** @returns undefined where it takes longer */
  async #hold(
    id: string,
    run: () => Promise<Outcome>,
    waitSeconds = HOLD_SECONDS,
  ): Promise<Outcome | undefined> {
    const running = this.#running.get(id) ?? this.#start(id, run);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, Math.min(waitSeconds, HOLD_SECONDS) * 1000, undefined);
    });
    // An error is for the caller that polls; where none does, it is dropped.
    running.catch(() => {});
    return Promise.race([running, late]).finally(() => clearTimeout(timer));
  }

  /**
   * Its outcome is kept for the caller that polls, in any process; where none does, nothing is left
   * of it here.
   */
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

  #answer(id: string, outcome: Outcome | undefined): Answer {
    if (outcome !== undefined) return answerOf(outcome);
    const { issuer, path, pollSeconds: retryAfterSeconds } = this.#options;
    const location = `${issuer}${path}/${id}`;
    return waitingAnswer({ location, retryAfterSeconds, status: "pending", requirement: undefined });
  }

  async #note(id: string, change: Partial<Cascade>): Promise<void> {
    await this.#keep(id, (kept) => kept && { ...kept, ...change });
  }

  async #keep(id: string, change: (kept: Cascade | undefined) => Cascade | undefined): Promise<void> {
    await this.#cascades.update([id], (kept) => {
      const value = change(kept);
      return value && { value, owner: ownerOf(value.caller), ttlSeconds: CASCADE_SECONDS };
    });
  }
}
