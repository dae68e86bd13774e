import {
  createDiscovery,
  createEndpointMap,
  type Draft11Level,
  draft11,
  type EndpointMap,
  generateSigningKey,
  signRequest,
} from "aauth";
import { createAgent } from "aauth/agent";
import { createAccessServer, createPersonServer, type Decide } from "aauth/server";
import Fastify, { type FastifyInstance } from "fastify";
import { fastifyAAuth, sendAnswer, serveEndpoints, serveParty } from "fastify-aauth";
import { describe, expect, onTestFinished, test } from "vitest";
import { AgentProvider, ForeignAgent, type Person } from "../support/foreign-agent-draft-11/agent.ts";
import {
  type Alg,
  type Answer,
  Key,
  now,
  readToken,
  requirementOf,
  type Sockets,
  send,
  signatureErrorOf,
  signed,
} from "../support/foreign-agent-draft-11/messages.ts";
import { ForeignResource } from "../support/foreign-agent-draft-11/resource.ts";

const RESOURCE = "https://resource.example";
const OTHER = "https://foreign-resource.example";
const PS = "https://ps.example";
const AS = "https://as.example";
const ALICE = "alice";
const JSON_TYPE = { "content-type": "application/json" };
const grant: Decide = () => ({ type: "grant" });

function opened<Request extends object>(outcome: Request | string): Request {
  if (typeof outcome === "string") throw new Error(outcome);
  return outcome;
}

const keyOf = (kid: string) => generateSigningKey({ kid });
const keys = { resource: await keyOf("rs-1"), person: await keyOf("ps-1"), access: await keyOf("as-1") };
const subjectSecret = crypto.getRandomValues(new Uint8Array(32));

/**
 * Our resource, person server and access server on sockets. By default the person server asks its
 * person.
 */
