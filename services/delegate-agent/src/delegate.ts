import { AAuthError, type AAuthEvent, type decodeToken, TokenRequestError } from "aauth";
import type { Agent } from "aauth/agent";
import { AgentAnswerError, AgentHttpError, askAgent } from "aauth-a2a";
import { type DelegateRun, failedPartOf } from "backend-api";
import { AgentTokenError } from "./agent-token-request.ts";
import type { CallDialect } from "./delegate-dialect.ts";

const MAX_REPORT_CHARACTERS = 2_000;
const MAX_STEPS = 50;

/** Calls the supply-chain agent and reports the outcome. */
export interface Delegate {
  /** Makes one call, or joins the one in progress. Never rejects. */
  run(): Promise<DelegateRun>;
  lastRun(): DelegateRun | null;
}

export function createDelegate(options: {
  agent: Agent;
  /** Drops the cached agent token, so that the next call uses a new one. */
  dropAgentToken: () => void;
  dialect: CallDialect;
  supplyChainAgentUrl: string;
  prompt: string;
  timeoutSeconds: number;
  /** Additional observer of each call, for log and spans. */
  observer: (event: AAuthEvent) => void;
}): Delegate {
  const { agent, dropAgentToken, supplyChainAgentUrl, prompt, timeoutSeconds, observer } = options;
  const { isAgentTokenRefused, describe } = options.dialect;
  let last: DelegateRun | null = null;
  let underway: Promise<DelegateRun> | undefined;

  async function call(): Promise<DelegateRun> {
    const startedAt = new Date().toISOString();
    const steps: DelegateRun["steps"] = [];
    let granted: DelegateRun["granted"];
    const watch = (event: AAuthEvent) => {
      observer(event);
      const step = describe(event);
      if (step !== undefined && steps.length < MAX_STEPS) steps.push(step);
      if (event.type === "token_received") granted = grantedBy(event.token.claims);
    };
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const fetch = agent.fetchFor({ signal, observer: watch });
    const done = (rest: Pick<DelegateRun, "status"> & Partial<DelegateRun>): DelegateRun => ({
      started_at: startedAt,
      ended_at: new Date().toISOString(),
      prompt,
      steps,
      ...(granted !== undefined && { granted }),
      ...rest,
    });
    const ask = () => askAgent(supplyChainAgentUrl, prompt, { fetch });
    try {
      const report = await ask().catch((error: unknown) => {
        if (!isAgentTokenRefused(error)) throw error;
        // The token was refused, for example because the agent server has a new key. Retries once
        // with a new one.
        dropAgentToken();
        return ask();
      });
      const answered = { report: report.text.slice(0, MAX_REPORT_CHARACTERS) };
      const failed = failedPartOf(report);
      if (failed === undefined) return done({ status: "completed", ...answered });
      const { code, message } = failed;
      return done({ status: "failed", failure: { code, message }, ...answered });
    } catch (error) {
      return done({ status: "failed", failure: failureOf(error, timeoutSeconds) });
    }
  }

  return {
    lastRun: () => last,
    run() {
      underway ??= call().then((run) => {
        underway = undefined;
        // A call with a cached token has the same grant as the previous one.
        last =
          run.granted === undefined && last?.granted !== undefined ? { ...run, granted: last.granted } : run;
        return last;
      });
      return underway;
    },
  };
}

function grantedBy(claims: ReturnType<typeof decodeToken>["claims"]): DelegateRun["granted"] {
  const { agent, agent_delegate, scope } = claims;
  // Tokens of draft -11 do not name an agent.
  if (agent === undefined) return undefined;
  return {
    agent: String(agent),
    // The published extension's tokens lack it.
    ...(typeof agent_delegate === "string" && { agent_delegate }),
    scope: String(scope ?? ""),
  };
}

const SENDERS = {
  agent: "The supply-chain agent",
  gateway: "The gateway",
  unknown: "The supply-chain agent, or a gateway before it,",
};

/** Describes a failure, with the refusing party's own words where they may be shown. */
function failureOf(error: unknown, timeoutSeconds: number): NonNullable<DelegateRun["failure"]> {
  const { code } = error as { code?: unknown };
  if (wantsConsent(error)) {
    return {
      code: "consent_required",
      message: "The auth server requires a user's consent, but this delegate acts for no user.",
    };
  }
  if (error instanceof AAuthError || error instanceof AgentTokenError)
    return { code: String(code), message: error.message };
  if (error instanceof AgentHttpError)
    return {
      code: `http_${error.status}`,
      message: `${SENDERS[error.sender ?? "unknown"]} ${error.message}.`,
    };
  if (error instanceof AgentAnswerError)
    return { code: "invalid_answer", message: `The answer of the supply-chain agent ${error.message}.` };
  if ((error as Error).name === "TimeoutError")
    return { code: "timeout", message: `No answer within ${timeoutSeconds} seconds.` };
  return { code: "call_failed", message: "The call could not be made; the delegate's log has the reason." };
}

/**
 * Whether consent is required. A delegate has no return address for a user, and is refused for that
 * before any user is asked (profile 6.2). Its requests lack nothing else, so a refusal that names
 * no check means this.
 */
function wantsConsent(error: unknown): boolean {
  if (error instanceof AAuthError && error.code === "consent_required") return true;
  if (!(error instanceof TokenRequestError) || error.oauthError !== "invalid_request") return false;
  return error.httpStatus === 400 && (error.refusal?.code ?? "consent_required") === "consent_required";
}
