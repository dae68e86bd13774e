import { trace } from "@opentelemetry/api";
import type { QuotaStore } from "aauth";
import { withSpan } from "agent-kit/service";
import { CONSENT_DENIED } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import type { ConsentClient, RedeemedConsent } from "../clients/consent-client.ts";
import { oneLine } from "../failures/one-line.ts";
import type { Run } from "../runs/run.ts";
import type { CallObserver } from "./call-observer.ts";
import type { ConsentGrants } from "./consent-grants.ts";
import type { RunService } from "./run-service.ts";
import type { ConsentRequests } from "./watch-consent-request.ts";

/** What a pending `state` stands for. */
export interface PendingConsent {
  readonly runId: string;
  /** The user who started the run, and the only one whose consent counts. */
  readonly userId: string;
  readonly authServer: string;
  /** The key that asked, and that alone can redeem the code. */
  readonly keyThumbprint?: string;
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
  /**
   * Takes back everything the user has consented to, at the auth server, and says how many consents that were. An auth token
   * already issued lives on until it expires. Throws as `ConsentClient.revoke` does; what was revoked
   * until then stays revoked.
   */
  revoke(userId: string): Promise<number>;
}

/** Where the auth server sends the browser after consent; whatever comes of it, the answer sends it on to the page. */
export const CALLBACK_PATH = "/auth/aauth/callback";
export const CALLBACK_STATUS = 302;
/** OAuth error codes are printable ASCII without quote and backslash (RFC 6749 section 4.1.2.1). */
const OAUTH_ERROR = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

export function createConsentService(deps: {
  /** Own identifier: who may act once a user has consented. */
  agent: string;
  pending: Pick<QuotaStore<PendingConsent>, "take">;
  consentRequests: Pick<ConsentRequests, "delete">;
  grants: ConsentGrants;
  runs: RunService;
  client: ConsentClient;
  /** Watches the redemption for the run's feed and the log. */
  observe: CallObserver;
  logger: FastifyBaseLogger;
}): ConsentService {
  const { agent, pending, consentRequests, grants, runs, client, observe, logger } = deps;

  /**
   * A consent that no run can use is not remembered: its giver is asked again next time. A giver who has consented here before keeps that
   * consent: with any one refresh token the auth server forgets them all, and a link is enough to make it issue another one.
   */
  async function giveBack(
    authServer: string,
    { refreshToken, subject, resource }: RedeemedConsent,
    run: Run,
  ): Promise<void> {
    if (refreshToken === undefined) return;
    const earlier = subject === undefined ? [] : grants.list(subject);
    if (earlier.some(({ consent }) => consent.resource === resource)) return;
    try {
      await client.revoke({ authServer, refreshToken });
    } catch (error) {
      logger.warn({ err: error, runId: run.id }, "a consent of no use could not be given back");
    }
  }

  return {
    async answer({ code, state, error, error_description }) {
      if (!state || (!code && !error)) {
        return refused("missing_code_or_state", "The auth server's answer lacks code or state.");
      }
      // Taken, not read: a state works once, whatever comes of it.
      const consent = pending.take(state);
      const run = consent && runs.find(consent.userId, consent.runId);
      if (!consent || run?.status !== "awaiting_consent") {
        return refused(
          "unknown_request",
          "No optimization waits for this answer: it was used before, or took too long.",
        );
      }

      return runs.inTraceOf(run, () =>
        withSpan(SPAN.consentReturned, () => noted(judge(run, consent, state)), {
          attributes: {
            [ATTRIBUTE.runId]: run.id,
            [ATTRIBUTE.method]: "GET",
            [ATTRIBUTE.route]: CALLBACK_PATH,
            [ATTRIBUTE.status]: CALLBACK_STATUS,
          },
        }),
      );

      async function judge(run: Run, consent: PendingConsent, state: string): Promise<ConsentOutcome> {
        if (!code) {
          // Who knows the state can say that the page was left, without having been there: the request counts on.
          const reason = OAUTH_ERROR.test(error!) ? error! : "invalid_error";
          const description = oneLine(error_description ?? "") || "The auth server gave no reason.";
          const notGiven = {
            message: `Consent was not given: ${description}`,
            advice: "Start the optimization again and allow the access on the consent page.",
          };
          const told = reason === "access_denied" ? CONSENT_DENIED : notGiven;
          run.fail({ hop: "auth-server", check: "consent", code: reason, ...told });
          return refused(reason, description, run.id);
        }

        const { authServer, keyThumbprint } = consent;
        let grant: RedeemedConsent;
        try {
          const { observer } = observe(run);
          grant = await withSpan(SPAN.redeemConsent, () =>
            client.redeem({
              authServer,
              code,
              observer,
              ...(keyThumbprint !== undefined && { keyThumbprint }),
            }),
          );
        } catch (cause) {
          const failure = runs.failWith(run, cause, "auth-server");
          return refused("exchange_failed", failure.message, run.id);
        }
        consentRequests.delete(state);
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
          await giveBack(authServer, grant, run);
          return refused("wrong_user", description, run.id);
        }
        // While the code was exchanged the run may have been cleared, or its time may have run out.
        if (run.status !== "awaiting_consent" || run.signal.aborted) {
          await giveBack(authServer, grant, run);
          return refused("unknown_request", "The optimization no longer waits for consent.", run.id);
        }
        const { refreshToken, resource, scopes, expiresAt } = grant;
        const cacheKey = runs.cacheKeyOf(run);
        const given = { agent, resource, scopes, expiresAt, revocable: refreshToken !== undefined };
        try {
          if (refreshToken !== undefined)
            grants.add(consent.userId, { authServer, refreshToken, cacheKey, consent: given });
        } catch (cause) {
          // What could not be revoked is not kept.
          await giveBack(authServer, grant, run);
          return refused("exchange_failed", runs.failWith(run, cause, "backend").message, run.id);
        }
        // From here on the agent presents the token by itself, and renews it while the consent lasts.
        await client.keep({ consent: grant, cacheKey });
        runs.resume(run, given);
        return { authorized: true, requestId: run.id };
      }
    },

    async revoke(userId) {
      const held = grants.list(userId);
      for (const grant of held) {
        await withSpan(SPAN.revokeConsent, () => client.revoke(grant));
        grants.remove(grant);
      }
      if (held.length > 0) for (const run of runs.list(userId)) run.noteRevocation();
      return held.length;
    },
  };
}

/** Writes onto the current span why nothing came of a consent. */
async function noted(judged: Promise<ConsentOutcome>): Promise<ConsentOutcome> {
  const outcome = await judged;
  if (!outcome.authorized) trace.getActiveSpan()?.setAttribute(ATTRIBUTE.errorCode, outcome.error);
  return outcome;
}

function refused(error: string, description: string, requestId?: string): ConsentOutcome {
  return { authorized: false, error, description, ...(requestId !== undefined && { requestId }) };
}
