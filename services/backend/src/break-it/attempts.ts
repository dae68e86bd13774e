import { randomUUID } from "node:crypto";
import { AAuthAgentError, QuotaStore } from "aauth";
import type { Transport } from "aauth/agent";
import type { TracePlace } from "agent-kit/service";
import type { AnyBreakItVariant, BreakItOffer, BreakItResult } from "backend-api";
import type { BearerTwin } from "../bearer-twin/bearer-twin.ts";
import type { Evidence, SentRequest } from "../calls/evidence.ts";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import type { Run } from "../runs/run.ts";
import type { Attempt, BreakItDialect } from "./dialect.ts";
import type { ForgedRequest } from "./forged-request.ts";
import { materialOf } from "./material.ts";
import { needsPerson } from "./needs-person.ts";
import { type Refusal, refusalBy } from "./refusal-by.ts";
import type { Renew } from "./renewal.ts";
import { sendForged } from "./send-forged.ts";

/** Limit for all users. One user may have a tenth: some runs with all their attempts. */
const MAX_ATTEMPTS_KEPT = 2_000;
/** Lifetime of a run. */
const ATTEMPT_SECONDS = 3600;
const TIMEOUT_MS = 15_000;
/** Bad gateway, service unavailable, gateway timeout. */
const UNREACHED: ReadonlySet<number> = new Set([502, 503, 504]);

interface Made {
  readonly runId: string;
  /** Unix seconds. */
  readonly at: number;
  readonly result: BreakItResult;
  /** Unset without tracing. */
  readonly place: TracePlace | undefined;
}

interface AttemptsDeps {
  readonly evidence: Evidence;
  readonly transport: Transport;
  /** Repeats some attempts with a bearer token. */
  readonly twin: Pick<BearerTwin, "attack">;
  /** Returns a tampered request with its keys; undefined if it must not leave whole. */
  readonly whole: (request: SentRequest) => Promise<BreakItResult["evidence"]>;
  /** Renews the expired requests of a completed run. */
  readonly renew: Renew;
  /** Unix seconds. */
  readonly now: () => number;
}

/** "Now break it": actually sends tampered requests of a run. For demos only. */
export interface Attempts {
  /** Attempts that this run offers. */
  offers(run: Run): BreakItOffer[];
  /**
   * Sends one. If the run's requests have expired, its call is made again first.
   *
   * @throws BackendError `conflict` if the run lacks what the variant needs or a preceding honest
   * request was refused, `too_many` while this user's last attempt is in progress, `unreachable`
   * with a code if no response arrives, or only the gateway's report that it cannot reach the
   * receiver
   */
  attempt(run: Run, variant: AnyBreakItVariant): Promise<BreakItResult>;
  /**
   * The run's attempt with this trace: its span, and its time in Unix seconds. Undefined if there
   * is none.
   */
  attemptOf(run: Run, traceId: string): { readonly spanId: string; readonly at: number } | undefined;
}

const EXPIRED =
  "The requests of this run have expired. The backend keeps them for five minutes and loses them when it restarts. Start a new run.";

/** The attempts of one dialect. */
export function createAttempts(dialect: BreakItDialect, deps: AttemptsDeps): Attempts {
  const { evidence, transport, twin, whole, renew, now } = deps;
  const busy = new Set<string>();
  /** By trace id, or by a random id without tracing. */
  const attempts = new QuotaStore<Made>({ maxEntries: MAX_ATTEMPTS_KEPT, now });

  const materialOfRun = (run: Run) => materialOf(evidence.of(run.id), dialect.agentUrl, dialect.tokenIn);

  /** Whether a run has no requests left that an attempt can use. */
  function isExpired(run: Run, { needs }: Attempt): boolean {
    const material = materialOfRun(run);
    return material === undefined || dialect.isExpired(material, needs);
  }

  /** Reason why a variant cannot be tried with a run; undefined if it can. */
  function unavailable(run: Run, variant: AnyBreakItVariant): string | undefined {
    const attempt = dialect.attempts.get(variant);
    if (attempt === undefined) return dialect.elsewhere;
    if (isExpired(run, attempt)) return isRenewable(run) ? undefined : EXPIRED;
    return dialect.missing(materialOfRun(run)!, attempt.needs);
  }

  /** @throws BackendError `conflict` if that does not help */
  async function renewed(run: Run, variant: AnyBreakItVariant): Promise<void> {
    const attempt = dialect.attempts.get(variant)!;
    if (!isExpired(run, attempt)) return;
    await renew(run);
    const reason = isExpired(run, attempt) ? EXPIRED : unavailable(run, variant);
    if (reason !== undefined) throw new BackendError("conflict", reason);
  }

  async function judge(run: Run, variant: AnyBreakItVariant): Promise<Pick<Made, "result" | "place">> {
    const attempt = dialect.attempts.get(variant)!;
    let forged: ForgedRequest | undefined;
    const forge = async () => {
      forged = await attempt.forge(materialOfRun(run)!, run);
      return forged;
    };
    const options = { transport, runId: run.id, variant, timeoutMs: TIMEOUT_MS };
    const answered = await sendForged(forge, options).catch((error: unknown) => {
      throw explained(error, forged && { ...forged, receiver: dialect.receiverOf(forged.url) });
    });
    const { response, after, place } = answered;
    const { status } = response;
    const { url, body } = forged!;
    const receiver = dialect.receiverOf(url);
    const refusal = refusalBy(receiver, response, answered.body);
    // The gateway did not reach the receiver. A code shows that a check ran, whatever the status.
    if (UNREACHED.has(status) && refusal.code === undefined) throw unreached(`http_${status}`, url, receiver);
    const saved = body && (await whole({ ...forged!, body, status }));
    const result: BreakItResult = {
      variant,
      status,
      ...(after !== undefined && { after_status: after }),
      ...verdict({ status, after }, cited(refusal, dialect), attempt),
      ...(saved && { evidence: saved }),
      ...(place !== undefined && { trace_id: place.traceId }),
    };
    return { result, place };
  }

  /** The outcome of the last attempt with each variant. */
  const resultsOf = ({ id, userId }: Run) =>
    new Map(
      attempts
        .list(userId)
        .filter(({ runId }) => runId === id)
        .map(({ result }) => [result.variant, result]),
    );

  return {
    offers(run) {
      const results = resultsOf(run);
      return [...dialect.attempts.keys()].map((variant) => {
        const reason = unavailable(run, variant);
        const result = results.get(variant);
        return { variant, ...(reason !== undefined && { unavailable: reason }), ...(result && { result }) };
      });
    },

    async attempt(run, variant) {
      const reason = unavailable(run, variant);
      if (reason !== undefined) throw new BackendError("conflict", reason);
      if (busy.has(run.userId)) throw new BackendError("too_many", "Your last attempt is still in progress");
      busy.add(run.userId);
      try {
        await renewed(run, variant);
        const bearer = await twin.attack(variant);
        const { result: judged, place } = await judge(run, variant);
        const result = { ...judged, ...(bearer && { bearer }) };
        const kept = {
          ...result,
          // Whole tokens are kept for minutes only.
          evidence: undefined, // hole B17
        };
        const made = { runId: run.id, at: now(), result: kept, place };
        attempts.put(run.userId, place?.traceId ?? randomUUID(), made, ATTEMPT_SECONDS);
        return result;
      } finally {
        busy.delete(run.userId);
      }
    },

    attemptOf(run, traceId) {
      const { runId, place, at } = attempts.get(traceId) ?? {};
      return runId === run.id && place !== undefined && at !== undefined
        ? { spanId: place.spanId, at }
        : undefined;
    },
  };
}

