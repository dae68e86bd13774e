import { defineConfig } from "vitest/config";

// A test runs in Node and must load what Node would: `imports` and `exports` of the packages have a `browser` branch.
const nodeConditions = { resolve: { conditions: ["node", "import", "module", "default"] } };

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
        test: {
          ...shared.test,
          name: "integration",
          include: ["tests/**/*.test.ts"],
          exclude: ["tests/e2e/**"],
          testTimeout: 60_000,
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
