import { stripVTControlCharacters } from "node:util";
import { findChromium } from "../find-chromium.ts";
import { findExecutable } from "../find-executable.ts";
import { findJavaTools } from "../keycloak/java-tools.ts";
import { KeycloakUnavailableError } from "../keycloak/keycloak-unavailable-error.ts";
import { runProgram } from "../run-program.ts";
import { type Finding, note, ok } from "./finding.ts";

const ANSWER_LIMIT_MS = 10_000;

/** A program that only some commands need. */
interface OptionalProgram {
  readonly subject: string;
  /** Name on the PATH, or the variable's value. */
  readonly program: string;
  readonly versionArgs: readonly string[];
  readonly neededFor: string;
}

function optionalPrograms(env: NodeJS.ProcessEnv): OptionalProgram[] {
  return [
    {
      subject: "Jaeger",
      program: env.JAEGER_BIN || "jaeger",
      versionArgs: ["version"],
      neededFor: "`npm run demo -- --traces jaeger` (JAEGER_BIN may name it)",
    },
    {
      subject: "Agentgateway",
      program: env.AGENTGATEWAY_BIN || "agentgateway",
      versionArgs: ["--version"],
      neededFor: "`npm run demo -- --gateway agentgateway` (AGENTGATEWAY_BIN may name it)",
    },
    {
      subject: "Go",
      program: "go",
      versionArgs: ["version"],
      neededFor: "`npm run test:all -- jaeger` without a Jaeger",
    },
  ];
}

export async function programFindings(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const others = optionalPrograms(env).map((wanted) => programFinding(wanted, env));
  return [javaFinding(env), ...(await Promise.all(others))];
}

/** By the judge that Keycloak's start asks, so that what is ok here is enough there. */
function javaFinding(env: NodeJS.ProcessEnv): Finding {
  try {
    const { java, maven } = findJavaTools(env);
    return ok("Java", `${java} and ${maven} can build and run Keycloak`);
  } catch (error) {
    if (!(error instanceof KeycloakUnavailableError)) throw error;
    const reason = (error.message.split("\n", 1)[0] ?? "").replace(/:$/, "");
    return note("Java", `${reason}; needed only for \`npm run demo -- --auth-server keycloak\``);
  }
}

async function programFinding(wanted: OptionalProgram, env: NodeJS.ProcessEnv): Promise<Finding> {
  const { subject, program, versionArgs, neededFor } = wanted;
  const path = findExecutable(program, env);
  if (path === undefined) return note(subject, `not found; needed only for ${neededFor}`);
  const { status, output } = await runProgram(path, versionArgs, {
    output: "caught",
    limitMs: ANSWER_LIMIT_MS,
  });
  // Some write in colours.
  const firstLine = stripVTControlCharacters(output).trim().split("\n", 1)[0] ?? "";
  return status === 0
    ? ok(subject, firstLine || path)
    : note(
        subject,
        `${path} does not run (${firstLine || `status ${status}`}); needed only for ${neededFor}`,
      );
}

export function browserFinding(env: NodeJS.ProcessEnv = process.env): Finding {
  try {
    const path = findChromium(env);
    return path === undefined
      ? note(
          "Browser",
          "no Chromium or Chrome found; needed only for the browser tests (CHROME_PATH may name one)",
        )
      : ok("Browser", path);
  } catch (error) {
    return note("Browser", (error as Error).message);
  }
}

/** What the Docker engine says of itself. `systemMs` is its clock, Unix milliseconds. */
export interface DockerState {
  readonly findings: readonly Finding[];
  readonly systemMs?: number;
}

export async function dockerState(env: NodeJS.ProcessEnv = process.env): Promise<DockerState> {
  const docker = findExecutable("docker", env);
  if (docker === undefined)
    return { findings: [note("Docker", "not found; needed only for `docker compose up`")] };
  const run = (args: string[]) => runProgram(docker, args, { output: "caught", limitMs: ANSWER_LIMIT_MS });
  const [engine, compose] = await Promise.all([
    run(["info", "--format", "{{.ServerVersion}} {{.SystemTime}}"]),
    run(["compose", "version", "--short"]),
  ]);
  const [version = "", time = ""] = engine.output.trim().split("\n").at(-1)?.split(" ") ?? [];
  const systemMs = Date.parse(time);
  if (engine.status !== 0 || Number.isNaN(systemMs)) {
    return { findings: [note("Docker", "no engine answers: start it; needed only for `docker compose up`")] };
  }
  const plugin = dockerFinding(version, compose.status === 0 ? compose.output.trim() : undefined);
  return { findings: [plugin], systemMs };
}

/** The health checks have a `start_interval`. */
const OLDEST_ENGINE = "25";
/** docker-compose.embedded.yml has `!override` and `!reset`, docker-compose.yml an `env_file` that need not be there. */
const OLDEST_COMPOSE = "2.24.4";

/** @param compose version of the plugin, undefined when there is none */
export function dockerFinding(engine: string, compose: string | undefined): Finding {
  const need = `\`docker compose up\` needs engine ${OLDEST_ENGINE} and compose ${OLDEST_COMPOSE} or newer`;
  if (compose === undefined)
    return note("Docker", `engine ${engine}, but no \`docker compose\`: install the compose plugin`);
  const text = `engine ${engine}, compose ${compose}`;
  return isAtLeast(engine, OLDEST_ENGINE) && isAtLeast(compose, OLDEST_COMPOSE)
    ? ok("Docker", text)
    : note("Docker", `${text}: too old, ${need}`);
}

/** Compares numbers and nothing else: distributions add words of their own. */
function isAtLeast(version: string, oldest: string): boolean {
  const numbers = (text: string) => (/\d+(\.\d+)*/.exec(text)?.[0] ?? "0").split(".").map(Number);
  const [has, wants] = [numbers(version), numbers(oldest)];
  for (const [index, want] of wants.entries()) {
    const part = has[index] ?? 0;
    if (part !== want) return part > want;
  }
  return true;
}
