import { stripVTControlCharacters } from "node:util";
import { findChromium } from "../find-chromium.ts";
import { findExecutable } from "../find-executable.ts";
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
      subject: "Java",
      program: env.JAVA_HOME ? `${env.JAVA_HOME}/bin/java` : "java",
      versionArgs: ["-version"],
      neededFor: "`npm run demo -- --auth-server keycloak` (17 or newer)",
    },
    {
      subject: "Maven",
      program: "mvn",
      versionArgs: ["-v"],
      neededFor: "the same; it fetches Keycloak and builds the provider",
    },
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
      neededFor: "`npm run test:jaeger` without a Jaeger",
    },
  ];
}

export async function programFindings(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  return Promise.all(optionalPrograms(env).map((wanted) => programFinding(wanted, env)));
}

async function programFinding(wanted: OptionalProgram, env: NodeJS.ProcessEnv): Promise<Finding> {
  const { subject, program, versionArgs, neededFor } = wanted;
  const path = findExecutable(program, env);
  if (path === undefined) return note(subject, `not found; needed only for ${neededFor}`);
  const { status, output } = await runProgram(path, versionArgs, {
    output: "caught",
    limitMs: ANSWER_LIMIT_MS,
  });
  // Maven writes bold.
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
  const plugin =
    compose.status === 0
      ? ok("Docker", `engine ${version}, compose ${compose.output.trim()}`)
      : note("Docker", `engine ${version}, but no \`docker compose\`: install the compose plugin`);
  return { findings: [plugin], systemMs };
}
