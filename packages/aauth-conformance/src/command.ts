/**
 * The command's arguments, and what each subcommand does.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { type ClauseName, changedClauses, clauseNames, clauseOf } from "./manifest/clauses.ts";
import { resultText, summaryText } from "./output/console.ts";
import { createReport, type Report, readReport } from "./output/report.ts";
import { writeReport } from "./output/write-report.ts";
import { listen } from "./peers/listener.ts";
import { ACCESS_DOCUMENT, createWorld, PERSON_DOCUMENT, type World } from "./peers/world.ts";
import { ACCESS_SERVER_CHECKS } from "./roles/access-server.ts";
import { AGENT_CHECKS } from "./roles/agent.ts";
import { createAgentBench } from "./roles/agent-bench.ts";
import { ALL_ROWS } from "./roles/all.ts";
import { createGatewayBench, GATEWAY_CHECKS } from "./roles/gateway.ts";
import { PERSON_SERVER_CHECKS } from "./roles/person-server.ts";
import { RESOURCE_CHECKS } from "./roles/resource.ts";
import { createResourceBench, LEVELS, type RouteLevel } from "./roles/resource-bench.ts";
import { createServerBench, type Decide } from "./roles/server-bench.ts";
import { VERIFY_CHECKS } from "./roles/verify.ts";
import { RFC9421_CHECKS } from "./roles/verify-rfc9421.ts";
import type { Check, Result, Role } from "./suite/check.ts";
import { problemsOf, readExpected } from "./suite/expected.ts";
import { startProgram } from "./suite/program.ts";
import { type Bench, runChecks } from "./suite/run.ts";
import { createTarget, TargetError } from "./suite/target.ts";

/** Arguments that make no sense: exit status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Prints a line. */
export type Print = (line: string) => void;

const OPTIONS = {
  url: { type: "string", multiple: true },
  map: { type: "string", multiple: true },
  listen: { type: "string" },
  domain: { type: "string" },
  route: { type: "string", multiple: true },
  scope: { type: "string" },
  upstream: { type: "string" },
  identity: { type: "string", multiple: true },
  exec: { type: "string" },
  command: { type: "string" },
  decide: { type: "string" },
  "owner-scope": { type: "string" },
  has: { type: "string", multiple: true },
  profile: { type: "string" },
  only: { type: "string", multiple: true },
  output: { type: "string" },
  expected: { type: "string" },
  timeout: { type: "string" },
  role: { type: "string" },
  section: { type: "string" },
  draft: { type: "string" },
  help: { type: "boolean" },
} as const satisfies ParseArgsConfig["options"];

type Values = ReturnType<typeof parse>["values"];

export const HELP = `aauth-conformance resource --url ID [--map ID=ADDRESS]... [--route LEVEL=PATH]... [--scope SCOPE]
aauth-conformance person-server|access-server --url ID [--map ID=ADDRESS]... [--decide COMMAND] [--has FEATURE]...
aauth-conformance gateway --url ID --upstream HOST:PORT [--map ID=ADDRESS]... [--route agent-token=PATH] [--identity FIELD]...
aauth-conformance agent --command COMMAND [--has FEATURE]...
aauth-conformance verify --exec COMMAND [--profile draft-11|rfc9421]
aauth-conformance list [--role ROLE] [--section SECTION] [--draft FILE]
aauth-conformance explain ID
aauth-conformance report FOLDER

--map ID=ADDRESS    where a party is, if not at its identifier: https://r.example=http://127.0.0.1:8080
--listen HOST:PORT  where the parties are that the suite plays; default: a free port of 127.0.0.1
--domain DOMAIN     ending of their identifiers; default: conformance.example
--route LEVEL=PATH  a route that needs agent-token, person-token or auth-token; GET. Default: / as access_mode says
--upstream HOST:PORT where the gateway forwards to; the suite listens there as the resource
--identity FIELD    in which the gateway tells the resource who calls
--decide COMMAND    decides as a person on the page AAUTH_URL with AAUTH_CODE; AAUTH_DECISION is approve, deny or ask
--has FEATURE       federation: the person server trusts the played access server; clarification: "ask" asks the agent.
                    An agent: chaining, sub-agents, clarification
--owner-scope SCOPE for which an access server asks the resource's owner
--only ID           these checks alone
--output FOLDER     writes results.json, junit.xml, report.html and exchanges.har
--expected FILE     lines "ID: reason" of checks that fail; an entry that does not is an error
--timeout SECONDS   for one answer; default: 10
--draft FILE        the text of the draft: rows whose clause it no longer has are shown

Exit status: 0 all passed, 1 a check failed or is inconclusive, 2 the suite or its arguments are wrong.`;

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
}

/**
 * Runs the command.
 *
 * @returns the exit status
 * @throws UsageError
 */
export async function runCommand(args: readonly string[], print: Print): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  const [name, argument] = positionals;
  if (values.help || name === undefined) {
    print(HELP);
    return values.help ? 0 : 2;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(`there is no command ${name}; --help lists them`);
  return command(values, print, argument);
}

type Subcommand = (values: Values, print: Print, argument: string | undefined) => Promise<number>;

