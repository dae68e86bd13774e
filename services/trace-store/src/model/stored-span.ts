/**
 * A span as it is kept and served: already in the words of Jaeger's query API, because nothing else reads it. Times are microseconds,
 * ids are hex.
 */

export type TagType = "string" | "bool" | "int64" | "float64" | "binary";

/** A typed attribute. An `int64` outside of what JavaScript can count is a string, as is a float that JSON cannot say. */
export interface Tag {
  readonly key: string;
  readonly type: TagType;
  readonly value: string | number | boolean;
}

/** An event of a span. Its name is the field `event`. */
export interface Log {
  /** Unix microseconds. */
  readonly timestamp: number;
  readonly fields: readonly Tag[];
}

export interface Reference {
  readonly refType: "CHILD_OF" | "FOLLOWS_FROM";
  readonly traceID: string;
  readonly spanID: string;
}

/** Who made a span: the resource, with its `service.name` set apart. */
export interface Process {
  readonly serviceName: string;
  readonly tags: readonly Tag[];
}

export interface StoredSpan {
  /** 32 hex digits; 16 when the first 16 are zeros. */
  readonly traceID: string;
  /** 16 hex digits. */
  readonly spanID: string;
  readonly operationName: string;
  /** The parent first. */
  readonly references: readonly Reference[];
  /** Unix microseconds. */
  readonly startTime: number;
  /** Microseconds. */
  readonly duration: number;
  readonly tags: readonly Tag[];
  readonly logs: readonly Log[];
  readonly warnings: readonly string[] | null;
  readonly process: Process;
}

/** `server`, `client` and so on; empty when the span does not say. */
export function spanKindOf({ tags }: StoredSpan): string {
  return String(tags.find(({ key }) => key === "span.kind")?.value ?? "");
}
