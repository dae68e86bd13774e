import { findJavaTools } from "./java-tools.ts";
import { KeycloakUnavailableError } from "./keycloak-unavailable-error.ts";
import { startClusterForTests } from "./start-cluster-for-tests.ts";
import { type StartedForTests, startServerForTests } from "./start-server-for-tests.ts";

/** A Keycloak on free ports for the tests that share one; with `isCluster` two nodes. */
export function keycloakForTests({ isCluster = false } = {}) {
  let started: StartedForTests | undefined;
  return {
    /**
     * Starts it, and says what its tests must know. A text says why there can be none on this
     * machine.
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
      started = await (isCluster ? startClusterForTests : startServerForTests)(env, log);
      return started.env;
    },
    async close(): Promise<void> {
      await started?.close();
    },
  };
}
