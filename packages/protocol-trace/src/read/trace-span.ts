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
  readonly parentId?: string;
  readonly name: string;
  readonly service: string;
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

/** A number; numbers that a store has turned into text count. */
export function numberAttribute(attributes: Attributes, name: string): number | undefined {
  const value = attributes[name];
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/** An attribute that holds JSON; undefined when it is absent, cut or broken. */
export function jsonAttribute(attributes: Attributes, name: string): unknown {
  const text = textAttribute(attributes, name);
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

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that are there. */
export function present<T extends Record<string, unknown>>(members: T): Present<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
}
