/**
 * The revocation endpoint of a person server and an access server (draft -11, sections 11.12.1 to
 * 11.12.3).
 *
 * @module
 */

import { platformCrypto } from "#crypto";
import { pendingAnswer } from "../draft-11/problem.ts";
import type { Answer } from "../profile/resource-rules.ts";
import { createRevocations, type RevokedToken } from "../profile/revocations.ts";
import { Limit } from "../store/limit.ts";
import { ownerOf } from "../store/owner-of.ts";
import { StoreFullError } from "../store/quota-store.ts";
import type { RecordStore } from "../store/record-store.ts";
import type { TrustPolicy } from "../tokens/trust.ts";
import { invalidRequest, Problem, succeeded } from "./answers.ts";
import type { IssuedTokens, RevocableToken, TokenName } from "./issued-tokens.ts";
import { type Call, type Route, SERVER_CALLER } from "./server-frame.ts";
import type { ServerParts } from "./server-types.ts";
import { keyOf, type Table, tableOf } from "./stores.ts";

/** Maximum lifetime of any token, that of an agent token, plus a minute of clock skew. */
export const MAX_AHEAD_SECONDS = 86_460;
/** Maximum revocations of one owner of callers (`ownerOf`), and of all. */
const MAX_PER_OWNER = 1_000;
const MAX_ENTRIES = 10_000;
/** Default waiting time: one round trip to each downstream party (section 11.12.3). */
const HOLD_SECONDS = 20;
const MAX_JTI_CHARACTERS = 512;
/** Seconds for which a cascade may be polled. */
const CASCADE_SECONDS = 600;

export interface RevocationEndpointOptions extends Pick<ServerParts, "issuer" | "now" | "pollSeconds"> {
  readonly store: RecordStore<unknown>;
  /** Path of the endpoint. Cascades are polled below it. */
  readonly path: string;
  /** Servers that may revoke. Default: any. */
  readonly from?: TrustPolicy;
  /** Tokens issued by the server or an access server. */
  readonly tokens: Pick<IssuedTokens<RevocableToken>, "isRevoked">;
  /**
   * Returns a function that passes a revocation on, and retries failures when repeated. Undefined
   * if there are no downstream parties.
   */
  cascade(caller: string, jti: string): Promise<(() => Promise<Answer>) | undefined>;
}

/** A cascade that exceeds its caller's waiting time. Plain data. */
interface Cascade {
  readonly caller: string;
  readonly jti: string;
  /** Set after it has ended. */
  readonly outcome?: Answer;
  readonly told?: true;
}

export class RevocationEndpoint {
  readonly #options: RevocationEndpointOptions;
  readonly #received: Limit;
  readonly #known: ReturnType<typeof createRevocations>;
  readonly #cascades: Table<Cascade>;
  /** Cascades that run in this process. */
  readonly #running = new Map<string, Promise<Answer>>();

  constructor(options: RevocationEndpointOptions) {
    const { store, now } = options;
    this.#options = options;
    this.#known = createRevocations({ store: store as RecordStore<RevokedToken>, now });
    this.#received = new Limit({ now, maxPerOwner: MAX_PER_OWNER, maxEntries: MAX_ENTRIES });
    this.#cascades = tableOf(store, "cascade");
  }

  /** Whether a token is revoked, by its issuer or by this server. */
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
   * Receives a revocation: records it, passes it on, and responds afterwards. A caller can only
   * revoke its own tokens.
   *
   * @throws Problem 400 `invalid_request`, 429 `rate_limited`
   * @throws StoreFullError if it cannot be recorded, so that it is never confirmed by mistake
   */
  async #receive({ owner: caller, members, waitSeconds }: Call): Promise<Answer> {
    const { now, cascade } = this.#options;
    const { jti, exp } = members;
    if (typeof jti !== "string" || jti === "" || jti.length > MAX_JTI_CHARACTERS) {
      throw invalidRequest("jti must be the jti of a token");
    }
    if (typeof exp !== "number") throw invalidRequest("exp must be the exp of the token");
    if (exp > now() + MAX_AHEAD_SECONDS) throw invalidRequest("exp exceeds the maximum lifetime of a token"); // hole T35
    const lifeSeconds = exp - now();
    // hole T35
    if (lifeSeconds > 0 && !this.#received.admits(ownerOf(caller), keyOf(caller, jti), lifeSeconds)) {
      throw new Problem(429, "rate_limited", "too many revocations are stored for this caller", 60);
    }
    if (!(await this.#known.revoke({ iss: caller, jti, exp }))) throw new StoreFullError();
    const run = await cascade(caller, jti);
    if (run === undefined) return succeeded(undefined);
    // One id for each token, so that repeating a revocation stores nothing more.
    const id = await platformCrypto.digest("sha-256", keyOf(caller, jti), "base64url");
    const outcome = await this.#hold(id, run, waitSeconds);
    if (outcome === undefined) await this.#keep(id, () => ({ caller, jti }));
    return this.#answer(id, outcome);
  }

  /** @throws Problem 404 for another caller; 410 after the outcome was delivered */
  async #poll({ owner: caller, waitSeconds = 0, signal }: Call, id: string): Promise<Answer> {
    const kept = await this.#cascades.get([id]);
    if (kept?.caller !== caller) throw new Problem(404, "not_found", "there is no such revocation"); // hole T35
    if (kept.told) throw new Problem(410, "gone", "the revocation has been answered");
    // A cascade of another process is repeated, but not its confirmed revocations.
    const run = (await this.#options.cascade(caller, kept.jti)) ?? (async () => succeeded(undefined));
    const outcome = kept.outcome ?? (await this.#hold(id, run, waitSeconds));
    // A disconnected caller has not received the outcome.
    if (outcome !== undefined && !signal?.aborted) await this.#note(id, { told: true });
    return this.#answer(id, outcome);
  }

  /** @returns undefined if it takes longer */
  async #hold(
    id: string,
    run: () => Promise<Answer>,
    waitSeconds = HOLD_SECONDS,
  ): Promise<Answer | undefined> {
    const running = this.#running.get(id) ?? this.#start(id, run);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, Math.min(waitSeconds, HOLD_SECONDS) * 1000, undefined);
    });
    // An error is reported to the next poll, if any.
    running.catch(() => {});
    return Promise.race([running, late]).finally(() => clearTimeout(timer));
  }

  /**
   * Starts a cascade, and stores its outcome for polls in any process. Without a stored cascade,
   * the outcome is dropped.
   */
  #start(id: string, run: () => Promise<Answer>): Promise<Answer> {
    const running = run()
      .then(async (outcome) => {
        await this.#note(id, { outcome });
        return outcome;
      })
      .finally(() => this.#running.delete(id));
    this.#running.set(id, running);
    return running;
  }

  #answer(id: string, outcome: Answer | undefined): Answer {
    if (outcome !== undefined) return outcome;
    const { issuer, path, pollSeconds: retryAfterSeconds } = this.#options;
    const location = `${issuer}${path}/${id}`;
    return pendingAnswer({ status: "pending" }, { location, retryAfterSeconds, requirement: undefined });
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
