import { installLocalhostLookup } from "../http/localhost-lookup.ts";

/**
 * Sets the globals that several services share in one process: `fetch` resolves `*.localhost`, and
 * OpenTelemetry's API finds the tracer of the service that calls it. Call this once, in a program,
 * before the first service starts.
 */
export async function prepareProcess(): Promise<void> {
  installLocalhostLookup();
  const { installTracing } = await import("../telemetry/install-tracing.ts");
  installTracing();
}
