import { LogLines } from "../../scripts/demo/log-lines.ts";
import { type RunningStack, runStack } from "../../scripts/demo/run-stack.ts";
import {
  DEMO_MODES,
  DEMO_PORTS,
  describeStack,
  LIBSODIUM_FLAG,
  type ServiceDescription,
  type StackPorts,
  type StackUrls,
  stackUrls,
} from "../../scripts/demo/stack.ts";
import { freePorts } from "../../tests/support/free-ports.ts";
import { withLibsodium } from "../libsodium.ts";

/** A stack that flows run through, on ports of its own. */
export interface FlowStack {
  readonly urls: StackUrls;
  readonly processes: RunningStack["processes"];
  stop(): Promise<void>;
}

/** What a service is started with instead of its own `main.ts`. */
export type Replacement = (service: ServiceDescription, ports: StackPorts) => readonly string[] | undefined;

/** The backend's part is played by the bench, the page's by nobody. */
const LEFT_OUT = new Set(["backend", "ui"]);

/** Starts the demo's stack, autonomous and scheme jwks, without the page and the backend. */
export async function startFlowStack(options: {
  replacement: Replacement;
  logLevel: string;
  /** Default the demo's. */
  /** Whether the services make spans. Default false. */
  traced?: boolean;
  /** Where the spans go. Default the stack's own trace store. */
  collectorUrl?: string;
}): Promise<FlowStack> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  const ports = Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
  const services = describeStack(ports, {
    ...DEMO_MODES,
    ui: false,
    delegate: false,
  })
    .filter(({ name }) => !LEFT_OUT.has(name))
    .map((service) => ({
      ...service,
      args: options.replacement(service, ports) ?? service.args,
      // Spans are measured by themselves: at the gateway, and in tracing.ts.
      env: {
        ...service.env,
        LOG_LEVEL: options.logLevel,
        OTEL_SDK_DISABLED: String(options.traced !== true),
        ...(options.collectorUrl !== undefined && { OTEL_EXPORTER_OTLP_ENDPOINT: options.collectorUrl }),
      },
    }));
  const names = services.map(({ name }) => name);
  const stack = await runStack(services, {
    log: new LogLines(names, { sink: { write: () => true }, colour: false }),
    signal: new AbortController().signal,
    // No setting of the developer's own may change what is measured.
    baseEnv: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TMPDIR: process.env.TMPDIR,
      ...(withLibsodium && { NODE_OPTIONS: LIBSODIUM_FLAG }),
    },
  });
  return {
    urls: stackUrls(ports),
    processes: stack.processes,
    async stop() {
      await stack.stop();
    },
  };
}
