import { mkdir, readFile, writeFile } from "node:fs/promises";
import { parse, parseDocument, stringify } from "yaml";
import { REPOSITORY_ROOT } from "../demo/stack.ts";
import { type Component, type ComponentName, prepareComponents } from "./components.ts";
import { docker, obtainImage, type Variables, whyNoDocker } from "./docker.ts";

const BASE_IMAGES = { base: "debian:trixie-slim", node: "node:24-trixie-slim" } as const;
const GENERATED = ".cache/compose";
const BUILD_LIMIT_MS = 15 * 60_000;

/** The stack, ready to be brought up. */
export interface PreparedCompose {
  /** Variables with which the tests, and `docker compose` itself, find the stack. */
  readonly env: Variables;
  /** The project's own image. */
  readonly image: string;
  isReal(name: ComponentName): boolean;
  /** A line for each third-party part, with its origin. */
  readonly wasReal: readonly string[];
}

/**
 * Everything before `docker compose up`: base images, the third-party parts in the most real form
 * that this machine allows, and the project's images. A string states why the stack is not
 * available.
 *
 * @throws Error if an image cannot be built, which is our fault
 */
export async function prepareCompose(log: (line: string) => void): Promise<PreparedCompose | string> {
  const reason = await whyNoDocker();
  if (reason !== undefined) return reason;
  const wasReal: string[] = [];
  const add = (name: string, isReal: boolean, description: string) =>
    wasReal.push(`  ${isReal ? "real    " : "stand-in"}  ${name}: ${description}`);
  for (const [kind, image] of Object.entries(BASE_IMAGES)) {
    const found = await obtainImage(image, kind as keyof typeof BASE_IMAGES);
    if (found === undefined)
      return `${image} cannot be fetched, and there is nothing to make a stand-in with`;
    add(image, found === "official", found === "official" ? "official image" : "made here of packages");
  }

  const compose = parse(await readFile(`${REPOSITORY_ROOT}docker-compose.yml`, "utf8"), { merge: true }) as {
    services: Record<string, { image: string }>;
  };
  const imageOf = (name: string) => compose.services[name]!.image;
  const components = await prepareComponents(imageOf, log);
  for (const { name, isReal, description } of components) add(name, isReal, description);
  for (const line of wasReal) log(line);

  const files = ["docker-compose.yml", ...(await generatedFiles(components))];
  const variables = {
    COMPOSE_FILE: files.join(":"),
    // Lets a test check that they arrive in the images.
    BUILD_REVISION: "test-revision",
    BUILD_SOURCE: "test-source",
  };
  log("Building the images…");
  const { status, output } = await docker(["compose", "build"], { env: variables, limitMs: BUILD_LIMIT_MS });
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
 * The embedded stand-ins of the components that are not real, and the build contexts of the others.
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
