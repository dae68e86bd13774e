/** docs/walkthrough/6-keys-and-delegates.md against real runs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { installLocalhostLookup } from "agent-kit/service";
import { delegateListSchema } from "backend-api";
import { afterAll, beforeAll, expect, vi } from "vitest";
import { runWithConsent } from "../support/consent-run.ts";
import { signIn } from "../support/optimization-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { LOG_WAIT, type TestStack } from "../support/start-stack.ts";
import { tokenBlock } from "../support/walkthrough-blocks.ts";
import { commandsOf } from "../support/walkthrough-commands.ts";
import { issuedToken, messageOf, sentToken } from "../support/walkthrough-messages.ts";
import { readWalkthroughPage } from "../support/walkthrough-page.ts";
import { recordRun } from "../support/walkthrough-run.ts";
import { describePage } from "../support/walkthrough-tests.ts";

installLocalhostLookup();

const PAGE = "6-keys-and-delegates.md";
const PROMPT = { custom_prompt: "optimize laptop supply chain" };
const PARTIES = ["backend", "supply-chain-agent", "market-analysis-agent", "auth-server"];
/** A new key is made every 8 seconds and signs after 12; the token lives 20 seconds. */
const NEW_KEYS_MS = 21_000;
const KEY_WAIT = { timeout: 20_000, interval: 200 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "walkthrough-"));
});
afterAll(() => rm(folder, { recursive: true }));

describePage(PAGE, {
  refresh: {
    modes: { authorizationScheme: "user-delegated" },
    env() {
      // The page's own command: every service gets its variables, as from `npm run demo`.
      const commands = commandsOf(readWalkthroughPage(PAGE).text);
      const { env } = commands.find((command) => "AGENT_KEY_ROTATION_SECONDS" in command.env)!;
      return Object.fromEntries(PARTIES.map((party) => [party, env]));
    },
    async record(stack) {
      const run = await recordRun(stack, () => refreshAndRevoke(stack));
      const { traceId } = messageOf(run, { from: "supply-chain-backend", requestType: "refresh" });
      return { run, traceId };
    },
  },
  delegate: {
    modes: { authorizationScheme: "autonomous", signatureScheme: "jwks", delegate: true },
    env() {
      const delegatesFile = join(folder, "delegates.json");
      const own = {
        DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
        DELEGATE_ENROLMENT_FILE: delegatesFile,
      };
      return { backend: { BACKEND_DELEGATES_FILE: delegatesFile }, "delegate-agent": own };
    },
    async record(stack) {
      const runDelegate = async () => {
        const { delegates } = delegateListSchema.parse(await ask(stack, "/delegates", "GET"));
        await ask(stack, `/delegates/${delegates[0]!.sub}/run`, "POST");
      };
      // The delegate gets its agent token when it starts.
      const run = await recordRun(stack, runDelegate, { fromStart: true });
      const regions = {
        "agent-token": tokenBlock(sentToken(run, { from: "delegate-agent", to: "supply-chain-agent" })),
        "auth-token": tokenBlock(issuedToken(run, { from: "delegate-agent", requestType: "auth" })),
      };
      return { run, regions };
    },
  },
});

async function refreshAndRevoke(stack: TestStack): Promise<void> {
  expect((await runWithConsent(stack, PROMPT.custom_prompt)).status).toBe("completed");
  const user = await signIn(stack);
  // Once with the cached token, and once after it has expired and all sign with a new key.
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
  await ask(stack, "/optimization/consent", "DELETE");
  expect((await user.run(PROMPT)).status).toBe("awaiting_consent");
}

async function ask({ urls }: TestStack, path: string, method: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${await userAccessToken(urls)}` };
  const reply = await fetch(`${urls.backend}${path}`, { method, headers });
  expect(reply.status).toBe(200);
  return reply.json();
}
