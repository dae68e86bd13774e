import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { runProgram } from "../run-program.ts";

const MAKE_LIMIT_MS = 15 * 60_000;
/** Beside the repository, on machines without an image registry. */
const DEFAULT_FOLDER = "../shared/docker";

/**
 * Makes images under official names, for machines that reach package registries and no image
 * registry.
 */
export interface StandIns {
  /** @throws Error with the maker's last lines */
  make(
    image: "base" | "node" | "keycloak" | "jaeger" | "agentgateway",
    env: Readonly<Record<string, string>>,
  ): Promise<void>;
}

/** The maker in the folder that COMPOSE_STAND_INS names; undefined when there is none. */
export function findStandIns(env: NodeJS.ProcessEnv): StandIns | undefined {
  const script = resolve(REPOSITORY_ROOT, env.COMPOSE_STAND_INS || DEFAULT_FOLDER, "make-base-images.sh");
  if (!existsSync(script)) return undefined;
  return {
    async make(image, more) {
      // The Debian release that the Dockerfile names, whatever this machine runs.
      const { status, output } = await runProgram("bash", [script, image], {
        output: "caught",
        env: { BASE_SUITE: "trixie", ...more },
        limitMs: MAKE_LIMIT_MS,
      });
      if (status !== 0) throw new Error(`the stand-in ${image} could not be made: ${lastLines(output)}`);
    },
  };
}

function lastLines(output: string): string {
  return output.trim().split("\n").slice(-3).join(" | ");
}
