import type { TraceQuery } from "../store/trace-store.ts";

/** An invalid query. Jaeger's clients show `message`, so it names the parameter. */
export class QueryError extends Error {
  readonly status: 400 | 404;

  constructor(status: 400 | 404, message: string) {
    super(message);
    this.name = "QueryError";
    this.status = status;
  }
}

const DEFAULT_LIMIT = 100;
const DEFAULT_LOOKBACK_SECONDS = 2 * 24 * 3600;

/** Parameters of Jaeger that are refused, because ignoring them would return too much. */
const UNSUPPORTED = ["traceID", "tag", "minDuration", "maxDuration"];

/**
 * Reads the parameters of `GET /api/traces` as Jaeger does: a search by `service` with `operation`,
 * `tags={"key":"value"}` (many), `start` and `end` (Unix microseconds), `limit`.
 *
 * @throws QueryError 400
 */
export function parseTraceQuery(parameters: URLSearchParams, nowSeconds: number): TraceQuery {
  const unsupported = UNSUPPORTED.find((name) => parameters.get(name));
  if (unsupported) throw new QueryError(400, `parameter '${unsupported}' is not supported`);
  const service = parameters.get("service");
  if (!service) throw new QueryError(400, "parameter 'service' is required");
  const operation = parameters.get("operation");
  const limit = parseInteger(parameters, "limit") ?? DEFAULT_LIMIT;
  if (limit < 1) throw new QueryError(400, "'limit' must be greater than 0");
  return {
    service,
    ...(operation && { operation }),
    tags: new Map(parameters.getAll("tags").flatMap(parseTags)),
    startMin: parseInteger(parameters, "start") ?? (nowSeconds - DEFAULT_LOOKBACK_SECONDS) * 1e6,
    // Rounds up, so that a clock in whole seconds does not exclude the newest spans.
    startMax: parseInteger(parameters, "end") ?? (nowSeconds + 1) * 1e6,
    limit,
  };
}

/** Normalizes a trace id to 32 lower-case digits. @throws QueryError 400 */
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

function parseTags(text: string): [string, string][] {
  try {
    const tags = Object.entries(JSON.parse(text));
    if (tags.every((tag): tag is [string, string] => typeof tag[1] === "string")) return tags;
  } catch {
    // refused below
  }
  throw new QueryError(400, `malformed 'tags' parameter, expecting {"key":"value"}`);
}
