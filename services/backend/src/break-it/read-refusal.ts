import { ERROR_CODES } from "aauth";
import { parseRefusal, REFUSAL_FIELD, type Refusal as RefusalData } from "aauth/resource";
import { oneLine } from "../failures/one-line.ts";

/** The reason of a refusal, as far as the response contains it. */
export interface Refusal {
  readonly refused_by: string;
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
    return {
      refused_by: receiver,
      code: error,
      // Any other error is about the request for the token.
      ...(error === "invalid_grant" && { check: "resource token" }),
      section: "profile 6.2",
      ...(description !== undefined && { reason: oneLine(description) }),
      ...(refusal !== undefined && { cause: refusal.code }),
    };
  }
  if (refusal !== undefined) return named(refusal, receiver);
  // An agent names its reason; the rules of a gateway do not.
  if (response.status === 403 && receiver !== "auth-server") {
    const agent = receiver.replace(/-(?=agent$)/, " ");
    const reason = `its own rules do not let this caller in: the ${agent} never saw the request`;
    return { refused_by: "gateway", check: POLICY, reason };
  }
  return { refused_by: receiver };
}

function named({ code, check, section, by }: RefusalData, receiver: string): Refusal {
  const refused_by = by === "gateway" ? by : receiver;
  const { meaning } = ERROR_CODES[code];
  return { refused_by, code, ...(check !== undefined && { check }), section, meaning };
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
