import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { type ProgramResult, runProgram } from "../run-program.ts";

const ANSWER_LIMIT_MS = 15_000;
const PULL_LIMIT_MS = 10 * 60_000;
const MAKE_LIMIT_MS = 15 * 60_000;
/** Label of stand-in images, with their names. */
const STAND_IN_LABEL = "standin.tags";
/** Beside the repository, on machines without an image registry. */
const STAND_INS_FOLDER = "../shared/docker";

export type Variables = Readonly<Record<string, string>>;

/** Runs docker to its end; by default with its output caught, within seconds. */
export function docker(
  args: readonly string[],
  options: Partial<Parameters<typeof runProgram>[2]> = {},
): Promise<ProgramResult> {
  return runProgram("docker", args, { output: "caught", limitMs: ANSWER_LIMIT_MS, ...options });
}

/** Reason why Docker, its compose plugin or its engine is not available. */
export async function whyNoDocker(): Promise<string | undefined> {
  const { status } = await docker(["compose", "version"]);
  if (status === 127) return "there is no docker";
  if (status !== 0) return "docker has no compose plugin";
  const engine = await docker(["version", "--format", "{{.Server.Version}}"]);
  return engine.status === 0 ? undefined : "no Docker engine answers";
}

/**
 * Images under official names, for machines with access to package registries but no image
 * registry.
 */
export type StandIn = "base" | "node" | "keycloak" | "jaeger" | "agentgateway";

/**
 * Finds or fetches an image. If neither is possible, makes a stand-in by the program in the folder
 * that COMPOSE_STAND_INS names.
 *
 * @param make variables of the program for the stand-in
 * @returns whether the image is the official one; undefined if there is none
 * @throws Error with the program's last lines
 */
export async function obtainImage(
  image: string,
  standIn: StandIn,
  make: () => Promise<Variables> = async () => ({}),
): Promise<"official" | "stand-in" | undefined> {
  const format = `{{index .Config.Labels "${STAND_IN_LABEL}"}}`;
  const label = await docker(["image", "inspect", "--format", format, image]);
  if (label.status === 0) return label.output.split(/\s+/).includes(image) ? "stand-in" : "official";
  const pulled = await docker(["pull", "--quiet", image], { limitMs: PULL_LIMIT_MS });
  if (pulled.status === 0) return "official";
  const folder = process.env.COMPOSE_STAND_INS || STAND_INS_FOLDER;
  const script = resolve(REPOSITORY_ROOT, folder, "make-base-images.sh");
  if (!existsSync(script)) return undefined;
  console.log(`Making a stand-in for ${image}…`);
  const { status, output } = await runProgram("bash", [script, standIn], {
    output: "caught",
    // The Debian release that the Dockerfile names, whatever this machine runs.
    env: { BASE_SUITE: "trixie", ...(await make()) },
    limitMs: MAKE_LIMIT_MS,
  });
  if (status === 0) return "stand-in";
  const lines = output.trim().split("\n").slice(-3);
  throw new Error(`the stand-in ${standIn} could not be made: ${lines.join(" | ")}`);
}
