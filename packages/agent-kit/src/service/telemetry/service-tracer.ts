import { AsyncLocalStorage } from "node:async_hooks";
import type { TracerProvider } from "@opentelemetry/api";

const providers = new AsyncLocalStorage<TracerProvider>();

/**
 * Runs `work` as part of a service: its spans, and those of everything that it starts (listeners,
 * their requests, timers), are made by this provider.
 */
export function withTracerProvider<T>(provider: TracerProvider, work: () => T): T {
  return providers.run(provider, work);
}

/**
 * The provider of the service that runs; undefined outside of one, and in one that makes no spans.
 */
export function tracerProvider(): TracerProvider | undefined {
  return providers.getStore();
}
