import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "../run-program.ts";
import { hashOfPageSources } from "./page-sources.ts";
import { REPOSITORY_ROOT } from "./stack.ts";

/** A folder for each build, so that two stacks with different sources can start at once. */
const CACHE = `${REPOSITORY_ROOT}ui/node_modules/.cache/page`;
const KEPT_BUILDS = 5;
const VITE = `${REPOSITORY_ROOT}ui/node_modules/vite/bin/vite.js`;

/**
 * The folder with the page built from the current sources. Builds it if none exists, in about 1.5
 * s.
 *
 * @throws Error with the output of a build that failed
 */
export async function builtPage(): Promise<string> {
  const folder = join(CACHE, hashOfPageSources());
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${randomUUID()}`;
  const args = ["build", "ui", "--outDir", unfinished, "--emptyOutDir", "--logLevel", "warn"];
  const { status, output } = await runProgram(process.execPath, [VITE, ...args], {
    output: "caught",
    // Anything else in a shell would build React's development version.
    env: { NODE_ENV: "production" },
  });
  if (status !== 0) throw new Error(`the page could not be built:\n${output}`);
  try {
    await rename(unfinished, folder);
  } catch (error) {
    // Another build was first.
    if (!existsSync(folder)) throw error;
    await rm(unfinished, { recursive: true });
  }
  await removeOldBuilds();
  return folder;
}

async function removeOldBuilds(): Promise<void> {
  const builds = await Promise.all(
    (await readdir(CACHE)).map(async (name) => {
      const path = join(CACHE, name);
      // Another build may have removed it.
      return {
        path,
        builtAt: await stat(path).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
      };
    }),
  );
  const old = builds.sort((a, b) => b.builtAt - a.builtAt).slice(KEPT_BUILDS);
  await Promise.all(old.map(({ path }) => rm(path, { recursive: true, force: true })));
}