async function world({
  federated = false,
  decideAtPS,
  decideAtAS = grant,
  isKnown = true,
}: {
  federated?: boolean;
  decideAtPS?: Decide;
  decideAtAS?: Decide;
  isKnown?: boolean;
} = {}) {
  let map: EndpointMap;
  const discovery = createDiscovery({ transport: (url, init) => map.documents(url, init) });
  const transport: EndpointMap["requests"] = (url, init) => map.requests(url, init);
  const faults: unknown[] = [];
  const shared = { discovery, transport, pollSeconds: 0, log: (error: unknown) => faults.push(error) };
  const person = createPersonServer({
    ...shared,
    issuer: PS,
    key: keys.person,
    subjectSecret,
    accessServers: [AS],
    ...(decideAtPS && { decide: decideAtPS }),
    claimsOf: () => ({ email: "alice@ps.example" }),
    personOf: () => (isKnown ? ALICE : undefined),
  });
  const access = createAccessServer({
    ...shared,
    issuer: AS,
    key: keys.access,
    personServers: [PS],
    resources: [RESOURCE, OTHER],
    decide: decideAtAS,
  });
  const resource = Fastify();
  let orders = 0;
  await resource.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      resource: RESOURCE,
      profile: draft11,
      key: keys.resource,
      personServers: [PS],
      discovery,
      accessServer: federated ? AS : undefined,
      scopes: ["data.read", "data.write"],
      scopeDescriptions: { "data.read": "Read your documents", "data.write": "Change your documents" },
    });
    const own = scope.aauth.resource!;
    const held = own.deferred<unknown>({
      path: "/aauth/held/",
      execute: async () => ({ status: 201, headers: {}, body: `order ${++orders}` }),
    });
    const interactionUrl = `${RESOURCE}/interaction`;
    const deferred = own.deferred<null>({ interactionUrl, retryAfterSeconds: 0 });
    const sessions = own.sessions<{ user: string }>();
    await serveEndpoints(scope, [held.endpoint, deferred.endpoint]);
    const level = <const Name extends Draft11Level>(
      name: Name,
      more: { scopes?: readonly string[] } = {},
    ) => ({
      config: { aauth: { level: name, ...more } },
    });
    scope.get("/agent", level("agent-token"), ({ caller }) => caller?.agent);
    scope.get("/person", level("person-token"), ({ caller }) => caller?.person?.sub);
    for (const [url, name] of [
      ["/data", "data.read"],
      ["/more", "data.write"],
    ] as const) {
      const needs = level("auth-token", { scopes: [name] });
      scope.route({ method: ["GET", "POST"], url, ...needs, handler: ({ caller }) => caller?.person?.sub });
    }
    scope.post("/orders", level("person-token"), async ({ caller, body }, reply) => {
      const requirement = { level: "auth-token", scopes: ["data.write"], hold: held.hold(body) } as const;
      return sendAnswer(reply, (await own.meetRequirement(caller!, requirement))!);
    });
    scope.get("/mail", level("agent-token"), async (message, reply) => {
      const session = await sessions.find(message.headers, message.caller!);
      if (session !== undefined) return `mail of ${session.user}`;
      return sendAnswer(
        reply,
        (await deferred.begin(message.caller!, { requirement: "interaction", data: null })).answer,
      );
    });
    scope.get("/interaction", { config: { aauth: "public" } }, async (message) => {
      const opened = await deferred.open((message.query as { code: string }).code, message.ip);
      if (typeof opened === "string") return opened;
      const headers = await sessions.start(opened, { user: "dana" });
      await deferred.finish(opened.id, { status: 200, headers, body: "" });
      return "thank you";
    });
  });
  const listening = async (app: FastifyInstance) => {
    onTestFinished(() => app.close());
    return app.listen({ host: "127.0.0.1", port: 0 });
  };
  const [personApp, accessApp] = [Fastify(), Fastify()];
  await serveParty(personApp, person);
  await serveParty(accessApp, access);
  const sockets: Sockets = {
    [RESOURCE]: await listening(resource),
    [PS]: await listening(personApp),
    [AS]: await listening(accessApp),
  };
  const provider = await AgentProvider.start(sockets);
  onTestFinished(() => provider.stop());
  // The provider of a resource that is an agent, too, under its own identifier.
  const chain = await AgentProvider.start(sockets, "https://chain.example");
  onTestFinished(() => chain.stop());
  const other = await ForeignResource.start(sockets, {
    personServer: PS,
    accessServer: federated ? AS : undefined,
  });
  onTestFinished(() => other.stop());
  map = createEndpointMap({ ...sockets });

  const visited: string[] = [];
  /** The person's visit to the page that the agent opens. */
  async function visit(page: string, code: string): Promise<void> {
    visited.push(page);
    if (page === `${RESOURCE}/interaction`)
      return void (await send(sockets, { url: `${page}?code=${code}` }));
    const at = page.startsWith(PS) ? person : access;
    const { reference, version } = opened(await at.open(code, "browser"));
    expect(await at.approve(reference, { person: ALICE, version } as never)).toBe("done");
  }
  const agent = (more: Person & { local?: string; alg?: Alg } = {}) =>
    new ForeignAgent(sockets, provider, { ps: PS, visit, ...more });
  const get = (path: string) => ({ url: `${RESOURCE}${path}` });
  const post = (path: string, body: unknown) => ({
    ...get(path),
    method: "POST",
    headers: JSON_TYPE,
    body: JSON.stringify(body),
  });
  return {
    sockets,
    discovery,
    transport,
    provider,
    chain,
    person,
    access,
    agent,
    get,
    post,
    visited,
    faults,
    visit,
  };
}

const challengeIn = (answer: Answer) => {
  const requirement = requirementOf(answer);
  return [answer.status, requirement?.value, signatureErrorOf(answer)];
};
const resourceTokenIn = (answer: Answer) => requirementOf(answer)!.parameters.get("resource-token")!;
const withoutHosts = (log: readonly string[]) =>
  log.map((line) => line.replace(/(pending|held)\/\S+/, "$1/…"));

