import { AsyncLocalStorage } from "node:async_hooks";
import type { TracerProvider } from "@opentelemetry/api";

const providers = new AsyncLocalStorage<TracerProvider>();

/**
 * Runs `work` as part of a service: this provider creates its spans, and those of everything it
 * starts (listeners, their requests, timers).
 */
export function withTracerProvider<T>(provider: TracerProvider, work: () => T): T {
  return providers.run(provider, work);
}

/** The provider of the current service; undefined outside a service, and in one without spans. */
export function tracerProvider(): TracerProvider | undefined {
  return providers.getStore();
}
