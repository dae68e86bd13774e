/**
 * docs/walkthrough/04 and 05 against real runs of one stack: the keys are the same on both pages.
 */
import assert from "node:assert";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect } from "vitest";
import { runWithConsent } from "../support/consent-run.ts";
import { startStack, type TestStack } from "../support/start-stack.ts";
import { tokenBlock } from "../support/walkthrough-blocks.ts";
import { challengeToken, issuedToken } from "../support/walkthrough-messages.ts";
import { recordRun, withDemoPorts } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const MODES = { authorizationScheme: "user-delegated" } as const;
const FROM_BACKEND = { from: "supply-chain-backend" } as const;
const FROM_AGENT = { from: "supply-chain-agent" } as const;

let stack: TestStack;

beforeAll(async () => {
  stack = await startStack({ modes: MODES });
});
afterAll(() => stack?.stop());

describePage(
  "04-user-consent.md",
  async () => {
    const run = await recordRun(stack, async () => {
      expect((await runWithConsent(stack, "optimize laptop supply chain")).status).toBe("completed");
    });
    const regions = {
      "resource-token": tokenBlock(challengeToken(run, FROM_BACKEND)),
      "auth-token": tokenBlock(issuedToken(run, { ...FROM_BACKEND, requestType: "code" })),
    };
    return { run, regions, stack };
  },
  { modes: MODES },
);

describePage(
  "05-token-exchange.md",
  async () => {
    let report = "";
    const run = await recordRun(stack, async () => {
      // Another browser, where no consent is remembered yet.
      const progress = await runWithConsent(
        stack,
        "optimize laptop supply chain and perform market analysis",
      );
      expect(progress.status).toBe("completed");
      report = JSON.stringify(progress);
    });
    const askedBy = /\*\*Asked by\*\*(?:(?!\\n)[^"])+/.exec(withDemoPorts(report, stack.ports))?.[0];
    assert(askedBy, "the second agent says on whose behalf it worked");
    const regions = {
      "asked-by": `> ${askedBy}`,
      "resource-token": tokenBlock(challengeToken(run, FROM_AGENT)),
      "auth-token": tokenBlock(issuedToken(run, { ...FROM_AGENT, requestType: "exchange" })),
    };
    return { run, regions, stack };
  },
  { modes: MODES },
);
