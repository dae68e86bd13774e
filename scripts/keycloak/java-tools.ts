import { spawnSync } from "node:child_process";
import { findExecutable } from "../find-executable.ts";

const OLDEST_JAVA = 17;
const HOW_TO_GET_ON = [
  "  Debian, Ubuntu   apt-get install default-jdk-headless maven",
  "  macOS            brew install openjdk@21 maven",
  "Without --auth-server keycloak the embedded auth server does the same.",
].join("\n");

/**
 * Keycloak is not available on this machine; the message names the missing program and a remedy.
 */
export class KeycloakUnavailableError extends Error {
  override readonly name = "KeycloakUnavailableError";
  readonly code = "keycloak_unavailable";
}

/** Arguments of every step of the preparation. */
export interface Preparation {
  readonly env: NodeJS.ProcessEnv;
  /** Receives a line for each step that takes a while. */
  readonly log: (line: string) => void;
  /** Aborting ends the running program. */
  readonly signal: AbortSignal;
}

/** The programs that Keycloak and the building of its provider need, as absolute paths. */
export interface JavaTools {
  readonly java: string;
  readonly maven: string;
}

/** @throws KeycloakUnavailableError that names the missing or outdated program */
export function findJavaTools(env: NodeJS.ProcessEnv): JavaTools {
  const java = findJava(env);
  const maven = findExecutable("mvn", env);
  const missing = [...(java === undefined ? ["a JDK"] : []), ...(maven === undefined ? ["Maven"] : [])];
  if (java === undefined || maven === undefined) {
    throw new KeycloakUnavailableError(
      `Keycloak needs ${missing.join(" and ")}, which this machine does not have:\n${HOW_TO_GET_ON}`,
    );
  }
  const version = javaVersion(java);
  if (version !== undefined && version < OLDEST_JAVA) {
    throw new KeycloakUnavailableError(
      `Keycloak needs Java ${OLDEST_JAVA} or newer; ${java} is ${version}:\n${HOW_TO_GET_ON}`,
    );
  }
  return { java, maven };
}

function findJava(env: NodeJS.ProcessEnv): string | undefined {
  return findExecutable(env.JAVA_HOME ? `${env.JAVA_HOME}/bin/java` : "java", env);
}

/** The major version; undefined when it is unknown. */
function javaVersion(java: string): number | undefined {
  const { stderr } = spawnSync(java, ["-version"], { encoding: "utf8" });
  const digits = /version "(?:1\.)?(\d+)/.exec(stderr)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
