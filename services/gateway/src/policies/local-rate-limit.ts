import type { RateLimitPolicy } from "../configuration/configuration.ts";
import { OwnAnswer } from "../proxy/own-answer.ts";

/** Token buckets of one route, shared by all its callers. They start full. */
export class LocalRateLimit {
  readonly #buckets: { policy: RateLimitPolicy; available: number; filledAtMs: number }[];
  readonly #nowMs: () => number;

  /** @param nowMs a clock that never goes back */
  constructor(policies: readonly RateLimitPolicy[], nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#buckets = policies.map((policy) => ({ policy, available: policy.maxTokens, filledAtMs: nowMs() }));
  }

  /** Takes one token from every bucket. @throws OwnAnswer 429 from the first empty one */
  take(): void {
    for (const bucket of this.#buckets) {
      const { maxTokens, tokensPerFill, fillIntervalMs } = bucket.policy;
      const now = this.#nowMs();
      const fills = Math.floor((now - bucket.filledAtMs) / fillIntervalMs);
      if (fills > 0) {
        bucket.available = Math.min(maxTokens, bucket.available + fills * tokensPerFill);
        bucket.filledAtMs += fills * fillIntervalMs;
      }
      if (bucket.available < 1) {
        const resetSeconds = Math.floor((bucket.filledAtMs + fillIntervalMs - now) / 1000);
        throw new OwnAnswer({
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
