/** Kinds of refusal. `plugins/error-replies.ts` maps each to an HTTP status. */
export type ErrorKind =
  | "not_signed_in"
  | "not_found"
  | "conflict"
  | "too_many"
  | "unreachable"
  | "not_in_profile";

/**
 * A refusal with a message for the caller. The message is displayed, so it contains no token, path
 * or foreign text.
 */
export class BackendError extends Error {
  override readonly name = "BackendError";
  readonly kind: ErrorKind;
  /** Machine-readable code, such as `connection_refused`. */
  readonly code: string | undefined;

  /** @param options.cause logged, not shown */
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
