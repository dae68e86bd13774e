import { ERROR_MEANINGS, readRefusal } from "aauth-explain";
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

/**
 * The refusal of a response, with the party that made it: a header has code, check and section; the
 * body has the auth server's OAuth error, or the problem details of a draft -11 server.
 *
 * @param receiver the party that the request was addressed to
 */
export function refusalBy(receiver: string, { headers, status }: Response, body: string): Refusal {
  const { field, signatureError, error, ...stated } = readRefusal(Object.fromEntries(headers), body);
  const reason = stated.reason !== undefined && { reason: oneLine(stated.reason) };
  if (receiver === "auth-server" && error !== undefined) {
    return {
      refused_by: receiver,
      code: error,
      // Any other error concerns the token request.
      ...(error === "invalid_grant" && { check: "resource token" }),
      section: "profile 6.2",
      ...reason,
      ...(field !== undefined && { cause: field.code }),
    };
  }
  if (field !== undefined) {
    const { code, check, section, by } = field;
    const cited = { ...(check !== undefined && { check }), ...(section !== undefined && { section }) };
    return {
      refused_by: by === "gateway" ? by : receiver,
      code,
      ...cited,
      meaning: ERROR_MEANINGS[code],
    };
  }
  if (SERVERS.has(receiver)) {
    const code = signatureError ?? (status < 400 ? undefined : error);
    if (code === undefined) return { refused_by: receiver };
    const section = `draft -11, section ${signatureError === undefined ? "11.9.3" : "11.3.4"}`;
    return { refused_by: receiver, code, section, ...reason };
  }
  // An agent states its reason; a gateway's rules do not.
  if (status === 403 && receiver !== "auth-server") {
    const agent = receiver.replace(/-(?=agent$)/, " ");
    const own = `the gateway's own rules do not admit this caller; the ${agent} never saw the request`;
    return { refused_by: "gateway", check: POLICY, reason: own };
  }
  return { refused_by: receiver };
}
