import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { runProgram } from "../run-program.ts";
import { distributionZip } from "./distribution-zip.ts";
import { KeycloakUnavailableError } from "./keycloak-unavailable-error.ts";
import type { Preparation } from "./preparation.ts";

const CACHE = `${REPOSITORY_ROOT}.cache/keycloak`;
const PROVIDER_POM = `${REPOSITORY_ROOT}keycloak/provider/pom.xml`;
const UNPACK_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack";
const FETCH_LIMIT_MS = 15 * 60_000;

/** What the provider is built for: it is pinned in the provider's `pom.xml` and nowhere else. */
export interface Distribution {
  readonly version: string;
  /** Digest of the zip, in hex. */
  readonly sha256: string;
}

export async function keycloakDistribution(): Promise<Distribution> {
  const pom = await readFile(PROVIDER_POM, "utf8");
  const version = /<keycloak\.version>([^<]+)</.exec(pom)?.[1];
  const sha256 = /<keycloak\.distribution\.sha256>([^<]+)</.exec(pom)?.[1];
  if (version === undefined || sha256 === undefined)
    throw new Error(`${PROVIDER_POM} does not name its Keycloak`);
  return { version, sha256 };
}

/**
 * A Keycloak below `.cache/keycloak`, fetched through Maven when it is not there yet (about 180
 * MB).
 *
 * @param cache where it is kept
 * @throws KeycloakUnavailableError when it cannot be fetched or is not the pinned one
 */
export async function keycloakHome(
  maven: string,
  { log, signal }: Pick<Preparation, "log" | "signal">,
  cache: string = CACHE,
): Promise<string> {
  const distribution = await keycloakDistribution();
  const { version } = distribution;
  const home = join(cache, version);
  if (existsSync(join(home, "bin/kc.sh"))) return home;

  log(`Fetching Keycloak ${version} through Maven (once, about 180 MB)…`);
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "unpacking-"));
  try {
    // Maven unpacks what it has copied: both come out of its local repository.
    await rm(await distributionZip(maven, distribution, { folder, signal }));
    const { status, output } = await runProgram(
      maven,
      [
        "--batch-mode",
        "--quiet",
        UNPACK_GOAL,
        `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip`,
        `-DoutputDirectory=${folder}`,
      ],
      // Outside a project, the plugin leaves a marker where it runs.
      { output: "caught", limitMs: FETCH_LIMIT_MS, signal, cwd: cache },
    );
    const [unpacked] = await readdir(folder);
    if (status !== 0 || unpacked === undefined) {
      throw new KeycloakUnavailableError(`Keycloak ${version} could not be fetched:\n${output.trim()}`);
    }
    // A second process finds it complete or not at all.
    await rename(join(folder, unpacked), home);
    return home;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
