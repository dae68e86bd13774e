import { mkdir } from "node:fs/promises";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { findExecutable } from "../find-executable.ts";
import { findOrBuildJaeger, JaegerUnavailableError } from "../jaeger/find-jaeger.ts";
import { distributionZip, keycloakDistribution } from "../keycloak/distribution.ts";
import { findJavaTools, KeycloakUnavailableError } from "../keycloak/java-tools.ts";
import { providerJar } from "../keycloak/provider-jar.ts";
import type { Docker } from "./docker.ts";
import type { StandIns } from "./stand-ins.ts";

/** The third parties' parts of the stack, by their names in docker-compose.yml. */
export type ComponentName = "keycloak" | "jaeger" | "agentgateway";

/** What a component will be, for the person who reads the result. */
export interface Component {
  readonly name: ComponentName;
  /** False: the project's own stand-in takes its place. */
  readonly isReal: boolean;
  readonly description: string;
  /**
   * Build contexts to hand in, by stage: what is made on this machine because no image brings it.
   */
  readonly buildContexts?: Readonly<Record<string, string>>;
}

interface Workshop {
  readonly docker: Docker;
  readonly standIns: StandIns | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

interface WorkshopWithImage extends Workshop {
  /** The image's name in docker-compose.yml. */
  readonly image: string;
}

const FETCH_LIMIT_MS = 15 * 60_000;
const ZIP_FOLDER = `${REPOSITORY_ROOT}.cache/keycloak/zip`;
const JAEGER_BUILT = "Jaeger's binary, built from its Go module, on a stand-in image";
const AGENTGATEWAY_BUILT = "Agentgateway's binary on a stand-in image";
const MAVEN_IMAGE = "maven:3.9-eclipse-temurin-21";

/**
 * Keycloak: the official image, or its distribution out of Maven on a stand-in. The provider is
 * built in the image, or here.
 */
export async function keycloakComponent(workshop: Workshop): Promise<Component> {
  const { docker, standIns, env, log } = workshop;
  const distribution = await keycloakDistribution();
  const { version } = distribution;
  const image = `quay.io/keycloak/keycloak:${version}`;
  const signal = AbortSignal.timeout(FETCH_LIMIT_MS);
  try {
    const found = await docker.originOf(image);
    if (found === undefined) {
      if (standIns === undefined) return embedded("keycloak", "its image cannot be fetched");
      log(`Making an image of Keycloak ${version} from its distribution…`);
      await mkdir(ZIP_FOLDER, { recursive: true });
      const { maven } = findJavaTools(env);
      const zip = await distributionZip(maven, distribution, { folder: ZIP_FOLDER, signal });
      await standIns.make("keycloak", { KEYCLOAK_ZIP: zip, KEYCLOAK_IMAGE: image });
    }
    const origin = found === "official" ? "official image" : "its distribution on a stand-in image";
    if ((await docker.originOf(MAVEN_IMAGE)) !== undefined) {
      return real("keycloak", `Keycloak ${version}, ${origin}, provider built in the image`);
    }
    await providerJar(findJavaTools(env).maven, { env, log, signal });
    return {
      ...real("keycloak", `Keycloak ${version}, ${origin}, provider built here`),
      buildContexts: { provider: "keycloak/provider" },
    };
  } catch (error) {
    if (error instanceof KeycloakUnavailableError)
      return embedded("keycloak", error.message.split("\n", 1)[0] ?? "");
    throw error;
  }
}

/** Jaeger: the official image, or a binary (built from its Go module) on a stand-in. */
export async function jaegerComponent(workshop: WorkshopWithImage): Promise<Component> {
  const { docker, standIns, env, log, image } = workshop;
  const found = await docker.originOf(image);
  if (found !== undefined) return real("jaeger", found === "official" ? "official image" : JAEGER_BUILT);
  if (standIns === undefined) return embedded("jaeger", "its image cannot be fetched");
  try {
    const JAEGER_BIN = await findOrBuildJaeger(env, log);
    await standIns.make("jaeger", { JAEGER_BIN, JAEGER_IMAGE: image });
    return real("jaeger", JAEGER_BUILT);
  } catch (error) {
    if (error instanceof JaegerUnavailableError) return embedded("jaeger", error.message);
    throw error;
  }
}

/** Agentgateway: the official image, or the binary that AGENTGATEWAY_BIN names on a stand-in. */
export async function agentgatewayComponent(workshop: WorkshopWithImage): Promise<Component> {
  const { docker, standIns, env, image } = workshop;
  const found = await docker.originOf(image);
  if (found !== undefined)
    return real("agentgateway", found === "official" ? "official image" : AGENTGATEWAY_BUILT);
  const AGENTGATEWAY_BIN = findExecutable(env.AGENTGATEWAY_BIN || "agentgateway", env);
  if (standIns === undefined || AGENTGATEWAY_BIN === undefined) {
    return embedded("agentgateway", "neither its image nor its binary is to be had");
  }
  await standIns.make("agentgateway", { AGENTGATEWAY_BIN, AGENTGATEWAY_IMAGE: image });
  return real("agentgateway", AGENTGATEWAY_BUILT);
}

function real(name: ComponentName, description: string): Component {
  return { name, isReal: true, description };
}

function embedded(name: ComponentName, reason: string): Component {
  return { name, isReal: false, description: `embedded stand-in (${reason})` };
}
