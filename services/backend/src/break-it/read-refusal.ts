import { parseRefusal, REFUSAL_FIELD, type Refusal as RefusalData } from "aauth/resource";
import { parseSignatureError } from "aauth/wire";
import { ERROR_MEANINGS } from "aauth-explain";
import { oneLine } from "../failures/one-line.ts";

/** The reason for a refusal, as far as the response states it. */
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

/**
 * Not a check of the verifier: the caller's signature is valid, but the gateway's rules do not
 * allow the request.
 */
const POLICY = "policy";

/** Servers of draft -11. */
const SERVERS: ReadonlySet<string> = new Set(["person-server", "access-server"]);
const CODE = /^[a-z_]{1,40}$/;

/**
 * Reads a refusal. A header has code, check and section; the body has the auth server's OAuth
 * error, or the problem details of a draft -11 server.
 *
 * @param receiver the party that the request was addressed to
 */
export function readRefusal(response: Response, body: string, receiver: string): Refusal {
  const refusal = parseRefusal(response.headers.get(REFUSAL_FIELD));
  const oauth = receiver === "auth-server" ? oauthError(body) : undefined;
  if (oauth !== undefined) {
    const { error, description } = oauth;
    return {
      refused_by: receiver,
      code: error,
      // Any other error concerns the token request.
      ...(error === "invalid_grant" && { check: "resource token" }),
      section: "profile 6.2",
      ...(description !== undefined && { reason: oneLine(description) }),
      ...(refusal !== undefined && { cause: refusal.code }),
    };
  }
  if (refusal !== undefined) return named(refusal, receiver);
  if (SERVERS.has(receiver)) return { refused_by: receiver, ...problemOf(response, body) };
  // An agent states its reason; a gateway's rules do not.
  if (response.status === 403 && receiver !== "auth-server") {
    const agent = receiver.replace(/-(?=agent$)/, " ");
    const reason = `the gateway's own rules do not admit this caller; the ${agent} never saw the request`;
    return { refused_by: "gateway", check: POLICY, reason };
  }
  return { refused_by: receiver };
}

function named({ code, check, section, by }: RefusalData, receiver: string): Refusal {
  const refused_by = by === "gateway" ? by : receiver;
  const cited = { ...(check !== undefined && { check }), ...(section !== undefined && { section }) };
  return { refused_by, code, ...cited, meaning: ERROR_MEANINGS[code] };
}

/**
 * A header field reports errors of the signature or its token, and the body all others (draft -11,
 * section 11.9.1).
 */
function problemOf({ headers, status }: Response, body: string): Omit<Refusal, "refused_by"> {
  const { error, detail } = membersOf(body);
  const reason = typeof detail === "string" && { reason: oneLine(detail) };
  const code = signatureErrorIn(headers.get("signature-error"));
  if (code !== undefined) return { code, section: "draft -11, section 11.3.4", ...reason };
  if (status < 400 || typeof error !== "string" || !CODE.test(error)) return {};
  return { code: error, section: "draft -11, section 11.9.3", ...reason };
}

function signatureErrorIn(field: string | null): string | undefined {
  try {
    const { error } = parseSignatureError(field ?? "");
    return CODE.test(error) ? error : undefined;
  } catch {
    return undefined;
  }
}

function oauthError(body: string): { error: string; description?: string } | undefined {
  const { error, error_description } = membersOf(body);
  if (typeof error !== "string" || !CODE.test(error)) return undefined;
  return { error, ...(typeof error_description === "string" && { description: error_description }) };
}

function membersOf(body: string): Record<string, unknown> {
  try {
    return (JSON.parse(body) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}
