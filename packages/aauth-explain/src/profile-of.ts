import type { WireProfile } from "aauth";
import { fieldValue } from "aauth/wire";
import type { KnownProfiles, MessageToExplain } from "./message.ts";

/**
 * Which dialect a message is of, by its shape: that of `Signature-Key`, and where there is none the
 * fields of the response. It proves nothing, and a message of no known shape is taken for one of
 * the first profile.
 *
 * @param message names of its fields in lower case
 *
 * @example
 * profileOf({ headers: { "signature-key": 'sig=jwt;jwt="…"' } }, [draft11, february2026]).name; // "draft-11"
 */
export function profileOf(
  { headers, response }: Pick<MessageToExplain, "headers" | "response">,
  profiles: KnownProfiles,
): WireProfile {
  const signed = profiles.find(({ messages: { fields, claims } }) =>
    claims(fieldValue(headers, fields.signatureKey) ?? ""),
  );
  const answered = response?.headers ?? {};
  const byAnswer = () =>
    profiles.find(({ display }) => Object.keys(display.answerFields).some((name) => name in answered));
  return signed ?? byAnswer() ?? profiles[0];
}
