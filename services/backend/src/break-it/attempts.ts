import { AAuthAgentError, AnswerPendingError, QuotaStore, TokenRequestError } from "aauth";
import type { Transport } from "aauth/agent";
import { readBounded } from "agent-kit/service";
import type { AnyBreakItVariant, BreakItOffer, BreakItResult } from "backend-api";
import type { BearerTwin } from "../bearer-twin/bearer-twin.ts";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import type { Run } from "../runs/run.ts";
import type { Attempt, BreakItDialect } from "./dialect.ts";
import type { Evidence, SentRequest } from "./evidence.ts";
import type { ForgedRequest } from "./forged-request.ts";
import { materialOf } from "./material.ts";
import { type Refusal, readRefusal } from "./read-refusal.ts";
import type { Renew } from "./renewal.ts";
import { sendForged } from "./send-forged.ts";

const MAX_ANSWER_BYTES = 65_536;
const MAX_ATTEMPTS_KEPT = 500;
/** Lifetime of a run. */
const ATTEMPT_SECONDS = 3600;
const TIMEOUT_MS = 15_000;
/** Bad gateway, service unavailable, gateway timeout. */
const UNREACHED: ReadonlySet<number> = new Set([502, 503, 504]);

interface AttemptsDeps {
  readonly evidence: Evidence;
  readonly transport: Transport;
  /** Where some attempts are made on a bearer token, too. */
  readonly twin: Pick<BearerTwin, "attack">;
  /** A tampered request with its keys; undefined where it may not leave whole. */
  readonly whole: (request: SentRequest) => Promise<BreakItResult["evidence"]>;
  /** Makes requests of a completed run that have expired. */
  readonly renew: Renew;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * "Now break it": sends tampered requests of a run for real. Belongs into a demo, and nowhere else.
 */
export interface Attempts {
  /** What can be tried with this run. */
  offers(run: Run): BreakItOffer[];
  /**
   * Sends one, after the run's call has been made again where its requests have expired.
   *
   * @throws BackendError `conflict` when the run lacks what the variant needs, or an honest request
   *   before it was refused, `too_many` while this user's last attempt is in progress,
   *   `unreachable` with a code when no response comes, or only the gateway's that the receiver
   *   cannot be reached
   */
  attempt(run: Run, variant: AnyBreakItVariant): Promise<BreakItResult>;
  /**
   * An attempt with this run: its span, and when it was made (Unix seconds). Undefined when there
   * was none with this trace.
   */
  attemptOf(run: Run, traceId: string): { readonly spanId: string; readonly at: number } | undefined;
}

const EXPIRED =
  "The backend keeps the requests of a run for five minutes and until it is started again, and their tokens expire: start a new run.";

/** The attempts of one dialect. */
export function createAttempts(dialect: BreakItDialect, deps: AttemptsDeps): Attempts {
  const { evidence, transport, twin, whole, renew, now } = deps;
  const busy = new Set<string>();
  const attempts = new QuotaStore<{ runId: string; spanId: string; at: number }>({
    maxEntries: MAX_ATTEMPTS_KEPT,
    now,
  });

  const materialOfRun = (run: Run) => materialOf(evidence.of(run.id), dialect.agentUrl, dialect.tokenIn);

  /** Whether a run has no requests that an attempt can be made with (any more). */
  function isExpired(run: Run, { needs }: Attempt): boolean {
    const material = materialOfRun(run);
    return material === undefined || dialect.isExpired(material, needs);
  }

  /** Reason why a variant cannot be tried with a run; undefined where it can. */
  function unavailable(run: Run, variant: AnyBreakItVariant): string | undefined {
    const attempt = dialect.attempts.get(variant);
    if (attempt === undefined) return dialect.elsewhere;
    if (isExpired(run, attempt)) return isRenewable(run) ? undefined : EXPIRED;
    return dialect.missing(materialOfRun(run)!, attempt.needs);
  }

  /** @throws BackendError `conflict` where that does not help */
  async function renewed(run: Run, variant: AnyBreakItVariant): Promise<void> {
    const attempt = dialect.attempts.get(variant)!;
    if (!isExpired(run, attempt)) return;
    await renew(run);
    const reason = isExpired(run, attempt) ? EXPIRED : unavailable(run, variant);
    if (reason !== undefined) throw new BackendError("conflict", reason);
  }

  async function judge(run: Run, variant: AnyBreakItVariant): Promise<BreakItResult> {
    const attempt = dialect.attempts.get(variant)!;
    let forged: ForgedRequest | undefined;
    const forge = async () => {
      forged = await attempt.forge(materialOfRun(run)!, run);
      return forged;
    };
    const options = { transport, runId: run.id, variant, timeoutMs: TIMEOUT_MS };
    const { response, place } = await sendForged(forge, options).catch((error: unknown) => {
      throw explained(error, forged && { ...forged, receiver: dialect.receiverOf(forged.url) });
    });
    const { status } = response;
    const { url, body } = forged!;
    const receiver = dialect.receiverOf(url);
    const refusal = readRefusal(response, await readBounded(response, MAX_ANSWER_BYTES), receiver);
    // The gateway has not reached the receiver. A check that names its code has looked, with any
    // status.
    if (UNREACHED.has(status) && refusal.code === undefined) throw unreached(`http_${status}`, url, receiver);
    if (place !== undefined) {
      const made = { runId: run.id, spanId: place.spanId, at: now() };
      attempts.put(run.userId, place.traceId, made, ATTEMPT_SECONDS);
    }
    const saved = body && (await whole({ ...forged!, body, status }));
    return {
      variant,
      status,
      ...verdict(status, refusal, attempt),
      ...(saved && { evidence: saved }),
      ...(place !== undefined && { trace_id: place.traceId }),
    };
  }

  return {
    offers(run) {
      return [...dialect.attempts.keys()].map((variant) => {
        const reason = unavailable(run, variant);
        return { variant, ...(reason !== undefined && { unavailable: reason }) };
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
        return { ...(await judge(run, variant)), ...(bearer && { bearer }) };
      } finally {
        busy.delete(run.userId);
      }
    },

    attemptOf(run, traceId) {
      const made = attempts.get(traceId);
      return made?.runId === run.id ? made : undefined;
    },
  };
}

/** A run that has not ended well has no call that can be made again. */
const isRenewable = ({ status }: Run): boolean => status === "completed";

/** Reports whether an attempt was refused, and whether by the check that it is for. */
function verdict(status: number, { cause, ...shown }: Refusal, { codes, section, ...meant }: Attempt) {
  const refused = (status >= 400 && status < 500) || UNREACHED.has(status) || status === meant.status;
  if (!refused) return { refused };
  const code = cause ?? shown.code;
  // Only this is evidence of the check that the attempt is for.
  const as_meant = codes === undefined ? status === meant.status : code !== undefined && codes.includes(code);
  return { refused, ...shown, ...(as_meant && section !== undefined && { section }), as_meant };
}

/** The tampered request got no response of its receiver, neither accepted nor refused. */
function unreached(code: string, url: string, receiver: string): BackendError {
  return new BackendError("unreachable", `${noResponse(url, receiver)} (${code}).`, { code });
}

function noResponse(url: string, receiver: string): string {
  return `No response came from ${new URL(url).origin}, where the ${receiver.replace(/-(?=agent$|server$)/, " ")} is reached`;
}

/** @param to where the tampered request went; undefined while honest ones were sent before it */
function explained(error: unknown, to: { readonly url: string; readonly receiver: string } | undefined) {
  const code = networkCodeOf(error);
  if (code !== undefined && to !== undefined) return unreached(code, to.url, to.receiver);
  if (code !== undefined) {
    return new BackendError("unreachable", `An honest request before it got no response (${code}).`, {
      code,
    });
  }
  if (needsPerson(error)) {
    return new BackendError(
      "conflict",
      "An honest request before it needs your consent, and an attempt asks for none.",
    );
  }
  if (error instanceof AAuthAgentError) {
    const { code } = error;
    return new BackendError("conflict", `An honest request before it was not granted (${code}).`, { code });
  }
  // A fault of the backend.
  return error;
}

/** A server asks for the person, whom an attempt brings nowhere. */
const needsPerson = (error: unknown): boolean =>
  error instanceof AnswerPendingError ||
  (error instanceof TokenRequestError && error.oauthError === "user_unreachable");
