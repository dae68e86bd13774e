import { defineConfig } from "vitest/config";

// A test runs in Node and must load what Node would: `imports` and `exports` of the packages have a
// `browser` branch.
const conditions = ["node", "import", "module", "default"];

const shared = {
  ssr: { resolve: { conditions } },
  test: {
    environment: "node" as const,
    pool: "forks" as const,
    restoreMocks: true,
    // Services that a test starts keep nothing.
    env: { AAUTH_STORE: "memory" },
  },
};
/** Tests that start processes, a browser or containers. */
const patient = { ...shared.test, testTimeout: 60_000, hookTimeout: 90_000 };
/** Files of one worker share its modules, and the process that its stacks run in. */
const together = { ...patient, isolate: false };

const JOURNEYS = "tests/e2e/journeys.test.ts";
/** Need a program that is rarely installed. */
const OTHER_GATEWAYS = "tests/contract/gateway/{nginx,envoy,traefik}.test.ts";
/**
 * Whether the table of checks that are taken out still fits the code; the tests themselves take
 * half an hour.
 */
const HOLES_TABLE = "tests/scripts/holes.test.ts";
/** Start programs or whole stacks. */
const SLOW_DOCUMENTS = "tests/docs/{readme-code,guide-draft-11}.test.ts";
const WALKTHROUGH = "tests/docs/walkthrough-*.test.ts";
/**
 * These replace a module, or make the process one that services run in, which nothing undoes: each
 * has a process of its own.
 */
const ISOLATED = "{packages,services}/*/test/**/*.isolated.test.ts";

export default defineConfig({
  test: {
    // One more than cores: a third of the time the tests wait for a timer, a process or a browser.
    maxWorkers: 3,
    projects: [
      {
        ...shared,
        test: {
          ...shared.test,
          name: "unit",
          include: [
            "packages/*/test/**/*.test.ts",
            "services/*/test/**/*.test.ts",
            "ui/test/**/*.test.{ts,tsx}",
          ],
          exclude: [ISOLATED],
          testTimeout: 30_000,
          // Loading the modules again for each file takes longer than all the tests.
          isolate: false,
        },
      },
      {
        ...shared,
        test: { ...shared.test, name: "isolated", include: [ISOLATED], testTimeout: 30_000 },
      },
      {
        ...shared,
        // The tests of cryptography and signatures over the package's other cryptography.
        ssr: { resolve: { conditions: ["aauth-sodium", ...conditions] } },
        test: {
          ...shared.test,
          name: "sodium",
          include: [
            "packages/aauth/test/{crypto,http-signatures,keys}/**/*.test.ts",
            "packages/aauth/test/vectors/vectors.test.ts",
          ],
          env: { ...shared.test.env, CRYPTO_UNDER_TEST: "sodium" },
          testTimeout: 30_000,
          isolate: false,
        },
      },
      {
        ...shared,
        test: {
          ...together,
          // The contracts against our own gates and products, and what the documents say.
          name: "contract",
          include: [
            "tests/contract/{aauth,auth-server,person-server,gateway}/**/*.test.ts",
            "tests/docs/*.test.ts",
            HOLES_TABLE,
          ],
          exclude: [WALKTHROUGH, SLOW_DOCUMENTS, OTHER_GATEWAYS],
        },
      },
      {
        ...shared,
        test: {
          ...together,
          name: "stack",
          include: [
            "tests/{integration,scripts,contract/traces}/**/*.test.ts",
            SLOW_DOCUMENTS,
            OTHER_GATEWAYS,
          ],
          exclude: [HOLES_TABLE],
        },
      },
      { ...shared, test: { ...together, name: "walkthrough", include: [WALKTHROUGH] } },
      {
        ...shared,
        test: { ...patient, name: "conformance", include: ["tests/conformance/*.test.ts"] },
      },
      {
        ...shared,
        test: { ...patient, name: "journeys", include: [JOURNEYS], testTimeout: 120_000 },
      },
      {
        ...shared,
        test: {
          ...patient,
          name: "browser",
          include: ["tests/e2e/**/*.test.ts"],
          exclude: [JOURNEYS],
          testTimeout: 120_000,
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          // Needs a Python with the published library, which `npm run test:all -- interop` makes.
          name: "interop",
          include: process.env.PYTHON_UNDER_TEST ? ["tests/interop/february-2026/*.test.ts"] : [],
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          // Needs the peers of draft -11, which `npm run test:all -- interop` installs.
          name: "interop-draft-11",
          include: process.env.PEERS_UNDER_TEST ? ["tests/interop/draft-11/*.test.ts"] : [],
        },
      },
      {
        // A `require` of a framework must not get the module for `import`.
        ssr: { resolve: { conditions: ["node", "module", "default"] } },
        test: {
          ...patient,
          // Needs frameworks and runtimes, which `npm run test:all -- runtimes` installs.
          name: "runtimes",
          include: process.env.RUNTIMES_UNDER_TEST ? ["tests/runtimes/*.test.ts"] : [],
        },
      },
      {
        ssr: { resolve: { conditions: ["node", "module", "default"] } },
        test: {
          ...patient,
          // Needs Next and a browser besides, which `npm run test:long -- runtimes` installs or
          // finds.
          name: "runtimes-long",
          include: process.env.NEXT_UNDER_TEST ? ["tests/runtimes/long/*.test.ts"] : [],
          hookTimeout: 600_000,
        },
      },
      // Start PostgreSQL and Valkey, and fail without them: `npm run test:all -- replicas` finds or
      // installs them.
      {
        // A `require` in `pg` must not get the module for `import`.
        ssr: { resolve: { conditions: ["node", "module", "default"] } },
        test: { ...patient, name: "stores", include: ["tests/{stores,replicas}/*.test.ts"] },
      },
      {
        ...shared,
        test: {
          ...patient,
          // Needs a Jaeger, which `npm run test:all -- stack` finds or builds.
          name: "jaeger",
          include: process.env.JAEGER_UNDER_TEST ? ["tests/jaeger/**/*.test.ts"] : [],
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          // Needs a Keycloak, which `npm run test:all -- keycloak` starts, or two that are one; the
          // journeys start their own.
          name: "keycloak",
          include: process.env.KEYCLOAK_CLUSTER_NODES
            ? ["tests/keycloak/cluster/**/*.test.ts"]
            : process.env.AUTH_SERVER_TEST_URL
              ? [
                  "tests/keycloak/*.test.ts",
                  "tests/contract/{auth-server,person-server}/**/*.test.ts",
                  "tests/integration/consent-command.test.ts",
                  "tests/e2e/journeys.test.ts",
                ]
              : [],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          // One realm for all of them.
          fileParallelism: false,
        },
      },
      {
        ...shared,
        test: {
          ...patient,
          // Needs Docker and images, which `npm run test:long -- compose` prepares.
          name: "compose",
          include: process.env.COMPOSE_UNDER_TEST ? ["tests/compose/**/*.test.ts"] : [],
          testTimeout: 300_000,
        },
      },
    ],
  },
});
