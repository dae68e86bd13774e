import { ERROR_CODES } from "aauth";
import type { BreakItVariant } from "backend-api";
import { oneLine } from "../failures/one-line.ts";
import { RESOURCE_UNREADABLE } from "../failures/protocol-failure.ts";

/** What an answer says about why it is a refusal. */
export interface Refusal {
  readonly refusedBy: string;
  readonly code?: string;
  readonly check?: string;
  readonly section?: string;
  readonly meaning?: string;
  readonly reason?: string;
}

/** The check of the gate that a code comes from; of the codes that a tampered request can meet. */
const CHECKS: Readonly<Record<string, string>> = {
  missing_signature: "headers",
  insufficient_coverage: "coverage",
  created_out_of_window: "created",
  invalid_signature: "signature",
  nonce_replayed: "replay",
  digest_mismatch: "content-digest",
  malformed_token: "token",
  token_type_mismatch: "token",
  token_algorithm_not_allowed: "token",
  untrusted_issuer: "token",
  token_audience_mismatch: "token",
  token_expired: "token",
  invalid_token_signature: "token",
  token_key_mismatch: "token",
  unknown_key: "key",
  identity_required: "requirement",
  authorization_required: "requirement",
  insufficient_scope: "requirement",
  user_required: "requirement",
  untrusted_agent: "policy",
  invalid_grant: "resource token",
  invalid_request: "token request",
};

/** No check of the gate: the caller's signature is good, and the gateway's rules want nothing of it. */
const POLICY = "policy";
/** What the gateway answers to a caller whom its own rules do not let in, and where nobody is there to check it. */
const GATEWAY_POLICY = /^(external )?authorization failed/;

const AUTH_SERVER_SECTION = "profile 6.2";

/**
 * Reads a refusal: the gateway and the agents say their code in a line of text, the auth server in an OAuth error.
 *
 * @param receiver who is behind the address that was asked
 */
export function readRefusal(body: string, receiver: string): Refusal {
  const oauth = oauthError(body);
  if (oauth !== undefined) {
    const { error, description } = oauth;
    return {
      refusedBy: receiver,
      ...named(error),
      section: AUTH_SERVER_SECTION,
      ...(description !== undefined && { reason: oneLine(description) }),
    };
  }
  const ofGateway = /^AAuth failure: AAuth verification failed: ([a-z_]{1,40}): (.*)$/s.exec(body);
  if (ofGateway !== null) {
    const [, code = "", reason = ""] = ofGateway;
    return { refusedBy: "gateway", ...named(code), reason: oneLine(reason) };
  }
  const byPolicy = receiver === "auth-server" ? null : GATEWAY_POLICY.exec(body);
  if (byPolicy !== null) {
    const why =
      byPolicy[1] === undefined ? "its own rules do not let this caller in" : "nobody there could check it";
    const reason = `${why}: the ${receiver.replace(/-(?=agent$)/, " ")} never saw the request`;
    return { refusedBy: "gateway", check: POLICY, reason };
  }
  const code = /(?:^|: )([a-z_]{1,40})$/.exec(body.trim())?.[1];
  return { refusedBy: receiver, ...(code !== undefined && named(code)) };
}

/** The code of the check that each tampering is meant for. */
const MEANT: Readonly<Record<BreakItVariant, string>> = {
  "changed-body": "digest_mismatch",
  "changed-path": "invalid_signature",
  "other-key": "invalid_signature",
  stale: "created_out_of_window",
  replay: "nonce_replayed",
  "stolen-token": "invalid_signature",
  "widened-scope": "invalid_token_signature",
  "other-audience": "token_audience_mismatch",
  "unsigned-resource-token": "invalid_grant",
};

/**
 * Whether the check that a tampering is meant for has refused it. Who cannot read a resource's documents has not come to look at its
 * signature, and says the same code.
 */
export function isAsMeant(variant: BreakItVariant, { code, reason = "" }: Refusal): boolean {
  return code === MEANT[variant] && !reason.includes(RESOURCE_UNREADABLE);
}

function named(code: string): Pick<Refusal, "code" | "check" | "section" | "meaning"> {
  const entry = Object.hasOwn(ERROR_CODES, code) ? ERROR_CODES[code as keyof typeof ERROR_CODES] : undefined;
  const check = Object.hasOwn(CHECKS, code) ? CHECKS[code] : undefined;
  return {
    code,
    ...(check !== undefined && { check }),
    ...(entry && { section: entry.section, meaning: entry.meaning }),
  };
}

function oauthError(body: string): { error: string; description?: string } | undefined {
  try {
    const { error, error_description } = JSON.parse(body) as Record<string, unknown>;
    if (typeof error !== "string" || !/^[a-z_]{1,40}$/.test(error)) return undefined;
    return { error, ...(typeof error_description === "string" && { description: error_description }) };
  } catch {
    return undefined;
  }
}
