import { fieldValue } from "aauth/wire";
import type { KnownProfiles, MessageToExplain } from "./message.ts";
import { profileOf } from "./profile-of.ts";

/**
 * The header fields that a signature covers or consists of, and the derived components that it
 * covers (`@method`). Any other field of the message can be changed without a trace.
 *
 * @throws AAuthVerificationError when `Signature-Input` cannot be read
 */
export function signedFields(
  { headers }: Pick<MessageToExplain, "headers">,
  profiles: KnownProfiles,
): ReadonlySet<string> {
  const { messages } = profileOf({ headers }, profiles);
  const { signatureKey, signatureInput, signature } = messages.fields;
  const { components } = messages.parseSignatureInput(fieldValue(headers, signatureInput) ?? "");
  return new Set([...components, signatureKey, signatureInput, signature]);
}
