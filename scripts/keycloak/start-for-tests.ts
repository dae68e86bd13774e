import { freePorts } from "../../tests/support/free-ports.ts";
import { ServiceProcess } from "../demo/service-process.ts";
import { DEMO_MODES, DEMO_PORTS, describeStack, type StackPorts, stackUrls } from "../demo/stack.ts";
import { findJavaTools } from "./java-tools.ts";
import { KeycloakUnavailableError } from "./keycloak-unavailable-error.ts";

const STOP_LIMIT_MS = 10_000;

/** A Keycloak on free ports for the tests that share one. */
export function keycloakForTests() {
  let keycloak: ServiceProcess | undefined;
  return {
    /**
     * Starts it, and says what its tests must know. A text says why there can be none on this machine.
     *
     * @throws Error with its last lines when it does not start
     */
    async prepare(
      env: NodeJS.ProcessEnv,
      log: (line: string) => void,
    ): Promise<Readonly<Record<string, string>> | string> {
      try {
        findJavaTools(env);
      } catch (error) {
        if (error instanceof KeycloakUnavailableError) return error.message;
        throw error;
      }
      const keys = Object.keys(DEMO_PORTS) as (keyof StackPorts)[];
      const free = await freePorts(keys.length);
      const ports = Object.fromEntries(keys.map((key, index) => [key, free[index]])) as unknown as StackPorts;
      const stack = describeStack(ports, { ...DEMO_MODES, authServer: "keycloak" });
      const description = stack.find(({ name }) => name === "auth-server")!;
      const { OTEL_EXPORTER_OTLP_ENDPOINT: _, AUTH_SERVER_UI_URL: __, ...variables } = description.env;
      log("Starting Keycloak…");
      const started = new ServiceProcess(
        { ...description, env: variables },
        { baseEnv: env, onLine: () => {} },
      );
      keycloak = started;
      process.once("exit", () => started.kill());
      if (!(await started.isReady(AbortSignal.timeout(description.readyLimitMs!)))) {
        throw new Error(`Keycloak did not start:\n${started.lastLines.join("\n")}`);
      }
      return { AUTH_SERVER_TEST_URL: stackUrls(ports).authServer };
    },
    async close(): Promise<void> {
      await keycloak?.stop(STOP_LIMIT_MS);
    },
  };
}
