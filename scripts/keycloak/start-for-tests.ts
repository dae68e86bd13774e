/**
 * Keycloaks on free ports for tests that share one: with our provider, as a cluster of two nodes,
 * or with the published extension.
 *
 * @module
 */

import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { AGENT_NAMES } from "topology";
import { describeStack, type ServiceDescription } from "../demo/describe-stack.ts";
import { freePort, freePorts, freeStackPorts } from "../demo/free-ports.ts";
import { ServiceProcess } from "../demo/service-process.ts";
import { DEMO_MODES, REPOSITORY_ROOT, type StackPorts, stackUrls } from "../demo/stack.ts";
import { isTaken } from "../demo/taken-ports.ts";
import type { Log } from "../pinned-packages.ts";
import { spawnGuarded } from "../spawn-guarded.ts";
import { importRealm } from "./import-realm.ts";
import { findJavaTools, KeycloakUnavailableError } from "./java-tools.ts";
import { prepareKeycloak } from "./prepare-keycloak.ts";

const STOP_LIMIT_MS = 10_000;
/** A Keycloak builds itself on its first start. */
const READY_LIMIT_MS = 20 * 60_000;
const DATABASE_LIMIT_MS = 60_000;
const POLL_MS = 100;
const REALM_FILE = `${REPOSITORY_ROOT}keycloak/realm/aauth-test-realm.json`;
const ADMIN = { username: "admin", password: "admin" };

type Variables = Readonly<Record<string, string>>;
/** Starts servers, each with a function that ends it. @returns variables for the tests */
type Start = (env: NodeJS.ProcessEnv, log: Log, ends: (() => Promise<unknown>)[]) => Promise<Variables>;

/** A Keycloak with our provider; with `isCluster` two nodes. Skipped without a JDK and Maven. */
export const keycloakForTests = ({ isCluster = false } = {}) => {
  const { prepare, close } = forTests(isCluster ? startCluster : startServer);
  return {
    close,
    async prepare(env: NodeJS.ProcessEnv, log: Log) {
      try {
        findJavaTools(env);
      } catch (error) {
        if (error instanceof KeycloakUnavailableError) return error.message;
        throw error;
      }
      return prepare(env, log);
    },
  };
};

/** @param home folder of a Keycloak that has the published extension in `providers` */
export const publishedExtensionForTests = (home: string) =>
  forTests((env, log, ends) => startExtension(home, env, log, ends));

function forTests(start: Start) {
  const ends: (() => Promise<unknown>)[] = [];
  return {
    /** @throws Error with the last lines of a server that does not start */
    prepare: (env: NodeJS.ProcessEnv, log: Log): Promise<Variables> => start(env, log, ends),
    async close(): Promise<void> {
      for (const end of ends.reverse()) await end();
    },
  };
}

const startServer: Start = async (env, log, ends) => {
  log("Starting Keycloak…");
  const ports = await freeStackPorts();
  // Nothing listens there until a test does.
  const otlpUrl = `http://127.0.0.1:${ports.traceStoreOtlp}`;
  await startNode(ports, env, { OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl }, ends);
  return { AUTH_SERVER_TEST_URL: stackUrls(ports).authServer, KEYCLOAK_TEST_OTLP_URL: otlpUrl };
};

/**
 * One database, one hostname, caches that know of each other. Nothing listens at the hostname's
 * port yet: the tests put a load balancer there.
 */
const startCluster: Start = async (env, log, ends) => {
  const home = await prepareKeycloak({ env, log, signal: new AbortController().signal });
  const [front, ...clusterPorts] = await freePorts(3);
  const databaseUrl = await startDatabase(home, env, ends);
  const nodes: number[] = [];
  // One after the other: the first makes the tables.
  for (const [index, port] of clusterPorts.entries()) {
    log(`Starting node ${index + 1} of Keycloak…`);
    const ports = await freeStackPorts();
    const changes = {
      AUTH_SERVER_URL: `http://localhost:${front}`,
      KEYCLOAK_CLUSTER_DATABASE_URL: databaseUrl,
      KEYCLOAK_CLUSTER_PORT: String(port),
    };
    await startNode(ports, env, changes, ends);
    nodes.push(ports.authServer);
  }
  return {
    AUTH_SERVER_TEST_URL: `http://localhost:${front}`,
    KEYCLOAK_CLUSTER_NODES: nodes.map((port) => `http://127.0.0.1:${port}`).join(" "),
  };
};

