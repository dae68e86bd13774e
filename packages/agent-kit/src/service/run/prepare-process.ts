import { installLocalhostLookup } from "../http/localhost-lookup.ts";

/**
 * Sets what is global in a process of several services and the same for each: `fetch` resolves `*.localhost`, and OpenTelemetry's API
 * finds the tracer of the service that asks. Call it once, in a program, before the first service starts.
 */
export async function prepareProcess(): Promise<void> {
  installLocalhostLookup();
  const { installTracing } = await import("../telemetry/install-tracing.ts");
  installTracing();
}
