import { trace } from "@opentelemetry/api";
import type { FebruaryAgent, FebruaryAuthTokenClaims, FebruaryToken } from "aauth/february-2026";
import { withSpan } from "agent-kit/service";
import { CONSENT_DENIED } from "backend-api";
import type { FastifyBaseLogger } from "fastify";
import { ATTRIBUTE, SPAN } from "protocol-trace";
import { BackendError } from "../errors.ts";
import { oneLine } from "../failures/one-line.ts";
import { type PageOutcome, RETURN_STATUS } from "../routes/returns.ts";
import type { CallObserver } from "../runs/call-observer.ts";
import type { Run } from "../runs/run.ts";
import { cacheKeyOf, inTraceOf } from "../runs/run-context.ts";
import type { RunService } from "../runs/run-service.ts";
import type { OpenRequests } from "../store/open-requests.ts";
import type { ConsentGrants } from "./consent-grants.ts";

type AuthTokenClaims = Pick<FebruaryAuthTokenClaims, "sub" | "scope" | "exp">;

/** Parameters of the callback. Untrusted: any party can have written them. */
export interface ConsentAnswer {
  readonly code?: string | undefined;
  readonly state?: string | undefined;
  readonly error?: string | undefined;
  readonly error_description?: string | undefined;
}

/** Callback path after consent. Every response redirects to the page. */
export const CALLBACK_PATH = "/auth/aauth/callback";
/** OAuth error codes are printable ASCII without quote and backslash (RFC 6749 section 4.1.2.1). */
const OAUTH_ERROR = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

/** Dependencies of the consent service. */
export interface ConsentServiceDeps {
  /**
   * Signs with the backend's identity regardless of the signature scheme of its calls, because only
   * a token's owner can revoke it.
   */
  readonly agent: Pick<FebruaryAgent, "redeemCode" | "cacheToken" | "revoke">;
  /** The backend's identifier, as the agent that a user consents to. */
  readonly agentId: string;
  /** The resource that users consent to being called. */
  readonly resource: string;
  /** Verifies an auth token for the resource. Throws as `verifyAuthToken` does. */
  readonly verify: (token: string) => Promise<AuthTokenClaims>;
  /** Same meaning as for runs. */
  readonly sharesTokens: boolean;
  readonly consentRequests: Pick<OpenRequests, "end">;
  readonly grants: ConsentGrants;
  readonly runs: RunService;
  /** Observes the redemption for the run's feed and the log. */
  readonly observe: CallObserver;
  readonly logger: FastifyBaseLogger;
}

export class ConsentService {
  readonly #deps: ConsentServiceDeps;

  constructor(deps: ConsentServiceDeps) {
    this.#deps = deps;
  }

