import { existsSync } from "node:fs";
import { resolve } from "node:path";
import {
  booleanSetting,
  ConfigError,
  choiceSetting,
  integerSetting,
  listSetting,
  loadConfig,
  type Setting,
  serviceSettings,
  setting,
  telemetrySettings,
  textSetting,
} from "agent-kit/service";
import { type ListenerKey, PORTS } from "topology";
import { findExecutable } from "../find-executable.ts";
import { findJaeger } from "../jaeger/find-jaeger.ts";
import { findJavaTools } from "../keycloak/java-tools.ts";
import { KeycloakUnavailableError } from "../keycloak/keycloak-unavailable-error.ts";
import {
  AUTH_SERVERS,
  AUTHORIZATION_SCHEMES,
  DEMO_MODES,
  DEMO_PORTS,
  describeStack,
  REPOSITORY_ROOT,
  SIGNATURE_SCHEMES,
  type StackModes,
  type StackPorts,
} from "./stack.ts";

/** Not 0: identities and the other services' settings have the number in them. */
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

/** What every service reads for itself. Declared here so that a wrong value stops the start before the first of them refuses it. */
const forEveryService = ({ env, schema, description }: Setting) =>
  setting({ env: env!, schema, description });

const settings = {
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
    schema: textSetting(DEMO_MODES.policyFile),
    description: "Gateway configuration file; agentgateway/config-policy.yaml adds access rules",
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
    description: "Services to leave out, to be started by hand: npx pnpm --filter NAME dev",
  }),
  ui: setting({ flag: "ui", schema: booleanSetting(DEMO_MODES.ui), description: "Leave the web page out" }),
  showTokens: setting({
    env: "AAUTH_SHOW_TOKENS",
    flag: "show-tokens",
    schema: booleanSetting(DEMO_MODES.showTokens),
    description: "Print whole tokens and signatures in the log",
  }),
  logLevel: forEveryService(serviceSettings.logLevel),
  logFormat: forEveryService(serviceSettings.logFormat),
  logTraceIds: forEveryService(telemetrySettings("demo").logTraceIds),
  processes: setting({
    flag: "processes",
    schema: booleanSetting(false),
    description: "Start each service as a process of its own, as in the containers",
  }),
  ...portSettings,
};

/** What `npm run demo` was asked for. */
export interface DemoSettings {
  readonly ports: StackPorts;
  readonly modes: StackModes;
  /** Each service as a process of its own. */
  readonly processes: boolean;
  /** Names of services that are started separately. */
  readonly without: readonly string[];
}

/**
 * Reads flags and environment of the demo runner.
 *
 * @throws ConfigError, HelpRequested as `loadConfig` does; ConfigError also for a policy file or a program that is not there
 */
export function readDemoSettings(env: NodeJS.ProcessEnv, argv: readonly string[]): DemoSettings {
  const config = loadConfig({ service: "demo", settings, env, argv });
  const { signatureScheme, authorizationScheme, ui, showTokens, processes, without } = config;
  const ports = Object.fromEntries(
    Object.keys(DEMO_PORTS).map((key) => [key, config[`${key as ListenerKey}Port`]]),
  ) as StackPorts;
  const policyFile = findPolicyFile(config.policyFile, env);
  const jaeger = config.traces === "jaeger" && { jaegerProgram: requireJaeger(env) };
  const authServer = config.authServerKind;
  if (authServer === "keycloak") requireJava(env);
  const { delegate } = DEMO_MODES;
  const modes = {
    signatureScheme,
    authorizationScheme,
    policyFile,
    authServer,
    ui,
    delegate,
    showTokens,
    ...jaeger,
  };
  const services = describeStack(ports, modes);
  const unknown = without.find((name) => !services.some((service) => service.name === name));
  if (unknown !== undefined) {
    throw new ConfigError("demo", [{ name: "--without", message: `there is no service ${unknown}` }]);
  }
  if (config.gatewayKind === "embedded") return { ports, modes, processes, without };
  const gatewayProgram = requireGatewayBinary(config.gatewayBinary, env);
  return { ports, modes: { ...modes, gatewayProgram }, processes, without };
}

function requireJava(env: NodeJS.ProcessEnv): void {
  try {
    findJavaTools(env);
  } catch (error) {
    if (!(error instanceof KeycloakUnavailableError)) throw error;
    throw new ConfigError("demo", [{ name: "--auth-server", message: error.message }]);
  }
}

function requireJaeger(env: NodeJS.ProcessEnv): string {
  try {
    return findJaeger(env);
  } catch (error) {
    const message = `${(error as Error).message}. Without --traces the embedded trace store does the same.`;
    throw new ConfigError("demo", [{ name: "--traces", message }]);
  }
}

function requireGatewayBinary(name: string, env: NodeJS.ProcessEnv): string {
  const found = findExecutable(name, env);
  if (found !== undefined) return found;
  const message =
    `there is no executable ${name}; put agentgateway (v1.4.1) on the PATH or name it in AGENTGATEWAY_BIN. ` +
    "Without --gateway the embedded gateway does the same.";
  throw new ConfigError("demo", [{ name: "--gateway", message }]);
}

function findPolicyFile(file: string, env: NodeJS.ProcessEnv): string {
  // npm starts scripts in the root and tells in INIT_CWD where the user stood.
  const candidates = [resolve(env.INIT_CWD || REPOSITORY_ROOT, file), resolve(REPOSITORY_ROOT, file)];
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found !== undefined) return found;
  throw new ConfigError("demo", [{ name: "--policy", message: `there is no file ${file}` }]);
}
