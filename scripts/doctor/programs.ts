import { stripVTControlCharacters } from "node:util";
import { findChromium } from "../find-chromium.ts";
import { findExecutable } from "../find-executable.ts";
import { findJavaTools, KeycloakUnavailableError } from "../keycloak/java-tools.ts";
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
  ];
}

export async function programFindings(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const others = optionalPrograms(env).map((wanted) => programFinding(wanted, env));
  return [javaFinding(env), ...(await Promise.all(others))];
}

/** Uses the check of Keycloak's own start. */
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
  // Some programs print colours.
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

export async function dockerFinding(env: NodeJS.ProcessEnv = process.env): Promise<Finding> {
  const neededFor = "needed only for `docker compose up` (engine 25, compose 2.24.4 or newer)";
  const docker = findExecutable("docker", env);
  if (docker === undefined) return note("Docker", `not found; ${neededFor}`);
  const run = (args: string[]) => runProgram(docker, args, { output: "caught", limitMs: ANSWER_LIMIT_MS });
  const [engine, compose] = await Promise.all([
    run(["version", "--format", "{{.Server.Version}}"]),
    run(["compose", "version", "--short"]),
  ]);
  if (engine.status !== 0) return note("Docker", `no engine answers: start it; ${neededFor}`);
  if (compose.status !== 0) return note("Docker", `no \`docker compose\`: install the plugin; ${neededFor}`);
  return ok("Docker", `engine ${engine.output.trim()}, compose ${compose.output.trim()}`);
}
