import type { TraceQuery } from "../store/trace-store.ts";

/** A query that cannot be answered. Jaeger's clients show `message`, so it names the parameter. */
export class QueryError extends Error {
  readonly status: 400 | 404;

  constructor(status: 400 | 404, message: string) {
    super(message);
    this.name = "QueryError";
    this.status = status;
  }
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT_OF_IDS = 100;
const DEFAULT_LOOKBACK_SECONDS = 2 * 24 * 3600;

/** Microseconds in each unit of Go's durations. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 0.001,
  us: 1,
  µs: 1,
  ms: 1000,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
};

/**
 * Reads the parameters of `GET /api/traces` as Jaeger does: `traceID` (many), or a search by `service` with `operation`, `tag=key:value`
 * (many), `tags={"key":"value"}`, `start` and `end` (Unix microseconds), `minDuration` and `maxDuration` (`1.2s`), `limit`.
 *
 * @throws QueryError 400
 */
export function parseTraceQuery(
  parameters: URLSearchParams,
  nowSeconds: number,
): { readonly traceIDs: readonly string[] } | TraceQuery {
  const ids = parameters.getAll("traceID");
  if (ids.length > MAX_LIMIT_OF_IDS)
    throw new QueryError(400, `more than ${MAX_LIMIT_OF_IDS} traceID parameters`);
  if (ids.length > 0) return { traceIDs: ids.map(parseTraceId) };

  const service = parameters.get("service");
  if (!service) throw new QueryError(400, "parameter 'service' is required");
  const operation = parameters.get("operation");
  const durationMin = parseDuration(parameters, "minDuration") ?? 0;
  const durationMax = parseDuration(parameters, "maxDuration") ?? Number.POSITIVE_INFINITY;
  if (durationMax < durationMin) {
    throw new QueryError(400, "'maxDuration' should be greater than 'minDuration'");
  }
  const limit = parseInteger(parameters, "limit") ?? DEFAULT_LIMIT;
  if (limit < 1) throw new QueryError(400, "'limit' must be greater than 0");
  return {
    service,
    ...(operation && { operation }),
    tags: new Map([
      ...parameters.getAll("tag").map(parseTag),
      ...parameters.getAll("tags").flatMap(parseTags),
    ]),
    startMin: parseInteger(parameters, "start") ?? (nowSeconds - DEFAULT_LOOKBACK_SECONDS) * 1e6,
    // A clock in whole seconds must not hide what has just begun.
    startMax: parseInteger(parameters, "end") ?? (nowSeconds + 1) * 1e6,
    durationMin,
    durationMax,
    limit,
  };
}

/** The spelling of a trace id in the store: 32 digits in lower case. @throws QueryError 400 */
export function parseTraceId(text: string): string {
  if (!/^[0-9a-f]{1,32}$/i.test(text)) throw new QueryError(400, "a trace id is 1 to 32 hex digits");
  return text.toLowerCase().padStart(32, "0");
}

function parseInteger(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (!text) return undefined;
  if (!/^-?\d{1,19}$/.test(text))
    throw new QueryError(400, `unable to parse param '${name}': expected a whole number`);
  return Number(text);
}

/** One number with one unit of Go's durations. */
function parseDuration(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (!text) return undefined;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([nuµm]?s|m|h)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined)
    throw new QueryError(400, `unable to parse param '${name}': expected a duration such as 1.2s or 100ms`);
  return Number(amount) * UNITS[unit]!;
}

function parseTag(text: string): [string, string] {
  const colon = text.indexOf(":");
  if (colon < 0) throw new QueryError(400, "malformed 'tag' parameter, expecting key:value");
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function parseTags(text: string): [string, string][] {
  try {
    const tags = Object.entries(JSON.parse(text));
    if (tags.every((tag): tag is [string, string] => typeof tag[1] === "string")) return tags;
  } catch {
    // refused below
  }
  throw new QueryError(400, `malformed 'tags' parameter, expecting {"key":"value"}`);
}
