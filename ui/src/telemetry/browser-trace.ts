import { ATTRIBUTE, SERVICE_NAME } from "aauth-explain/trace-names";

/** Timeout for the collector. Nothing waits for it. */
const SEND_LIMIT_MS = 5000;
/** OTLP's numbers: a CLIENT span, and the status of a failure. */
const CLIENT = 3;
const STATUS_ERROR = 2;

/** An open span of this page. */
export interface BrowserSpan {
  /** W3C `traceparent` for the request that the span represents. */
  readonly traceparent: string;
  /**
   * Ends the span and sends it in the background. `status` of the response; undefined if there was
   * none.
   */
  end(status: number | undefined): void;
}

/** Starts a trace with a span that represents one request of this page and all its effects. */
export type StartTrace = (name: string, request: { method: string; url: string }) => BrowserSpan;

/**
 * Creates the first span of a trace and sends it in one OTLP/HTTP request, because OpenTelemetry's
 * browser SDK is many times as large. Failures to reach the collector are ignored.
 *
 * @param options.otlpUrl the collector's base URL; it must allow this page's origin (CORS)
 */
export function createBrowserTrace(options: { otlpUrl: string; fetch?: typeof fetch }): StartTrace {
  const send = options.fetch ?? ((input, init) => fetch(input, init));

  return (name, { method, url }) => {
    const traceId = randomHex(16);
    const spanId = randomHex(8);
    const startNanos = nanosNow();
    return {
      traceparent: `00-${traceId}-${spanId}-01`,
      end(status) {
        const failed = status === undefined || status >= 400;
        const span = {
          traceId,
          spanId,
          name,
          kind: CLIENT,
          startTimeUnixNano: startNanos,
          endTimeUnixNano: nanosNow(),
          attributes: [
            text(ATTRIBUTE.method, method),
            text(ATTRIBUTE.url, url),
            ...(status === undefined ? [] : [{ key: ATTRIBUTE.status, value: { intValue: status } }]),
            ...(failed ? [text(ATTRIBUTE.errorType, String(status ?? "no_answer"))] : []),
          ],
          status: failed ? { code: STATUS_ERROR } : {},
        };
        const resource = { attributes: [text("service.name", SERVICE_NAME.ui)] };
        const scopeSpans = [{ scope: { name: SERVICE_NAME.ui }, spans: [span] }];
        send(`${options.otlpUrl}/v1/traces`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
          // The browser may leave for the consent page at any moment.
          keepalive: true,
          credentials: "omit",
          signal: AbortSignal.timeout(SEND_LIMIT_MS),
        }).catch(() => undefined);
      },
    };
  };
}

function text(key: string, value: string) {
  return { key, value: { stringValue: value } };
}

/** Unix nanoseconds in decimal, because they exceed the precision of a number. */
function nanosNow(): string {
  return String(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n);
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
