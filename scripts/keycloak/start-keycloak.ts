import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { importRealm } from "./import-realm.ts";
import { withQuickStart } from "./quick-start.ts";

const HEALTH_POLL_MS = 200;
const HEALTH_ANSWER_LIMIT_MS = 2000;

/**
 * Bounds on silent connections and waiting requests. The defaults are half an hour, a minute for
 * each worker, and no limit. The first two are Quarkus' settings, for which Keycloak has no
 * options. docker-compose.yml has the same values; a test compares.
 */
export const LISTENER_LIMITS = {
  QUARKUS_HTTP_IDLE_TIMEOUT: "60S",
  QUARKUS_HTTP_READ_TIMEOUT: "5S",
  KC_HTTP_MAX_QUEUED_REQUESTS: "1000",
};

export interface ClusterOptions {
  readonly databaseUrl: string;
  /** Port for the other nodes, on loopback. */
  readonly port: number;
}

export interface KeycloakOptions {
  /** Folder of a prepared Keycloak. */
  readonly home: string;
  /** Own origin as browsers and agents know it. */
  readonly origin: string;
  readonly port: number;
  readonly managementPort: number;
  readonly admin: { readonly username: string; readonly password: string };
  readonly realm: object;
  /** Cluster with other nodes. Default: a single node with its database in memory. */
  readonly cluster?: ClusterOptions;
  /** Seconds that a request waits for the user's consent. Default the provider's. */
  readonly consentSeconds?: number;
  /** Destination of its spans. Default: no spans. */
  readonly otlpUrl?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Aborting stops it. */
  readonly signal: AbortSignal;
}

/**
 * Starts Keycloak on loopback and resolves once it has the realm, or has ended; its output is this
 * process's. Everything it stores is gone when it ends.
 *
 * @throws Error when it does not take the realm
 */
export async function startKeycloak(options: KeycloakOptions): Promise<{ ended: Promise<number> }> {
  const { home, origin, managementPort, admin, realm, cluster, consentSeconds, otlpUrl, signal } = options;
  const traces = [`--tracing-endpoint=${otlpUrl}`, "--tracing-protocol=http/protobuf"];
  const child = spawn(
    "sh",
    [
      join(home, "bin/kc.sh"),
      "start",
      "--optimized",
      `--hostname=${origin}`,
      "--http-enabled=true",
      "--http-host=127.0.0.1",
      `--http-port=${options.port}`,
      `--http-management-port=${managementPort}`,
      ...(cluster === undefined ? ["--cache=local"] : sharedWith(cluster)),
      // Its own address is plain http: then agents may be on this machine, too.
      `--spi-login-protocol--aauth--development=${origin.startsWith("http:")}`,
      // Otherwise its log has refusals only.
      "--spi-events-listener--jboss-logging--success-level=info",
      ...(consentSeconds === undefined
        ? []
        : [`--spi-login-protocol--aauth--consent-lifespan=${consentSeconds}`]),
      // Otherwise every look at its health before it is ready is a line.
      "--log-level=info,io.smallrye.health:warn",
      "--log-console-include-trace=false",
      ...(otlpUrl === undefined ? [] : traces),
    ],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...withQuickStart(options.env),
        ...LISTENER_LIMITS,
        KC_BOOTSTRAP_ADMIN_USERNAME: admin.username,
        KC_BOOTSTRAP_ADMIN_PASSWORD: admin.password,
        // Tracing is built in, so that nothing has to be built again for it.
        ...(otlpUrl === undefined && { QUARKUS_OTEL_SDK_DISABLED: "true" }),
      },
    },
  );
  let hasEnded = false;
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("close", (status) => resolve(status ?? 1));
  });
  void ended.then(() => {
    hasEnded = true;
  });
  const stop = () => child.kill("SIGTERM");
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop);

  while (!hasEnded && !(await isHealthy(managementPort))) await pause(HEALTH_POLL_MS);
  if (hasEnded || signal.aborted) return { ended };
  try {
    const mayExist = cluster !== undefined;
    await importRealm({ origin: `http://127.0.0.1:${options.port}`, admin, realm, mayExist });
  } catch (error) {
    stop();
    await ended;
    throw error;
  }
  return { ended };
}

function sharedWith({ databaseUrl, port }: ClusterOptions): string[] {
  return [
    `--db-url=${databaseUrl}`,
    "--cache=ispn",
    // The nodes find each other through the database.
    "--cache-stack=jdbc-ping",
    "--cache-embedded-network-bind-address=127.0.0.1",
    `--cache-embedded-network-bind-port=${port}`,
  ];
}

async function isHealthy(managementPort: number): Promise<boolean> {
  try {
    const reply = await fetch(`http://127.0.0.1:${managementPort}/health/ready`, {
      signal: AbortSignal.timeout(HEALTH_ANSWER_LIMIT_MS),
    });
    await reply.body?.cancel();
    return reply.ok;
  } catch {
    return false;
  }
}
