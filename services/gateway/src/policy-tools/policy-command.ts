import { parseArgs } from "node:util";
import { visibleFields, visibleLines, visibleText } from "agent-kit/service";
import { loadConfiguration } from "../configuration/load-configuration.ts";
import { ConfigurationError } from "../configuration/problem.ts";
import { checkPolicy } from "./check-policy.ts";
import { renderCheck } from "./render-check.ts";
import { renderTest } from "./render-test.ts";
import { readRequestsFile } from "./requests-file.ts";
import { terminalStyle } from "./terminal-style.ts";
import { testPolicy } from "./test-policy.ts";

/** 0: nothing found, all as expected. 1: findings. 2: the command cannot be understood or a file not be read. */
export type PolicyExitStatus = 0 | 1 | 2;

/** What the command needs from outside. */
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
test   evaluates recorded requests against it and says which rule allowed or refused each, and why

  FILE             gateway configuration, such as agentgateway/config-policy.yaml
  --requests FILE  requests to try (default: agentgateway/policy-requests.yaml, where the format is described)
  --json           machine-readable output
  --help           this text

Exit status: 0 nothing found and all as expected, 1 findings, 2 wrong usage or an unreadable file.`;

class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Runs `check` or `test` and returns the exit status. Nothing is thrown for wrong usage or wrong files. */
export function runPolicyCommand(argv: readonly string[], world: PolicyCommandWorld): PolicyExitStatus {
  try {
    const { command, file, requestsFile, json, help } = readArguments(argv, world);
    if (help) {
      world.print(HELP);
      return 0;
    }
    const source = file.replace(/^.*[\\/]/, "");
    const text = readText(file, world);
    if (command === "check") return check({ text, source, json }, world);
    return test({ text, source, json, requestsFile }, world);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    world.printError(`${visibleLines(error.message)}\nnpm run policy -- --help tells how.`);
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
  const { values, positionals } = parsed;
  const [command, file, ...more] = positionals;
  const { json = false, help = false, requests } = values;
  if (!help) {
    if (command !== "check" && command !== "test") {
      throw new UsageError(command === undefined ? "check or test?" : `there is no command ${command}`);
    }
    if (file === undefined) throw new UsageError(`${command} needs a FILE`);
    if (more.length > 0) throw new UsageError(`one FILE at a time; ${more.join(" ")} is too much`);
    if (requests !== undefined && command === "check") throw new UsageError("--requests belongs to test");
  }
  return { command, file: file ?? "", requestsFile: requests ?? world.defaultRequestsFile, json, help };
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

function readText(path: string, world: PolicyCommandWorld): string {
  try {
    return world.readFile(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}

function check(
  { text, source, json }: { text: string; source: string; json: boolean },
  world: PolicyCommandWorld,
): PolicyExitStatus {
  const result = checkPolicy({ text, source, env: world.env });
  world.print(
    json
      ? visibleLines(JSON.stringify({ file: source, ...result }, undefined, 2))
      : renderCheck(visibleText(source), visibleFields(result), terminalStyle(world.colour)),
  );
  return result.findings.some(({ severity }) => severity !== "note") ? 1 : 0;
}

function test(
  options: { text: string; source: string; json: boolean; requestsFile: string },
  world: PolicyCommandWorld,
): PolicyExitStatus {
  const { text, source, json } = options;
  const { env } = world;
  const requestsText = readText(options.requestsFile, world);
  let requests: ReturnType<typeof readRequestsFile>;
  try {
    const requestsSource = options.requestsFile.replace(/^.*[\\/]/, "");
    requests = readRequestsFile({ text: requestsText, source: requestsSource, env });
  } catch (error) {
    if (error instanceof ConfigurationError) throw new UsageError(error.message);
    throw error;
  }
  let configuration: ReturnType<typeof loadConfiguration>;
  try {
    configuration = loadConfiguration({ text, source, env });
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    world.printError(visibleLines(error.message));
    return 1;
  }
  const results = testPolicy(configuration, requests);
  world.print(
    json
      ? visibleLines(JSON.stringify({ file: source, results }, undefined, 2))
      : renderTest(visibleText(source), visibleFields(results), terminalStyle(world.colour)),
  );
  return results.every(({ isAsExpected }) => isAsExpected) ? 0 : 1;
}
