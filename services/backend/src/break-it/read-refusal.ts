import { ERROR_CODES } from "aauth";
import { parseRefusal, REFUSAL_FIELD, type Refusal as RefusalData } from "aauth/resource";
import type { BreakItVariant } from "backend-api";
import { oneLine } from "../failures/one-line.ts";

/** The reason of a refusal, as far as the answer contains it. */
export interface Refusal {
  readonly refusedBy: string;
  readonly code?: string;
  readonly check?: string;
  readonly section?: string;
  readonly meaning?: string;
  readonly reason?: string;
  /** The verifier's code, where `code` is the auth server's OAuth error. */
  readonly cause?: string;
}

/** No check of the verifier: the caller's signature is valid, and the gateway's rules do not allow the request. */
const POLICY = "policy";

/** What the auth server checks, by OAuth error. */
const TOKEN_ENDPOINT_CHECKS: Readonly<Record<string, string>> = {
  invalid_grant: "resource token",
  invalid_request: "token request",
};
const AUTH_SERVER_SECTION = "profile 6.2";

/**
 * Reads a refusal: code, check and section are in a header; the auth server's OAuth error is in the body.
 *
 * @param receiver the party behind the address that the request went to
 */
export function readRefusal(response: Response, body: string, receiver: string): Refusal {
  const refusal = parseRefusal(response.headers.get(REFUSAL_FIELD));
  const oauth = receiver === "auth-server" ? oauthError(body) : undefined;
  if (oauth !== undefined) {
    const { error, description } = oauth;
    const check = Object.hasOwn(TOKEN_ENDPOINT_CHECKS, error) ? TOKEN_ENDPOINT_CHECKS[error] : undefined;
    return {
      refusedBy: receiver,
      code: error,
      ...(check !== undefined && { check }),
      section: AUTH_SERVER_SECTION,
      ...(description !== undefined && { reason: oneLine(description) }),
      ...(refusal !== undefined && { cause: refusal.code }),
    };
  }
  if (refusal !== undefined) return named(refusal, receiver);
  // An agent names its reason; the rules of a gateway do not.
  if (response.status === 403 && receiver !== "auth-server") {
    const agent = receiver.replace(/-(?=agent$)/, " ");
    const reason = `its own rules do not let this caller in: the ${agent} never saw the request`;
    return { refusedBy: "gateway", check: POLICY, reason };
  }
  return { refusedBy: receiver };
}

/** The codes of the check that each tampering is meant for. */
const MEANT: Readonly<Record<BreakItVariant, string>> = {
  "changed-body": "digest_mismatch",
  "changed-path": "invalid_signature",
  "other-key": "invalid_signature",
  stale: "created_out_of_window",
  replay: "nonce_replayed",
  "stolen-token": "invalid_signature",
  "widened-scope": "invalid_token_signature",
  "other-audience": "token_audience_mismatch",
  "unsigned-resource-token": "invalid_token_signature",
};

/**
 * Whether the check that a tampering is meant for has refused it. An auth server that names no check has one code for all that can be
 * wrong with a resource token.
 */
export function isAsMeant(variant: BreakItVariant, { code, cause = code }: Refusal): boolean {
  return cause === MEANT[variant] || (variant === "unsigned-resource-token" && cause === "invalid_grant");
}

function named({ code, check, section, by }: RefusalData, receiver: string): Refusal {
  const refusedBy = by === "gateway" ? by : receiver;
  const { meaning } = ERROR_CODES[code];
  return { refusedBy, code, ...(check !== undefined && { check }), section, meaning };
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