  /** Evaluates the callback, once per state, and resumes or fails the run. */
  async answer(brought: ConsentAnswer): Promise<PageOutcome> {
    const { code, state, error } = brought;
    if (!state || (!code && !error)) {
      return refused("missing_code_or_state", "The auth server's response lacks code or state.");
    }
    const run = await this.#deps.runs.takeReturn(state);
    if (run === undefined) {
      return refused(
        "unknown_request",
        "No optimization is waiting for this response: it has been used before, or arrived too late.",
      );
    }
    const attributes = {
      [ATTRIBUTE.runId]: run.id,
      [ATTRIBUTE.method]: "GET",
      [ATTRIBUTE.route]: CALLBACK_PATH,
      [ATTRIBUTE.status]: RETURN_STATUS,
    };
    const judge = () => noted(code ? redeem(this.#deps, run, code) : refuse(this.#deps, run, brought));
    return inTraceOf(run, () => withSpan(SPAN.consentReturned, judge, { attributes }));
  }

  /**
   * Revokes all consents of the user at the auth server. Issued auth tokens remain valid until they
   * expire. Consents revoked before an error stay revoked.
   *
   * @returns number of revoked consents
   * @throws BackendError `unreachable` if the auth server does not revoke one
   */
  async revoke(userId: string): Promise<number> {
    const { agent, resource, grants, runs } = this.#deps;
    const held = await grants.list(userId);
    for (const grant of held) {
      const { authServer, refreshToken, cacheKey } = grant;
      await withSpan(SPAN.revokeConsent, () =>
        agent.revoke({ authServer, refreshToken, cached: { resource, cacheKey } }),
      ).catch((cause: unknown) => {
        const message = "The auth server did not revoke your consent, which remains in effect; try again";
        throw new BackendError("unreachable", message, { cause });
      });
      await grants.remove(grant);
    }
    if (held.length > 0) await runs.noteRevocation(userId);
    return held.length;
  }
}

/**
 * Handles a refusal. The request still counts, because any party that knows the state can send one.
 */
async function refuse(
  { runs }: ConsentServiceDeps,
  run: Run,
  { error = "", error_description = "" }: ConsentAnswer,
): Promise<PageOutcome> {
  const code = OAUTH_ERROR.test(error) ? error : "invalid_error";
  const description = oneLine(error_description) || "The auth server gave no reason.";
  const notGiven = {
    message: `Consent was not given: ${description}`,
    advice: "Start the optimization again and allow the access on the consent page.",
  };
  const shown = code === "access_denied" ? CONSENT_DENIED : notGiven;
  await runs.fail(run, { hop: "auth-server", check: "consent", code, ...shown });
  return refused(code, description, run.id);
}

/** Redeems the code, and resumes the run if its own user has consented. */
async function redeem(deps: ConsentServiceDeps, run: Run, code: string): Promise<PageOutcome> {
  const { runs, agent, verify, observe, consentRequests } = deps;
  const asked = run.demand!.code!;
  let obtained: FebruaryToken;
  let claims: AuthTokenClaims;
  try {
    const { observer, noted } = observe({ id: run.id, note: (step) => runs.note(run, step) });
    const redeeming = async () => {
      const token = await agent.redeemCode({ ...asked, code, observer });
      // The token is verified because its subject decides whether the run may continue.
      return { obtained: token, claims: await verify(token.token) };
    };
    ({ obtained, claims } = await withSpan(SPAN.redeemConsent, redeeming).finally(noted));
  } catch (cause) {
    const failure = await runs.failWith(run, cause, "auth-server");
    return refused("exchange_failed", failure.message, run.id);
  }
  await consentRequests.end(run.userId, run.id);
  const given = { authServer: asked.authServer, obtained, claims };
  // hole B3
  if (claims.sub !== run.userId) {
    const message = "The consent was given by another user than the one who started the optimization.";
    await runs.fail(run, {
      hop: "auth-server",
      check: "consent",
      code: "wrong_user",
      message,
      advice: "Sign out at the auth server, sign in as the user who started it, and start it again.",
    });
    await revokeUnused(deps, given, run);
    return refused("wrong_user", message, run.id);
  }
  // The run may have been cleared or have expired during the code exchange.
  const current = await runs.find(run.userId, run.id);
  if (current?.status !== "awaiting_consent") {
    await revokeUnused(deps, given, run);
    return refused("unknown_request", "The optimization no longer waits for consent.", run.id);
  }
  return keep(deps, given, run);
}

/** Tokens obtained for a code. */
interface Given {
  readonly authServer: string;
  readonly obtained: FebruaryToken;
  readonly claims: AuthTokenClaims;
}

async function keep(deps: ConsentServiceDeps, given: Given, run: Run): Promise<PageOutcome> {
  const { agent, agentId, resource, grants, runs, sharesTokens } = deps;
  const { authServer, obtained, claims } = given;
  const refreshToken = obtained.continuation?.refreshToken;
  const { scope = "", exp: expiresAt } = claims;
  const cacheKey = cacheKeyOf(run, sharesTokens);
  const scopes = scope.split(" ").filter((name) => name !== "");
  const consent = { agent: agentId, resource, scopes, expiresAt, revocable: refreshToken !== undefined };
  try {
    if (refreshToken !== undefined)
      await grants.add(run.userId, { authServer, refreshToken, cacheKey, consent });
  } catch (cause) {
    // A consent that could not be revoked later must not be kept.
    await revokeUnused(deps, given, run);
    return refused("exchange_failed", (await runs.failWith(run, cause, "backend")).message, run.id);
  }
  // From now on the agent presents and renews the token while the consent lasts.
  await agent.cacheToken({ obtained, cacheKey });
  await runs.resume(run, consent);
  return { authorized: true, requestId: run.id };
}

/**
 * Revokes a consent that no run can use, so that the user is asked again next time. Skipped if the
 * user has consented here before: revoking any refresh token makes the auth server forget all of
 * the user's consents, and an attacker's link suffices to obtain another one.
 */
async function revokeUnused(
  { agent, resource, grants, logger }: ConsentServiceDeps,
  { authServer, obtained, claims: { sub: subject } }: Given,
  run: Run,
): Promise<void> {
  const refreshToken = obtained.continuation?.refreshToken;
  if (refreshToken === undefined) return;
  const earlier = subject === undefined ? [] : await grants.list(subject);
  if (earlier.some(({ consent }) => consent.resource === resource)) return;
  try {
    await agent.revoke({ authServer, refreshToken });
  } catch (error) {
    logger.warn({ err: error, runId: run.id }, "an unused consent could not be revoked");
  }
}

/** Records the reason for a failed consent on the current span. */
async function noted(judged: Promise<PageOutcome>): Promise<PageOutcome> {
  const outcome = await judged;
  if (!outcome.authorized) trace.getActiveSpan()?.setAttribute(ATTRIBUTE.errorCode, outcome.error);
  return outcome;
}

function refused(error: string, description: string, requestId?: string): PageOutcome {
  return { authorized: false, error, description, ...(requestId !== undefined && { requestId }) };
}
