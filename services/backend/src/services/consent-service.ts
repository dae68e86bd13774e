import type { KeyValueStore } from "aauth";
import { oneLine } from "../failures/one-line.ts";
import type { Run } from "../runs/run.ts";
import type { RunService } from "./run-service.ts";

/** What a pending `state` stands for. */
export interface PendingConsent {
  readonly runId: string;
  /** The user who started the run, and the only one whose consent counts. */
  readonly userId: string;
  readonly authServer: string;
}

export type ConsentOutcome =
  | { readonly authorized: true; readonly requestId: string }
  | {
      readonly authorized: false;
      readonly error: string;
      readonly description: string;
      readonly requestId?: string;
    };

/** What the browser brings to the callback. Anybody can have written it. */
export interface ConsentAnswer {
  readonly code?: string | undefined;
  readonly state?: string | undefined;
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
}

export interface ConsentService {
  /** Judges the browser's answer, once per state, and lets the run go on or fail. */
  answer(answer: ConsentAnswer): Promise<ConsentOutcome>;
}

/** Exchanges a code and proves whom the resulting token is for. */
export type RedeemConsent = (input: {
  authServer: string;
  code: string;
  run: Run;
}) => Promise<{ authToken: string; subject: string | undefined }>;

/** OAuth error codes are printable ASCII without quote and backslash (RFC 6749 section 4.1.2.1). */
const OAUTH_ERROR = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

export function createConsentService(deps: {
  pending: KeyValueStore<PendingConsent>;
  runs: RunService;
  redeem: RedeemConsent;
}): ConsentService {
  const { pending, runs, redeem } = deps;

  return {
    async answer({ code, state, error, error_description }) {
      if (!state || (!code && !error)) {
        return refused("missing_code_or_state", "The auth server's answer lacks code or state.");
      }
      // Taken, not read: a state works once, whatever comes of it.
      const consent = await pending.take(state);
      const run = consent && runs.find(consent.userId, consent.runId);
      if (!consent || run?.status !== "awaiting_consent") {
        return refused(
          "unknown_request",
          "No optimization waits for this answer: it was used before, or took too long.",
        );
      }

      if (!code) {
        const reason = OAUTH_ERROR.test(error!) ? error! : "invalid_error";
        const description = oneLine(error_description ?? "") || "The auth server gave no reason.";
        run.fail({
          hop: "auth-server",
          check: "consent",
          code: reason,
          message: `Consent was not given: ${description}`,
          advice: "Start the optimization again and allow the access on the consent page.",
        });
        return refused(reason, description, run.id);
      }

      let grant: Awaited<ReturnType<RedeemConsent>>;
      try {
        grant = await redeem({ authServer: consent.authServer, code, run });
      } catch (cause) {
        const failure = runs.failWith(run, cause, "auth-server");
        return refused("exchange_failed", failure.message, run.id);
      }
      if (grant.subject !== consent.userId) {
        const description =
          "The consent was given by another user than the one who started the optimization.";
        run.fail({
          hop: "auth-server",
          check: "consent",
          code: "wrong_user",
          message: description,
          advice: "Sign out at the auth server, sign in as the user who started it, and start it again.",
        });
        return refused("wrong_user", description, run.id);
      }
      // While the code was exchanged the run may have been cleared, or its time may have run out.
      if (run.status !== "awaiting_consent" || run.signal.aborted) {
        return refused("unknown_request", "The optimization no longer waits for consent.", run.id);
      }
      runs.resume(run, grant.authToken);
      return { authorized: true, requestId: run.id };
    },
  };
}

function refused(error: string, description: string, requestId?: string): ConsentOutcome {
  return { authorized: false, error, description, ...(requestId !== undefined && { requestId }) };
}
