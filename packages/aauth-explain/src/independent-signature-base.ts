import { requestTarget } from "aauth/wire";
import type { KnownProfiles, MessageToExplain } from "./message.ts";
import { profileOf } from "./profile-of.ts";
import { secondSignatureBase } from "./second-opinion.ts";

/**
 * The signature base as `http-message-signatures` builds it from a request, an implementation of
 * RFC 9421 by other people. For comparing it with a base that was recorded: header values that were
 * cut in the record are cut in the result. It verifies nothing.
 *
 * @param message names of its fields in lower case
 *
 * @throws AAuthError when `signature-input` cannot be parsed; Error of the library when a covered
 * component is not in the request; TypeError when `url` is not absolute http or https
 *
 * @example
 * const agrees = independentSignatureBase({ method, url, headers }, [draft11]) === recordedBase;
 */
export function independentSignatureBase(
  { method, url, headers }: Omit<MessageToExplain, "body" | "response">,
  profiles: KnownProfiles,
): string {
  const { scheme, authority, target } = requestTarget(url);
  const { messages } = profileOf({ headers }, profiles);
  const input = messages.parseSignatureInput(String(headers[messages.fields.signatureInput] ?? ""));
  return secondSignatureBase({ method, scheme, authority, target, headers }, input);
}
