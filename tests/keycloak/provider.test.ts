/** The provider's own tests, run by Maven; each is counted as one of ours. */

import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { findJavaTools } from "../../scripts/keycloak/java-tools.ts";
import { PROVIDER_FOLDER } from "../../scripts/keycloak/provider-jar.ts";
import { runProgram } from "../../scripts/run-program.ts";

const LIMIT_MS = 10 * 60_000;

const { maven } = findJavaTools(process.env);
const { status, output } = await runProgram(maven, ["--batch-mode", "test"], {
  output: "caught",
  cwd: PROVIDER_FOLDER,
  limitMs: LIMIT_MS,
});

const cases = globSync("target/surefire-reports/TEST-*.xml", { cwd: PROVIDER_FOLDER })
  .sort()
  .flatMap((file) => casesIn(readFileSync(`${PROVIDER_FOLDER}/${file}`, "utf8")));

test("Maven has run tests, and is content", () => {
  expect(cases.length).toBeGreaterThan(0);
  expect(status, output.slice(-5000)).toBe(0);
});

describe.each([...new Set(cases.map(({ suite }) => suite))])("%s", (suite) => {
  for (const { name, failure } of cases.filter((candidate) => candidate.suite === suite)) {
    test(name, () => expect(failure).toBeUndefined());
  }
});

/** The cases of a Surefire report. */
function casesIn(xml: string): { suite: string; name: string; failure: string | undefined }[] {
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, attributes = "", body = ""]) => {
      const attribute = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
      return {
        suite: attribute("classname").split(".").at(-1)!,
        name: attribute("name"),
        failure: /<(?:failure|error)[\s\S]*/.exec(body)?.[0].slice(0, 2000),
      };
    },
  );
}
