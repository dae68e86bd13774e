import { parseArgs } from "node:util";
import { visibleFields, visibleLines, visibleText } from "agent-kit/service";
import { loadConfiguration } from "../configuration/load-configuration.ts";
import { ConfigurationError } from "../configuration/problem.ts";
import { profileIn } from "./aauth-check.ts";
import { checkPolicy } from "./check-policy.ts";
import { renderCheck, renderTest, styleFor } from "./render.ts";
import { readRequestsFile } from "./requests-file.ts";
import { testPolicy } from "./test-policy.ts";

/**
 * 0: no findings, all as expected. 1: findings, or an invalid file. 2: invalid usage, or an
 * unreadable file.
 */
export type PolicyExitStatus = 0 | 1 | 2;

/** Dependencies of the command. */
export interface PolicyCommandWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws the system's error */
  readFile(path: string): string;
  print(text: string): void;
  printError(text: string): void;
  readonly colour: boolean;
  /** Requests for `test` when `--requests` names no file. */
  readonly defaultRequestsFile: string;
}

const HELP = `npm run policy -- check FILE [--json]
npm run policy -- test FILE [--requests FILE] [--json]

check  reads a gateway configuration as the gateways do and lints its authorization rules
test   evaluates recorded requests against it and says which rule allowed or refused each

  FILE             gateway configuration, such as agentgateway/config-policy.yaml
  --requests FILE  requests to try (default: agentgateway/policy-requests.yaml, where the format is described)
  --json           machine-readable output
  --help           this text

Exit status: 0 nothing found and all as expected, 1 findings or an invalid file, 2 wrong usage or an unreadable file.`;

class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Runs `check` or `test` and returns the exit status. Does not throw for invalid usage or files.
 */
export function runPolicyCommand(argv: readonly string[], world: PolicyCommandWorld): PolicyExitStatus {
  const style = styleFor(world.colour);
  const printJson = (result: object) => world.print(visibleLines(JSON.stringify(result, undefined, 2)));
  try {
    const { command, file, requestsFile, json, help } = readArguments(argv, world);
    if (help) {
      world.print(HELP);
      return 0;
    }
    const policy = readFile(file, world);
    const { source } = policy;
    if (command === "check") {
      const result = checkPolicy(policy);
      if (json) printJson({ file: source, ...result });
      else world.print(renderCheck(visibleText(source), visibleFields(result), style));
      return result.findings.some(({ severity }) => severity !== "note") ? 1 : 0;
    }
    const requests = readRequestsFile(readFile(requestsFile, world));
    const results = testPolicy(loadConfiguration(policy), requests, profileIn(world.env));
    if (json) printJson({ file: source, results });
    else world.print(renderTest(visibleText(source), visibleFields(results), style));
    return results.every(({ isAsExpected }) => isAsExpected) ? 0 : 1;
  } catch (error) {
    if (error instanceof ConfigurationError) {
      world.printError(visibleLines(error.message));
      return 1;
    }
    if (!(error instanceof UsageError)) throw error;
    world.printError(`${visibleLines(error.message)}\nSee npm run policy -- --help.`);
    return 2;
  }
}

function readArguments(argv: readonly string[], world: PolicyCommandWorld) {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { json = false, help = false, requests } = parsed.values;
  const [command, file = "", ...more] = parsed.positionals;
  const isKnown = command === "check" || command === "test";
  if (!help && (!isKnown || file === "" || more.length > 0))
    throw new UsageError("expected check FILE or test FILE");
  return { command, file, requestsFile: requests ?? world.defaultRequestsFile, json, help };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      requests: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function readFile(path: string, { env, ...world }: PolicyCommandWorld) {
  try {
    return { text: world.readFile(path), source: path.replace(/^.*[\\/]/, ""), env };
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}