/** A Keycloak as in the demo, without the variables for the other services. */
async function startNode(ports: StackPorts, env: NodeJS.ProcessEnv, changes: Variables, ends: Ends) {
  const stack = describeStack(ports, { ...DEMO_MODES, authServer: "keycloak" });
  const description = stack.find(({ name }) => name === "auth-server")!;
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: _traces,
    AUTH_SERVER_UI_URL: _page,
    AUTH_SERVER_PERSON_SERVER_URL: _personServer,
    ...variables
  } = description.env;
  await startService({ ...description, env: { ...variables, ...changes } }, env, ends);
}

/** H2 as a server, from the jar in Keycloak: a database in memory that several nodes share. */
async function startDatabase(home: string, env: NodeJS.ProcessEnv, ends: Ends): Promise<string> {
  const [jar] = globSync("lib/lib/main/com.h2database.h2-*.jar", { cwd: home });
  if (jar === undefined) throw new Error(`there is no H2 in ${home}`);
  const port = await freePort();
  // Without the property it listens on all addresses, and refuses callers of other machines.
  const args = ["-Dh2.bindAddress=127.0.0.1", "-cp", join(home, jar), "org.h2.tools.Server"];
  const flags = ["-tcp", "-tcpPort", String(port), "-ifNotExists"];
  const child = spawnGuarded(findJavaTools(env).java, [...args, ...flags], { stdio: "ignore", env });
  const ended = new Promise((resolve) => child.once("error", resolve).once("close", resolve));
  ends.push(async () => child.kill("SIGTERM") && (await ended));
  const giveUpAt = Date.now() + DATABASE_LIMIT_MS;
  while (!(await isTaken(port))) {
    if (child.exitCode !== null || Date.now() > giveUpAt) throw new Error("the database did not start");
    await pause(POLL_MS);
  }
  return `jdbc:h2:tcp://127.0.0.1:${port}/mem:keycloak;DB_CLOSE_DELAY=-1;NON_KEYWORDS=VALUE`;
}

async function startExtension(home: string, env: NodeJS.ProcessEnv, log: Log, ends: Ends) {
  log("Starting Keycloak with the published extension…");
  const folder = await mkdtemp(join(tmpdir(), "published-extension-"));
  ends.push(() => rm(folder, { recursive: true }));
  // Java looks up names below `.localhost` in the system, which may not know them.
  const names = ["localhost", "backend.localhost", ...AGENT_NAMES.map((name) => `${name}.localhost`)];
  const hosts = join(folder, "hosts");
  await writeFile(hosts, names.map((name) => `127.0.0.1 ${name}\n`).join(""));
  const [port, managementPort] = await freePorts(2);
  const description = {
    name: "keycloak",
    // Without --hostname: the extension's consent form lacks a slash behind it.
    args: ["scripts/foreign-program.ts", "sh", join(home, "bin/kc.sh"), "start-dev"].concat(
      ["--http-host=127.0.0.1", `--http-port=${port}`, "--db=dev-mem", "--cache=local"],
      ["--health-enabled=true", `--http-management-port=${managementPort}`],
    ),
    env: {
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
      JAVA_OPTS_APPEND: `-XX:TieredStopAtLevel=1 -Djdk.net.hosts.file=${hosts}`,
    },
    ports: [],
    healthUrl: `http://127.0.0.1:${managementPort}/health/ready`,
    after: [],
  };
  await startService(description, env, ends);
  const realm = JSON.parse(await readFile(REALM_FILE, "utf8"));
  await importRealm({ origin: `http://127.0.0.1:${port}`, admin: ADMIN, realm });
  return { AUTH_SERVER_TEST_URL: `http://localhost:${port}`, INTEROP_EXTENSION: "1" };
}

type Ends = Parameters<Start>[2];

async function startService(description: ServiceDescription, env: NodeJS.ProcessEnv, ends: Ends) {
  const started = new ServiceProcess(description, { baseEnv: env, onLine: () => {} });
  ends.push(() => started.stop(STOP_LIMIT_MS));
  process.once("exit", () => started.kill());
  if (!(await started.isReady(AbortSignal.timeout(description.readyLimitMs ?? READY_LIMIT_MS))))
    throw new Error(`Keycloak did not start:\n${started.lastLines.join("\n")}`);
}
