import { describeStack } from "../demo/describe-stack.ts";
import { freePorts } from "../demo/free-ports.ts";
import { ServiceProcess } from "../demo/service-process.ts";
import { DEMO_MODES, DEMO_PORTS, type StackPorts, stackUrls } from "../demo/stack.ts";

const STOP_LIMIT_MS = 10_000;

/** What runs for tests. */
export interface StartedForTests {
  /** For the environment of the tests. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** One Keycloak by itself. @throws Error with its last lines when it does not start */
export async function startServerForTests(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<StartedForTests> {
  log("Starting Keycloak…");
  const ports = await freeStackPorts();
  // Nothing listens there until a test does.
  const otlpUrl = `http://127.0.0.1:${ports.traceStoreOtlp}`;
  const keycloak = await startNodeForTests(ports, env, { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl });
  return {
    env: { AUTH_SERVER_TEST_URL: stackUrls(ports).authServer, KEYCLOAK_TEST_OTLP_URL: otlpUrl },
    close: () => keycloak.close(),
  };
}

export async function freeStackPorts(): Promise<StackPorts> {
  const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
  const free = await freePorts(keys.length);
  return Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
}

/**
 * A Keycloak as the demo has it, without what the other services want of it.
 *
 * @param changes to its variables
 * @throws Error with its last lines when it does not start
 */
export async function startNodeForTests(
  ports: StackPorts,
  env: NodeJS.ProcessEnv,
  changes: Readonly<Record<string, string>> = {},
): Promise<{ close(): Promise<void> }> {
  const stack = describeStack(ports, { ...DEMO_MODES, authServer: "keycloak" });
  const description = stack.find(({ name }) => name === "auth-server")!;
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: _traces,
    AUTH_SERVER_UI_URL: _page,
    AUTH_SERVER_PERSON_SERVER_URL: _personServer,
    ...variables
  } = description.env;
  const started = new ServiceProcess(
    { ...description, env: { ...variables, ...changes } },
    { baseEnv: env, onLine: () => {} },
  );
  process.once("exit", () => started.kill());
  if (!(await started.isReady(AbortSignal.timeout(description.readyLimitMs!)))) {
    await started.stop(STOP_LIMIT_MS);
    throw new Error(`Keycloak did not start:\n${started.lastLines.join("\n")}`);
  }
  return {
    async close() {
      await started.stop(STOP_LIMIT_MS);
    },
  };
}