/** Only the call of a successful run can be made again. */
const isRenewable = ({ status }: Run): boolean => status === "completed";

/** Cites the check by the section of the dialect instead of the RFC that the dialect builds on. */
function cited(refusal: Refusal, { checks }: BreakItDialect): Refusal {
  const own = checks.find(({ name }) => name === refusal.check)?.section;
  const isByRfc = refusal.section?.startsWith("RFC ") === true;
  return { ...refusal, ...(own !== undefined && isByRfc && { section: own }) };
}

/**
 * Returns the outcome of an attempt, and whether it demonstrates the targeted check.
 *
 * @param after status of the honest request afterwards
 * @throws BackendError `conflict` if that request shows nothing
 */
function verdict(
  { status, after }: { readonly status: number; readonly after: number | undefined },
  { cause, ...refusal }: Refusal,
  { codes, check, section, ...meant }: Attempt,
): Pick<BreakItResult, "outcome"> & Partial<BreakItResult> {
  const named = { check, ...(section !== undefined && { section }) };
  if ((status >= 400 && status < 500) || UNREACHED.has(status)) {
    const code = cause ?? refusal.code;
    // Only this is evidence of the targeted check.
    const as_meant =
      codes === undefined ? status === meant.status : code !== undefined && codes.includes(code);
    // A verifier names its check itself.
    return {
      outcome: "refused",
      ...refusal,
      ...(as_meant && refusal.check === undefined && named),
      as_meant,
    };
  }
  if (after === undefined) return { outcome: "accepted" };
  if (after === 429 || after >= 500) {
    const why = `The follow-up request was answered with status ${after}, so the effect of the attempt is unknown.`;
    throw new BackendError("conflict", why);
  }
  if (after !== meant.unchanged) return { outcome: "accepted" };
  return { outcome: "without_effect", refused_by: refusal.refused_by, ...named, as_meant: true };
}

/** Error for a tampered request that its receiver neither accepted nor refused. */
function unreached(code: string, url: string, receiver: string): BackendError {
  return new BackendError("unreachable", `${noResponse(url, receiver)} (${code}).`, { code });
}

function noResponse(url: string, receiver: string): string {
  return `No response from ${new URL(url).origin}, the address of the ${receiver.replace(/-(?=agent$|server$)/, " ")}`;
}

/**
 * @param to destination of the tampered request; undefined if an honest request before it failed
 */
function explained(error: unknown, to: { readonly url: string; readonly receiver: string } | undefined) {
  const code = networkCodeOf(error);
  if (code !== undefined && to !== undefined) return unreached(code, to.url, to.receiver);
  if (code !== undefined) {
    return new BackendError("unreachable", `A preceding honest request received no response (${code}).`, {
      code,
    });
  }
  if (needsPerson(error)) {
    return new BackendError(
      "conflict",
      "A preceding honest request needs your consent, which an attempt cannot ask for.",
      { code: "user_unreachable" },
    );
  }
  if (error instanceof AAuthAgentError) {
    const { code } = error;
    return new BackendError("conflict", `A preceding honest request was not granted (${code}).`, { code });
  }
  // A fault of the backend.
  return error;
}