describe("an agent written from docs/reference/profile-draft-11.md alone", () => {
  test("agent identity: a challenge without a signature, served with the agent token", async () => {
    const { agent, get, sockets, provider } = await world();
    expect(challengeIn(await send(sockets, get("/agent")))).toEqual([
      401,
      "agent-token",
      "invalid_signature",
    ]);
    expect(challengeIn(await send(sockets, get("/data")))).toEqual([
      401,
      "person-token",
      "invalid_signature",
    ]);
    for (const planner of [agent(), agent({ local: "other", alg: "ES256" })]) {
      const served = await planner.call(get("/agent"));
      expect([served.status, served.text]).toEqual([200, readToken(planner.token).claims.sub]);
    }
    expect(new Set(provider.asked)).toEqual(new Set(["GET /.well-known/aauth-agent.json", "GET /jwks.json"]));
  });

  test("resource-managed: an interaction at the resource, then a session", async () => {
    const { agent, get, visited } = await world();
    const planner = agent();
    const opened = await planner.call(get("/mail"));
    expect([opened.status, visited]).toEqual([200, [`${RESOURCE}/interaction`]]);
    const authorization = `AAuth ${opened.headers["aauth-access"]}`;
    const mail = { ...get("/mail"), headers: { authorization } };
    expect(await planner.call(mail)).toMatchObject({ status: 200, text: "mail of dana" });
    const uncovered = await planner.once(mail, planner.token, { without: ["authorization"] });
    expect(challengeIn(uncovered)).toEqual([401, undefined, "invalid_input"]);
  });

  test("person identity: the same person for every agent, and every key", async () => {
    const { agent, get } = await world({ decideAtPS: grant });
    const planner = agent();
    const first = await planner.call(get("/person"));
    expect(planner.log).toEqual([
      `GET ${RESOURCE}/person aa-agent+jwt 401`,
      `POST ${PS}/aauth/person aa-agent+jwt 200`,
      `GET ${RESOURCE}/person aa-person+jwt 200`,
    ]);
    const second = await agent({ local: "other", alg: "ES256" }).call(get("/person"));
    expect([first.status, first.text]).toEqual([200, second.text]);
    // A person token names no agent, so the agent token is presented again for the agent's
    // identity.
    expect((await planner.call(get("/agent"))).text).toBe("aauth:planner@foreign.example");
  });

  test("three parties without consent, step-up, and the tokens again", async () => {
    const { agent, get, post } = await world({ decideAtPS: grant });
    const planner = agent({ alg: "ES256" });
    const { status, text } = await planner.call(get("/data"));
    expect([status, text]).toEqual([200, readToken(planner.auth.get(RESOURCE)!).claims.sub]);
    expect(planner.log).toEqual([
      `GET ${RESOURCE}/data aa-agent+jwt 401`,
      `POST ${PS}/aauth/person aa-agent+jwt 200`,
      `GET ${RESOURCE}/data aa-person+jwt 401`,
      `POST ${PS}/aauth/token aa-agent+jwt 200`,
      `GET ${RESOURCE}/data aa-auth+jwt 200`,
    ]);
    planner.log.length = 0;
    expect((await planner.call(post("/more", { text: "new" }))).status).toBe(200);
    expect((await planner.call(post("/more", { text: "new" }))).status).toBe(200);
    expect(planner.log).toEqual([
      `POST ${RESOURCE}/more aa-auth+jwt 401`,
      `POST ${PS}/aauth/token aa-agent+jwt 200`,
      `POST ${RESOURCE}/more aa-auth+jwt 200`,
      `POST ${RESOURCE}/more aa-auth+jwt 200`,
    ]);
  });

  test("three parties with consent: the person comes to the page, twice", async () => {
    const { agent, get, visited } = await world({ isKnown: false });
    const planner = agent();
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(visited).toEqual([`${PS}/interaction`, `${PS}/interaction`]);
    // The person is not asked again for access that they granted.
    planner.person.clear();
    planner.auth.clear();
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(visited).toHaveLength(2);
  });

  test("consent refused, abandoned, and of an agent that shows no pages", async () => {
    const { agent, get, person } = await world({ isKnown: false });
    const codes: Record<string, (code: string) => unknown> = {
      denied: async (code) => person.deny(opened(await person.open(code, "b")).reference, { person: ALICE }),
      abandoned: async (code) => person.abandon(opened(await person.open(code, "b")).reference),
    };
    for (const [code, act] of Object.entries(codes)) {
      const refused = agent({ local: code, visit: (_page, code) => act(code) }).call(get("/data"));
      await expect(refused).rejects.toMatchObject({ code, answer: { status: 403 } });
    }
    const blind = agent({ local: "blind", visit: undefined }).call(get("/data"));
    await expect(blind).rejects.toMatchObject({ code: "user_unreachable", answer: { status: 403 } });
  });

  test("a clarification is answered", async () => {
    const said: unknown[] = [];
    const { agent, get } = await world({
      decideAtPS: ({ kind, fromAgent: { answers } }) => {
        if (kind === "person-token") return { type: "grant" };
        if (answers.length > 0) said.push(...answers);
        const asks = {
          type: "clarification",
          question: "Which **dates**?",
          options: ["March", "April"],
        } as const;
        return answers.length === 0 ? asks : { type: "grant" };
      },
    });
    const planner = agent({ answer: (_question, options) => options[0]! });
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(said).toEqual([{ question: "Which **dates**?", answer: "March" }]);
  });

  test("a held order: one execution, by the poll with the auth token", async () => {
    const { agent, post } = await world({ decideAtPS: grant });
    const planner = agent();
    expect(await planner.call(post("/orders", { item: "a laptop" }))).toMatchObject({
      status: 201,
      text: "order 1",
    });
    expect(withoutHosts(planner.log).at(-1)).toBe(`GET ${RESOURCE}/aauth/held/… aa-auth+jwt 201`);
  });

  test.each([
    ["by the person server", false],
    ["by the access server's page", true],
  ])("four parties, approved %s", async (_, atTheAccessServer) => {
    const { agent, get, person, visited, faults } = await world({
      federated: true,
      decideAtPS: ({ kind }) => {
        if (kind === "person-token" || atTheAccessServer) return { type: "grant" };
        // Another person approves, without the agent.
        setTimeout(async () => {
          const [{ reference, version } = { reference: "", version: 0 }] = await person.waiting(ALICE);
          await person.approve(reference, { person: ALICE, version });
        }, 100);
        return { type: "approval" };
      },
      decideAtAS: () => ({ type: atTheAccessServer ? "interaction" : "grant" }),
    });
    const planner = agent();
    expect((await planner.call(get("/data"))).status).toBe(200);
    const { claims } = readToken(planner.auth.get(RESOURCE)!);
    expect(claims).toMatchObject({ iss: AS, ps: PS, aud: RESOURCE, scope: "data.read" });
    expect(visited).toEqual(atTheAccessServer ? [`${AS}/interaction`] : []);
    const polled = withoutHosts(planner.log).filter((line) => line.includes("/pending/"));
    expect(polled.at(-1)).toBe(`GET ${PS}/aauth/pending/… aa-agent+jwt 200`);
    expect(faults).toEqual([]);
    // Step-up: the presented token is the access server's own.
    planner.log.length = 0;
    expect((await planner.call(get("/more"))).status).toBe(200);
    expect(planner.log[0]).toBe(`GET ${RESOURCE}/more aa-auth+jwt 401`);
  });

  test("four parties: the access server asks the person server for claims, and the agent for more", async () => {
    const { agent, get, faults } = await world({
      federated: true,
      decideAtPS: grant,
      decideAtAS: ({ claims, fromAgent: { answers } }) => {
        if (claims === undefined) return { type: "claims", names: ["email"] };
        return answers.length === 0 ? { type: "clarification", question: "What for?" } : { type: "grant" };
      },
    });
    const asked: string[] = [];
    const planner = agent({
      answer: (question) => {
        asked.push(question);
        return "the report";
      },
    });
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(asked).toEqual(["What for?"]);
    expect(faults).toEqual([]);
  });

  test.each([
    ["three", false],
    ["four", true],
  ])("a sub-agent gets its tokens from its parent, %s parties", async (_, federated) => {
    const { agent, get, provider } = await world({ federated, decideAtPS: grant });
    const [parent, child] = [agent(), agent({ local: "planner+one" })];
    const { sub: parent_agent } = readToken(parent.token).claims;
    child.token = provider.agentToken("planner+one", child.key, { ps: PS, parent_agent });
    const subagent_token = child.token;
    const { person_token: person } = await parent.ask("person_token_endpoint", {
      resource: RESOURCE,
      subagent_token,
    });
    const presented_token = person as string;
    const resource_token = resourceTokenIn(await child.once(get("/data"), presented_token));
    const { auth_token: auth } = await parent.ask("auth_token_endpoint", {
      resource_token,
      presented_token,
      subagent_token,
    });
    const served = await child.once(get("/data"), auth as string);
    expect([served.status, served.text]).toEqual([200, readToken(presented_token).claims.sub]);
    const request = { resource: RESOURCE, subagent_token };
    const byChild = child.ask("person_token_endpoint", { resource: RESOURCE });
    await expect(byChild).rejects.toMatchObject({ code: "invalid_request", answer: { status: 400 } });
    const byAnother = agent({ local: "other" }).ask("person_token_endpoint", request);
    await expect(byAnother).rejects.toMatchObject({ code: "invalid_subagent_token" });
  });

  test.each([
    ["three", false],
    ["four", true],
  ])("a resource calls another for its caller's person, %s parties", async (_, federated) => {
    const { agent, get, sockets, chain } = await world({ federated, decideAtPS: grant });
    const planner = agent();
    const upstream_token = await planner.personToken(chain.issuer);
    const middle = new ForeignAgent(sockets, chain, { ps: "https://none.example", actsFor: PS });
    const person = await middle.personToken(RESOURCE, { upstream_token });
    const challenge = await middle.once(get("/data"), person);
    await middle.authToken(RESOURCE, resourceTokenIn(challenge), person, { upstream_token });
    const direct = await planner.call(get("/person"));
    expect(await middle.call(get("/data"))).toMatchObject({ status: 200, text: direct.text });
    const { exp } = readToken(upstream_token).claims;
    for (const token of [person, middle.auth.get(RESOURCE)!]) {
      expect(readToken(token).claims.exp).toBeLessThanOrEqual(exp as number);
    }
    const foreign = agent({ local: "other" }).personToken(RESOURCE, { upstream_token });
    await expect(foreign).rejects.toMatchObject({ code: "invalid_upstream_token", answer: { status: 400 } });
  });

  test("a revoked person token, auth token and agent token are replaced from the top", async () => {
    const { agent, get, person, provider, sockets } = await world({ decideAtPS: grant });
    const planner = agent();
    await planner.call(get("/data"));
    const { jti, exp } = readToken(planner.person.get(RESOURCE)!).claims;
    await person.revoke(ALICE, { type: "person-token", iss: PS, jti, exp } as never);
    planner.auth.clear();
    planner.log.length = 0;
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(planner.log.map((line) => line.split(" ").slice(-2).join(" "))).toEqual([
      "aa-person+jwt 401",
      "aa-agent+jwt 200",
      "aa-person+jwt 401",
      "aa-agent+jwt 200",
      "aa-auth+jwt 200",
    ]);
    // Its provider revokes the agent token, and with it everything that was issued to the agent.
    const { jti: agentJti, exp: agentExp } = readToken(planner.token).claims;
    const metadata = await planner.document(PS, "aauth-person.json");
    const revoked = await provider.call(sockets, {
      method: "POST",
      url: metadata.revocation_endpoint as string,
      headers: JSON_TYPE,
      body: JSON.stringify({ jti: agentJti, exp: agentExp }),
    });
    expect([revoked.status, revoked.text, revoked.headers["content-type"]]).toEqual([200, "", undefined]);
    expect(challengeIn(await planner.once(get("/data"), planner.auth.get(RESOURCE)!))).toEqual([
      401,
      "person-token",
      "revoked_jwt",
    ]);
    const old = planner.token;
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(planner.token).not.toBe(old);
  });
});

