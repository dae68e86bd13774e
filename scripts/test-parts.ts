/**
 * The parts of the three test commands. A part is one or several runs of vitest, each with a
 * foreign program if `prepare` finds or makes one, or a function. A part of `npm run test:long`
 * that has the name of another is its longer form.
 *
 * @module
 */

import { findOrBuildAgentgateway } from "./agentgateway/find-agentgateway.ts";
import { runComposeTests } from "./compose/run-compose-tests.ts";
import { envoyAndTraefik } from "./envoy-and-traefik.ts";
import { interopOfFebruary } from "./february-2026/interop-parts.ts";
import { judgeWithoutFebruary } from "./february-2026/judge.ts";
import { findOrDownloadChromium } from "./find-chromium.ts";
import { conformanceMutations } from "./holes/conformance-mutants.ts";
import { judgeMutations } from "./holes/judge-mutations.ts";
import { mutationsNamed, sampleOfChecks } from "./holes/select-mutations.ts";
import { interopOfDraft11 } from "./interop-draft-11.ts";
import type { InteropFlags } from "./interop-flags.ts";
import { findOrBuildJaeger, JaegerUnavailableError } from "./jaeger/find-jaeger.ts";
import { keycloakForTests } from "./keycloak/start-for-tests.ts";
import { runOnNodes } from "./other-nodes.ts";
import type { Log } from "./pinned-packages.ts";
import type { Part } from "./run-parts.ts";
import { prepareAll, type VitestPart } from "./run-vitest.ts";
import { installNext, installRuntimes } from "./runtimes.ts";
import { runStaticChecks } from "./static-checks.ts";
import { findStoreServers } from "./store-servers.ts";

const project = (...names: string[]) => names.flatMap((name) => ["--project", name]);
/** Packages that run on whichever Node their users have. */
const PUBLISHED = [
  "packages/aauth/",
  "packages/aauth-explain/",
  "packages/fastify-aauth/",
  "packages/aauth-stores/",
  "packages/aauth-a2a/",
  "packages/mcp-aauth/",
];
/** Documentation of the packages, whose code runs unchanged. */
const INSTALLED = [
  ...project("stack"),
  "tests/docs/guide-draft-11.test.ts",
  "tests/docs/readme-code.test.ts",
];
const JAEGER_TESTS = ["tests/jaeger", "tests/contract/traces/query-api.test.ts"];
/** The full products, and the numbers of users under load. */
const LONG = { LONG_TESTS: "1" };

/** `npm test`: the parts of every change. */
export const QUICK_PARTS = {
  static: async () => [await runStaticChecks()],
  unit: { tests: project("unit", "isolated") },
  contract: { tests: project("contract") },
  journeys: { tests: project("journeys"), prepare: chromium },
} satisfies Record<string, Part>;

const INTEROP: readonly ((flags: InteropFlags) => readonly VitestPart[])[] = [
  interopOfFebruary,
  interopOfDraft11,
];

/**
 * Our services beside independent peers. With flags only the swaps, with what these name.
 *
 * @throws Error for a folder without the published extension
 */
export const interopPart = (flags: InteropFlags = {}): readonly VitestPart[] =>
  INTEROP.flatMap((parts) => parts(flags));

/** `npm run test:all`: these parts, after those of `npm test`. */
export const SLOW_PARTS = {
  nodes: [
    { with: "libsodium", tests: project("sodium") },
    () => runOnNodes([...project("unit", "isolated"), ...PUBLISHED], INSTALLED),
  ],
  runtimes: { tests: project("runtimes"), prepare: installRuntimes },
  stack: [
    { tests: project("stack"), prepare: envoyAndTraefik },
    { with: "Jaeger", tests: JAEGER_TESTS, prepare: jaeger },
  ],
  conformance: { tests: project("conformance") },
  replicas: { tests: project("stores"), prepare: findStoreServers },
  walkthrough: { tests: project("walkthrough") },
  browser: { tests: project("browser"), prepare: chromium },
  interop: interopPart(),
  keycloak: { tests: project("keycloak"), ...keycloakForTests() },
} satisfies Record<string, Part>;

/** `npm run test:long`. */
export const LONG_PARTS = {
  contract: { tests: project("contract"), env: LONG },
  agentgateway: {
    tests: [
      ...["gateway", "draft-11", "expressions"].map((name) => `tests/contract/gateway/${name}.test.ts`),
      "services/gateway/test/",
      ...["break-it", "bearer-twin"].map((name) => `tests/integration/${name}.test.ts`),
      "tests/docs/walkthrough-policy.test.ts",
      "tests/jaeger",
    ],
    env: LONG,
    prepare: prepareAll(findOrBuildAgentgateway, jaeger),
  },
  replicas: {
    tests: [...project("stores"), "tests/replicas"],
    env: LONG,
    prepare: findStoreServers,
  },
  runtimes: { tests: project("runtimes-long"), prepare: prepareAll(installRuntimes, installNext, chromium) },
  stack: [
    { tests: ["tests/integration/many-users.test.ts"], env: LONG },
    // A row of its own, which it deletes.
    judgeWithoutFebruary,
  ],
  keycloak: { tests: project("keycloak"), env: LONG, ...keycloakForTests({ isCluster: true }) },
  holes: () => judgeMutations([...mutationsNamed([]), ...sampleOfChecks()]),
  conformance: () => judgeMutations(conformanceMutations(process.env.CONFORMANCE_TWELFTH), "conformance"),
  compose: () => runComposeTests(console.log),
} satisfies Record<string, Part>;

async function chromium() {
  // Throws where CHROME_PATH names a file that does not exist.
  const executable = await findOrDownloadChromium();
  return executable === undefined
    ? "no Chromium was found; install one, or name it in CHROME_PATH"
    : { CHROME_PATH: executable };
}

async function jaeger(env: NodeJS.ProcessEnv, log: Log) {
  try {
    return { JAEGER_UNDER_TEST: await findOrBuildJaeger(env, log) };
  } catch (error) {
    if (error instanceof JaegerUnavailableError && !error.isMistake) return error.message;
    throw error;
  }
}
