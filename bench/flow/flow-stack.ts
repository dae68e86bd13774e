import { LogLines } from "../../scripts/demo/log-lines.ts";
import { runStack } from "../../scripts/demo/run-stack.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  describeStack,
  type ServiceDescription,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { freePorts } from "../../tests/support/free-ports.ts";

/** A stack that flows run through, on ports of its own. */
export interface FlowStack {
  readonly urls: StackUrls;
  /** Requests the gateway has answered so far, documents and refusals included. */
  gatewayRequests(): Promise<number>;
  stop(): Promise<void>;
}

/** What a service is started with instead of its own `main.ts`. */
export type Replacement = (service: ServiceDescription, ports: StackPorts) => readonly string[] | undefined;

/** Starts the demo's stack, autonomous and scheme jwks, without the page and the backend. */
export async function startFlowStack(options: {
  replacement: Replacement;
  logLevel: string;
}): Promise<FlowStack> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
  const services = describeStack(ports, { ...DEMO_MODES, ui: false, delegate: false })
    // The bench takes the backend's part.
    .filter(({ name }) => name !== "backend")
    .map((service) => ({
      ...service,
      args: options.replacement(service, ports) ?? service.args,
      hosted: undefined,
      env: { ...service.env, LOG_LEVEL: options.logLevel, OTEL_SDK_DISABLED: "true" },
    }));
  const names = services.map(({ name }) => name);
  const stack = await runStack(services, {
    log: new LogLines(names, { sink: { write: () => true }, colour: false }),
    signal: new AbortController().signal,
    // No setting of the developer's own may change what is measured.
    baseEnv: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR },
  });
  return {
    urls: stackUrls(ports),
    async gatewayRequests() {
      const text = await (await fetch(`http://127.0.0.1:${ports.gatewayStats}/metrics`)).text();
      const counts = text.matchAll(/^agentgateway_requests_total\{.*\} (\d+)$/gm);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    async stop() {
      await stack.stop();
    },
  };
}
