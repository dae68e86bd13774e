import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { DEMO_MODES, DEMO_PORTS, REPOSITORY_ROOT, type StackModes } from "../../scripts/demo/stack.ts";
import type { TestStack, TestStackOptions } from "../support/start-stack.ts";
import { compose, isReal, up, upNew, urls } from "./compose-stack.ts";

type Variables = Readonly<Record<string, string>>;
type AuthServer = StackModes["authServer"];

/** Services whose containers are named after a product. */
const CONTAINERS: Readonly<Record<string, string>> = {
  "auth-server": "keycloak",
  gateway: "agentgateway",
  "trace-store": "jaeger",
};
const OVERRIDE = ".cache/compose/under-test.yml";
const POLICY_FILES = ["agentgateway/config-policy.yaml", "agentgateway/config-draft-11-policy.yaml"];

/**
 * The stack of the journeys as new containers, so that no journey finds another's traces, consent
 * or keys. It stays when the journey ends, and is removed with the next one or the test run.
 */
export async function startContainerStack(options: TestStackOptions = {}): Promise<TestStack> {
  const { modes: wanted = {}, env: more = {} } = options;
  const startedAt = performance.now();
  const authServer = isReal("keycloak") ? "keycloak" : "embedded";
  const modes = { ...DEMO_MODES, ...wanted, authServer } as const;
  const variables = new Map(Object.entries(more));
  const env = {
    COMPOSE_FILE: [
      process.env.COMPOSE_FILE,
      ...(POLICY_FILES.includes(modes.policyFile) ? ["docker-compose.policy.yml"] : []),
      OVERRIDE,
    ].join(":"),
    AAUTH_PROFILE: modes.profile,
    AAUTH_MODE: modes.mode,
    AAUTH_SIGNATURE_SCHEME: modes.signatureScheme,
    AAUTH_AUTHORIZATION_SCHEME: modes.authorizationScheme,
  };
  writeOverride(variables, authServer);
  await upNew(env);
  return {
    ports: DEMO_PORTS,
    urls,
    modes,
    processes: [],
    readyAfterMs: performance.now() - startedAt,
    log: () => composeLog(env),
    async kill(name) {
      await compose(["kill", containerOf(name)], { env });
    },
    async startAgain(name, changed = {}) {
      variables.set(name, { ...variables.get(name), ...changed });
      writeOverride(variables, authServer);
      await up(env, ["--no-deps", containerOf(name)]);
    },
    stop: async () => {},
  };
}

function containerOf(name: string): string {
  return CONTAINERS[name] ?? name;
}

function writeOverride(variables: ReadonlyMap<string, Variables>, authServer: AuthServer): void {
  const services = [...variables].map(([name, environment]) => [
    containerOf(name),
    { environment: name === "auth-server" ? forAuthServer(environment, authServer) : environment },
  ]);
  mkdirSync(`${REPOSITORY_ROOT}.cache/compose`, { recursive: true });
  writeFileSync(`${REPOSITORY_ROOT}${OVERRIDE}`, stringify({ services: Object.fromEntries(services) }));
}

/** Keycloak has other names for the settings of our provider. */
function forAuthServer(variables: Variables, authServer: AuthServer): Variables {
  const { AUTH_SERVER_CONSENT_SECONDS: consentSeconds, ...rest } = variables;
  if (authServer === "embedded" || consentSeconds === undefined) return variables;
  return { ...rest, KC_SPI_LOGIN_PROTOCOL__AAUTH__CONSENT_LIFESPAN: consentSeconds };
}

/** Output of the containers, as lines `service | line`. */
function composeLog(env: Variables): string {
  const { stdout } = spawnSync("docker", ["compose", "logs", "--no-color"], {
    cwd: REPOSITORY_ROOT,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
  });
  return stdout.replace(/^(\S+)-\d+( *\|)/gm, "$1$2");
}
