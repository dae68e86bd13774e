/** Why a reply is not the agent's; the word the access log shows. */
export type ReplyReason =
  | "Authorization"
  | "DirectResponse"
  | "Internal"
  | "InvalidRequest"
  | "NotFound"
  | "Overloaded"
  | "UpstreamFailure";

/**
 * The gateway replies by itself. Thrown from anywhere on the request's path, written in one place.
 */
export class LocalReply extends Error {
  override readonly name = "LocalReply";
  readonly status: number;
  readonly reason: ReplyReason;
  readonly body: Uint8Array | string;
  /** Name and value in alternation, as node's rawHeaders: duplicates and their order survive. */
  readonly fields: readonly string[];
  /** For the access log's `error`; undefined where the reply is the check service's. */
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

/** A `text/plain` reply. Its text is the log's `error`, unless `detail` says more. */
export function textReply(
  status: number,
  reason: ReplyReason,
  body: string,
  detail: string = body,
): LocalReply {
  return new LocalReply({ status, reason, body, fields: ["content-type", "text/plain"], detail });
}

/** The caller went away before it was answered. Nothing is written. */
export class CallerGone extends Error {
  override readonly name = "CallerGone";
}
