import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AGENT_NAMES } from "topology";
import { freePorts } from "../demo/free-ports.ts";
import { ServiceProcess } from "../demo/service-process.ts";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { importRealm } from "./import-realm.ts";

/** On its first start it builds itself. */
const READY_LIMIT_MS = 20 * 60_000;
const STOP_LIMIT_MS = 10_000;
const REALM_FILE = `${REPOSITORY_ROOT}keycloak/realm/aauth-test-realm.json`;
const ADMIN = { username: "admin", password: "admin" };

/**
 * A Keycloak with the published extension for the tests, on free ports and with the demo's realm.
 *
 * @param home folder of a Keycloak that has the extension in `providers`
 */
export function publishedExtensionForTests(home: string) {
  let started: ServiceProcess | undefined;
  let folder: string | undefined;
  return {
    /**
     * Starts it, and says what the tests must know.
     *
     * @throws Error with its last lines when it does not start
     */
    async prepare(env: NodeJS.ProcessEnv, log: (line: string) => void) {
      log("Starting Keycloak with the published extension…");
      folder = await mkdtemp(join(tmpdir(), "published-extension-"));
      const [port = 0, managementPort = 0] = await freePorts(2);
      started = new ServiceProcess(
        {
          name: "keycloak",
          // Without --hostname: the extension's consent form lacks a slash behind it.
          args: ["scripts/foreign-program.ts", "sh", join(home, "bin/kc.sh"), "start-dev"].concat(
            ["--http-host=127.0.0.1", `--http-port=${port}`, "--db=dev-mem", "--cache=local"],
            ["--health-enabled=true", `--http-management-port=${managementPort}`],
          ),
          env: {
            KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username,
            KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
            JAVA_OPTS_APPEND: `-XX:TieredStopAtLevel=1 -Djdk.net.hosts.file=${await hostsFile(folder)}`,
          },
          ports: [],
          healthUrl: `http://127.0.0.1:${managementPort}/health/ready`,
          after: [],
        },
        { baseEnv: env, onLine: () => {} },
      );
      process.once("exit", () => started?.kill());
      if (!(await started.isReady(AbortSignal.timeout(READY_LIMIT_MS))))
        throw new Error(`Keycloak did not start:\n${started.lastLines.join("\n")}`);
      const realm = JSON.parse(await readFile(REALM_FILE, "utf8"));
      await importRealm({ origin: `http://127.0.0.1:${port}`, admin: ADMIN, realm });
      return { AUTH_SERVER_TEST_URL: `http://localhost:${port}`, INTEROP_EXTENSION: "1" };
    },
    async close(): Promise<void> {
      await started?.stop(STOP_LIMIT_MS);
      if (folder !== undefined) await rm(folder, { recursive: true });
    },
  };
}

/** Java looks up names below `.localhost` in the system, which may not know them. */
async function hostsFile(folder: string): Promise<string> {
  const path = join(folder, "hosts");
  const names = ["localhost", "backend.localhost", ...AGENT_NAMES.map((name) => `${name}.localhost`)];
  await writeFile(path, names.map((name) => `127.0.0.1 ${name}\n`).join(""));
  return path;
}
