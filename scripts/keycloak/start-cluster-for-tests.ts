import { freePorts } from "../demo/free-ports.ts";
import { startDatabaseServer } from "./database-server.ts";
import { prepareKeycloak } from "./prepare-keycloak.ts";
import { freeStackPorts, type StartedForTests, startNodeForTests } from "./start-server-for-tests.ts";

/**
 * Two nodes of one Keycloak: one database, one hostname, caches that know of each other; all of it
 * on loopback. Nothing listens at the hostname's port yet: the tests put a load balancer there.
 *
 * @throws Error with the last lines of the node that does not start
 */
export async function startClusterForTests(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<StartedForTests> {
  const stop = new AbortController();
  const home = await prepareKeycloak({ env, log, signal: stop.signal });
  const [front, database, ...clusterPorts] = await freePorts(4);
  const started: { close(): Promise<void> }[] = [];
  const close = async () => {
    // The database goes last: a node that stops leaves the cluster by it.
    for (const running of started.toReversed()) await running.close();
  };
  try {
    const server = await startDatabaseServer({ home, port: database!, env });
    started.push(server);
    const nodes: number[] = [];
    // One after the other: the first makes the tables.
    for (const [index, port] of clusterPorts.entries()) {
      log(`Starting node ${index + 1} of Keycloak…`);
      const ports = await freeStackPorts();
      const node = await startNodeForTests(ports, env, {
        AUTH_SERVER_URL: `http://localhost:${front}`,
        KEYCLOAK_CLUSTER_DATABASE_URL: server.url,
        KEYCLOAK_CLUSTER_PORT: String(port),
      });
      started.push(node);
      nodes.push(ports.authServer);
    }
    return {
      env: {
        AUTH_SERVER_TEST_URL: `http://localhost:${front}`,
        KEYCLOAK_CLUSTER_NODES: nodes.map((port) => `http://127.0.0.1:${port}`).join(" "),
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
