import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  booleanSetting,
  type Config,
  ConfigError,
  choiceSetting,
  integerSetting,
  listSetting,
  loadConfig,
  profileSettings,
  publishedPeersSettings,
  readFlags,
  type Setting,
  serviceSettings,
  setting,
  storeSettings,
  telemetrySettings,
  textSetting,
} from "agent-kit/settings";
import { type ListenerKey, PORTS } from "topology";
import { z } from "zod";
import { findExecutable } from "../find-executable.ts";
import { findJaeger } from "../jaeger/find-jaeger.ts";
import { findJavaTools } from "../keycloak/java-tools.ts";
import { DEMO_DIALECTS, type DialectSetting, foreignSettings } from "./demo-dialect.ts";
import { describeStack } from "./describe-stack.ts";
import { requireProfile } from "./policy-profile.ts";
import {
  AUTH_SERVERS,
  AUTHORIZATION_SCHEMES,
  DEMO_MODES,
  DEMO_PORTS,
  identifiers,
  REPOSITORY_ROOT,
  SIGNATURE_SCHEMES,
  type StackModes,
  type StackPorts,
} from "./stack.ts";

/** Not 0, because identities and the other services' settings contain the number. */
const portSettings = Object.fromEntries(
  Object.entries(PORTS).map(([key, { port, variable, title }]) => [
    `${key}Port`,
    setting({
      env: variable,
      schema: integerSetting(port, { minimum: 1, maximum: 65535 }),
      description: `Port: ${title}`,
    }),
  ]),
) as unknown as Readonly<Record<`${ListenerKey}Port`, Setting<ReturnType<typeof integerSetting>>>>;

/**
 * Settings that the services read themselves. Declaring them here stops the start before the first
 * service refuses a wrong value.
 */
const forEveryService = <Schema extends z.ZodType>({ env, schema, description, secret }: Setting<Schema>) =>
  setting({ env: env!, schema, description, ...(secret && { secret }) });

