/**
 * `npm run test:compose`: brings the stack up with Docker as a user would, tries it (the containers, the journeys in a browser, the
 * contracts of its parts) and takes it down again; `--only PART` for one of them. Says at the end which of its parts were real, and ends
 * like `npm test`.
 *
 * @module
 */

import { ConfigError, choiceSetting, HelpRequested, loadConfig, setting } from "agent-kit/service";
import { COMPOSE_PARTS, runComposeTests } from "./compose/run-compose-tests.ts";
import { endProgramsOnSignal } from "./run-program.ts";
import { summaryText } from "./test-report.ts";

const PARTS = Object.keys(COMPOSE_PARTS) as (keyof typeof COMPOSE_PARTS)[];

endProgramsOnSignal();
process.exitCode = await main();

async function main(): Promise<number> {
  let only: "all" | (typeof PARTS)[number];
  try {
    const part = setting({
      flag: "only",
      schema: choiceSetting(["all", ...PARTS], "all"),
      description: `Run one part: ${PARTS.join(", ")}`,
    });
    ({ only } = loadConfig({
      service: "test:compose",
      settings: { only: part },
      env: {},
      argv: process.argv.slice(2),
    }));
  } catch (error) {
    if (error instanceof HelpRequested) {
      console.log(error.text);
      return 0;
    }
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    return 2;
  }
  const results = await runComposeTests(only === "all" ? PARTS : [only], console.log);
  process.stdout.write(summaryText(results));
  return results.some(({ failures }) => failures.length > 0) ? 1 : 0;
}
