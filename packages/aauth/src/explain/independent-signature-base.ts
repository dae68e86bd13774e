import { requestTarget } from "../http-signatures/authority.ts";
import type { MessageToExplain } from "./explain-message.ts";
import { profileOf, readSignatureInput } from "./profile-of.ts";
import { secondSignatureBase } from "./second-opinion.ts";

/**
 * The signature base as `http-message-signatures` builds it from a request, an implementation of RFC 9421 by other people. For
 * comparing it with a base that was recorded: header values that were cut in the record are cut in the result. It verifies nothing.
 *
 * @throws AAuthError when `signature-input` cannot be parsed; Error of the library when a covered component is not in the request;
 * TypeError when `url` is not absolute http or https
 *
 * @example
 * const agrees = independentSignatureBase({ method, url, headers }) === recordedBase;
 */
export function independentSignatureBase({
  method,
  url,
  headers,
}: Omit<MessageToExplain, "body" | "response">): string {
  const { scheme, authority, target } = requestTarget(url);
  const input = readSignatureInput(String(headers["signature-input"] ?? ""), profileOf(headers));
  return secondSignatureBase({ method, scheme, authority, target, headers }, input);
}
