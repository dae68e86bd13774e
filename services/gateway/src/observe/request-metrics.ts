import type { SpanCounts } from "../telemetry.ts";
import type { RequestRecord } from "./request-record.ts";

interface Count {
  readonly labels: Readonly<Record<string, string>>;
  value: number;
}

/** Counts of finished requests. Labels come from the configuration and from small fixed sets, so their number is bounded. */
export class RequestMetrics {
  readonly #counts = new Map<string, Count>();

  count(record: RequestRecord): void {
    const { listener = "unknown", status = "none", reason = "Upstream" } = record;
    const route = record.route?.name ?? "unknown";
    const key = `${status} ${reason} ${route} ${listener}`;
    const count = this.#counts.get(key);
    if (count !== undefined) count.value++;
    else this.#counts.set(key, { labels: { listener, route, status: String(status), reason }, value: 1 });
  }

  /**
   * Prometheus text format.
   *
   * @param spans unset when nothing is traced
   * @param heldBodyBytes request bodies that are held at the moment
   */
  render(spans: SpanCounts | undefined, heldBodyBytes: number): string {
    const lines = [...this.#counts.values()].map(({ labels, value }) => {
      const text = Object.entries(labels).map(([name, label]) => `${name}=${JSON.stringify(label)}`);
      return `agentgateway_requests_total{${text.join(",")}} ${value}`;
    });
    return [
      "# HELP agentgateway_requests_total Requests that have been answered.",
      "# TYPE agentgateway_requests_total counter",
      ...lines,
      "# HELP agentgateway_held_body_bytes Request bodies that are held at the moment.",
      "# TYPE agentgateway_held_body_bytes gauge",
      `agentgateway_held_body_bytes ${heldBodyBytes}`,
      ...(spans === undefined
        ? []
        : [
            "# HELP agentgateway_spans_total Spans sent to the trace collector, or given up.",
            "# TYPE agentgateway_spans_total counter",
            ...Object.entries(spans).map(
              ([result, count]) => `agentgateway_spans_total{result="${result}"} ${count}`,
            ),
          ]),
      "",
    ].join("\n");
  }
}