const COMMANDS: Readonly<Record<string, Subcommand>> = {
  resource: served("resource", RESOURCE_CHECKS, (played, { route, scope }) =>
    createResourceBench({ ...played, routes: routesOf(route), scope }),
  ),
  "person-server": served("person-server", PERSON_SERVER_CHECKS, (played, values) =>
    serverBench(played, PERSON_DOCUMENT, values),
  ),
  "access-server": served("access-server", ACCESS_SERVER_CHECKS, (played, values) =>
    serverBench(played, ACCESS_DOCUMENT, values),
  ),
  gateway: served("gateway", GATEWAY_CHECKS, gatewayBench),
  agent: runAgent,
  verify: runVerify,
  list,
  explain,
  report: showReport,
};

/** Parties that the suite plays, and the target. */
interface Played extends Omit<Parameters<typeof createServerBench>[0], "document"> {
  /** Further listeners of the bench, which are closed after the run. */
  readonly opened: { close(): Promise<unknown> }[];
}

/** A role that has an address. The suite plays all other parties. */
function served<B extends Bench>(
  role: Role,
  checks: readonly Check<B>[],
  benchOf: (played: Played, values: Values) => B | Promise<B>,
): Subcommand {
  return async (values, print) => {
    const id = identifierOf(values.url?.[0]);
    const map = mapOf(values);
    const { world, listener } = await playedParties(values, print);
    const opened: { close(): Promise<unknown> }[] = [listener];
    try {
      const target = createTarget({ map, ids: [id], timeoutMs: timeoutOf(values) });
      const bench = await benchOf({ target, world, listener, id, opened }, values);
      return await run(role, checks, bench, values, print, id, map.get(id));
    } finally {
      await Promise.all(opened.map((own) => own.close()));
    }
  };
}

function serverBench(played: Played, document: string, values: Values) {
  const { has, decide: command, "owner-scope": ownerScope } = values;
  const decide = command === undefined ? undefined : decideBy(command);
  return createServerBench({ ...played, document, decide, ownerScope, has });
}

async function gatewayBench(played: Played, { upstream, route, identity }: Values) {
  if (upstream === undefined) throw new UsageError("gateway takes --upstream HOST:PORT");
  const behind = await listenAt(played.world, upstream, "--upstream");
  played.opened.push(behind);
  const path = routesOf(route)?.["agent-token"];
  return createGatewayBench({ ...played, upstream: behind, path, identity });
}

const DECISION_MS = 30_000;

/** Runs a command of the shell for each decision. */
const decideBy =
  (command: string): Decide =>
  (decision, { url, code }) =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, AAUTH_DECISION: decision, AAUTH_URL: url, AAUTH_CODE: code };
      const child = spawn(command, {
        shell: true,
        env,
        stdio: ["ignore", "ignore", "inherit"],
        timeout: DECISION_MS,
      });
      child.on("close", (status) =>
        status === 0 ? resolve() : reject(new TargetError(`--decide ended with the status ${status}`)),
      );
    });

async function playedParties({ domain = "conformance.example", listen: address }: Values, print: Print) {
  const world = createWorld(domain);
  const listener = await listenAt(world, address);
  const names = Object.keys(world.parties).join(", ");
  print(`The suite plays https://NAME.${domain} at ${listener.address}: ${names}`);
  return { world, listener };
}

