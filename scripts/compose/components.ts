import { mkdir } from "node:fs/promises";
import { findOrBuildAgentgateway } from "../agentgateway/find-agentgateway.ts";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { findOrBuildJaeger, JaegerUnavailableError } from "../jaeger/find-jaeger.ts";
import { distributionZip, keycloakDistribution } from "../keycloak/distribution.ts";
import { findJavaTools, KeycloakUnavailableError } from "../keycloak/java-tools.ts";
import { providerJar } from "../keycloak/provider-jar.ts";
import type { Log } from "../pinned-packages.ts";
import { docker, obtainImage, type Variables } from "./docker.ts";

/** Third-party parts of the stack, by their names in docker-compose.yml. */
export type ComponentName = "keycloak" | "jaeger" | "agentgateway";

/** A component of the stack, and its origin for the reader of the result. */
export interface Component {
  readonly name: ComponentName;
  /** False if the embedded service replaces it. */
  readonly isReal: boolean;
  readonly description: string;
  /** Build contexts by stage, made on this machine because no image contains them. */
  readonly buildContexts?: Variables;
}

/** The component is not available on this machine. */
class ComponentUnavailableError extends Error {}

const FETCH_LIMIT_MS = 15 * 60_000;
const ZIP_FOLDER = `${REPOSITORY_ROOT}.cache/keycloak/zip`;
const MAVEN_IMAGE = "maven:3.9-eclipse-temurin-21";

/**
 * The components in the most real form that this machine allows: the official image, the program on
 * a stand-in image, or the embedded service.
 *
 * @param imageOf name of a component's image in docker-compose.yml
 */
export async function prepareComponents(
  imageOf: (name: ComponentName) => string,
  log: Log,
): Promise<readonly Component[]> {
  const components: Component[] = [];
  for (const [name, prepare] of [
    ["keycloak", prepareKeycloak],
    ["jaeger", prepareJaeger],
    ["agentgateway", prepareAgentgateway],
  ] as const) {
    try {
      components.push({ name, isReal: true, ...(await prepare(imageOf, log)) });
    } catch (error) {
      const isExpected = [KeycloakUnavailableError, JaegerUnavailableError, ComponentUnavailableError].some(
        (type) => error instanceof type,
      );
      if (!isExpected) throw error;
      const [reason] = (error as Error).message.split("\n", 1);
      components.push({ name, isReal: false, description: `embedded stand-in (${reason})` });
    }
  }
  return components;
}

/** Keycloak's provider is built in the image, or here. */
async function prepareKeycloak(_: unknown, log: Log) {
  const distribution = await keycloakDistribution();
  const { version } = distribution;
  const signal = AbortSignal.timeout(FETCH_LIMIT_MS);
  const KEYCLOAK_IMAGE = `quay.io/keycloak/keycloak:${version}`;
  const origin = await obtained(
    KEYCLOAK_IMAGE,
    "keycloak",
    "its distribution on a stand-in image",
    async () => {
      await mkdir(ZIP_FOLDER, { recursive: true });
      const { maven } = findJavaTools(process.env);
      const KEYCLOAK_ZIP = await distributionZip(maven, distribution, { folder: ZIP_FOLDER, signal });
      return { KEYCLOAK_ZIP, KEYCLOAK_IMAGE };
    },
  );
  const description = `Keycloak ${version}, ${origin}, provider built`;
  for (const command of [
    ["image", "inspect"],
    ["pull", "--quiet"],
  ]) {
    const { status } = await docker([...command, MAVEN_IMAGE], { limitMs: FETCH_LIMIT_MS });
    if (status === 0) return { description: `${description} in the image` };
  }
  await providerJar(findJavaTools(process.env).maven, { env: process.env, log, signal });
  return { description: `${description} here`, buildContexts: { provider: "keycloak/provider" } };
}

async function prepareJaeger(imageOf: (name: ComponentName) => string, log: Log) {
  const JAEGER_IMAGE = imageOf("jaeger");
  const built = "Jaeger's binary, built from its Go module, on a stand-in image";
  const description = await obtained(JAEGER_IMAGE, "jaeger", built, async () => ({
    JAEGER_BIN: await findOrBuildJaeger(process.env, log),
    JAEGER_IMAGE,
  }));
  return { description };
}

async function prepareAgentgateway(imageOf: (name: ComponentName) => string, log: Log) {
  const AGENTGATEWAY_IMAGE = imageOf("agentgateway");
  const built = "Agentgateway's binary on a stand-in image";
  const description = await obtained(AGENTGATEWAY_IMAGE, "agentgateway", built, async () => {
    const found = await findOrBuildAgentgateway(process.env, log);
    if (typeof found === "string") throw new ComponentUnavailableError(found);
    return { ...found, AGENTGATEWAY_IMAGE };
  });
  return { description };
}

async function obtained(image: string, name: ComponentName, built: string, make: () => Promise<Variables>) {
  const origin = await obtainImage(image, name, make);
  if (origin === undefined) throw new ComponentUnavailableError("its image cannot be fetched");
  return origin === "official" ? "official image" : built;
}
