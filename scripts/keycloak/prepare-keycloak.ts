import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { runProgram } from "../run-program.ts";
import { keycloakHome } from "./distribution.ts";
import { findJavaTools, KeycloakUnavailableError, type Preparation } from "./java-tools.ts";
import { providerJar } from "./provider-jar.ts";
import { withQuickStart } from "./quick-start.ts";

/**
 * Fixed when Keycloak is built; the rest is given at each start. The database ends with the
 * process.
 */
const BUILD_OPTIONS = ["--db=dev-mem", "--health-enabled=true", "--tracing-enabled=true"];
const BUILD_LIMIT_MS = 10 * 60_000;
const STAMP = "aauth-provider-built";

/**
 * Prepares Keycloak with the AAuth provider, and returns its folder: fetched once,
 * the provider built and installed when it has changed. Quick when there is nothing to do.
 *
 * @throws KeycloakUnavailableError with the missing program and a remedy
 */
export async function prepareKeycloak(preparation: Preparation): Promise<string> {
  const { env, log, signal } = preparation;
  const { maven } = findJavaTools(env);
  const home = await keycloakHome(maven, preparation);
  const jar = await providerJar(maven, preparation);
  const built = createHash("sha256")
    .update(BUILD_OPTIONS.join(" "))
    .update(await readFile(jar))
    .digest("hex");
  const stamp = join(home, STAMP);
  if ((await readFile(stamp, "utf8").catch(() => undefined)) === built) return home;

  log("Installing the AAuth provider in Keycloak…");
  await rm(stamp, { force: true });
  const providers = join(home, "providers");
  // An older version of the provider has another file name.
  for (const old of globSync("keycloak-aauth-provider-*.jar", { cwd: providers }))
    await rm(join(providers, old));
  await copyFile(jar, join(providers, basename(jar)));
  // Unpacked by Maven, its scripts are not executable.
  const { status, output } = await runProgram("sh", [join(home, "bin/kc.sh"), "build", ...BUILD_OPTIONS], {
    output: "caught",
    env: withQuickStart(env) as Record<string, string>,
    limitMs: BUILD_LIMIT_MS,
    signal,
  });
  if (status !== 0) throw new KeycloakUnavailableError(`Keycloak rejected the provider:\n${output.trim()}`);
  await writeFile(stamp, built);
  return home;
}
