/**
 * docs/walkthrough/07 against a real run: it takes as long as the auth token of its command lives.
 */
import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { runWithConsent } from "../support/consent-run.ts";
import { signIn } from "../support/optimization-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, startStack, type TestStack } from "../support/start-stack.ts";
import { tokenBlock } from "../support/walkthrough-blocks.ts";
import { commandsOf, isDemo } from "../support/walkthrough-commands.ts";
import { issuedToken, messageOf } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import { recordRun } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const PAGE = "07-refresh-and-rotation.md";
const MODES = { authorizationScheme: "user-delegated" } as const;
const PROMPT = { custom_prompt: "optimize laptop supply chain" };
const REFRESH = { from: "supply-chain-backend", requestType: "refresh" } as const;
const PARTIES = ["backend", "supply-chain-agent", "market-analysis-agent", "auth-server"];
/** A new key is made every 8 seconds and signs after 12; the token has 20. */
const NEW_KEYS_MS = 21_000;
const KEY_WAIT = { timeout: 20_000, interval: 200 };

let stack: TestStack;

beforeAll(async () => {
  // The page's own command: every service gets its variables, as from `npm run demo`.
  const { env } = commandsOf(readWalkthroughPage(PAGE).text).find(isDemo)!;
  stack = await startStack({ modes: MODES, env: Object.fromEntries(PARTIES.map((party) => [party, env])) });
});
afterAll(() => stack?.stop());

describePage(
  PAGE,
  async () => {
    const run = await recordRun(stack, async () => {
      expect((await runWithConsent(stack, PROMPT.custom_prompt)).status).toBe("completed");
      const user = await signIn(stack);
      // Once with the token that is held, and once when it has expired and everybody signs with a
      // new key.
      expect((await user.run(PROMPT)).status).toBe("completed");
      await pause(NEW_KEYS_MS);
      expect((await user.run(PROMPT)).status).toBe("completed");
      const refreshed = "Received auth_token from auth server (refresh)";
      await vi.waitFor(() => expect(stack.log()).toContain(refreshed), LOG_WAIT);
      const since = stack.log().length;
      for (const party of PARTIES) {
        const line = new RegExp(`^${party} +\\|.*New signing key`, "m");
        await vi.waitFor(() => expect(stack.log().slice(since)).toMatch(line), KEY_WAIT);
      }
      await revokeConsent();
      expect((await user.run(PROMPT)).status).toBe("awaiting_consent");
    });
    const regions = {
      "first-token": tokenBlock(issuedToken(run, { ...REFRESH, requestType: "code" })),
    };
    return { run, regions, stack, traceId: messageOf(run, REFRESH).traceId };
  },
  { modes: MODES },
);

async function revokeConsent(): Promise<void> {
  const headers = { authorization: `Bearer ${await userAccessToken(stack.urls)}` };
  const reply = await fetch(`${stack.urls.backend}/optimization/consent`, { method: "DELETE", headers });
  expect(reply.status).toBe(200);
}
