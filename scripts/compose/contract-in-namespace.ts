import { mkdir, rm } from "node:fs/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { readReport } from "../run-vitest.ts";
import { countVitest, type PartResult } from "../test-report.ts";
import { docker, type Variables } from "./docker.ts";

const LIMIT_MS = 20 * 60_000;
const FOLDER = ".cache/compose";

/**
 * Runs test files of the contract in a container that joins the stack's network namespace: the auth
 * server and the gateway must reach what the tests put on loopback, and loopback is theirs. Node is
 * the images', the rest is the work tree, mounted.
 *
 * @param options.image of the project's services
 * @param options.composeEnv with which `docker compose` finds the stack
 */
export async function runContractInNamespace(
  part: string,
  options: {
    image: string;
    files: readonly string[];
    env: Variables;
    composeEnv: Variables;
  },
): Promise<PartResult> {
  const { image, files, env, composeEnv } = options;
  const startedAt = performance.now();
  const net = await docker(["compose", "ps", "--quiet", "net"], { env: composeEnv });
  const report = `${FOLDER}/contract-report.json`;
  await mkdir(`${REPOSITORY_ROOT}${FOLDER}`, { recursive: true });
  await rm(`${REPOSITORY_ROOT}${report}`, { force: true });
  const variables: Variables = { ...env, NODE_ENV: "test", HOME: "/tmp" };
  const { status } = await docker(
    [
      "run",
      "--rm",
      "--init",
      `--network=container:${net.output.trim()}`,
      // Files that it writes into the work tree belong to the user who started it.
      `--user=${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
      `--volume=${REPOSITORY_ROOT}:${REPOSITORY_ROOT}`,
      `--workdir=${REPOSITORY_ROOT}`,
      // By name: values are secrets, too, and every user of the machine sees a command line.
      ...Object.keys(variables).map((name) => `--env=${name}`),
      image,
      "node_modules/vitest/vitest.mjs",
      "run",
      "--project=contract",
      "--no-file-parallelism",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...files,
    ],
    { output: "shown", env: variables, limitMs: LIMIT_MS },
  );
  const counted = await readReport(`${REPOSITORY_ROOT}${report}`);
  return countVitest(part, counted, status, performance.now() - startedAt);
}
