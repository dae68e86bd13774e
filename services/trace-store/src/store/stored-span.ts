/**
 * A span as stored and served, in the JSON of Jaeger's query API, which is its only reader. Times
 * are Unix microseconds, durations microseconds, ids lower-case hex.
 */

/**
 * A typed attribute. An `int64` beyond the precision of a JavaScript number is a string, as is a
 * float that JSON cannot represent.
 */
export interface Tag {
  readonly key: string;
  readonly type: "string" | "bool" | "int64" | "float64" | "binary";
  readonly value: string | number | boolean;
}

/** An event of a span. Its name is the field `event`. */
export interface Log {
  readonly timestamp: number;
  readonly fields: readonly Tag[];
}

export interface Reference {
  readonly refType: "CHILD_OF" | "FOLLOWS_FROM";
  readonly traceID: string;
  readonly spanID: string;
}

/** The origin of a span: its resource, with `service.name` as a separate member. */
export interface Process {
  readonly serviceName: string;
  readonly tags: readonly Tag[];
}

export interface StoredSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  /** References, parent first. */
  readonly references: readonly Reference[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly Tag[];
  readonly logs: readonly Log[];
  readonly warnings: readonly string[] | null;
  readonly process: Process;
}