async function listenAt(world: World, address = "127.0.0.1:0", option = "--listen") {
  if (!/^.+:\d{1,5}$/.test(address)) throw new UsageError(`${option} takes HOST:PORT`);
  try {
    return await listen(world, address);
  } catch (error) {
    throw new UsageError(`${option} ${address}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

async function runAgent(values: Values, print: Print): Promise<number> {
  if (values.command === undefined) throw new UsageError("agent takes --command COMMAND");
  const { world, listener } = await playedParties(values, print);
  const target = startProgram(values.command, timeoutOf(values));
  try {
    const bench = createAgentBench({ target, world, listener, has: values.has });
    return await run("agent", AGENT_CHECKS, bench, values, print, values.command);
  } finally {
    target.close();
    await listener.close();
  }
}

async function runVerify(values: Values, print: Print): Promise<number> {
  if (values.exec === undefined) throw new UsageError("verify takes --exec COMMAND");
  const profile = profileOf(values);
  const program = startProgram(values.exec, timeoutOf(values));
  const bench = { target: program, world: createWorld("conformance.example"), claims: new Set<string>() };
  const checks = profile === "rfc9421@1" ? RFC9421_CHECKS : VERIFY_CHECKS;
  try {
    return await run("verify", checks, bench, values, print, values.exec);
  } finally {
    program.close();
  }
}

/** Runs the checks of a role, prints what did not pass, and writes the report. */
async function run<B extends Bench>(
  role: Role,
  all: readonly Check<B>[],
  bench: B,
  values: Values,
  print: Print,
  target: string,
  address?: string,
): Promise<number> {
  const checks = values.only === undefined ? all : all.filter(({ id }) => values.only!.includes(id));
  if (checks.length === 0) throw new UsageError("--only names no check of this role; list shows them");
  const expected =
    values.expected === undefined ? new Map<string, string>() : await expectedOf(values.expected);
  const startedAt = new Date().toISOString();
  const results = await runChecks(checks, bench, {
    onResult(result, done, total) {
      if (result.verdict !== "passed") print(resultText(result));
      else if (done % 25 === 0) print(`      ${done} of ${total}`);
    },
  });
  const about = { profile: profileOf(values), role, target, address, startedAt };
  return conclude(createReport(about, results), expected, values.output, print);
}

async function conclude(
  report: Report,
  expected: ReadonlyMap<string, string>,
  output: string | undefined,
  print: Print,
): Promise<number> {
  print(summaryText(report));
  if (output !== undefined) {
    await writeReport(report, output);
    print(`${join(output, "report.html")}`);
  }
  const problems = problemsOf(report.results as readonly Result[], expected);
  if (expected.size > 0) for (const problem of problems) print(`not as expected: ${problem}`);
  return problems.length === 0 ? 0 : 1;
}

async function list({ role, section, draft }: Values, print: Print): Promise<number> {
  const changed = draft === undefined ? new Map<string, string>() : changedClauses(await textOf(draft));
  const names = new Map(clauseNames().map((name) => [clauseOf(name).quote, name]));
  const rows = ALL_ROWS.filter(
    (row) => (role ?? row.role) === row.role && (section === undefined || isBelow(row.section, section)),
  );
  let red = 0;
  for (const { id, level, polarity, title, quote } of rows) {
    const change = changed.get(names.get(quote) as ClauseName);
    if (change !== undefined) red += 1;
    print(
      `${id.padEnd(20)} ${level.padEnd(6)} ${polarity.padEnd(6)} ${title}${change ? `  RED: ${change}` : ""}`,
    );
  }
  print(`${rows.length} checks${draft === undefined ? "" : `, ${red} whose clause must be read again`}`);
  return red === 0 ? 0 : 1;
}

const isBelow = (own: string, section: string) => own === section || own.startsWith(`${section}.`);

async function explain(_: Values, print: Print, id: string | undefined): Promise<number> {
  const row = ALL_ROWS.find((own) => own.id === id);
  if (row === undefined) throw new UsageError(`there is no check ${id}; list shows them`);
  const { title, level, section, quote, needs, polarity, role } = row;
  print(`${id}  ${role}: ${title}`);
  print(`${level}, section ${section}: "${quote}"`);
  if (needs.length > 0) print(`The target must have: ${needs.join(", ")}. Otherwise it is skipped.`);
  if (polarity === "refuse")
    print("A valid message is sent first. If that is refused, the check is inconclusive.");
  return 0;
}

async function showReport({ expected }: Values, print: Print, folder: string | undefined): Promise<number> {
  if (folder === undefined) throw new UsageError("report takes the folder of a run");
  const report = await reportOf(join(folder, "results.json"));
  for (const result of report.results) if (result.verdict !== "passed") print(resultText(result));
  const known = expected === undefined ? new Map<string, string>() : await expectedOf(expected);
  return conclude(report, known, folder, print);
}

async function reportOf(file: string): Promise<Report> {
  try {
    return readReport(await textOf(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
}

async function expectedOf(file: string) {
  try {
    return readExpected(await textOf(file));
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

const PROFILES = ["draft-11@1", "rfc9421@1"] as const;

function profileOf({ profile = "draft-11" }: Values): (typeof PROFILES)[number] {
  const known = PROFILES.find((name) => name === profile || name === `${profile}@1`);
  if (known === undefined) throw new UsageError(`--profile is one of ${PROFILES.join(", ")}`);
  return known;
}

function identifierOf(url: string | undefined): string {
  if (url === undefined) throw new UsageError("--url takes the identifier of the target");
  const parsed = URL.parse(url);
  if (parsed?.protocol !== "https:" || parsed.origin !== url || parsed.port !== "") {
    throw new UsageError("--url is https:// and a host; --map says where it is");
  }
  return url;
}

function mapOf({ map = [] }: Values): ReadonlyMap<string, string> {
  return new Map(
    map.map((entry) => {
      const [id = "", address = ""] = entry.split(/=(.*)/s);
      if (URL.parse(id)?.origin !== id || URL.parse(address)?.origin !== address) {
        throw new UsageError("--map takes ID=ADDRESS, both without a path");
      }
      return [id, address];
    }),
  );
}

function routesOf(route: readonly string[] | undefined): Partial<Record<RouteLevel, string>> | undefined {
  if (route === undefined) return undefined;
  return Object.fromEntries(
    route.map((entry) => {
      const [level = "", path = ""] = entry.split(/=(.*)/s);
      if (!LEVELS.includes(level as RouteLevel) || !path.startsWith("/")) {
        throw new UsageError(`--route takes LEVEL=/path; levels: ${LEVELS.join(", ")}`);
      }
      return [level, path];
    }),
  );
}

function timeoutOf({ timeout }: Values): number | undefined {
  if (timeout === undefined) return undefined;
  const seconds = Number(timeout);
  if (!(seconds > 0 && seconds <= 300)) throw new UsageError("--timeout is a number of seconds, at most 300");
  return seconds * 1000;
}
