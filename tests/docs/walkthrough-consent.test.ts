import { installLocalhostLookup } from "service-kit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runWithConsent } from "../support/consent-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { comparableLog, readWalkthroughPage } from "../support/walkthrough-page.ts";

installLocalhostLookup();

let stack: TestStack;
/** The lines of a real run. */
let log: string;

beforeAll(async () => {
  stack = await startStack({ modes: { authorizationScheme: "user-delegated" } });
  const run = await runWithConsent(stack, "optimize laptop supply chain and perform market analysis");
  expect(run.status).toBe("completed");
  log = comparableLog(stack.log(), stack.ports);
});
afterAll(() => stack?.stop());

describe.each(["04-user-consent.md", "05-token-exchange.md"])("docs/walkthrough/%s", (name) => {
  const page = readWalkthroughPage(name);

  test("shows log lines of a real run, each service's in their order", () => {
    expect(page.blocks("text").join("\n").split("\n").length).toBeGreaterThan(10);
    expect(page.missingLines(log)).toEqual([]);
  });

  test("shows tokens with the claims of a real run, in their order", () => {
    expect(page.blocks("json").length).toBeGreaterThan(0);
    expect(page.missingTokens(log)).toEqual([]);
  });

  test("names files that are there", () => {
    expect(page.missingFiles()).toEqual([]);
  });
});
