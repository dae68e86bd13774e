import { draft11 } from "../draft-11/profile.ts";
import { february2026 } from "../february-2026/profile.ts";
import { fieldValue } from "../http-signatures/field.ts";
import { parseSignatureInput, type SignatureInput } from "../http-signatures/signature-input.ts";
import type { WireProfile } from "../profile/wire-profile.ts";
import type { HeaderFields } from "../types.ts";

const PROFILES = [february2026, draft11];

/**
 * Which dialect a message is of, by its shape: that of `Signature-Key`, and where there is none the fields of the response. It proves nothing, and a
 * message of no known shape is taken for one of `february2026`.
 *
 * @param headers of the request; lower-case names
 * @param answered of the response, if there is one; lower-case names
 *
 * @example
 * profileOf({ "signature-key": 'sig=jwt;jwt="…"' }).name; // "draft-11"
 */
export function profileOf(headers: HeaderFields, answered: HeaderFields = {}): WireProfile {
  const signed = PROFILES.find(({ messages: { fields, claims } }) =>
    claims(fieldValue(headers, fields.signatureKey) ?? ""),
  );
  const byAnswer = () =>
    PROFILES.find(({ display }) => Object.keys(display.answerFields).some((name) => name in answered));
  return signed ?? byAnswer() ?? february2026;
}

/** The member of `Signature-Input` that is verified, in the profile's way. @throws AAuthError as the profile's parser */
export function readSignatureInput(value: string, { messages }: WireProfile): SignatureInput {
  return (messages.parseSignatureInput ?? parseSignatureInput)(value);
}
