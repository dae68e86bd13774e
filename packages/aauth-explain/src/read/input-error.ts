import type { SavedRunCode } from "../saved-run.ts";
import { hasPrivateKey } from "./private-key.ts";

/** Codes of inputs that cannot be explained. */
export type InputCode =
  | "bad_usage"
  | "cannot_read"
  | "empty_input"
  | "input_too_large"
  | "private_key"
  | "not_a_request"
  | "malformed_header"
  | "malformed_curl"
  | "unknown_curl_option"
  | "not_a_har"
  | "no_signed_entry"
  | "malformed_jwks"
  | "blocked_address"
  | "no_answer"
  | "mission_damaged"
  | SavedRunCode;

/** Invalid input or options. Nothing was judged, and the message repeats no secret. */
export class InputError extends Error {
  override readonly name = "InputError";
  readonly code: InputCode;

  constructor(code: InputCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Largest input, in bytes: a recording of a browser has a few megabytes. */
export const MAX_INPUT_BYTES = 16_000_000;

/**
 * Text of an input.
 *
 * @throws InputError `input_too_large`; `private_key` for a private or shared key (JWK, PEM), of
 * which the error shows nothing
 */
export function textOfInput(input: Uint8Array | string): string {
  const tooLarge = new InputError(
    "input_too_large",
    `an input has at most ${MAX_INPUT_BYTES / 1_000_000} MB`,
  );
  // A character has at least one byte, so an input that is too large is never decoded.
  if (input.length > MAX_INPUT_BYTES) throw tooLarge;
  const text = typeof input === "string" ? input : new TextDecoder().decode(input);
  // hole R10
  if (hasPrivateKey(text))
    throw new InputError(
      "private_key",
      "the input has a private or shared key: nothing of it is read or shown. Give the public key, and replace this one if others have seen it",
    );
  return text;
}
