/**
 * Why the backend does not do what its caller wants. `plugins/error-replies.ts` gives each its HTTP
 * status.
 */
export type ErrorKind =
  | "not_signed_in"
  | "not_found"
  | "conflict"
  | "too_many"
  | "unreachable"
  | "not_in_profile";

/**
 * A refusal with a sentence for the caller. The message is shown: it contains no token, path or
 * foreign text.
 */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly kind: ErrorKind;
  /** To branch on: `connection_refused`, … */
  readonly code: string | undefined;

  /** @param options.cause for the log */
  constructor(
    kind: ErrorKind,
    message: string,
    options: { code?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.code = options.code;
  }
}
