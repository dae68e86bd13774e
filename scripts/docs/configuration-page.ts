import { readdirSync } from "node:fs";
import type { Setting, Settings } from "agent-kit/settings";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { table } from "./table.ts";

const HEAD = ["Variable", "Flag", "Default", "Meaning"];
/** A setting with equal declarations in this many services is listed once. */
const SHARED_BY = 3;

/** `docs/reference/configuration.md`, generated from the declarations that the services read. */
export async function configurationPage(): Promise<string> {
  const services = new Map<string, string[][]>();
  for (const service of readdirSync(`${REPOSITORY_ROOT}services`).sort()) {
    const { settings } = (await import(`${REPOSITORY_ROOT}services/${service}/src/config.ts`)) as {
      settings: Settings;
    };
    services.set(service, Object.values(settings).map(rowOf));
  }
  const all = new Map([...services.values()].flat().map((row) => [row.join(), row]));
  const shared = [...all].filter(
    ([key]) => [...services.values()].flat().filter((row) => row.join() === key).length >= SHARED_BY,
  );
  const sections = [...services].map(([service, rows]) => {
    const own = rows.filter((row) => !shared.some(([key]) => key === row.join()));
    return `## ${service}\n\n${table(HEAD, own)}`;
  });
  return `# Configuration

Settings of the services, in order of precedence: flag, environment, \`.env\`, default. An empty variable is unset. An unknown flag, a malformed value or an unknown \`AAUTH_\` name
stops the start, with all problems listed. Others: [the web page](../../ui/README.md), [the gateway's file](../../agentgateway/README.md#settings) (\`AAUTH_AUTHZ_HOST\`,
\`SUPPLY_CHAIN_AGENT_ADDR\`), packages (docstrings), the demo (\`npm run demo -- --help\`).

## In several services

\`node services/NAME/src/main.ts --help\` says which of these a service has.

${table(
  HEAD,
  shared.map(([, row]) => row),
)}
${sections.join("\n")}`;
}

function rowOf(declaration: Setting): string[] {
  return [
    code(declaration.env),
    code(flagOf(declaration)),
    code(defaultOf(declaration)),
    declaration.description,
  ];
}

function code(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\`${text}\``;
}

function flagOf({ flag, shortFlag, schema }: Setting): string | undefined {
  if (flag === undefined) return undefined;
  if (schema.safeParse(undefined).data === true) return `--no-${flag}`;
  return shortFlag === undefined ? `--${flag}` : `-${shortFlag}, --${flag}`;
}

function defaultOf({ schema, secret }: Setting): string | undefined {
  const { data, success } = schema.safeParse(undefined);
  if (!success) return "(required)";
  if (data === undefined || data === "") return undefined;
  // An empty table.
  if (typeof data === "object" && !Array.isArray(data)) return undefined;
  if (secret) return "(secret)";
  // Paths of the demo's files, relative to the repository.
  return String(data).replace(REPOSITORY_ROOT, "");
}
