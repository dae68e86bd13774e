import type { Process, StoredSpan } from "../model/stored-span.ts";
import { readAttributes } from "./attributes.ts";
import type { DecodedRequest } from "./encoding.ts";
import { OtlpError } from "./otlp-error.ts";
import { readScopeTags, readSpan } from "./read-span.ts";
import { arrayOf, recordOf, SpanRefused } from "./request-shape.ts";

/** OpenTelemetry's collector sends 8192 where nothing else is set. */
const MAX_SPANS = 10_000;

/** What a request holds. A span that cannot be read is counted; the rest of its request is kept. */
export interface ReadRequest {
  readonly spans: readonly StoredSpan[];
  readonly refusedSpans: number;
  /** Why the first one was refused. */
  readonly firstReason: string | undefined;
}

/**
 * Reads an export request down to its spans.
 *
 * @throws OtlpError invalid_request when what is around the spans has a wrong shape, body_too_large for too many spans
 */
export function readRequest({ body, ids }: DecodedRequest): ReadRequest {
  const spans: StoredSpan[] = [];
  const reasons: string[] = [];
  let count = 0;
  const around = <Value>(read: () => Value): Value => {
    try {
      return read();
    } catch (error) {
      if (error instanceof SpanRefused) throw new OtlpError("invalid_request", error.message);
      throw error;
    }
  };
  if (body === null || body === undefined)
    throw new OtlpError("invalid_request", "the body is not an object");

  for (const resourceSpans of around(() =>
    arrayOf(recordOf(body, "the body").resourceSpans, "resourceSpans"),
  )) {
    const { process, scopes } = around(() => {
      const { resource, scopeSpans } = recordOf(resourceSpans, "an entry of resourceSpans");
      return {
        process: readProcess(recordOf(resource, "resource").attributes),
        scopes: arrayOf(scopeSpans, "scopeSpans").map((entry) => {
          const scope = recordOf(entry, "an entry of scopeSpans");
          return { tags: readScopeTags(scope.scope), spans: arrayOf(scope.spans, "spans") };
        }),
      };
    });
    for (const { tags, spans: inputs } of scopes) {
      count += inputs.length;
      if (count > MAX_SPANS)
        throw new OtlpError("body_too_large", `the request has more than ${MAX_SPANS} spans`);
      for (const input of inputs) {
        try {
          spans.push(readSpan(input, { scopeTags: tags, process, ids }));
        } catch (error) {
          if (!(error instanceof SpanRefused)) throw error;
          reasons.push(error.message);
        }
      }
    }
  }
  return { spans, refusedSpans: reasons.length, firstReason: reasons[0] };
}

/** The names are Jaeger's for a resource without one, so that its spans can be found. */
function readProcess(attributes: unknown): Process {
  const tags = readAttributes(attributes);
  const name = tags.find(({ key }) => key === "service.name");
  return {
    serviceName: name === undefined ? "missing-service-name" : String(name.value) || "empty-service-name",
    tags: tags.filter(({ key }) => key !== "service.name"),
  };
}
