import { type Attributes, type Span, trace } from "@opentelemetry/api";
import { AAuthError, type DiscoveredKey, type Discovery } from "aauth";
import { EVENT } from "aauth-explain/trace-names";
import { redactedUrl } from "./redacted-message.ts";

/**
 * Wraps a discovery to record each key lookup as an event of the current span, which is the
 * verification's: the owner of the key, whether it was cached, and the duration. Other calls are
 * passed through.
 *
 * @example
 * const discovery = traceDiscovery(createDiscovery({ development: true }));
 */
export function traceDiscovery(discovery: Discovery): Discovery {
  return {
    ...discovery,
    key(kind, id, kid) {
      const span = trace.getActiveSpan();
      return span?.isRecording() === true ? tracedKey(span, kind, id, kid) : discovery.key(kind, id, kid);
    },
  };

  async function tracedKey(
    span: Span,
    ...[kind, id, kid]: Parameters<Discovery["key"]>
  ): Promise<DiscoveredKey> {
    const startedAt = performance.now();
    const facts = { kind: kind.name, url: redactedUrl(id) };
    try {
      const found = await discovery.key(kind, id, kid);
      record(span, startedAt, { ...facts, source: sourceOf(found) });
      return found;
    } catch (error) {
      const reason = error instanceof AAuthError ? error.code : "unknown";
      record(span, startedAt, { ...facts, reason });
      throw error;
    }
  }
}

function record(span: Span, startedAt: number, attributes: Attributes): void {
  // Rounded to tenths of a millisecond.
  const durationMs = Math.round((performance.now() - startedAt) * 10) / 10;
  span.addEvent(EVENT.documentFetched, { ...attributes, duration_ms: durationMs });
}

function sourceOf({ source }: DiscoveredKey): "hit" | "fetch" {
  return source === "discovery" ? "fetch" : "hit";
}
