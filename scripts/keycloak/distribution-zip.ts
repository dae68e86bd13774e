import { createHash } from "node:crypto";
import { createReadStream, globSync } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { runProgram } from "../run-program.ts";
import type { Distribution } from "./distribution.ts";
import { KeycloakUnavailableError } from "./keycloak-unavailable-error.ts";

const COPY_GOAL = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";
const FETCH_LIMIT_MS = 15 * 60_000;

/**
 * Copies Keycloak's distribution into `folder`, fetched through Maven when it is not there yet, and
 * gives the zip's path.
 *
 * @throws KeycloakUnavailableError when it cannot be fetched, or has another SHA-256 than the
 * pinned one: then it is removed
 */
export async function distributionZip(
  maven: string,
  { version, sha256 }: Distribution,
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<string> {
  const { status, output } = await runProgram(
    maven,
    [
      "--batch-mode",
      "--quiet",
      COPY_GOAL,
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${version}:zip`,
      `-DoutputDirectory=${folder}`,
    ],
    // Outside a project, the plugin leaves a marker where it runs.
    { output: "caught", limitMs: FETCH_LIMIT_MS, cwd: folder, signal },
  );
  const [zip] = globSync(`${folder}/*-${version}.zip`);
  if (status !== 0 || zip === undefined)
    throw new KeycloakUnavailableError(`Keycloak ${version} could not be fetched:\n${output.trim()}`);
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