const policyFiles = Object.values(DEMO_DIALECTS).map(({ policyFile }) => policyFile);
const settings = {
  profile: setting({ ...profileSettings.profile, flag: "profile" }),
  mode: setting({ ...profileSettings.mode, flag: "mode" }),
  signatureScheme: setting({
    env: "AAUTH_SIGNATURE_SCHEME",
    flag: "signature-scheme",
    schema: choiceSetting(SIGNATURE_SCHEMES, DEMO_MODES.signatureScheme),
    description: "How agents sign: hwk (pseudonymous) or jwks (identified)",
  }),
  authorizationScheme: setting({
    env: "AAUTH_AUTHORIZATION_SCHEME",
    flag: "authorization-scheme",
    schema: choiceSetting(AUTHORIZATION_SCHEMES, DEMO_MODES.authorizationScheme),
    description: "What a call needs: signature-only, autonomous or user-delegated",
  }),
  policyFile: setting({
    flag: "policy",
    schema: z.string().optional(),
    description: `Gateway configuration file; agentgateway/config-policy.yaml adds access rules, with draft-11 config-draft-11-policy.yaml. Default ${policyFiles.join(" or ")}`,
  }),
  gatewayKind: setting({
    flag: "gateway",
    schema: choiceSetting(["embedded", "agentgateway"], "embedded"),
    description: "The gateway: the one in this repository, or the Agentgateway binary of this machine",
  }),
  gatewayBinary: setting({
    env: "AGENTGATEWAY_BIN",
    schema: textSetting("agentgateway"),
    description: "Agentgateway executable, for --gateway agentgateway; a name is looked up on the PATH",
  }),
  authServerKind: setting({
    flag: "auth-server",
    schema: choiceSetting(AUTH_SERVERS, DEMO_MODES.authServer),
    description:
      "The auth server: the one in this repository, or Keycloak with our provider (needs a JDK and Maven)",
  }),
  traces: setting({
    flag: "traces",
    schema: choiceSetting(["embedded", "jaeger"], "embedded"),
    description:
      "Who keeps traces: the store in this repository, or the Jaeger of this machine (JAEGER_BIN or the PATH)",
  }),
  without: setting({
    flag: "without",
    schema: listSetting(),
    description: "Services to leave out, to be started in another terminal",
  }),
  only: setting({
    flag: "only",
    schema: listSetting(),
    description: "Services to start beside a demo with the same variables that runs without them",
  }),
  swap: setting({
    flag: "swap",
    schema: listSetting(),
    description:
      "Beside a published demo that runs: start these services alone, in the place of its own, and accept the dialect of the others",
  }),
  ui: setting({ flag: "ui", schema: booleanSetting(DEMO_MODES.ui), description: "Leave the web page out" }),
  showTokens: setting({
    env: "AAUTH_SHOW_TOKENS",
    flag: "show-tokens",
    schema: booleanSetting(DEMO_MODES.showTokens),
    description: "Print whole tokens and signatures in the log",
  }),
  publishedPeers: forEveryService(publishedPeersSettings.publishedPeers),
  logLevel: forEveryService(serviceSettings.logLevel),
  logFormat: forEveryService(serviceSettings.logFormat),
  logTraceIds: forEveryService(telemetrySettings("demo").logTraceIds),
  store: forEveryService(storeSettings.store),
  replayStore: forEveryService(storeSettings.replayStore),
  fresh: setting({
    flag: "fresh",
    schema: booleanSetting(false),
    description:
      "Start empty: remove what earlier starts in this mode and with this backend port have kept, keys that they made included",
  }),
  replicas: setting({
    flag: "replicas",
    schema: integerSetting(1, { minimum: 1, maximum: 2 }),
    description:
      "Processes of backend, agents, gateway check and person server: 2 needs PostgreSQL and Valkey or Redis, found or named by AAUTH_STORE and AAUTH_REPLAY_STORE",
  }),
  processes: setting({
    flag: "processes",
    schema: booleanSetting(false),
    description: "Start each service as a process of its own, as in the containers",
  }),
  ...portSettings,
};

/** Settings of `npm run demo`. */
export interface DemoSettings {
  readonly ports: StackPorts;
  readonly modes: StackModes;
  /** Whether each service is a separate process. */
  readonly processes: boolean;
  /** Processes of each service that can have two. */
  readonly replicas: number;
  /** Whether to remove the state of earlier starts. */
  readonly fresh: boolean;
  /**
   * Names of services that are started separately; with `modes.publishedPeers` they are the
   * published demo's.
   */
  readonly without: readonly string[];
  /** Whether the other services run in another terminal. */
  readonly isBeside: boolean;
}

/**
 * Reads flags and environment of the demo runner.
 *
 * @throws ConfigError, HelpRequested as `loadConfig` does; ConfigError also for a missing policy
 * file or program
 */
