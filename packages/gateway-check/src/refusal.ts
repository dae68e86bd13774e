import { AAuthVerificationError, draft11, publicRefusal, type Requirement } from "aauth";
import { february2026 } from "aauth/february-2026";
import { formatRefusal, plainRefusal, REFUSAL_FIELD, refusalOf as refusalDataOf } from "aauth/resource";
import { publishedPeerHint } from "agent-kit/published-peers";
import { type ProfileName, UnusableCheck, UnusableRequest } from "./check-request.ts";

/** An answer that the gateway passes to the caller as it is. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Why, for log and trace; the caller may get another one (`publicRefusal`). */
  readonly code: string;
}

/** What would help a caller at a gateway: another signature, or an identity. */
const IDENTIFIED = { level: "identified" } as const;

const TEXT = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/** What a refusal has to know of the route, where the check could be read. */
export interface RefusingRoute {
  readonly profiles: readonly ProfileName[];
  readonly requirement: Requirement;
}

const FEBRUARY: RefusingRoute = { profiles: ["february-2026"], requirement: IDENTIFIED };
const PROFILES = { "february-2026": february2026, "draft-11": draft11 } as const;

/** The refusal for anything that was thrown while a check was judged. Nothing thrown ever lets a request through. */
export function refusalOf(error: unknown, route: RefusingRoute = FEBRUARY): Refusal {
  if (error instanceof UnusableCheck) {
    const body = `AAuth failure: the gateway's check request cannot be used: ${error.message}`;
    return { status: 500, headers: TEXT, body, code: "unusable_check" };
  }
  if (error instanceof UnusableRequest) {
    const body = `AAuth failure: unusable_request: the request cannot be judged: ${error.message}`;
    return { status: 400, headers: TEXT, body, code: "unusable_request" };
  }
  if (!(error instanceof AAuthVerificationError)) {
    return {
      status: 503,
      // RFC 9209: the gateway failed before it asked the agent, which the status alone does not tell.
      headers: { ...TEXT, "proxy-status": "gateway; error=proxy_internal_error" },
      body: "AAuth failure: verification is not available",
      code: "verification_unavailable",
    };
  }
  if (isOfDraft11(error, route)) {
    // As the profile has it, with the requirement that would help. A resource token never: the resource behind the gateway issues those.
    const { status, headers, body } = plainRefusal(
      error,
      {
        requirement: route.requirement,
      },
      route.profiles.map((name) => PROFILES[name]),
    );
    return { status, headers: { ...headers, ...refusedBy(error) }, body, code: error.code };
  }
  if (error.code === "identity_required" || error.code === "authorization_required")
    return belowScheme(error);
  const { status, headers } = plainRefusal(error, { requirement: IDENTIFIED }, [february2026]);
  const { code, message } = publicRefusal(error);
  const hint = publishedPeerHint(error);
  const body = `AAuth failure: AAuth verification failed: ${code}: ${message}${hint ? `; ${hint}` : ""}`;
  return { status, headers: { ...headers, ...TEXT, ...refusedBy(error) }, body, code: error.code };
}

/** Of a route that takes both, what is in no profile is answered in both. */
function isOfDraft11(
  { code, report, provenCaller }: AAuthVerificationError,
  { profiles }: RefusingRoute,
): boolean {
  const name = report?.profile ?? provenCaller?.profile;
  const isInNone = name === undefined || code === "missing_signature";
  return profiles.includes("draft-11") && (isInNone || name === draft11.name);
}

/**
 * The refusal of a proven caller below the route's scheme. A route of scheme jwt wants an auth token; it is the agent behind the gateway
 * that could issue the resource token to get one, so the challenge for an identity is all there is to say here.
 */
function belowScheme(error: AAuthVerificationError): Refusal {
  const asked = new AAuthVerificationError("identity_required", error.message);
  const { status, headers } = plainRefusal(asked, { requirement: IDENTIFIED }, [february2026]);
  return { status, headers: { ...withoutBody(headers), ...refusedBy(error) }, body: "", code: error.code };
}

/** Gateway and agent share one address: this tells their refusals apart. */
const refusedBy = (error: AAuthVerificationError) => ({
  [REFUSAL_FIELD]: formatRefusal({ ...refusalDataOf(error), by: "gateway" }),
});

const withoutBody = ({ "content-type": _, ...headers }: Readonly<Record<string, string>>) => headers;
