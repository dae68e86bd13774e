/** The store stops while a person decides: the request can be answered once the store is back. */
import { createMemoryStores } from "aauth";
import { issueAgentToken } from "aauth/server";
import { expect, test } from "vitest";
import { stoppableStores } from "../../../tests/support/stoppable-stores.ts";
import { type Browser, createBrowser } from "../../auth-server/test/support/browser.ts";
import { signIn } from "../../auth-server/test/support/sign-in.ts";
import { startListening } from "./support/person-server.ts";
import { MCP_USER } from "./support/test-sign-in.ts";
import {
  ACCESS_SERVER,
  BACKEND,
  browserOf,
  createWorld,
  openInteraction,
  PERSON_SERVER,
  press,
  pressing,
  SCOPE,
  SUPPLY_CHAIN,
  sendWith,
  shownAt,
  type WorldOptions,
} from "./support/world.ts";

/** More operations than a page needs that only reads. */
const FEWEST_OPERATIONS = 6;

async function createStoppableWorld(options: WorldOptions = {}) {
  const stores = stoppableStores(createMemoryStores());
  const startServer: WorldOptions["startServer"] = (env) => startListening({ env, stores });
  return { stores, world: await createWorld({ startServer, ...options }) };
}

/** The page that the refusal leads to. */
async function tryAgain(browser: Browser, { url }: { url: string }, refusal: Response) {
  const [, link = ""] = /<a href="([^"]+)">Try again<\/a>/.exec(await refusal.text()) ?? [];
  return shownAt(browser, new URL(link, url).href);
}

test.each([
  ["accept", 200],
  ["cancel", 403],
])(
  "V56: a person presses %s again, whichever operation has failed, and is obeyed once",
  async (button, status) => {
    const { stores, world } = await createStoppableWorld();
    const browser = await browserOf(world);
    const key = world.keys[BACKEND]!;
    const results = [];
    for (let operations = 0; results.at(-1) !== 200; operations += 1) {
      const agent = `aauth:planner-${operations}@backend.localhost`;
      const { token } = await issueAgentToken({
        key,
        issuer: BACKEND,
        agent,
        personServer: PERSON_SERVER,
        confirmationKey: key.publicJwk,
      });
      const body = { resource: SUPPLY_CHAIN, capabilities: ["interaction"] };
      const asked = await sendWith(world, `${PERSON_SERVER}/aauth/person`, token, { method: "POST", body });
      const [, url = "", code = ""] =
        /url="([^"]+)"; ?code="([^"]+)"/.exec(asked.headers.get("aauth-requirement") ?? "") ?? [];
      const shown = await openInteraction(world, browser, `${url}?code=${code}`);

      stores.stopAfter(operations);
      const first = await press(browser, shown, button);
      stores.start();
      results.push(first.status);
      if (first.status !== 200)
        expect((await press(browser, await tryAgain(browser, shown, first), button)).status).toBe(200);
      const poll = () => sendWith(world, asked.headers.get("location")!, token);
      expect([operations, (await poll()).status]).toEqual([operations, status]);
      expect((await poll()).status).toBe(410);
    }
    expect(results).toEqual([...results.slice(1).fill(503), 200]);
    expect(results.length).toBeGreaterThan(FEWEST_OPERATIONS);
  },
);

test("V56: an owner's approval that could not be stored is given again", async () => {
  const { stores, world } = await createStoppableWorld({
    accessServer: ACCESS_SERVER,
    env: { ACCESS_SERVER_OWNERS: `name:${MCP_USER.username}`, ACCESS_SERVER_OWNER_SCOPES: SCOPE },
  });
  const browser = createBrowser();
  await signIn(browser, world.page("/granted"), MCP_USER);
  const { context } = pressing(world, browser);
  const results: number[] = [];
  const answer = await world.agent().fetchFor({
    async onInteraction(request) {
      if (!request.url.startsWith(ACCESS_SERVER)) return context.onInteraction!(request);
      let shown = await openInteraction(world, browser, request.page);
      for (let operations = 0; results.at(-1) !== 200; operations += 1) {
        stores.stopAfter(operations);
        const pressed = await press(browser, shown, "accept");
        stores.start();
        results.push(pressed.status);
        if (pressed.status === 503) shown = await tryAgain(browser, shown, pressed);
      }
    },
  })(`${SUPPLY_CHAIN}/data`);
  expect([answer.status, world.served]).toEqual([200, [SUPPLY_CHAIN]]);
  expect(results.length).toBeGreaterThan(FEWEST_OPERATIONS);
});
