/** A span attribute's value in Jaeger's query API, which encodes lists as JSON strings. */
export type AttributeValue = string | number | boolean;

/** Attributes of a span by name. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface TraceEvent {
  readonly name: string;
  /** Unix microseconds. */
  readonly timeMicros: number;
  readonly attributes: Attributes;
}

/** One span in flat form, with its service's name and without the API's indirections. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string | undefined;
  readonly name: string;
  /** The service, or the party if the span names one. */
  readonly service: string;
  /** Replica of the service, if it has several: its `service.instance.id`. */
  readonly instance?: string | undefined;
  /** `client`, `server`, `internal`, …; empty if unspecified. */
  readonly kind: string;
  /** Unix microseconds. */
  readonly startMicros: number;
  readonly durationMicros: number;
  readonly isError: boolean;
  readonly attributes: Attributes;
  readonly events: readonly TraceEvent[];
}

/** A string attribute; undefined if it is absent or not a string. */
export function textAttribute(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** A number. */
export function numberAttribute(attributes: Attributes, name: string): number | undefined {
  const value = attributes[name];
  return typeof value === "number" ? value : undefined;
}

export function booleanAttribute(attributes: Attributes, name: string): boolean | undefined {
  const value = attributes[name];
  return typeof value === "boolean" ? value : undefined;
}

/** A JSON attribute; undefined if it is absent, truncated or malformed. */
export function jsonAttribute(attributes: Attributes, name: string): unknown {
  return parsedJson(textAttribute(attributes, name));
}

/** Parses JSON; undefined if it is absent, truncated or malformed. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A list of strings, which Jaeger encodes as JSON. */
export function listAttribute(attributes: Attributes, name: string): readonly string[] | undefined {
  const value = jsonAttribute(attributes, name);
  return Array.isArray(value) && value.every((entry) => typeof entry === "string") ? value : undefined;
}

/** An untrusted object from JSON. */
export type Members = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A row of a table, by a name that a record states: `constructor` has none. */
export const ownMember = <Row>(
  table: Readonly<Record<string, Row>>,
  name: string | undefined,
): Row | undefined => (name !== undefined && Object.hasOwn(table, name) ? table[name] : undefined);
