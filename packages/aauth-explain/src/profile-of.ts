import type { WireProfile } from "aauth";
import { fieldValue } from "aauth/wire";
import type { KnownProfiles, MessageToExplain } from "./message.ts";

/**
 * Finds the dialect of a message by its form: by `Signature-Key`, or else by the fields of the
 * response. The result proves nothing. A message of no known form is assigned to the first profile.
 *
 * @param message names of its fields in lower case
 *
 * @example
 * const headers = { "signature-key": 'sig=jwt;jwt="…"' };
 * profileOf({ headers }, [draft11, february2026]).name; // "draft-11"
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
