import { AAuthVerificationError, publicRefusal, type Requirement } from "aauth";
import { february2026 } from "aauth/february-2026";
import { formatRefusal, plainRefusal, REFUSAL_FIELD, refusalOf as refusalDataOf } from "aauth/resource";
import { publishedPeerHint } from "agent-kit/published-peers";
import { UnusableCheck, UnusableRequest } from "./check-request.ts";
import { knownProfiles, type ProfileName, WIRE_PROFILES } from "./wire-profiles.ts";

/** An answer that the gateway passes to the caller as it is. */
export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Error code for log and trace; the caller may get another one (`publicRefusal`). */
  readonly code: string;
}

/** Requirement in a refusal at the gateway: an identified caller. */
const IDENTIFIED = { level: "identified" } as const;

const TEXT = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" };

/** Properties of the route that a refusal depends on, if the check could be read. */
export interface RefusingRoute {
  readonly profiles: readonly ProfileName[];
  readonly requirement: Requirement;
}

const FEBRUARY: RefusingRoute = { profiles: ["february-2026"], requirement: IDENTIFIED };

/**
 * The refusal for anything that was thrown while a check was judged. Nothing thrown ever lets a
 * request through.
 */
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
      // RFC 9209: the gateway failed before it asked the agent, which the status alone does not
      // tell.
      headers: { ...TEXT, "proxy-status": "gateway; error=proxy_internal_error" },
      body: "AAuth failure: verification is not available",
      code: "verification_unavailable",
    };
  }
  return REFUSALS[profileOf(error, route)](error, route);
}

const REFUSALS: Readonly<
  Record<ProfileName, (error: AAuthVerificationError, route: RefusingRoute) => Refusal>
> = { "february-2026": februaryRefusal, "draft-11": draft11Refusal };

/**
 * The profile of the refused message, where the route has it. A message in no profile is answered
 * in the newest profile of the route.
 */
function profileOf(
  { code, report, provenCaller }: AAuthVerificationError,
  { profiles }: RefusingRoute,
): ProfileName {
  const name = report?.profile ?? provenCaller?.profile;
  const isInNone = name === undefined || code === "missing_signature";
  return knownProfiles(profiles).findLast((own) => isInNone || own === name) ?? "february-2026";
}

/**
 * The refusal of the profile, with the requirement that the caller lacks. It never has a resource
 * token, which the resource behind the gateway issues.
 */
function draft11Refusal(error: AAuthVerificationError, { profiles, requirement }: RefusingRoute): Refusal {
  const { status, headers, body } = plainRefusal(
    error,
    requirement,
    profiles.map((name) => WIRE_PROFILES[name]),
  );
  return { status, headers: { ...headers, ...refusedBy(error) }, body, code: error.code };
}

function februaryRefusal(error: AAuthVerificationError): Refusal {
  if (error.code === "identity_required" || error.code === "authorization_required")
    return belowScheme(error);
  const { status, headers } = plainRefusal(error, IDENTIFIED, [february2026]);
  const { code, message } = publicRefusal(error);
  const hint = publishedPeerHint(error);
  const body = `AAuth failure: AAuth verification failed: ${code}: ${message}${hint ? `; ${hint}` : ""}`;
  return { status, headers: { ...headers, ...TEXT, ...refusedBy(error) }, body, code: error.code };
}

/**
 * The refusal of a proven caller below the route's scheme. A route of scheme jwt wants an auth
 * token; it is the agent behind the gateway that could issue the resource token to get one, so the
 * challenge for an identity is all there is to say here.
 */
function belowScheme(error: AAuthVerificationError): Refusal {
  const asked = new AAuthVerificationError("identity_required", error.message);
  const { status, headers } = plainRefusal(asked, IDENTIFIED, [february2026]);
  const section = { section: february2026.sectionOf(error.code) };
  const own = { ...withoutBody(headers), ...refusedBy(error, section) };
  return { status, headers: own, body: "", code: error.code };
}

/**
 * Gateway and agent share one address: this tells their refusals apart.
 *
 * @param section if the error cites none
 */
const refusedBy = (error: AAuthVerificationError, section?: { readonly section: string }) => ({
  [REFUSAL_FIELD]: formatRefusal({ ...section, ...refusalDataOf(error), by: "gateway" }),
});

const withoutBody = ({ "content-type": _, ...headers }: Readonly<Record<string, string>>) => headers;
