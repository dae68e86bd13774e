/**
 * Process-wide setup of OpenTelemetry's API. Loaded only by programs that run services.
 *
 * @module
 */

import {
  context,
  ProxyTracerProvider,
  propagation,
  type Tracer,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { tracerProvider } from "./service-tracer.ts";

/** Creates no spans without a delegate. */
const NO_SPANS = new ProxyTracerProvider();

/**
 * The API supports one tracer provider, but a process may have several services, so a tracer looks
 * up the provider of its service for each span.
 */
const ofTheService: TracerProvider = {
  getTracer(...name) {
    const tracer = () => (tracerProvider() ?? NO_SPANS).getTracer(...name);
    return {
      startSpan: (...span) => tracer().startSpan(...span),
      startActiveSpan: (...span: unknown[]) =>
        (tracer().startActiveSpan as (...all: unknown[]) => unknown)(...span),
    } as Tracer;
  },
};

/** Registers context, propagation and tracers with OpenTelemetry's API. */
export function installTracing(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(ofTheService);
}
