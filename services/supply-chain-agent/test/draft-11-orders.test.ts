/**
 * Orders and the catalogue of draft -11, message by message; tests/integration covers them with
 * their persons.
 */

import { agentProviderMetadata, createMemoryStores, draft11, generateSigningKey, toJwks } from "aauth";
import { createResource } from "aauth/resource";
import { issueAgentToken, issueAuthToken, issuePersonToken } from "aauth/server";
import { createTestDiscovery, signedRequest } from "aauth/testing";
import { createLogger } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import { beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../../scripts/demo/free-ports.ts";
import { buildSupplyChainAgent } from "../src/app.ts";
import { settings } from "../src/config.ts";
import { createInteractions, type Interaction } from "../src/interaction/interactions.ts";
import { createHeldOrders } from "../src/orders/held-orders.ts";
import { createPlacedOrders } from "../src/orders/placed-orders.ts";
import { inject } from "./stack.ts";

const SELF = "https://supply-chain-agent.localhost";
const PS = "https://person-server.localhost";
const AS = "https://access-server.localhost";
const PROVIDER = "https://backend.localhost";
const ORDER = { order_id: "o-1", model: "MacBook Pro", quantity: 25 };

const key = await generateSigningKey({ kid: "backend-1" });
const server = await generateSigningKey({ kid: "server-1" });
const issuer = { key: server, audience: SELF, subject: "person-1", confirmationKey: key.publicJwk };
const documents: Record<string, unknown> = {
  [`${PROVIDER}/.well-known/aauth-agent.json`]: agentProviderMetadata({ issuer: PROVIDER }),
  [`${PROVIDER}/jwks.json`]: toJwks([key]),
  [`${PS}/.well-known/aauth-person.json`]: {
    issuer: PS,
    jwks_uri: `${PS}/jwks.json`,
    person_token_endpoint: `${PS}/aauth/person`,
    auth_token_endpoint: `${PS}/aauth/token`,
  },
  [`${AS}/.well-known/aauth-access.json`]: {
    issuer: AS,
    jwks_uri: `${AS}/jwks.json`,
    auth_token_endpoint: `${AS}/aauth/token`,
  },
  ...Object.fromEntries([PS, AS].map((id) => [`${id}/jwks.json`, toJwks([server])])),
};

const tokens = {
  agent: async () =>
    (
      await issueAgentToken({
        key,
        issuer: PROVIDER,
        agent: "aauth:user-1@backend.localhost",
        personServer: PS,
        confirmationKey: key.publicJwk,
      })
    ).token,
  person: async () => (await issuePersonToken({ ...issuer, issuer: PS })).token,
  auth: async (personServer = PS, scope = "supply-chain:optimize") =>
    (await issueAuthToken({ ...issuer, issuer: AS, personServer, scope })).token,
};

let app: Awaited<ReturnType<typeof buildSupplyChainAgent>>["app"];
const log: string[] = [];

let stores = createMemoryStores();
const ownResource = () =>
  createResource({ resource: SELF, key: server, discovery: createTestDiscovery({ documents }), stores });

async function build(mode = "federated") {
  stores = createMemoryStores();
  const config = loadConfig({
    service: "test",
    settings,
    argv: [],
    env: {
      AAUTH_PROFILE: "draft-11",
      AAUTH_MODE: mode,
      SUPPLY_CHAIN_AGENT_ID_URL: SELF,
      MARKET_ANALYSIS_AGENT_URL: "https://market-analysis-agent.localhost",
      // Nothing listens there.
      KEYCLOAK_URL: `http://127.0.0.1:${await freePort()}`,
      SUPPLY_CHAIN_CATALOGUE_IDENTIFIED_PER_MINUTE: "2",
    },
  });
  const discovery = createTestDiscovery({ documents });
  const logger = createLogger({ service: "t", destination: { write: (line) => log.push(line) } });
  ({ app } = await buildSupplyChainAgent(config, { logger, discovery, stores }));
}
beforeEach(() => build());

/**
 * Signed with a token, each at another second, because equal requests of one second are replays.
 */
let second = 0;
async function send(jwt: string, path: string, { method = "GET", body = undefined as unknown } = {}) {
  second = (second + 1) % 50;
  const at = Math.floor(Date.now() / 1000) - second;
  return inject(
    app,
    await signedRequest({
      url: SELF + path,
      method,
      profile: draft11,
      key,
      signatureKey: { scheme: "jwt", jwt },
      now: () => at,
      ...(body !== undefined && {
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    }),
  );
}
const order = async (jwt: string, change: object = {}) =>
  send(jwt, "/orders", { method: "POST", body: { ...ORDER, ...change } });

describe("an order", () => {
  test("is held: 202 with a page, a code and an address to poll", async () => {
    const held = await order(await tokens.auth());
    expect([held.statusCode, held.headers["cache-control"], held.json()]).toEqual([
      202,
      "no-store",
      { status: "pending" },
    ]);
    expect(held.headers["aauth-requirement"]).toMatch(
      /^requirement=interaction; ?url="https:\/\/supply-chain-agent\.localhost\/orders\/interaction"; ?code="[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}"$/,
    );
    const location = String(held.headers.location);
    expect(location).toMatch(/^https:\/\/supply-chain-agent\.localhost\/orders\/pending\/[\w-]{22}$/);
    const { pathname } = new URL(location);
    expect((await send(await tokens.auth(), pathname)).statusCode).toBe(202);

    // A withdrawn order has no page.
    const code = /code="([^"]+)"/.exec(String(held.headers["aauth-requirement"]))![1]!;
    expect((await send(await tokens.auth(), pathname, { method: "DELETE" })).statusCode).toBe(204);
    expect((await app.inject(`/orders/interaction?code=${code}`)).statusCode).toBe(400);
  });

  test("V52: that one process holds is approved at another, and executed once for each request", async () => {
    const now = () => Math.floor(Date.now() / 1000);
    const placed: unknown[] = [];
    const other = createHeldOrders({
      resource: ownResource(),
      path: "/orders/interaction",
      stores,
      placedOrders: createPlacedOrders(stores),
      interactions: createInteractions(stores, now),
      log: { info: (line: unknown) => placed.push(line) } as never,
      lifetimeSeconds: 600,
      now,
    });
    // An agent that has lost its answer sends its request again.
    const [held, again] = [await order(await tokens.auth()), await order(await tokens.auth())];
    const codeOf = ({ headers }: typeof held) =>
      /code="([^"]+)"/.exec(String(headers["aauth-requirement"]))![1]!;
    const enter = async (reply: typeof held) => (await other.enter(codeOf(reply), "203.0.113.1"))!;
    const heldOf = ({ by }: Interaction) => ("held" in by ? by.held : expect.fail("not held"));
    const approve = async (interaction: Interaction) =>
      other.settle(heldOf(interaction), "approved", { subject: "person-1" });
    const first = await enter(held);
    expect(await approve(first)).toBe(true);
    expect(await approve(first)).toBe(false);
    expect(await approve(await enter(again))).toBe(true);
    expect(placed).toHaveLength(1);

    const poll = async ({ headers }: typeof held) =>
      send(await tokens.auth(), new URL(String(headers.location)).pathname);
    const answers = [await poll(held), await poll(again), await order(await tokens.auth())];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect((await order(await tokens.auth(), { order_id: "o-2" })).statusCode).toBe(202);
  });

  test("needs the person and the level that the mode requires", async () => {
    const wanted = async (jwt: string) => String((await order(jwt)).headers["aauth-requirement"]);
    expect(await wanted(await tokens.agent())).toBe("requirement=person-token");
    expect(await wanted(await tokens.person())).toMatch(/^requirement=auth-token; ?resource-token="/);
    expect(await wanted(await tokens.auth(PS, "other"))).toMatch(/^requirement=auth-token/);
  });

  test("of a person of another person server is refused: no page knows that person", async () => {
    const refused = await order(await tokens.auth("https://other.example"));
    expect([refused.statusCode, refused.json().error]).toEqual([403, "wrong_approver"]);
  });

  test.each([
    [400, "invalid_order", { agent_provider: "http://evil.example/" }],
    [400, "invalid_order", { approver: "another" }],
    [400, "invalid_order", { quantity: 0.5 }],
    [422, "order_refused", { quantity: 5_000 }],
  ])("that cannot be is answered %i %s: %j", async (status, error, change) => {
    const refused = await order(await tokens.auth(), change);
    expect([refused.statusCode, refused.json().error]).toEqual([status, error]);
  });

  test("S23: refuses any code of an address after five wrong ones, and opens the page for another", async () => {
    const statusOf = async (path: string, remoteAddress = "203.0.113.1") =>
      (await app.inject({ url: path, remoteAddress })).statusCode;
    const guess = (code: number) => statusOf(`/orders/interaction?code=0000-0000-000${code}`);
    const statuses = [];
    for (let code = 0; code < 7; code++) statuses.push(await guess(code));
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429, 429]);
    expect(await guess(0)).toBe(429);
    const held = await order(await tokens.auth());
    const code = /code="([^"]+)"/.exec(String(held.headers["aauth-requirement"]))![1]!;
    // The auth server, to which the person would be redirected, is unavailable.
    expect(await statusOf(`/orders/interaction?code=${code}`)).toBe(429);
    expect(await statusOf(`/orders/interaction?code=${code}`, "203.0.113.2")).toBe(502);
  });

  test("whose person cannot sign in is explained on the page, without the provider's reason", async () => {
    const held = await order(await tokens.auth());
    const code = /code="([^"]+)"/.exec(String(held.headers["aauth-requirement"]))![1]!;
    const page = await app.inject(`/orders/interaction?code=${code}`);
    expect([page.statusCode, page.headers["set-cookie"]]).toEqual([
      502,
      expect.stringMatching(/Path=\/orders\/interaction; .*HttpOnly; SameSite=Lax; Secure$/),
    ]);
    expect(page.body).toContain("The auth server did not identify you");
  });

  test("is refused without a person in agent-identity, and has no page", async () => {
    await build("agent-identity");
    const refused = await order(await tokens.agent());
    expect([refused.statusCode, refused.json().error]).toEqual([403, "person_required"]);
    expect((await app.inject("/orders/interaction?code=1")).statusCode).toBe(404);
  });

  test("may be asked for a hundred times a minute by the agents of one person", async () => {
    const jwt = await tokens.auth();
    for (let index = 0; index < 100; index++)
      expect((await order(jwt, { order_id: `o-${index}` })).statusCode).toBe(202);
    expect((await order(jwt, { order_id: "o-100" })).statusCode).toBe(429);
  });
});

describe("the catalogue", () => {
  test("has an address for each level of the mode, and the limits of the level", async () => {
    const level = async (jwt: string, path: string) => (await send(jwt, path)).json().level;
    expect(await level(await tokens.agent(), "/catalogue")).toBe("agent-token");
    expect(await level(await tokens.auth(), "/catalogue/auth-token")).toBe("auth-token");
    expect((await send(await tokens.agent(), "/catalogue/person-token")).statusCode).toBe(401);
    const person = await tokens.person();
    expect(await level(person, "/catalogue/person-token")).toBe("person-token");
    expect((await send(person, "/catalogue/person-token")).statusCode).toBe(200);
    const limited = await send(person, "/catalogue/person-token");
    expect([limited.statusCode, Number(limited.headers["retry-after"])]).toEqual([429, expect.any(Number)]);
  });

  test.each([
    ["agent-identity", [404, 404]],
    ["person-identity", [200, 404]],
  ] as const)("is not at addresses that %s has no callers for", async (mode, statuses) => {
    await build(mode);
    const person = await send(await tokens.person(), "/catalogue/person-token");
    const auth = await send(await tokens.auth(), "/catalogue/auth-token");
    expect([person.statusCode, auth.statusCode]).toEqual(statuses);
  });
});
