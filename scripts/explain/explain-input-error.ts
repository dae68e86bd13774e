import type { SavedRunCode } from "aauth-explain";

/** Codes of inputs that cannot be explained. */
export type ExplainInputCode =
  | "cannot_read"
  | "empty_input"
  | "not_a_request"
  | "malformed_header"
  | "malformed_curl"
  | "unknown_curl_option"
  | "not_a_har"
  | "no_signed_entry"
  | "malformed_jwks"
  | SavedRunCode
  | "bad_usage";

/** Invalid input or arguments. Nothing was judged. */
export class ExplainInputError extends Error {
  override readonly name = "ExplainInputError";
  readonly code: ExplainInputCode;

  constructor(code: ExplainInputCode, message: string) {
    super(message);
    this.code = code;
  }
}
