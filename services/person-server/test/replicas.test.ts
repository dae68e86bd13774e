/**
 * Two person servers over the same stores and keys: the agent calls one, the person's browser uses
 * the other.
 */
import { createMemoryStores } from "aauth";
import { memoryKeys } from "agent-kit/service";
import { expect, test } from "vitest";
import { createBrowser } from "../../auth-server/test/support/browser.ts";
import { signIn } from "../../auth-server/test/support/sign-in.ts";
import { type StartedPersonServer, startListening } from "./support/person-server.ts";
import { MCP_USER } from "./support/test-sign-in.ts";
import { createWorld, press, SUPPLY_CHAIN, shownAt } from "./support/world.ts";

const DATA = `${SUPPLY_CHAIN}/data`;

test("a person decides at one process on a request to another, and revokes it there", async () => {
  const shared = { stores: createMemoryStores(), keys: memoryKeys() };
  const started: StartedPersonServer[] = [];
  const world = await createWorld({
    async startServer(env) {
      for (const _ of [1, 2]) started.push(await startListening({ env, ...shared }));
      return started[0]!;
    },
  });
  const [one, other] = started as [StartedPersonServer, StartedPersonServer];
  const browser = createBrowser();
  await signIn(browser, `${other.url}/granted`, MCP_USER);
  let asked = 0;
  const context = {
    async onInteraction({ page }: { readonly page: string }) {
      asked += 1;
      const url = world.map.browserUrl(page).replace(one.url, other.url);
      await press(browser, await shownAt(browser, url), "accept");
    },
  };
  expect((await world.agent().fetchFor(context)(DATA)).status).toBe(200);
  // The consent applies at the first process, too.
  expect((await world.agent().fetchFor()(DATA)).status).toBe(200);
  expect(asked).toBe(2);

  await press(browser, await shownAt(browser, `${other.url}/granted`), "revoke");
  await expect(world.agent().fetchFor()(DATA)).rejects.toMatchObject({ code: expect.any(String) });
});
