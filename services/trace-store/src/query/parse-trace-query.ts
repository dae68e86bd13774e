import { canonicalTraceId } from "../model/trace-id.ts";
import type { TraceQuery } from "../store/trace-query.ts";
import { parseGoDuration } from "./go-duration.ts";
import { QueryError } from "./query-error.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 2 ** 31 - 1;
const MAX_LIMIT_OF_IDS = 100;
const DEFAULT_LOOKBACK_SECONDS = 2 * 24 * 3600;

/** What `GET /api/traces` asks for: certain traces, or a search. */
export type TraceRequest = { readonly traceIDs: readonly string[] } | TraceQuery;

/**
 * Reads the parameters of `GET /api/traces` as Jaeger does: `traceID` (many), or `service` with `operation`, `tag=key:value` (many),
 * `tags={"key":"value"}`, `start` and `end` (Unix microseconds), `minDuration` and `maxDuration` (`1.2s`), `limit`. `lookback` is for
 * Jaeger's page, which sends `start` beside it; here it counts where there is no `start`.
 *
 * @throws QueryError 400
 */
export function parseTraceQuery(parameters: URLSearchParams, nowSeconds: number): TraceRequest {
  const ids = parameters.getAll("traceID");
  if (ids.length > MAX_LIMIT_OF_IDS)
    throw new QueryError(400, `more than ${MAX_LIMIT_OF_IDS} traceID parameters`);
  if (ids.length > 0) return { traceIDs: ids.map(parseTraceId) };

  const service = parameters.get("service");
  if (!service) throw new QueryError(400, "parameter 'service' is required");
  const operation = parameters.get("operation");
  const durationMin = parseDuration(parameters, "minDuration");
  const durationMax = parseDuration(parameters, "maxDuration");
  if (durationMin !== undefined && durationMax !== undefined && durationMax < durationMin) {
    throw new QueryError(400, "'maxDuration' should be greater than 'minDuration'");
  }
  const lookback = parseGoDuration(parameters.get("lookback") ?? "") ?? DEFAULT_LOOKBACK_SECONDS * 1e6;
  return {
    service,
    ...(operation && { operation }),
    tags: parseTags(parameters),
    startMin: parseInteger(parameters, "start") ?? nowSeconds * 1e6 - lookback,
    // A clock in whole seconds must not hide what has just begun.
    startMax: parseInteger(parameters, "end") ?? (nowSeconds + 1) * 1e6,
    ...(durationMin !== undefined && { durationMin }),
    ...(durationMax !== undefined && { durationMax }),
    limit: parseLimit(parameters),
  };
}

/** @throws QueryError 400 */
export function parseTraceId(text: string): string {
  const id = canonicalTraceId(text);
  if (id === undefined) throw new QueryError(400, "a trace id is 1 to 32 hex digits");
  return id;
}

function parseLimit(parameters: URLSearchParams): number {
  const limit = parseInteger(parameters, "limit") ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > MAX_LIMIT) throw new QueryError(400, "'limit' must be greater than 0");
  return limit;
}

function parseInteger(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (!text) return undefined;
  if (!/^-?\d{1,19}$/.test(text)) throw unparsable(name, "expected a whole number");
  return Number(text);
}

function parseDuration(parameters: URLSearchParams, name: string): number | undefined {
  const text = parameters.get(name);
  if (!text) return undefined;
  const microseconds = parseGoDuration(text);
  if (microseconds === undefined) throw unparsable(name, "expected a duration such as 1.2s, 100ms or 500us");
  return microseconds;
}

function parseTags(parameters: URLSearchParams): Map<string, string> {
  const tags = new Map<string, string>();
  for (const text of parameters.getAll("tag")) {
    const colon = text.indexOf(":");
    if (colon < 0) throw new QueryError(400, "malformed 'tag' parameter, expecting key:value");
    tags.set(text.slice(0, colon), text.slice(colon + 1));
  }
  for (const text of parameters.getAll("tags")) {
    for (const [key, value] of jsonTags(text)) tags.set(key, value);
  }
  return tags;
}

function jsonTags(text: string): [string, string][] {
  let tags: unknown;
  try {
    tags = JSON.parse(text);
  } catch {
    tags = undefined;
  }
  const entries =
    typeof tags === "object" && tags !== null && !Array.isArray(tags) ? Object.entries(tags) : undefined;
  if (entries === undefined || entries.some(([, value]) => typeof value !== "string")) {
    throw new QueryError(400, `malformed 'tags' parameter, expecting {"key":"value"}`);
  }
  return entries as [string, string][];
}

function unparsable(name: string, expected: string): QueryError {
  return new QueryError(400, `unable to parse param '${name}': ${expected}`);
}
