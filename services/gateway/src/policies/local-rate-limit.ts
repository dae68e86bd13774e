import type { RateLimitPolicy } from "../configuration/document-schema.ts";
import { LocalReply } from "../proxy/local-reply.ts";

/** Token buckets of one route, shared by all its callers. They start full. */
export class LocalRateLimit {
  readonly #buckets: { policy: RateLimitPolicy; available: number; filledAtMs: number }[];
  readonly #nowMs: () => number;

  /** @param nowMs a clock that never goes back */
  constructor(policies: readonly RateLimitPolicy[], nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#buckets = policies.map((policy) => ({ policy, available: policy.maxTokens, filledAtMs: nowMs() }));
  }

  /** Takes one token from every bucket. @throws LocalReply 429 from the first empty one */
  take(): void {
    for (const bucket of this.#buckets) {
      const { maxTokens, tokensPerFill, fillInterval } = bucket.policy;
      const now = this.#nowMs();
      const fills = Math.floor((now - bucket.filledAtMs) / fillInterval);
      if (fills > 0) {
        bucket.available = Math.min(maxTokens, bucket.available + fills * tokensPerFill);
        bucket.filledAtMs += fills * fillInterval;
      }
      if (bucket.available < 1) {
        const resetSeconds = Math.floor((bucket.filledAtMs + fillInterval - now) / 1000);
        throw new LocalReply({
          status: 429,
          reason: "RateLimit",
          body: "rate limit exceeded",
          detail: "rate limit exceeded",
          fields: [
            ["content-type", "text/plain"],
            ["x-ratelimit-limit", String(maxTokens)],
            ["x-ratelimit-remaining", "0"],
            ["x-ratelimit-reset", String(resetSeconds)],
          ].flat(),
        });
      }
      bucket.available -= 1;
    }
  }
}
