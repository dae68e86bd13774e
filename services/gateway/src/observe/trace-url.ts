import type { TracingConfiguration } from "../configuration/configuration.ts";

/** Where the spans go. A path in the endpoint itself wins over `path`, as in Agentgateway. */
export function traceUrl({
  otlpEndpoint,
  path,
}: Pick<TracingConfiguration, "otlpEndpoint" | "path">): string {
  const endpoint = new URL(otlpEndpoint);
  return endpoint.pathname === "/" && endpoint.search === "" ? new URL(path, endpoint).href : endpoint.href;
}
