/**
 * Parts of the test run that need a program which is not ours and is not everywhere. `npm test -- --with NAME` adds one (`.ci/run` adds
 * all), and each has a command of its own, `npm run test:NAME`. Docker is none of them: `npm run test:compose` takes as long as all the
 * rest, and needs a machine that may run containers.
 *
 * @module
 */

import { findOrBuildJaeger, JaegerUnavailableError } from "./jaeger/find-jaeger.ts";
import { keycloakForTests } from "./keycloak/start-for-tests.ts";

export interface ForeignPart {
  /** Test files, by vitest's filter. */
  readonly tests: readonly string[];
  /**
   * Finds the program or makes it, and says what its tests must know: variables for their environment. A text says why it cannot be had
   * here; then the part is skipped.
   *
   * @throws for a mistake of the user's, such as a variable that names nothing
   */
  prepare(
    env: NodeJS.ProcessEnv,
    log: (line: string) => void,
  ): Promise<Readonly<Record<string, string>> | string>;
  /** Ends what `prepare` has started. */
  close?(): Promise<void>;
}

export const FOREIGN_PARTS: Readonly<Record<string, ForeignPart>> = {
  jaeger: {
    tests: ["tests/jaeger", "tests/contract/traces/query-api.test.ts"],
    async prepare(env, log) {
      try {
        return { JAEGER_UNDER_TEST: await findOrBuildJaeger(env, log) };
      } catch (error) {
        if (error instanceof JaegerUnavailableError && !error.isMistake) return error.message;
        throw error;
      }
    },
  },
  keycloak: {
    tests: ["--project", "keycloak"],
    ...keycloakForTests(),
  },
};
