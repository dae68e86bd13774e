import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Settings } from "agent-kit/service";
import { AGENT_NAMES } from "topology";
import { describeStack, type ServiceDescription } from "./describe-stack.ts";
import { DEMO_MODES, DEMO_PORTS, REPOSITORY_ROOT, type StackModes, type StackPorts } from "./stack.ts";

/**
 * A service that was left out, and the command that starts it beside the others; no command for a
 * third-party program.
 */
export interface LeftOut {
  readonly name: string;
  readonly command?: string;
}

/** Flags of an agent of February that are shown also with their default values. */
const AGENT_FLAGS: ReadonlyMap<string, string> = new Map([
  ["AAUTH_SIGNATURE_SCHEME", "--signature-scheme"],
  ["AAUTH_AUTHORIZATION_SCHEME", "--authorization-scheme"],
]);
const AGENTS: ReadonlySet<string> = new Set(AGENT_NAMES);
/** Variables of all services that neither the page nor the gateway reads. */
const AGENT_VARIABLES: ReadonlySet<string> = new Set([
  ...AGENT_FLAGS.keys(),
  "AAUTH_SHOW_TOKENS",
  "AAUTH_PROFILE",
  "AAUTH_MODE",
  "AAUTH_ENDPOINTS",
]);

/** Commands that start the services `names` by hand, for a stack with these ports and modes. */
export async function leftOutServices(
  ports: StackPorts,
  modes: StackModes,
  names: readonly string[],
): Promise<LeftOut[]> {
  const services = describeStack(ports, modes).filter(({ name }) => names.includes(name));
  return Promise.all(
    services.map(async (service) => {
      const command = await commandByHand(service, modes);
      return { name: service.name, ...(command !== undefined && { command }) };
    }),
  );
}

async function commandByHand({ name, args, env }: ServiceDescription, modes: StackModes) {
  const programs = [`services/${name}/src/main.ts`, `scripts/demo/${name}.ts`];
  const isOurs = programs.some((program) => args.includes(program));
  if (!isOurs && name !== "ui") return undefined;
  // The page and the gateway's file have the demo's addresses for defaults, and read variables that
  // no settings declare.
  const isLikeDemo = name === "ui" || name === "gateway";
  const isUsual = isLikeDemo ? usualInDemo(name) : await usualInService(name);
  const isFebruarys = AGENTS.has(name) && modes.profile === "february-2026";
  const flags = isFebruarys ? AGENT_FLAGS : new Map<string, string>();
  const shownFlags = [...flags].map(([variable, flag]) => ` ${flag} ${env[variable]}`);
  if (name === "gateway" && modes.policyFile !== DEMO_MODES.policyFile)
    shownFlags.push(` -f ${quoted(resolve(REPOSITORY_ROOT, modes.policyFile))}`);
  const variables = Object.entries(env)
    .filter(([variable, value]) => !flags.has(variable) && !isOwnFolder(variable, value))
    .filter(([variable, value]) => !isUsual(variable, value))
    .map(([variable, value]) => `${variable}=${quoted(fromServiceFolder(value))} `);
  return `${variables.join("")}npx pnpm --filter ${name} dev${shownFlags.join("")}`;
}

/**
 * Whether a setting names the demo's folder of state. A service that is started by hand makes its
 * own.
 */
const isOwnFolder = (variable: string, value: string): boolean =>
  (variable === "AAUTH_STORE" && value.startsWith("sqlite:.data/")) || variable === "AAUTH_KEYS";

type IsUsual = (variable: string, value: string) => boolean;

function usualInDemo(name: string): IsUsual {
  const usual = describeStack(DEMO_PORTS, DEMO_MODES).find((service) => service.name === name)!.env;
  return (variable, value) => AGENT_VARIABLES.has(variable) || value === usual[variable];
}

/** Whether a variable has the service's default, or is not one of its settings. */
async function usualInService(name: string): Promise<IsUsual> {
  const { settings } = (await import(`${REPOSITORY_ROOT}services/${name}/src/config.ts`)) as {
    settings: Settings;
  };
  const declared = new Map(Object.values(settings).map((declaration) => [declaration.env, declaration]));
  return (variable, value) => {
    const schema = declared.get(variable)?.schema;
    if (schema === undefined || value === "") return true;
    const usual = schema.safeParse(undefined).data;
    return [value, value.replace("//127.0.0.1:", "//localhost:")].some((text) =>
      isDeepStrictEqual(schema.safeParse(text).data, usual),
    );
  };
}

/** The runner is in the root, the command in the service's folder. */
function fromServiceFolder(value: string): string {
  return value.replace(/^\.data\//, "../../.data/");
}

function quoted(value: string): string {
  return /^[\w:./,@+-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
