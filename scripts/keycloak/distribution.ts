import { createHash } from "node:crypto";
import { createReadStream, existsSync, globSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { runProgram } from "../run-program.ts";
import { KeycloakUnavailableError, type Preparation } from "./java-tools.ts";

const CACHE = `${REPOSITORY_ROOT}.cache/keycloak`;
const PROVIDER_POM = `${REPOSITORY_ROOT}keycloak/provider/pom.xml`;
const MAVEN_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const FETCH_LIMIT_MS = 15 * 60_000;

/** The Keycloak that the provider is built for, pinned only in the provider's `pom.xml`. */
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
 * Copies Keycloak's distribution into `folder`, fetched through Maven when it is not there yet, and
 * returns the zip's path.
 *
 * @throws KeycloakUnavailableError when it cannot be fetched, or has another SHA-256 than the
 * pinned one: then it is removed
 */
export async function distributionZip(
  maven: string,
  { version, sha256 }: Distribution,
  options: { readonly folder: string; readonly signal: AbortSignal },
): Promise<string> {
  const zip = await fetched(maven, "copy", version, options);
  const hash = createHash("sha256");
  await pipeline(createReadStream(zip), hash);
  const found = hash.digest("hex");
  if (found === sha256) return zip;
  await rm(zip);
  throw new KeycloakUnavailableError(
    [
      `The distribution of Keycloak ${version} is not the one this project was tested with: SHA-256 ${found}, expected ${sha256}.`,
      "Remove org/keycloak/keycloak-quarkus-dist from Maven's local repository and try again. For another version set",
      "keycloak.distribution.sha256 in keycloak/provider/pom.xml with it.",
    ].join("\n"),
  );
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
    // A second process finds it complete or not at all.
    await rename(await fetched(maven, "unpack", version, { folder, signal }), home);
    return home;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Path of the zip, or of the folder in it, in a folder that is empty before. */
async function fetched(
  maven: string,
  goal: "copy" | "unpack",
  version: string,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<string> {
  const artifact = `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip`;
  const { status, output } = await runProgram(
    maven,
    ["--batch-mode", "--quiet", `${MAVEN_PLUGIN}:${goal}`, artifact, `-DoutputDirectory=${folder}`],
    // Outside a project, the plugin leaves a marker where it runs.
    { output: "caught", limitMs: FETCH_LIMIT_MS, cwd: join(folder, ".."), signal },
  );
  const [found] =
    goal === "copy"
      ? globSync(`${folder}/*-${version}.zip`)
      : (await readdir(folder)).map((name) => join(folder, name));
  if (status !== 0 || found === undefined)
    throw new KeycloakUnavailableError(`Keycloak ${version} could not be fetched:\n${output.trim()}`);
  return found;
}
