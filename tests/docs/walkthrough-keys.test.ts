/** docs/walkthrough/07 and 08 against real runs. */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { delegateListSchema } from "backend-api";
import { installLocalhostLookup } from "service-kit";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { runWithConsent } from "../support/consent-run.ts";
import { signIn } from "../support/optimization-run.ts";
import { userAccessToken } from "../support/sign-in.ts";
import { startStack, type TestStack, type TestStackOptions } from "../support/start-stack.ts";
import { comparableLog, readWalkthroughPage } from "../support/walkthrough-page.ts";

installLocalhostLookup();

const ROTATING = { AGENT_KEY_ROTATION_SECONDS: "4" };

/** What a stack has printed while something was done with it. */
async function logOf(options: TestStackOptions, work: (stack: TestStack) => Promise<void>): Promise<string> {
  const stack = await startStack(options);
  try {
    await work(stack);
    return comparableLog(stack.log(), stack.ports);
  } finally {
    await stack.stop();
  }
}

async function ask({ urls }: TestStack, path: string, method: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${await userAccessToken(urls)}` };
  const reply = await fetch(`${urls.backend}${path}`, { method, headers });
  expect(reply.status).toBe(200);
  return reply.json();
}

function describePage(name: string, run: () => Promise<string>): void {
  describe(`docs/walkthrough/${name}`, () => {
    const page = readWalkthroughPage(name);
    let log: string;
    beforeAll(async () => {
      log = await run();
    });

    test("shows log lines of a real run, each service's in their order", () => {
      expect(page.blocks("text").length).toBeGreaterThan(0);
      expect(page.missingLines(log)).toEqual([]);
    });
    test("shows tokens with the claims of a real run, in their order", () => {
      expect(page.missingTokens(log)).toEqual([]);
    });
    test("names files that are there", () => {
      expect(page.missingFiles()).toEqual([]);
    });
  });
}

const KEEPING_CONSENTS: TestStackOptions = {
  modes: { authorizationScheme: "user-delegated" },
  env: {
    backend: { ...ROTATING, AAUTH_AUTH_TOKEN_CACHE_TTL: "3600" },
    "supply-chain-agent": ROTATING,
    "market-analysis-agent": ROTATING,
    "auth-server": { AUTH_SERVER_KEY_ROTATION_SECONDS: "4", AUTH_SERVER_AUTH_TOKEN_SECONDS: "6" },
  },
};

describePage("07-refresh-and-rotation.md", () =>
  logOf(KEEPING_CONSENTS, async (stack) => {
    const prompt = { custom_prompt: "optimize laptop supply chain" };
    expect((await runWithConsent(stack, prompt.custom_prompt)).status).toBe("completed");
    const user = await signIn(stack);
    // Once with the token that is held, and then until it has run out.
    await vi.waitFor(
      async () => {
        expect((await user.run(prompt)).status).toBe("completed");
        expect(stack.log()).toContain("Received auth_token from auth server (refresh)");
      },
      { timeout: 20_000, interval: 500 },
    );
    const since = stack.log().length;
    for (const party of ["backend", "supply-chain-agent", "market-analysis-agent", "auth-server"]) {
      const line = new RegExp(`^${party} +\\|.*New signing key`, "m");
      await vi.waitFor(() => expect(stack.log().slice(since)).toMatch(line), 10_000);
    }
    await ask(stack, "/optimization/consent", "DELETE");
    expect((await user.run(prompt)).status).toBe("awaiting_consent");
  }),
);

describePage("08-delegated-agents.md", async () => {
  const folder = await mkdtemp(join(tmpdir(), "delegate-"));
  const delegatesFile = join(folder, "delegates.json");
  const env = {
    backend: { BACKEND_DELEGATES_FILE: delegatesFile },
    "delegate-agent": {
      DELEGATE_DATA_FOLDER: join(folder, "delegate-agent"),
      DELEGATE_ENROLMENT_FILE: delegatesFile,
    },
  };
  return logOf({ modes: { delegate: true }, env }, async (stack) => {
    const { delegates } = delegateListSchema.parse(await ask(stack, "/delegates", "GET"));
    await ask(stack, `/delegates/${delegates[0]!.sub}/run`, "POST");
  });
});
