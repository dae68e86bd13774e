import { defineConfig } from "vitest/config";

// A test runs in Node and must load what Node would: `imports` and `exports` of the packages have a `browser` branch.
const conditions = ["node", "import", "module", "default"];
const nodeConditions = { resolve: { conditions } };

const shared = {
  ssr: nodeConditions,
  test: { environment: "node" as const, pool: "forks" as const, restoreMocks: true },
};

export default defineConfig({
  test: {
    // The machine has two cores, and integration tests start processes of their own.
    maxWorkers: 2,
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
          testTimeout: 15_000,
        },
      },
      {
        ...shared,
        // The same tests of the package over its other cryptography.
        ssr: { resolve: { conditions: ["aauth-sodium", ...conditions] } },
        test: {
          ...shared.test,
          name: "sodium",
          include: ["packages/{aauth,fastify-aauth}/test/**/*.test.ts"],
          env: { CRYPTO_UNDER_TEST: "sodium" },
          testTimeout: 15_000,
        },
      },
      {
        ...shared,
        test: {
          ...shared.test,
          name: "integration",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/e2e/**", "tests/compose/**", "tests/jaeger/**", "tests/keycloak/**"],
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      {
        ...shared,
        test: {
          ...shared.test,
          // Needs a Jaeger, which npm run test:jaeger finds or builds.
          name: "jaeger",
          include: process.env.JAEGER_UNDER_TEST ? ["tests/jaeger/**/*.test.ts"] : [],
          testTimeout: 60_000,
          hookTimeout: 90_000,
        },
      },
      {
        ...shared,
        test: {
          ...shared.test,
          // Needs a Keycloak, which npm run test:keycloak starts, or two that are one; the journeys start their own.
          name: "keycloak",
          include: process.env.KEYCLOAK_CLUSTER_NODES
            ? ["tests/keycloak/cluster/**/*.test.ts"]
            : process.env.AUTH_SERVER_TEST_URL
              ? [
                  "tests/keycloak/*.test.ts",
                  "tests/contract/auth-server/**/*.test.ts",
                  "tests/integration/consent-command.test.ts",
                  "tests/e2e/{signature-only,autonomous,user-delegated,order}.test.ts",
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
          ...shared.test,
          // Needs Docker and images, which npm run test:compose prepares.
          name: "compose",
          include: process.env.COMPOSE_UNDER_TEST ? ["tests/compose/**/*.test.ts"] : [],
          testTimeout: 300_000,
          hookTimeout: 90_000,
        },
      },
      {
        ...shared,
        test: {
          ...shared.test,
          name: "browser",
          include: ["tests/e2e/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One browser and one stack at a time.
          fileParallelism: false,
        },
      },
    ],
  },
});