// Vectors and cases of packages/aauth cover the other mistakes.
describe("its mistakes are refused", () => {
  test("is refused with the code of the page", async () => {
    const { agent, get, post, sockets, provider } = await world({ decideAtPS: grant });
    const planner = agent();
    await planner.call(get("/data"));
    const token = planner.auth.get(RESOURCE)!;
    for (const [mistake, code] of [
      [{ created: now() - 62 }, "invalid_signature"],
      [{ created: now() + 63 }, "clock_skew"],
      [{ created: null }, "invalid_signature"],
      [{ signingKey: new Key() }, "invalid_signature"],
      [{ without: ["signature-key"] }, "invalid_input"],
      [{ without: ["content-digest"] }, "invalid_input"],
      [{ without: ["@authority"] }, "invalid_input"],
      [{ signatureKey: `sig=hwk;kty="OKP";crv="Ed25519";x="${planner.key.jwk.x}"` }, "unsupported_scheme"],
    ] as const) {
      const refused = await planner.once(post("/data", { a: 1 }), token, mistake);
      expect([mistake, ...challengeIn(refused)]).toEqual([mistake, 401, undefined, code]);
    }
    const own = `sig=jwt;jwt="${token}"`;
    const message = signed(post("/data", { a: 1 }), planner.key, own);
    const changed = await send(sockets, { ...message, body: JSON.stringify({ a: 2 }) });
    expect(challengeIn(changed)).toEqual([401, undefined, "invalid_input"]);
    const replayed = signed(post("/data", { a: 3 }), planner.key, own);
    expect((await send(sockets, replayed)).status).toBe(200);
    expect(challengeIn(await send(sockets, replayed))).toEqual([401, undefined, "invalid_signature"]);
    const byProvider = await provider.call(sockets, get("/data"));
    expect(challengeIn(byProvider)).toEqual([401, undefined, "unsupported_scheme"]);
  });
});

