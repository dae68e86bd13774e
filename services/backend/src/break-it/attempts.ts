import { AAuthAgentError, AnswerPendingError, TokenRequestError } from "aauth";
import type { Transport } from "aauth/agent";
import { readBounded } from "agent-kit/service";
import type { AnyBreakItVariant, BreakItOffer, BreakItResult } from "backend-api";
import { LRUCache } from "lru-cache";
import { BackendError } from "../errors.ts";
import { networkCodeOf } from "../failures/network-code.ts";
import type { Run } from "../runs/run.ts";
import type { Evidence } from "./evidence.ts";
import { readRefusal } from "./read-refusal.ts";
import { sendForged } from "./send-forged.ts";
import type { BreakItDialect } from "./variants.ts";

const MAX_ANSWER_BYTES = 65_536;
const MAX_ATTEMPTS_KEPT = 500;
const TIMEOUT_MS = 15_000;
/** Bad gateway, service unavailable, gateway timeout. */
const UNREACHED: ReadonlySet<number> = new Set([502, 503, 504]);

interface AttemptsDeps {
  readonly evidence: Evidence;
  readonly transport: Transport;
  /** Unix seconds. */
  readonly now: () => number;
}

/** "Try to break it": sends tampered requests of a run for real. Belongs into a demo, and nowhere else. */
export interface Attempts {
  /** What can be tried with this run. */
  offers(run: Run): BreakItOffer[];
  /**
   * Sends one.
   *
   * @throws BackendError `conflict` when the run lacks what the variant needs, or an honest request before it was refused, `too_many` while
   *   this user's last attempt is in progress, `unreachable` with a code when no response comes, or only the gateway's that the receiver
   *   cannot be reached
   */
  attempt(run: Run, variant: AnyBreakItVariant): Promise<BreakItResult>;
  /** An attempt with this run: its span, and when it was made (Unix seconds). Undefined when there was none with this trace. */
  attemptOf(run: Run, traceId: string): { readonly spanId: string; readonly at: number } | undefined;
}

/** The attempts in one profile. */
export function createAttempts(dialect: BreakItDialect, deps: AttemptsDeps): Attempts {
  const { evidence, transport, now } = deps;
  const busy = new Set<string>();
  const attempts = new LRUCache<string, { runId: string; spanId: string; at: number }>({
    max: MAX_ATTEMPTS_KEPT,
  });

  async function judge(run: Run, variant: AnyBreakItVariant): Promise<BreakItResult> {
    let to: { readonly url: string; readonly receiver: string } | undefined;
    const forge = async () => {
      const forged = await dialect.forge(variant, evidence.of(run.id), run);
      const { url } = forged;
      to = { url, receiver: dialect.receiverOf(url) };
      return forged;
    };
    const options = { transport, runId: run.id, variant, timeoutMs: TIMEOUT_MS };
    const { response, place } = await sendForged(forge, options).catch((error: unknown) => {
      throw explained(error, to);
    });
    const { status } = response;
    const { url, receiver } = to!;
    const refusal = readRefusal(response, await readBounded(response, MAX_ANSWER_BYTES), receiver);
    const { cause = refusal.code, ...shown } = refusal;
    // The gateway has not reached the receiver. A check that names its code has looked, with any status.
    if (UNREACHED.has(status) && refusal.code === undefined) throw unreached(`http_${status}`, url, receiver);
    if (place !== undefined) {
      attempts.set(place.traceId, { runId: run.id, spanId: place.spanId, at: now() });
    }
    const { codes, status: meantStatus, section } = dialect.meant(variant);
    const refused = (status >= 400 && status < 500) || UNREACHED.has(status) || status === meantStatus;
    // It alone is evidence of the check that the variant is meant for.
    const asMeant =
      codes === undefined ? status === meantStatus : cause !== undefined && codes.includes(cause);
    return {
      variant,
      refused,
      status,
      ...(refused && { ...shown, ...(asMeant && section !== undefined && { section }), as_meant: asMeant }),
      ...(place !== undefined && { trace_id: place.traceId }),
    };
  }

  return {
    offers(run) {
      const sent = evidence.of(run.id);
      return dialect.variants.map((variant) => {
        const reason = dialect.unavailable(variant, sent);
        return { variant, ...(reason !== undefined && { unavailable: reason }) };
      });
    },

    async attempt(run, variant) {
      const reason = dialect.unavailable(variant, evidence.of(run.id));
      if (reason !== undefined) throw new BackendError("conflict", reason);
      if (busy.has(run.userId)) throw new BackendError("too_many", "Your last attempt is still in progress");
      busy.add(run.userId);
      try {
        return await judge(run, variant);
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
