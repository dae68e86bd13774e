/** Why an answer is not the agent's; the word the access log shows. */
export type AnswerReason =
  | "Authorization"
  | "DirectResponse"
  | "ExtAuth"
  | "Internal"
  | "InvalidRequest"
  | "NotFound"
  | "Overloaded"
  | "RateLimit"
  | "Timeout"
  | "UpstreamFailure";

/** Name and value by turns, as node's rawHeaders: duplicates and their order survive. */
export type FlatFields = readonly string[];

/** The gateway answers by itself. Thrown from anywhere on the request's path, written in one place. */
export class OwnAnswer extends Error {
  override readonly name = "OwnAnswer";
  readonly status: number;
  readonly fields: FlatFields;
  readonly body: Uint8Array | string;
  readonly reason: AnswerReason;
  /** For the access log's `error`; undefined where the answer is somebody else's. */
  readonly detail?: string;

  constructor(options: {
    status: number;
    reason: AnswerReason;
    body?: Uint8Array | string;
    fields?: FlatFields;
    detail?: string;
  }) {
    super(options.detail ?? options.reason);
    this.status = options.status;
    this.reason = options.reason;
    this.body = options.body ?? "";
    this.fields = options.fields ?? [];
    if (options.detail !== undefined) this.detail = options.detail;
  }
}

/** A `text/plain` answer of the gateway's own. Its text is the log's `error`, unless `detail` says more. */
export function textAnswer(
  status: number,
  reason: AnswerReason,
  text: string,
  detail: string = text,
): OwnAnswer {
  return new OwnAnswer({
    status,
    reason,
    body: text,
    fields: ["content-type", "text/plain"],
    detail,
  });
}

/** The caller went away before it was answered. Nothing is written. */
export class CallerGone extends Error {
  override readonly name = "CallerGone";
}
