/** Reason why a reply is not the agent's, as shown in the access log. */
export type ReplyReason =
  | "Authorization"
  | "DirectResponse"
  | "Internal"
  | "InvalidRequest"
  | "NotFound"
  | "Overloaded"
  | "UpstreamFailure";

/**
 * A reply by the gateway itself. Thrown from anywhere in request handling, written in one place.
 */
export class LocalReply extends Error {
  override readonly name = "LocalReply";
  readonly status: number;
  readonly reason: ReplyReason;
  readonly body: Uint8Array | string;
  /** Alternating names and values like node's rawHeaders, which preserves duplicates and order. */
  readonly fields: readonly string[];
  /** Value of the access log's `error`; undefined for a reply of the check service. */
  readonly detail: string | undefined;

  constructor(options: {
    status: number;
    reason: ReplyReason;
    body?: Uint8Array | string;
    fields?: readonly string[];
    detail?: string;
  }) {
    super(options.detail ?? options.reason);
    this.status = options.status;
    this.reason = options.reason;
    this.body = options.body ?? "";
    this.fields = options.fields ?? [];
    this.detail = options.detail;
  }
}

/** A `text/plain` reply. Its text is also the log's `error`, unless `detail` is given. */
export function textReply(
  status: number,
  reason: ReplyReason,
  body: string,
  detail: string = body,
): LocalReply {
  return new LocalReply({ status, reason, body, fields: ["content-type", "text/plain"], detail });
}

/** The caller disconnected before it was answered. Nothing is written. */
export class CallerGone extends Error {
  override readonly name = "CallerGone";
}
