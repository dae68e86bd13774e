import { AAuthError, formatAgentAuth, publicRefusal, type SignatureScheme, type VerifiedAgent } from "aauth";
import { isCuredBySigning } from "aauth/resource";
import { UnusableCheck, UnusableRequest } from "./check-request.ts";

/** An answer that the gateway passes to the caller as it is. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Why, for log and trace; the caller may get another one (`publicRefusal`). */
  readonly code: string;
}

/** Codes after which another signature by the same caller would help: its identity stands, its token does not. */
const IDENTITY_WOULD_HELP: ReadonlySet<string> = new Set(["token_expired"]);

const TEXT = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/** The refusal for anything that was thrown while a check was judged. Nothing thrown ever lets a request through. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof UnusableCheck) {
    const body = `AAuth failure: the gateway's check request cannot be used: ${error.message}`;
    return { status: 500, headers: TEXT, body, code: "unusable_check" };
  }
  if (error instanceof UnusableRequest) {
    const body = `AAuth failure: unusable_request: the request cannot be judged: ${error.message}`;
    return { status: 400, headers: TEXT, body, code: "unusable_request" };
  }
  if (!(error instanceof AAuthError)) {
    return {
      status: 503,
      headers: TEXT,
      body: "AAuth failure: verification is not available",
      code: "verification_unavailable",
    };
  }
  // Thrown only for what `refusalBelowScheme` judges too: it depends on the route whether a pseudonymous caller gets that far.
  if (error.code === "identity_required") return belowScheme("identity_required");
  const { code, message } = publicRefusal(error);
  const body = `AAuth failure: AAuth verification failed: ${code}: ${message}`;
  if (!isCuredBySigning(error)) return { status: error.status, headers: TEXT, body, code: error.code };
  const level = error.provenAgent && IDENTITY_WOULD_HELP.has(error.code) ? "identified" : "pseudonymous";
  return {
    status: 401,
    headers: { ...TEXT, "agent-auth": formatAgentAuth({ level }) },
    body,
    code: error.code,
  };
}

/**
 * The refusal of a proven caller below the route's scheme, or undefined. A route of scheme jwt wants an auth token; it is the agent
 * behind the gateway that could issue the resource token to get one, so the challenge for an identity is all there is to say here.
 */
export function refusalBelowScheme(agent: VerifiedAgent, required: SignatureScheme): Refusal | undefined {
  const isEnough =
    required === "hwk" ||
    (required === "jwks" && agent.level !== "pseudonymous") ||
    agent.level === "authorized";
  if (isEnough) return undefined;
  return belowScheme(agent.level === "pseudonymous" ? "identity_required" : "authorization_required");
}

function belowScheme(code: string): Refusal {
  return {
    status: 401,
    headers: { "agent-auth": formatAgentAuth({ level: "identified" }), "cache-control": "no-store" },
    body: "",
    code,
  };
}
