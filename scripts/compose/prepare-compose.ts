import { mkdir, readFile, writeFile } from "node:fs/promises";
import { parse, parseDocument, stringify } from "yaml";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import {
  agentgatewayComponent,
  type Component,
  type ComponentName,
  jaegerComponent,
  keycloakComponent,
} from "./components.ts";
import { findDocker } from "./docker.ts";
import { findStandIns } from "./stand-ins.ts";

const BASE_IMAGES = ["debian:trixie-slim", "node:24-trixie-slim"];
const GENERATED = ".cache/compose";
const BUILD_LIMIT_MS = 15 * 60_000;

/** The stack, ready to be brought up. */
export interface PreparedCompose {
  /** Variables with which the tests, and `docker compose` itself, find the stack. */
  readonly env: Readonly<Record<string, string>>;
  /** The project's own image. */
  readonly image: string;
  isReal(name: ComponentName): boolean;
  /** A line for each part that is not ours: what it was. */
  readonly wasReal: readonly string[];
}

/**
 * Everything before `docker compose up`: base images, the third parties' parts as real as this
 * machine allows, and the project's images. A text says why the stack cannot be had.
 *
 * @throws Error when an image cannot be built: that is a fault of ours
 */
export async function prepareCompose(
  env: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<PreparedCompose | string> {
  const docker = await findDocker(env);
  if (typeof docker === "string") return docker;
  const standIns = findStandIns(env);
  const bases: string[] = [];
  for (const image of BASE_IMAGES) {
    const found = await docker.originOf(image);
    if (found === undefined) {
      if (standIns === undefined)
        return `${image} cannot be fetched, and there is nothing to make a stand-in with`;
      log(`Making a stand-in for ${image}…`);
      await standIns.make(image.startsWith("node") ? "node" : "base", {});
    }
    const origin = found === "official" ? "official image" : "made here of packages";
    bases.push(`  ${found === "official" ? "real    " : "stand-in"}  ${image}: ${origin}`);
  }

  const compose = parse(await readFile(`${REPOSITORY_ROOT}docker-compose.yml`, "utf8"), { merge: true }) as {
    services: Record<string, { image: string }>;
  };
  const imageOf = (name: string) => compose.services[name]!.image;
  const workshop = { docker, standIns, env, log };
  const components = [
    await keycloakComponent(workshop),
    await jaegerComponent({ ...workshop, image: imageOf("jaeger") }),
    await agentgatewayComponent({ ...workshop, image: imageOf("agentgateway") }),
  ];
  const wasReal = [
    ...components.map(
      ({ name, isReal, description }) => `  ${isReal ? "real    " : "stand-in"}  ${name}: ${description}`,
    ),
    ...bases,
  ];
  for (const line of wasReal) log(line);

  const files = ["docker-compose.yml", ...(await generatedFiles(components))];
  const variables = {
    COMPOSE_FILE: files.join(":"),
    // So that a test can see them arrive in the images.
    BUILD_REVISION: "test-revision",
    BUILD_SOURCE: "test-source",
  };
  log("Building the images…");
  const { status, output } = await docker.run(["compose", "build"], {
    env: variables,
    limitMs: BUILD_LIMIT_MS,
  });
  if (status !== 0)
    throw new Error(`docker compose build failed:\n${output.trim().split("\n").slice(-15).join("\n")}`);
  const real = components.filter(({ isReal }) => isReal).map(({ name }) => name);
  return {
    env: { ...variables, COMPOSE_UNDER_TEST: "true", COMPOSE_REAL: real.join(",") },
    image: imageOf("net"),
    isReal: (name) => real.includes(name),
    wasReal,
  };
}

/**
 * The embedded stand-ins of exactly those components that are not real, and the build contexts of
 * those that are.
 */
async function generatedFiles(components: readonly Component[]): Promise<string[]> {
  const folder = `${REPOSITORY_ROOT}${GENERATED}`;
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  const missing = components.filter(({ isReal }) => !isReal);
  if (missing.length > 0) {
    const all = parseDocument(await readFile(`${REPOSITORY_ROOT}docker-compose.embedded.yml`, "utf8"), {
      merge: true,
      logLevel: "silent",
    });
    for (const { name, isReal } of components) if (isReal) all.deleteIn(["services", name]);
    // Its settings there name the embedded auth server.
    if (components.some(({ name, isReal }) => name === "keycloak" && isReal))
      all.deleteIn(["services", "ui"]);
    await writeFile(`${folder}/embedded.yml`, all.toString());
    files.push(`${GENERATED}/embedded.yml`);
  }
  const contexts = components.filter(({ buildContexts }) => buildContexts !== undefined);
  if (contexts.length > 0) {
    const services = Object.fromEntries(
      contexts.map(({ name, buildContexts }) => [name, { build: { additional_contexts: buildContexts } }]),
    );
    await writeFile(`${folder}/build-contexts.yml`, stringify({ services }));
    files.push(`${GENERATED}/build-contexts.yml`);
  }
  return files;
}