describe("a resource written from the same page", () => {
  test.each([
    ["three", false],
    ["four", true],
  ])("%s parties, and a revocation by the person server", async (_, federated) => {
    const { agent, person, faults } = await world({ federated, decideAtPS: grant });
    for (const alg of ["Ed25519", "ES256"] as const) {
      const planner = agent({ alg, local: alg });
      const at = (path: string) => planner.call({ url: `${OTHER}${path}` });
      const ids: string[] = [];
      for (const path of ["/agent", "/person", "/data", "/agent"]) {
        const { status, text } = await at(path);
        expect([path, status]).toEqual([path, 200]);
        ids.push(text);
      }
      expect([ids[0], ids[1]]).toEqual([ids[3], ids[2]]);
      const { iss, jti, exp } = readToken(planner.person.get(OTHER)!).claims;
      const results = await person.revoke(ALICE, { type: "person-token", iss, jti, exp } as never);
      expect(results?.filter(({ error }) => error !== undefined)).toEqual([]);
      const refused = await planner.once({ url: `${OTHER}/data` }, planner.person.get(OTHER)!);
      expect(challengeIn(refused)).toEqual([401, "person-token", "revoked_jwt"]);
      expect((await at("/data")).status).toBe(200);
    }
    expect(faults).toEqual([]);
  });

  test.each([
    ["three", false],
    ["four", true],
  ])("is called by the library's agent, %s parties", async (_, federated) => {
    const { discovery, transport, provider, visit, visited } = await world({ federated, isKnown: false });
    const key = await generateSigningKey({ kid: "agent-1" });
    const planner = createAgent({
      id: "aauth:library@foreign.example",
      key,
      profile: draft11,
      discovery,
      transport,
      personServer: PS,
      agentToken: async () =>
        provider.agentToken("library", { jwk: { ...key.publicJwk, alg: "Ed25519" } }, { ps: PS }),
    });
    const call = planner.fetchFor({
      onInteraction: ({ page }) => {
        const { origin, pathname, searchParams } = new URL(page);
        return visit(origin + pathname, searchParams.get("code")!);
      },
    });
    for (const path of ["/agent", "/person", "/data"]) {
      expect([path, (await call(OTHER + path)).status]).toEqual([path, 200]);
    }
    expect(visited).toEqual([`${PS}/interaction`, `${PS}/interaction`]);
  });

  test("verifies the library's signatures, and refuses defects", async () => {
    const { agent, sockets, provider } = await world();
    const key = await generateSigningKey({ kid: "agent-1" });
    const jwt = provider.agentToken("library", { jwk: { ...key.publicJwk, alg: "Ed25519" } });
    const post = { method: "POST", url: `${OTHER}/agent?x=1`, headers: JSON_TYPE, body: '{"a":1}' };
    const { headers } = await signRequest(
      { ...post, body: new TextEncoder().encode(post.body) },
      { profile: draft11, key, signatureKey: { scheme: "jwt", jwt } },
    );
    const message = { ...post, headers: { ...JSON_TYPE, ...headers } };
    const changed = await send(sockets, { ...message, body: '{"a":2}' });
    expect(challengeIn(changed)).toEqual([401, undefined, "invalid_input"]);
    expect(challengeIn(await send(sockets, message))).toEqual([401, undefined, "invalid_signature"]);
    const { headers: again } = await signRequest(
      { ...post, body: new TextEncoder().encode(post.body) },
      { profile: draft11, key, signatureKey: { scheme: "jwt", jwt }, now: () => now() + 1 },
    );
    const second = await send(sockets, { ...post, headers: { ...JSON_TYPE, ...again } });
    expect([second.status, second.text]).toEqual([200, "aauth:library@foreign.example"]);
    for (const [mistake, code] of [
      [{ created: now() - 62 }, "invalid_signature"],
      [{ created: now() + 63 }, "clock_skew"],
      [{ without: ["content-digest"] }, "invalid_input"],
      [{ signingKey: new Key() }, "invalid_signature"],
    ] as const) {
      const planner = agent();
      expect(challengeIn(await planner.once(post, planner.token, mistake))).toEqual([401, undefined, code]);
    }
  });
});
