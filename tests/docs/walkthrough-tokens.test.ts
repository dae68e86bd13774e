/** docs/walkthrough/2-tokens-and-exchange.md and 3-consent.md against real runs. */
import assert from "node:assert";
import { installLocalhostLookup } from "agent-kit/service";
import { expect } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import { startChild } from "../support/child.ts";
import { runWithConsent } from "../support/consent-run.ts";
import { signIn, WITH_MARKET_ANALYSIS } from "../support/optimization-run.ts";
import { decide, startOrder, visit } from "../support/order-run.ts";
import type { TestStack } from "../support/start-stack.ts";
import { answerLines, fenced, requestLines, tokenBlock } from "../support/walkthrough-blocks.ts";
import { challengeToken, issuedToken, messageOf } from "../support/walkthrough-messages.ts";
import { recordRun, withDemoPorts } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const FROM_BACKEND = { from: "supply-chain-backend" } as const;
const USER_DELEGATED = { authorizationScheme: "user-delegated" } as const;

describePage("2-tokens-and-exchange.md", {
  autonomous: {
    modes: { authorizationScheme: "autonomous", signatureScheme: "jwks" },
    async record(stack) {
      const run = await recordRun(stack, async () => {
        expect((await (await signIn(stack)).run()).status).toBe("completed");
      });
      const challenge = messageOf(run, { ...FROM_BACKEND, outcome: "challenged" });
      const request = messageOf(run, { ...FROM_BACKEND, purpose: "token" });
      const fields = ["content-digest", "nonce", "signature-key", "signature-input", "signature"];
      const regions = {
        challenge: fenced("http", answerLines(challenge, ["agent-auth"])),
        "token-request": fenced("http", `${requestLines(request, fields)}\n\n${request.request.body}`),
        "resource-token": tokenBlock(challengeToken(run, FROM_BACKEND)),
        "auth-token": tokenBlock(issuedToken(run, { ...FROM_BACKEND, requestType: "auth" })),
        levels: fenced("console", await levels(stack)),
      };
      return { run, regions };
    },
  },
  exchange: {
    modes: USER_DELEGATED,
    async record(stack) {
      let report = "";
      const run = await recordRun(stack, async () => {
        const progress = await runWithConsent(stack, WITH_MARKET_ANALYSIS.custom_prompt);
        expect(progress.status).toBe("completed");
        report = JSON.stringify(progress);
      });
      const askedBy = /\*\*Asked by\*\*(?:(?!\\n)[^"])+/.exec(withDemoPorts(report, stack.ports))?.[0];
      assert(askedBy, "the second agent says on whose behalf it worked");
      const token = issuedToken(run, { from: "supply-chain-agent", requestType: "exchange" });
      return { run, regions: { "asked-by": `> ${askedBy}`, "auth-token": tokenBlock(token) } };
    },
  },
});

describePage("3-consent.md", {
  consent: {
    modes: USER_DELEGATED,
    async record(stack) {
      const run = await recordRun(stack, async () => {
        const progress = await runWithConsent(stack, "optimize laptop supply chain");
        expect(progress.status).toBe("completed");
      });
      const ordered = await recordRun(stack, async () => {
        const order = await startOrder(stack);
        expect(order.waiting.status).toBe("interaction_required");
        const end = await decide(order, await visit(order), "approve");
        expect(end).toBe(`${stack.urls.ui}/?order=${order.waiting.order_id}`);
        expect(await order.state()).toMatchObject({ status: "placed", total: 62_500 });
      });
      const regions = {
        "auth-token": tokenBlock(issuedToken(run, { ...FROM_BACKEND, requestType: "code" })),
        "own-token": tokenBlock(issuedToken(ordered, { from: "supply-chain-agent", requestType: "code" })),
      };
      return { run: { ...run, log: run.log + ordered.log }, regions };
    },
  },
});

/** Output of `npm run demo -- levels`. */
async function levels({ urls, ports }: TestStack): Promise<string> {
  const args = ["--resource", urls.supplyChainAgent, "--auth-server", urls.authServer];
  // Without a developer's .env: it may name other addresses.
  const options = { cwd: REPOSITORY_ROOT, env: { PATH: process.env.PATH } };
  const program = startChild(process.execPath, ["scripts/levels.ts", ...args], options);
  if ((await program.ended).status !== 0) throw new Error(program.text());
  return withDemoPorts(program.stdout(), ports);
}
