/** Our agent, person server and access server with a resource of the suite, which judges them. */

import { type AddressMap, createAddressMap, createDiscovery, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import { createAccessServer, createPersonServer } from "aauth/server";
import { createWorld, listen } from "aauth-conformance";
import Fastify from "fastify";
import { serveParty } from "fastify-aauth";
import { expect, onTestFinished, test } from "vitest";
import { judgeMessage } from "../../packages/aauth-conformance/src/judge/judge-message.ts";
import type { Jwk, KeyPair } from "../../packages/aauth-conformance/src/judge/keys.ts";
import { fieldOf } from "../../packages/aauth-conformance/src/judge/message.ts";
import {
  BASE_COMPONENTS,
  BODY_COMPONENTS,
  tokenOf,
} from "../../packages/aauth-conformance/src/messages/plan.ts";
import type { Listener } from "../../packages/aauth-conformance/src/peers/listener.ts";

const PS = "https://ps.example";
const AS = "https://as.example";
const ALICE = "alice";
const world = createWorld("conformance.example");
const RESOURCE = world.parties.resource.id;
const AGENT = world.agent.id;
const keyOf = (kid: string) => generateSigningKey({ kid });
const keys = { person: await keyOf("ps-1"), access: await keyOf("as-1"), agent: await keyOf("agent-1") };
const publicJwk = ({ publicJwk }: typeof keys.agent) => ({ ...publicJwk, alg: "Ed25519" }) as unknown as Jwk;

/** Types of tokens, each obtained with the one before. */
const TYPES: readonly string[] = ["aa-agent+jwt", "aa-person+jwt", "aa-auth+jwt"];
const ROUTES: Readonly<Record<string, string>> = {
  "/agent": "aa-agent+jwt",
  "/person": "aa-person+jwt",
  "/data": "aa-auth+jwt",
  "/data?x=1": "aa-auth+jwt",
};

/** Plays the resource. Problems of the messages that it receives are in the list. */
function playResource(listener: Listener, accessServer: string | undefined) {
  const problems: string[] = [];
  const revoked: unknown[] = [];
  listener.play = (_party, message) => {
    const needs = ROUTES[message.target];
    const challenge = (requirement: string) => ({
      status: 401,
      fields: { "aauth-requirement": `requirement=${requirement}` },
    });
    if (fieldOf(message, "signature") === undefined) return challenge("agent-token");
    const judged = judgeMessage(message, ({ id }) => publicJwk(id === AS ? keys.access : keys.person));
    const expected = [...BASE_COMPONENTS, ...(message.body === undefined ? [] : BODY_COMPONENTS)];
    problems.push(...judged.problems);
    problems.push(...expected.filter((name) => !judged.covered.includes(name)));
    if (needs === undefined) {
      revoked.push(JSON.parse(message.body ?? "{}").jti);
      return { status: 200 };
    }
    const { header, claims } = judged.jwt!;
    const [has, wants] = [TYPES.indexOf(String(header.typ)), TYPES.indexOf(needs)];
    if (has === wants || (has > wants && wants > 0)) return { status: 200, body: String(claims.sub) };
    if (has > wants) return challenge("agent-token");
    if (has === 0) return challenge("person-token");
    const confirms = { publicJwk: (claims.cnf as { jwk: Jwk }).jwk } as KeyPair;
    const token = tokenOf(world.resourceToken({ claims }, { aud: accessServer ?? PS, confirms }));
    return challenge(`auth-token; resource-token="${token}"`);
  };
  return { problems, revoked };
}

test.each([
  ["three", undefined],
  ["four", AS],
])("of %s parties send what an independent judge accepts, revocations included", async (_, accessServer) => {
  const listener = await listen(world);
  onTestFinished(() => listener.close());
  const { problems, revoked } = playResource(listener, accessServer);
  let map: AddressMap;
  const discovery = createDiscovery({ transport: (url, init) => map.documents(url, init) });
  const transport: AddressMap["requests"] = (url, init) => map.requests(url, init);
  const shared = { discovery, transport, pollSeconds: 0 };
  const person = createPersonServer({
    ...shared,
    issuer: PS,
    key: keys.person,
    subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
    accessServers: [AS],
  });
  const access = createAccessServer({
    ...shared,
    issuer: AS,
    key: keys.access,
    personServers: [PS],
    resources: [RESOURCE],
    decide: () => ({ type: "interaction" }),
  });
  const serve = async (server: Parameters<typeof serveParty>[1]) => {
    const app = Fastify();
    onTestFinished(() => app.close());
    await serveParty(app, server);
    return app.listen({ host: "127.0.0.1", port: 0 });
  };
  const played = Object.values(world.parties).map(({ id }) => [id, listener.address]);
  map = createAddressMap({
    ...Object.fromEntries(played),
    [PS]: await serve(person),
    [AS]: await serve(access),
  });

  const cnf = { jwk: publicJwk(keys.agent) };
  const agent = createAgent({
    id: AGENT,
    key: keys.agent,
    discovery,
    transport,
    personServer: PS,
    agentToken: async () => tokenOf(world.agentToken({ claims: { ps: PS, cnf } })),
  });
  const visited: string[] = [];
  const call = agent.fetchFor({
    async onInteraction({ page }) {
      const { origin, searchParams } = new URL(page);
      visited.push(origin);
      const at = origin === PS ? person : access;
      const opened = await at.open(searchParams.get("code")!, "browser");
      if (typeof opened === "string") throw new Error(opened);
      const { reference, version } = opened;
      expect(await at.approve(reference, { person: ALICE, version })).toBe("done");
    },
  });
  const ids: string[] = [];
  for (const path of ["/agent", "/person", "/data"]) ids.push(await (await call(RESOURCE + path)).text());
  expect(ids).toEqual([AGENT, expect.any(String), ids[1]]);
  const headers = { "content-type": "application/json" };
  expect((await call(`${RESOURCE}/data?x=1`, { method: "POST", headers, body: "{}" })).status).toBe(200);
  expect(visited).toEqual(accessServer === undefined ? [PS, PS] : [PS, PS, AS]);
  const given = (await person.issuedTokens(ALICE)).find(({ type }) => type === "person-token")!;
  await person.revoke(ALICE, given);
  expect(revoked).toContain(given.jti);
  expect(problems).toEqual([]);
});
