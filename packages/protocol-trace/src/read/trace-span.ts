/** A value of a span's attribute as Jaeger's query API gives it: lists come as JSON text. */
export type AttributeValue = string | number | boolean;

export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface TraceEvent {
  readonly name: string;
  /** Unix microseconds. */
  readonly timeMicros: number;
  readonly attributes: Attributes;
}

/** One span, flat: with its service's name and without the API's indirections. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId?: string | undefined;
  readonly name: string;
  /** The party, where the span names one. */
  readonly service: string;
  /** Which replica of the service, where it has several: its `service.instance.id`. */
  readonly instance?: string | undefined;
  /** `client`, `server`, `internal`, …; empty when the span does not say. */
  readonly kind: string;
  /** Unix microseconds. */
  readonly startMicros: number;
  readonly durationMicros: number;
  readonly isError: boolean;
  readonly attributes: Attributes;
  readonly events: readonly TraceEvent[];
}

/** A text attribute; undefined when it is absent or no text. */
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

/** An attribute that holds JSON; undefined when it is absent, cut or broken. */
export function jsonAttribute(attributes: Attributes, name: string): unknown {
  return parsedJson(textAttribute(attributes, name));
}

/** The value of JSON text; undefined when it is absent, cut or broken. */
export function parsedJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A list of strings. Jaeger writes it as JSON. */
export function listAttribute(attributes: Attributes, name: string): readonly string[] | undefined {
  const value = jsonAttribute(attributes, name);
  return Array.isArray(value) && value.every((entry) => typeof entry === "string") ? value : undefined;
}

/** An object from JSON that is not trusted. */
export type Members = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
