import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { runProgram } from "../run-program.ts";
import { KeycloakUnavailableError, type Preparation } from "./java-tools.ts";

export const PROVIDER_FOLDER = `${REPOSITORY_ROOT}keycloak/provider`;
const STAMP = `${PROVIDER_FOLDER}/target/built-from`;
const BUILD_LIMIT_MS = 10 * 60_000;

/**
 * Builds the AAuth provider when its sources have changed since the last time. Returns the jar's
 * path. Its own tests are not run here: `npm run test:all -- keycloak` does that.
 *
 * @throws KeycloakUnavailableError with Maven's output
 */
export async function providerJar(maven: string, { log, signal }: Preparation): Promise<string> {
  const sources = await digestOfSources();
  const before = await readFile(STAMP, "utf8").catch(() => undefined);
  if (before !== sources || findJar() === undefined) {
    log("Building the AAuth provider for Keycloak…");
    const { status, output } = await runProgram(
      maven,
      ["--batch-mode", "--quiet", "-DskipTests", "package"],
      { output: "caught", cwd: PROVIDER_FOLDER, limitMs: BUILD_LIMIT_MS, signal },
    );
    if (status !== 0) {
      throw new KeycloakUnavailableError(`The AAuth provider could not be built:\n${output.trim()}`);
    }
    await writeFile(STAMP, sources);
  }
  const jar = findJar();
  if (jar === undefined) throw new Error("Maven built no jar");
  return jar;
}

function findJar(): string | undefined {
  if (!existsSync(`${PROVIDER_FOLDER}/target`)) return undefined;
  return globSync(`${PROVIDER_FOLDER}/target/*.jar`).find(
    (path) => !/-(sources|javadoc|tests)\.jar$/.test(path),
  );
}

/** Digest of the jar's sources, without dates, which a checkout changes. */
async function digestOfSources(): Promise<string> {
  const hash = createHash("sha256");
  const files = globSync(["pom.xml", "src/main/**/*.*"], { cwd: PROVIDER_FOLDER }).sort();
  for (const file of files) hash.update(`${file}\n`).update(await readFile(`${PROVIDER_FOLDER}/${file}`));
  return hash.digest("hex");
}
