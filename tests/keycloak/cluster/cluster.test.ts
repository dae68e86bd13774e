/** Two nodes act as one auth server: each knows what the other has issued, accepted or seen. */

import type { AAuthErrorCode } from "aauth";
import { afterAll, beforeEach, expect, test } from "vitest";
import {
  consentedCode,
  isConsent,
  redeem,
  sentTo,
  startConsent,
  User,
} from "../../contract/auth-server/journey.ts";
import type { AskOptions, Form, Reply } from "../../contract/auth-server/party.ts";
import {
  ASK_FOR_OPTIMIZE,
  expectRefusal,
  grantedToken,
  startWorld,
} from "../../contract/auth-server/world.ts";
import { startLoadBalancer } from "./load-balancer.ts";

const NODES = process.env.KEYCLOAK_CLUSTER_NODES!.split(" ");
const [A, B] = [0, 1];

const balancer = await startLoadBalancer(process.env.AUTH_SERVER_TEST_URL!, NODES);
// Registered first and therefore called last, because the realm is restored through it.
afterAll(() => balancer.close());
const world = await startWorld();
const { server, agent, wish } = world;

beforeEach(async () => {
  balancer.use(A);
  await server.setAttributes(ASK_FOR_OPTIMIZE);
});

const tokenEndpointOf = (node: number) => server.tokenEndpoint.replace(server.origin, NODES[node]!);

/** Sends a request to one node, past the load balancer. */
const at = (node: number, form: Form): Promise<Reply> =>
  agent.ask(server, form, { tamper: () => ({ url: tokenEndpointOf(node) }) });

/** One signed request, which can be sent to any node any number of times. */
function signedOnce(options: AskOptions = {}): (node: number) => Promise<Reply> {
  const form = new URLSearchParams(wish() as Record<string, string>).toString();
  const { headers = {} } = agent.tokenRequest(server, form, options);
  return (node) =>
    agent.ask(server, form, { ...options, tamper: () => ({ url: tokenEndpointOf(node), headers }) });
}

async function refreshToken(): Promise<string> {
  return String((await redeem(world, await consentedCode(world))).body.refresh_token);
}

test("both serve the same realm, under one name", async () => {
  const documents = await Promise.all(
    NODES.map(async (node) => (await fetch(`${node}/realms/aauth-test/.well-known/aauth-issuer`)).json()),
  );
  expect(documents[0]).toMatchObject({ issuer: server.issuer });
  expect(documents[1]).toEqual(documents[0]);
});

test.each<[string, AskOptions, AAuthErrorCode]>([
  ["with a nonce", {}, "nonce_replayed"],
  ["without", { nonce: null }, "signature_replayed"],
])(
  "a request signed %s is valid once: after one node has accepted it, the other refuses",
  async (_what, options, code) => {
    await server.setAttributes();
    const send = signedOnce(options);
    grantedToken(await send(A));
    const reason = { code, check: "replay" };
    for (const node of [B, A]) expectRefusal(await send(node), 401, "invalid_signature", reason);
  },
);

test("of two that get one signed request at once, one answers it", async () => {
  await server.setAttributes();
  const send = signedOnce();
  const replies = await Promise.all([send(A), send(B)]);
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 401]);
});

test("a request made at one is agreed to at the other, and its code redeemed at the first", async () => {
  const { url } = await startConsent(world);
  balancer.use(B);
  const user = new User();
  const answer = await user.decide(await user.openSignedIn(url), "accept");
  balancer.use(A);
  expect((await redeem(world, sentTo(answer).query.code!)).status).toBe(200);
});

test("a page shown by one is answered at the other, once", async () => {
  const user = new User();
  const page = await user.openSignedIn((await startConsent(world)).url);
  balancer.use(B);
  const answer = await user.decide(page, "accept");
  expect(sentTo(answer).query.code).toBeDefined();
  balancer.use(A);
  expect((await user.decide(page, "accept")).status).toBe(400);
});

test("a code is valid once: one of two concurrent requests redeems it", async () => {
  for (let round = 0; round < 5; round++) {
    const code = await consentedCode(world);
    const form = { request_type: "code", code, redirect_uri: agent.callback };
    const replies = await Promise.all([at(A, form), at(B, form)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 400]);
  }
});

test("a refresh token of one is refreshed at the other, and revoked for both", async () => {
  const refresh_token = await refreshToken();
  const form = { request_type: "refresh", refresh_token };
  for (const node of [A, B]) grantedToken(await at(node, form));
  balancer.use(B);
  const revoked = await agent.ask(server, { token: refresh_token }, { url: server.revocationEndpoint });
  expect(revoked.status).toBe(200);
  for (const node of [A, B])
    expectRefusal(await at(node, form), 400, "invalid_grant", "Invalid refresh_token");
});

test("a consent is remembered by both, and forgotten by both", async () => {
  const user = new User();
  const { body } = await redeem(world, await consentedCode(world, user));
  for (const node of [A, B]) {
    balancer.use(node);
    expect(sentTo(await user.open((await startConsent(world)).url)).query.code).toBeDefined();
  }
  const token = String(body.refresh_token);
  expect((await agent.ask(server, { token }, { url: server.revocationEndpoint })).status).toBe(200);
  for (const node of [A, B]) {
    balancer.use(node);
    expect(isConsent(await user.open((await startConsent(world)).url))).toBe(true);
  }
});

test("a policy changed at one holds at the other", async () => {
  // Both nodes have the documents cached now.
  for (const node of [A, B])
    expect((await at(node, wish({ redirect_uri: agent.callback }))).status).toBe(200);
  balancer.use(B);
  await server.setAttributes({ "aauth.blocked.agents": JSON.stringify([agent.id]) });
  for (const node of [A, B])
    expectRefusal(await at(node, wish()), 403, "access_denied", "Agent is not allowed by policy");
});
