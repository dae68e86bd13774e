import type { SavedRunCode } from "aauth-explain";

/** Why an input cannot be explained. */
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

/** The input or the arguments are not valid. Nothing was judged. */
export class ExplainInputError extends Error {
  override readonly name = "ExplainInputError";
  readonly code: ExplainInputCode;

  constructor(code: ExplainInputCode, message: string) {
    super(message);
    this.code = code;
  }
}
