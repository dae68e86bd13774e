/**
 * The person server as a program: a person by HTTP, an agent and resources of the library, and an
 * outage of the server.
 */

import { installLocalhostLookup } from "agent-kit/service";
import { afterEach, expect, test } from "vitest";
import { REPOSITORY_ROOT } from "../../scripts/demo/stack.ts";
import {
  ACCESS_SERVER,
  browserOf,
  MARKET_ANALYSIS,
  openInteraction,
  press,
  pressing,
  SUPPLY_CHAIN,
  type WorldOptions,
} from "../../services/person-server/test/support/world.ts";
import { type Child, startChild } from "../support/child.ts";
import { createSignInWorld } from "../support/sign-in-world.ts";

installLocalhostLookup();

const DATA = `${SUPPLY_CHAIN}/data`;
let program: Child | undefined;
let start: () => Promise<void>;

afterEach(async () => {
  program?.process.kill("SIGTERM");
  await program?.ended;
});

function world(options: WorldOptions = {}) {
  return createSignInWorld({
    ...options,
    async startServer(variables) {
      start = async () => {
        program = startChild(process.execPath, ["services/person-server/src/main.ts"], {
          cwd: REPOSITORY_ROOT,
          env: { ...process.env, ...variables, OTEL_SDK_DISABLED: "true" },
        });
        await program.prints(/person server https/);
      };
      await start();
      return { url: variables.PERSON_SERVER_URL! };
    },
  });
}

async function stop(): Promise<void> {
  program?.process.kill("SIGKILL");
  await program?.ended;
}

test("federated, through two hops: allowed on the page, revoked on the page, refused, allowed again", async () => {
  const parties = await world({ accessServer: ACCESS_SERVER, chains: true });
  const browser = await browserOf(parties);
  const { context, pages } = pressing(parties, browser);
  const agent = parties.agent();
  const answer = await agent.fetchFor(context)(DATA);
  expect(await answer.json()).toMatchObject({ below: { from: MARKET_ANALYSIS } });
  expect(pages).toHaveLength(2);
  const shown = await browser.get(parties.page("/granted"));
  const granted = { text: await shown.text(), url: parties.page("/granted") };
  expect((await press(browser, granted, "revoke")).status).toBe(200);
  await expect(agent.fetchFor()(DATA)).rejects.toMatchObject({ oauthError: "user_unreachable" });
  expect((await agent.fetchFor(context)(DATA)).status).toBe(200);
  expect(pages).toHaveLength(4);
  expect(program!.text()).toContain("Agent revoked by the person");
  expect(program!.text()).not.toMatch(/eyJ[\w-]{20}/);
});

test("the server starts again while a person decides: the call ends with a code, and the next one is decided again", async () => {
  const parties = await world({ pendingMs: 8_000 });
  const waiting = parties.agent().fetchFor({ onInteraction: () => {} })(DATA);
  const ended = expect(waiting).rejects.toMatchObject({ hop: "https://person-server.localhost" });
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  await stop();
  await start();
  await ended;
  const browser = await browserOf(parties);
  const { context } = pressing(parties, browser);
  expect((await parties.agent().fetchFor(context)(DATA)).status).toBe(200);
});

test("the server is down: the call ends with a code, and names the hop", async () => {
  const parties = await world();
  await stop();
  const error = await parties
    .agent()
    .fetchFor()(DATA)
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    name: "AAuthAgentError",
    code: "discovery_failed",
    hop: "https://person-server.localhost",
  });
});

test("a page that is open while the server starts again decides nothing", async () => {
  const parties = await world({ pendingMs: 3_000 });
  const browser = await browserOf(parties);
  const opened: Awaited<ReturnType<typeof openInteraction>>[] = [];
  const call = parties.agent().fetchFor({
    async onInteraction({ page }) {
      opened.push(await openInteraction(parties, browser, page));
      await stop();
      await start();
    },
  })(DATA);
  await expect(call).rejects.toThrow();
  expect((await press(browser, opened[0]!, "accept")).status).toBe(400);
  expect(parties.served).toEqual([]);
});