export function readDemoSettings(env: NodeJS.ProcessEnv, argv: readonly string[]): DemoSettings {
  const config = loadConfig({ service: "demo", settings, env, argv });
  const { profile, mode, signatureScheme, authorizationScheme, ui, showTokens, processes, swap } = config;
  const given = readFlags(settings, argv).values;
  // A flag without effect is refused whatever its value; a variable may come from a file for all
  // services.
  const isAsked = (name: DialectSetting) => given.has(name) || config[name] !== DEMO_MODES[name];
  for (const foreign of foreignSettings(profile)) {
    if (!isAsked(foreign.setting)) continue;
    const message = `belongs to ${foreign.profile}: leave it out, or add --profile ${foreign.profile}`;
    throw refused(`--${settings[foreign.setting].flag}`, message);
  }
  if (swap.length > 0 && !DEMO_DIALECTS[profile].hasPublishedDemo)
    throw refused("--swap", `the published demo does not speak ${profile}`);
  const { AAUTH_STORE: store, AAUTH_REPLAY_STORE: replayStore } = env;
  if (config.fresh && store)
    throw refused("--fresh", "removes the demo's own folder: AAUTH_STORE names another store");
  refuseWithReplicas(config);
  const ports = Object.fromEntries(
    Object.keys(DEMO_PORTS).map((key) => [key, config[`${key as ListenerKey}Port`]]),
  ) as StackPorts;
  const authServer = config.authServerKind;
  if (authServer === "keycloak") found("--auth-server", () => findJavaTools(env));
  const modes: StackModes = {
    ...DEMO_MODES,
    profile,
    mode,
    signatureScheme,
    authorizationScheme,
    policyFile: found("--policy", () => findPolicyFile(config.policyFile, profile, env)),
    authServer,
    ui,
    showTokens,
    ...(store && { store }),
    ...(replayStore && { replayStore }),
    ...(swap.length > 0 && {
      publishedPeers: [...new Set([...othersThan(swap, ports), ...config.publishedPeers])],
    }),
    ...(config.traces === "jaeger" && { jaegerProgram: found("--traces", () => findJaeger(env)) }),
    ...(config.gatewayKind === "agentgateway" && {
      gatewayProgram: found("--gateway", () => findGateway(config.gatewayBinary, env)),
    }),
  };
  const names = describeStack(ports, modes).map(({ name }) => name);
  for (const flag of ["without", "only", "swap"] as const) {
    const unknown = config[flag].find((name) => !names.includes(name));
    if (unknown !== undefined) throw refused(`--${flag}`, `there is no service ${unknown}`);
  }
  // The published gateway verifies by itself; ours asks another service.
  const ours = swap.includes("gateway") ? [...swap, "gateway-authz"] : swap;
  const isLeftOut = (name: string) =>
    config.without.includes(name) ||
    (swap.length > 0 && !ours.includes(name)) ||
    (config.only.length > 0 && !config.only.includes(name));
  return {
    ports,
    modes,
    processes,
    fresh: config.fresh,
    replicas: config.replicas,
    without: names.filter(isLeftOut),
    isBeside: config.only.length > 0,
  };
}

/** @throws ConfigError for flags that cannot be used with replicas */
function refuseWithReplicas(
  config: Pick<Config<typeof settings>, "replicas" | "swap" | "without" | "only" | "gatewayKind">,
): void {
  const unusable = [
    ["--swap", config.swap.length > 0],
    ["--without", config.without.length > 0],
    ["--only", config.only.length > 0],
    ["--gateway", config.gatewayKind === "agentgateway"],
  ] as const;
  const [name] = unusable.find(([, isSet]) => config.replicas > 1 && isSet) ?? [];
  if (name !== undefined) throw refused(name, "cannot be used with --replicas");
}

const refused = (name: string, message: string) => new ConfigError("demo", [{ name, message }]);

function othersThan(names: readonly string[], ports: StackPorts): string[] {
  return [...identifiers(ports)].filter(([name]) => !names.includes(name)).map(([, id]) => id);
}

/** @throws ConfigError for a missing requirement of a flag */
function found<T>(name: string, find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw refused(name, (error as Error).message);
  }
}

function findGateway(name: string, env: NodeJS.ProcessEnv): string {
  const program = findExecutable(name, env);
  if (program !== undefined) return program;
  throw new Error(
    `there is no executable ${name}; put agentgateway (v1.4.1) on the PATH or name it in AGENTGATEWAY_BIN`,
  );
}

function findPolicyFile(
  named: string | undefined,
  profile: StackModes["profile"],
  env: NodeJS.ProcessEnv,
): string {
  const file = named ?? DEMO_DIALECTS[profile].policyFile;
  // npm starts scripts in the root; INIT_CWD is the user's folder.
  const candidates = [resolve(env.INIT_CWD || REPOSITORY_ROOT, file), resolve(REPOSITORY_ROOT, file)];
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Error(`there is no file ${file}`);
  requireProfile(file, readFileSync(path, "utf8"), profile);
  return path;
}
