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
import { createDeferred, createHeldRequests, createSessions, type ResourceOptions } from "aauth/resource";
import { createAccessServer, createPersonServer, type Decide } from "aauth/server";
import Fastify, { type FastifyInstance } from "fastify";
import { fastifyAAuth, sendAnswer, serveEndpoints, serveParty } from "fastify-aauth";
import { describe, expect, onTestFinished, test } from "vitest";
import { AgentProvider, ForeignAgent, type Person } from "../support/foreign-agent-draft-11/agent.ts";
import {
  type Alg,
  type Answer,
  Key,
  makeToken,
  now,
  readToken,
  requirementOf,
  type Sockets,
  send,
  signatureErrorOf,
  signed,
} from "../support/foreign-agent-draft-11/messages.ts";
import { ForeignResource } from "../support/foreign-agent-draft-11/resource.ts";
import { Refused } from "../support/foreign-agent-draft-11/tokens.ts";

const RESOURCE = "https://resource.example";
const OTHER = "https://foreign-resource.example";
const PS = "https://ps.example";
const AS = "https://as.example";
const ALICE = "alice";
const JSON_TYPE = { "content-type": "application/json" };
const grant: Decide = () => ({ type: "grant" });

const keyOf = (kid: string) => generateSigningKey({ kid });
const keys = { resource: await keyOf("rs-1"), person: await keyOf("ps-1"), access: await keyOf("as-1") };
const subjectSecret = crypto.getRandomValues(new Uint8Array(32));

/**
 * Our resource, person server and access server on sockets. The default of the person server is to
 * ask its person.
 */
async function world({
  federated = false,
  decideAtPS,
  decideAtAS = grant,
  isKnown = true,
  options = {},
  pollSeconds = 0,
}: {
  federated?: boolean;
  decideAtPS?: Decide;
  decideAtAS?: Decide;
  isKnown?: boolean;
  options?: Omit<Partial<ResourceOptions>, "observer">;
  pollSeconds?: number;
} = {}) {
  let map: EndpointMap;
  const discovery = createDiscovery({ transport: (url, init) => map.documents(url, init) });
  const transport: EndpointMap["requests"] = (url, init) => map.requests(url, init);
  const faults: unknown[] = [];
  const shared = { discovery, transport, pollSeconds, log: (error: unknown) => faults.push(error) };
  const person = createPersonServer({
    ...{ ...shared, issuer: PS, key: keys.person, subjectSecret, accessServers: [AS] },
    ...(decideAtPS && { decide: decideAtPS }),
    claimsOf: () => ({ email: "alice@ps.example" }),
    personOf: () => (isKnown ? ALICE : undefined),
  });
  const access = createAccessServer({
    ...{ ...shared, issuer: AS, key: keys.access, personServers: [PS], resources: [RESOURCE, OTHER] },
    decide: decideAtAS,
  });
  const resource = Fastify();
  let orders = 0;
  await resource.register(async (scope) => {
    await scope.register(fastifyAAuth, {
      ...{ resource: RESOURCE, profile: draft11, key: keys.resource, personServers: [PS], discovery },
      authServer: federated ? AS : undefined,
      scopes: ["data.read", "data.write"],
      scopeDescriptions: { "data.read": "Read your documents", "data.write": "Change your documents" },
      ...options,
    });
    const { verifier, challenger } = scope.aauth;
    const held = createHeldRequests({
      ...{ verifier, challenger: challenger!, resource: RESOURCE },
      execute: async () => ({ status: 201, headers: {}, body: `order ${++orders}` }),
    });
    const interactionUrl = `${RESOURCE}/interaction`;
    const deferred = createDeferred<null>({
      ...{ verifier, resource: RESOURCE, interactionUrl, retryAfterSeconds: 0 },
    });
    const sessions = createSessions<{ user: string }>();
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
    scope.post("/orders", level("person-token"), async ({ caller, body }, reply) =>
      sendAnswer(reply, await held.hold(caller!, { level: "auth-token", scopes: ["data.write"] }, body)),
    );
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
  // The provider of a resource that is an agent, too, under its own name.
  const chain = await AgentProvider.start(sockets, "https://chain.example");
  onTestFinished(() => chain.stop());
  const other = await ForeignResource.start(sockets, {
    personServer: PS,
    accessServer: federated ? AS : undefined,
  });
  onTestFinished(() => other.stop());
  map = createEndpointMap({ ...sockets });

  const visited: string[] = [];
  /** What a person does at the page whose address the agent opens. */
  async function visit(page: string, code: string): Promise<void> {
    visited.push(page);
    if (page === `${RESOURCE}/interaction`)
      return void (await send(sockets, { url: `${page}?code=${code}` }));
    const at = page.startsWith(PS) ? person : access;
    const { reference, version } = (await at.open(code, "browser"))!;
    expect(await at.approve(reference, { person: ALICE, version } as never)).toBe("done");
  }
  const agent = (more: Person & { local?: string; alg?: Alg } = {}) =>
    new ForeignAgent(sockets, provider, { ps: PS, visit, ...more });
  const get = (path: string) => ({ url: `${RESOURCE}${path}` });
  const post = (path: string, body: unknown) => ({
    ...{ ...get(path), method: "POST", headers: JSON_TYPE, body: JSON.stringify(body) },
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
    // A person token names no agent: for the agent's identity the agent token is shown again.
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
    // What they have agreed to they are not asked again.
    planner.person.clear();
    planner.auth.clear();
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(visited).toHaveLength(2);
  });

  test("consent refused, abandoned, and of an agent that shows no pages", async () => {
    const { agent, get, person } = await world({ isKnown: false });
    const codes: Record<string, (code: string) => unknown> = {
      denied: async (code) => person.deny((await person.open(code, "b"))!.reference, { person: ALICE }),
      abandoned: async (code) => person.abandon((await person.open(code, "b"))!.reference),
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

  test("a held order: one execution, by the poll that brings the auth token", async () => {
    const { agent, post } = await world({ decideAtPS: grant });
    const planner = agent();
    expect(await planner.call(post("/orders", { item: "a laptop" }))).toMatchObject({
      ...{ status: 201, text: "order 1" },
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
        // Someone else approves, without the agent.
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
    // Step-up: the presented token is one of the access server's own.
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
      ...{ resource: RESOURCE, subagent_token },
    });
    const presented_token = person as string;
    const resource_token = resourceTokenIn(await child.once(get("/data"), presented_token));
    const { auth_token: auth } = await parent.ask("auth_token_endpoint", {
      ...{ resource_token, presented_token, subagent_token },
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
    // Its provider takes the agent token back: everything that was issued to the agent goes with
    // it.
    const { jti: agentJti, exp: agentExp } = readToken(planner.token).claims;
    const metadata = await planner.document(PS, "aauth-person.json");
    const revoked = await provider.call(sockets, {
      ...{ method: "POST", url: metadata.revocation_endpoint as string, headers: JSON_TYPE },
      body: JSON.stringify({ jti: agentJti, exp: agentExp }),
    });
    expect([revoked.status, revoked.text, revoked.headers["content-type"]]).toEqual([200, "", undefined]);
    expect(challengeIn(await planner.once(get("/data"), planner.auth.get(RESOURCE)!))).toEqual([
      ...[401, "person-token", "revoked_jwt"],
    ]);
    const old = planner.token;
    expect((await planner.call(get("/data"))).status).toBe(200);
    expect(planner.token).not.toBe(old);
  });
});

describe("what it does wrong is refused with the code of the page", () => {
  test("signatures", async () => {
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

  test("nothing is fetched for a message that is wrong without its key", async () => {
    const { agent, get, provider } = await world();
    const planner = agent();
    const token = (changes: object, header: object = {}) =>
      provider.agentToken("planner", planner.key, changes, header);
    for (const [jwt, mistake] of [
      [planner.token, { created: now() - 62 }],
      [planner.token, { without: ["@path"] }],
      [token({}, { typ: "aa-auth+jwt" }), {}],
      [token({ dwk: "aauth-person.json" }), {}],
      [token({ iss: "https://foreign.example/" }), {}],
      [token({ cnf: { jwk: { ...planner.key.jwk, alg: undefined } } }), {}],
    ] as const) {
      expect((await planner.once(get("/agent"), jwt, mistake)).status).toBe(401);
    }
    expect(provider.asked).toEqual([]);
  });

  test("servers: bodies are covered, and each endpoint has its callers", async () => {
    const { agent, provider, sockets } = await world({ decideAtPS: grant });
    const planner = agent();
    const documents = [
      await planner.document(PS, "aauth-person.json"),
      await planner.document(AS, "aauth-access.json"),
      await planner.document(RESOURCE, "aauth-resource.json"),
    ] as Record<string, string>[];
    const post = (url: string | undefined, content: object) => ({
      ...{ method: "POST", url: url!, headers: JSON_TYPE, body: JSON.stringify(content) },
    });
    const ask = post(documents[0]!.person_token_endpoint, { resource: RESOURCE });
    for (const name of ["content-digest", "content-type", "@method"]) {
      const refused = await planner.once(ask, planner.token, { without: [name] });
      expect([refused.status, signatureErrorOf(refused)]).toEqual([401, "invalid_input"]);
      expect(refused.headers["signature-error"]).toContain(`"${name}"`);
    }
    const message = signed(ask, planner.key, `sig=jwt;jwt="${planner.token}"`);
    const changed = await send(sockets, { ...message, body: '{"resource":"https://other.example"}' });
    expect([changed.status, signatureErrorOf(changed)]).toEqual([401, "invalid_input"]);
    const stale = await planner.once(ask, planner.token, { created: now() - 62 });
    expect([stale.status, signatureErrorOf(stale)]).toEqual([401, "invalid_signature"]);
    // An agent at what is for servers, and a server at what is for agents.
    for (const url of [
      documents[1]!.auth_token_endpoint,
      ...documents.map((each) => each.revocation_endpoint),
    ]) {
      const refused = await planner.once(post(url, { jti: "1", exp: now() + 60 }), planner.token);
      expect([url, refused.status, signatureErrorOf(refused)]).toEqual([url, 401, "unsupported_scheme"]);
    }
    const byServer = await provider.call(sockets, ask);
    expect([byServer.status, signatureErrorOf(byServer)]).toEqual([401, "unsupported_scheme"]);
    // With which code is open (19.2).
    expect((await provider.call(sockets, post(documents[1]!.auth_token_endpoint, {}))).status).toBe(401);
    // Tokens of any agent provider are known at the person server, and of none at the other two.
    const revoked: unknown[] = [];
    for (const { revocation_endpoint: url } of documents) {
      const { status, text } = await provider.call(sockets, post(url, { jti: "1", exp: now() + 60 }));
      revoked.push([status, text && JSON.parse(text).error]);
    }
    expect(revoked).toEqual([
      [200, ""],
      [403, "unsupported_iss"],
      [403, "unsupported_iss"],
    ]);
  });

  test("what the resource wants covered besides is covered", async () => {
    const additionalSignatureComponents = ["content-digest", "content-type", "@query", "x-request-id"];
    const { agent, get } = await world({ options: { additionalSignatureComponents } });
    const planner = agent();
    for (const path of ["/agent", "/agent?a=1&b=%20"]) {
      for (const headers of [{}, { "x-request-id": "1" }]) {
        const asked = { ...get(path), headers };
        expect((await planner.call(asked)).status).toBe(200);
        // A request without a query has none to cover.
        const hasMore = path.includes("?") || "x-request-id" in headers;
        expect((await planner.once(asked, planner.token)).status).toBe(hasMore ? 401 : 200);
      }
    }
  });

  test("parameters of a signature", async () => {
    const { agent, get } = await world();
    const planner = agent();
    for (const [parameters, code] of [
      [';alg="ecdsa-p256-sha256"', undefined],
      [`;keyid="${planner.key.thumbprint}"`, undefined],
      [';keyid="another"', "invalid_signature"],
      [`;expires=${now() + 50}`, undefined],
      [`;expires=${now() - 1}`, "invalid_signature"],
      [';tag="x"', undefined],
    ] as const) {
      const answer = await planner.once(get("/agent"), planner.token, { parameters });
      expect([parameters, answer.status, signatureErrorOf(answer)]).toEqual([
        ...[parameters, code === undefined ? 200 : 401, code],
      ]);
    }
  });

  test("a token where another is needed", async () => {
    const { agent, get, sockets, provider } = await world({ decideAtPS: grant });
    const planner = agent();
    await planner.call(get("/data"));
    const [person, auth] = [planner.person.get(RESOURCE)!, planner.auth.get(RESOURCE)!];
    const challenge = await planner.once(get("/data"), person);
    expect(challengeIn(challenge)).toEqual([401, "auth-token", undefined]);
    expect(challengeIn(await planner.once(get("/data"), planner.token))).toEqual([
      401,
      "person-token",
      undefined,
    ]);
    expect(challengeIn(await planner.once(get("/agent"), person))).toEqual([
      401,
      "agent-token",
      "invalid_jwt",
    ]);
    // A resource token as a credential, and an agent token that says it is a person token.
    const asPerson = makeToken(
      { typ: "aa-person+jwt", kid: "ap-1" },
      readToken(planner.token).claims,
      provider.key,
    );
    for (const [jwt, requirement] of [
      [resourceTokenIn(challenge), "person-token"],
      [asPerson, undefined],
    ] as const) {
      expect(challengeIn(await planner.once(get("/data"), jwt))).toEqual([401, requirement, "invalid_jwt"]);
    }
    const thief = signed(get("/data"), new Key(), `sig=jwt;jwt="${auth}"`);
    expect(challengeIn(await send(sockets, thief))).toEqual([401, undefined, "invalid_signature"]);
    // At the person server an agent token, and nothing else.
    const url = (await planner.document(PS, "aauth-person.json")).person_token_endpoint as string;
    const body = JSON.stringify({ resource: RESOURCE });
    const refused = await planner.once({ method: "POST", url, headers: JSON_TYPE, body }, person);
    expect(challengeIn(refused)).toEqual([401, undefined, "invalid_jwt"]);
  });

  test("token requests", async () => {
    const { agent, get } = await world({ decideAtPS: grant });
    const [planner, other] = [agent(), agent({ local: "other" })];
    await planner.personToken(RESOURCE);
    await other.personToken(RESOURCE);
    const presented = planner.person.get(RESOURCE)!;
    const resource_token = resourceTokenIn(await planner.once(get("/data"), presented));
    const ask = (by: ForeignAgent, content: object) => by.ask("auth_token_endpoint", content);
    const refusal = (code: string) => ({ code, answer: { status: 400 } });
    await expect(ask(planner, { resource_token })).rejects.toMatchObject(refusal("invalid_request"));
    // Presented token of another agent, or another of its own.
    const theirs = { resource_token, presented_token: other.person.get(RESOURCE)! };
    await expect(ask(planner, theirs)).rejects.toMatchObject(refusal("invalid_presented_token"));
    await expect(ask(other, { resource_token, presented_token: presented })).rejects.toMatchObject(
      refusal("invalid_resource_token"),
    );
    const later = { resource_token, presented_token: await planner.personToken(RESOURCE) };
    await expect(ask(planner, later)).rejects.toMatchObject(refusal("invalid_resource_token"));
    // What is not for it, it does not send.
    await expect(other.authToken(RESOURCE, resource_token, presented)).rejects.toBeInstanceOf(Refused);
  });

  test("polling: another agent, and after the end", async () => {
    const { agent, person } = await world({ isKnown: false });
    const [planner, other] = [agent(), agent({ local: "other" })];
    const { person_token_endpoint: url } = await planner.document(PS, "aauth-person.json");
    const body = JSON.stringify({ resource: RESOURCE, capabilities: ["interaction"] });
    const ask = { method: "POST", url: url as string, headers: JSON_TYPE, body };
    const pending = await planner.once(ask, planner.token);
    expect(challengeIn(pending)).toEqual([202, "interaction", undefined]);
    const location = { url: new URL(pending.headers.location!, PS).href };
    expect((await other.once(location, other.token)).status).toBe(404);
    const code = requirementOf(pending)!.parameters.get("code")!;
    const { reference, version } = (await person.open(code.toLowerCase().replace("-", ""), "b"))!;
    await person.approve(reference, { person: ALICE, version });
    expect((await other.once(location, other.token)).status).toBe(404);
    expect((await planner.once(location, planner.token)).status).toBe(200);
    expect((await planner.once(location, planner.token)).status).toBe(410);
    expect(await person.open(code, "b")).toBeUndefined();
  });

  test("polling a held order: another agent, the same auth token, another one", async () => {
    const { agent, post } = await world({ decideAtPS: grant });
    const [planner, other] = [agent(), agent({ local: "other" })];
    const person = await planner.personToken(RESOURCE);
    const held = await planner.once(post("/orders", { item: "a laptop" }), person);
    expect(challengeIn(held)).toEqual([202, "auth-token", undefined]);
    const location = { url: new URL(held.headers.location!, RESOURCE).href };
    const resourceToken = resourceTokenIn(held);
    const first = await planner.authToken(RESOURCE, resourceToken, person);
    // The other agent of the same person, with as good a token.
    const theirPerson = await other.personToken(RESOURCE);
    const theirs = await other.once(post("/orders", { item: "a desk" }), theirPerson);
    const theirAuth = await other.authToken(RESOURCE, resourceTokenIn(theirs), theirPerson);
    expect((await other.once(location, theirAuth)).status).toBe(404);
    expect((await planner.once(location, person)).status).toBe(202);
    for (let poll = 0; poll < 2; poll++) {
      expect(await planner.once(location, first)).toMatchObject({ status: 201, text: "order 1" });
    }
    const second = await planner.authToken(RESOURCE, resourceToken, person);
    expect((await planner.once(location, second)).status).toBe(410);
  });

  test("polling: given up, and too often", async () => {
    const { agent } = await world({ isKnown: false, pollSeconds: 60 });
    const planner = agent();
    const { person_token_endpoint: url } = await planner.document(PS, "aauth-person.json");
    const body = JSON.stringify({ resource: RESOURCE, capabilities: ["interaction"] });
    const pending = await planner.once(
      { method: "POST", url: url as string, headers: JSON_TYPE, body },
      planner.token,
    );
    const location = { url: new URL(pending.headers.location!, PS).href };
    expect(pending.headers["retry-after"]).toBe("60");
    const answers: Answer[] = [];
    for (let poll = 0; poll < 3; poll++) answers.push(await planner.once(location, planner.token));
    expect(answers.at(-1)).toMatchObject({ status: 429, text: expect.stringContaining("slow_down") });
    const wrong = JSON.stringify({ action: "something" });
    const posted = await planner.once(
      { ...location, method: "POST", headers: JSON_TYPE, body: wrong },
      planner.token,
    );
    expect(posted.status).toBe(400);
    expect((await planner.once({ ...location, method: "DELETE" }, planner.token)).status).toBe(204);
    expect((await planner.once(location, planner.token)).status).toBe(410);
  });

  test("agent tokens", async () => {
    const { agent, get, provider } = await world();
    const planner = agent();
    const claims = { cnf: { jwk: planner.key.jwk } };
    const without = (name: string) => ({ jwk: { ...planner.key.jwk, [name]: undefined } });
    const changed = (more: object) => ({ jwk: { ...planner.key.jwk, ...more } });
    for (const [changes, header, code] of [
      [{ exp: now() }, {}, "expired_jwt"],
      [{ iat: now() + 120 }, {}, "clock_skew"],
      [{ dwk: "aauth-person.json" }, {}, "invalid_jwt"],
      [{ cnf: undefined }, {}, "invalid_jwt"],
      [{ cnf: without("x") }, {}, "invalid_key"],
      [{ cnf: without("alg") }, {}, "unsupported_algorithm"],
      [{ cnf: changed({ alg: "EdDSA" }) }, {}, "unsupported_algorithm"],
      [{ cnf: changed({ crv: "P-256" }) }, {}, "invalid_key"],
      [{ cnf: { jwk: new Key().jwk } }, {}, "invalid_signature"],
      [claims, { alg: "none" }, "invalid_jwt"],
      [claims, { alg: "HS256" }, "invalid_jwt"],
      [claims, { typ: "JWT" }, "invalid_jwt"],
      [claims, { kid: "ap-2" }, "unknown_key"],
      [{ iss: "https://foreign.example:8443" }, {}, "invalid_jwt"],
      [{ iss: "https://foreign.example/" }, {}, "invalid_jwt"],
      [{ iss: "https://Foreign.example" }, {}, "invalid_jwt"],
      [{ iss: "https://elsewhere.example", sub: "aauth:planner@elsewhere.example" }, {}, "unknown_key"],
      [{ sub: "aauth:planner@elsewhere.example" }, {}, "invalid_jwt"],
      [{ sub: undefined }, {}, "invalid_jwt"],
      [{ jti: undefined }, {}, "invalid_jwt"],
    ] as const) {
      const jwt = provider.agentToken("planner", planner.key, changes, header);
      const refused = await planner.once(get("/agent"), jwt);
      expect([changes, header, refused.status, signatureErrorOf(refused)]).toEqual([
        changes,
        header,
        401,
        code,
      ]);
    }
    // What it does not know is ignored.
    const more = provider.agentToken("planner", planner.key, { unheard_of: [1] }, { "x-of": 1 });
    expect((await planner.once(get("/agent"), more)).status).toBe(200);
  });

  test("the documents of its provider", async () => {
    const PATH = "/.well-known/aauth-agent.json";
    for (const [document, code] of [
      [{ issuer: "https://other.example" }, "issuer_mismatch"],
      [{ issuer: "https://foreign.example/" }, "issuer_mismatch"],
      [{ issuer: undefined }, "issuer_missing"],
      [{ jwks_uri: undefined }, "unknown_key"],
      [{ jwks_uri: "https://elsewhere.example/jwks.json" }, "unknown_key"],
      [{ unheard_of: 1 }, undefined],
    ] as const) {
      const { agent, get, provider } = await world();
      provider.documents[PATH] = { ...provider.documents[PATH], ...document };
      const planner = agent();
      const answer = await planner.once(get("/agent"), planner.token);
      expect([document, answer.status, signatureErrorOf(answer)]).toEqual([
        ...[document, code === undefined ? 200 : 401, code],
      ]);
    }
    const { agent, get, provider } = await world();
    const planner = agent();
    const [own] = (provider.documents["/jwks.json"] as { keys: object[] }).keys;
    const odd = { kty: "unheard of", kid: "odd" };
    provider.documents["/jwks.json"] = { keys: [odd, { ...own, use: undefined }] };
    expect((await planner.once(get("/agent"), planner.token)).status).toBe(200);
    // A key that comes in within a minute of the last look is not looked for (section 11.4).
    const later = new Key("ES256");
    provider.documents["/jwks.json"] = { keys: [odd, own, { ...later.jwk, kid: "ap-2" }] };
    provider.asked.length = 0;
    const tokenWith = (kid: string) => provider.agentToken("planner", planner.key, {}, { kid }, later);
    const unknown = await planner.once(get("/agent"), tokenWith("ap-2"));
    expect(signatureErrorOf(unknown)).toBe("unknown_key");
    expect(provider.asked).not.toContain("GET /jwks.json");
  });

  test("labels and spellings of the fields", async () => {
    const { agent, get, sockets } = await world();
    const planner = agent();
    const { headers = {}, ...rest } = signed(get("/agent"), planner.key, `sig=jwt;jwt="${planner.token}"`);
    const spelled = (change: (name: string, value: string) => string) => {
      const entries = Object.entries(headers).map(([name, value]) => [name, change(name, value)] as const);
      return send(sockets, { ...rest, headers: Object.fromEntries(entries) });
    };
    const only = (field: string, change: (value: string) => string) =>
      spelled((name, value) => (name === field ? change(value) : value));
    const bytes = headers.signature!.slice("sig=:".length, -1);
    for (const [what, answer, code] of [
      ["as sent", spelled((_, value) => value), undefined],
      [
        "another label in one",
        only("signature", (value) => value.replace("sig=", "sig1=")),
        "invalid_signature",
      ],
      [
        "base64url",
        only("signature", () => `sig=:${bytes.replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "")}:`),
        "invalid_signature",
      ],
      ["no list", only("signature-input", () => "sig=1"), "invalid_signature"],
      ["nothing that parses", only("signature-key", () => 'sig="'), "invalid_signature"],
      [
        "another scheme",
        only("signature-key", (value) => value.replace("=jwt;", "=unheard;")),
        "unsupported_scheme",
      ],
    ] as const) {
      const { status } = await answer;
      expect([what, status, signatureErrorOf(await answer)]).toEqual([
        what,
        code === undefined ? 200 : 401,
        code,
      ]);
    }
    // Another label in all of them, and other members of `Signature-Key`, which the signature
    // covers.
    const key = `x=hwk;kty="OKP", mine=jwt;jwt="${planner.token}"`;
    const other = signed(get("/agent"), planner.key, key);
    const labelled = Object.entries(other.headers!).map(([name, value]) => [
      ...[name, name === "signature-key" ? value : value.replace(/^sig=/, "mine=")],
    ]);
    const answer = await send(sockets, { ...other, headers: Object.fromEntries(labelled) });
    expect([answer.status, signatureErrorOf(answer)]).toEqual([200, undefined]);
  });

  test("the authorization endpoint: a resource token before the call", async () => {
    const { agent, get, post } = await world({ decideAtPS: grant });
    const planner = agent();
    const { authorization_endpoint: url } = await planner.document(RESOURCE, "aauth-resource.json");
    const ask = (content: object) => ({ ...post("", content), url: url as string });
    expect(challengeIn(await planner.once(ask({ scope: "data.read" }), planner.token))).toEqual([
      ...[401, "person-token", undefined],
    ]);
    const person = await planner.personToken(RESOURCE);
    const answer = await planner.once(ask({ scope: "data.read data.write" }), person);
    const { resource_token } = JSON.parse(answer.text) as { resource_token: string };
    await planner.authToken(RESOURCE, resource_token, person);
    for (const path of ["/data", "/more"]) expect((await planner.call(get(path))).status).toBe(200);
    expect(planner.log.slice(-2)).toEqual([
      `GET ${RESOURCE}/data aa-auth+jwt 200`,
      `GET ${RESOURCE}/more aa-auth+jwt 200`,
    ]);
    for (const [content, error] of [
      [{ scope: "data.delete" }, "invalid_scope"],
      [{}, "invalid_request"],
      [{ scope: "data.read", account: "eu" }, "invalid_account"],
    ] as const) {
      const refused = await planner.once(ask(content), person);
      expect([refused.status, JSON.parse(refused.text).error]).toEqual([400, error]);
    }
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
      ...{ id: "aauth:library@foreign.example", key, profile: draft11, discovery, transport },
      trustedAuthServers: [PS],
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

  test("verifies what the library signs, and refuses what is wrong", async () => {
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

describe("found while it was written", () => {
  test("equal requests of the library's agent in one second are told apart", async () => {
    const { discovery, transport, provider } = await world({ decideAtPS: grant });
    const key = await generateSigningKey({ kid: "agent-1" });
    const planner = createAgent({
      ...{ id: "aauth:library@foreign.example", key, profile: draft11, discovery, transport },
      trustedAuthServers: [PS],
      agentToken: async () =>
        provider.agentToken("library", { jwk: { ...key.publicJwk, alg: "Ed25519" } }, { ps: PS }),
    });
    const post = { method: "POST", headers: JSON_TYPE, body: '{"a":1}' };
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) statuses.push((await planner.fetchFor()(`${RESOURCE}/data`, post)).status);
    expect(statuses).toEqual([200, 200, 200]);
  });

  test("`@query` of a target without one is `?`", async () => {
    const { agent, sockets } = await world({
      options: { additionalSignatureComponents: ["content-digest", "content-type", "@query"] },
    });
    const planner = agent();
    const components = '("@method" "@authority" "@path" "@query" "signature-key")';
    const signatureKey = `sig=jwt;jwt="${planner.token}"`;
    const parameters = `${components};created=${now()}`;
    const base = [
      '"@method": GET',
      '"@authority": resource.example',
      '"@path": /agent',
      '"@query": ?',
      `"signature-key": ${signatureKey}`,
      `"@signature-params": ${parameters}`,
    ].join("\n");
    const signature = `sig=:${planner.key.sign(base).toString("base64")}:`;
    const headers = { "signature-key": signatureKey, "signature-input": `sig=${parameters}`, signature };
    expect(await send(sockets, { url: `${RESOURCE}/agent`, headers })).toMatchObject({ status: 200 });
  });

  test("a server of another kind at the access server has the wrong key", async () => {
    const { provider, sockets, agent } = await world();
    const { auth_token_endpoint: url } = await agent().document(AS, "aauth-access.json");
    const post = { method: "POST", url: url as string, headers: JSON_TYPE, body: "{}" };
    const refused = await provider.call(sockets, post);
    expect([refused.status, signatureErrorOf(refused)]).toEqual([401, "invalid_key"]);
    const id = `sig=jwks_uri;id="https://ps.example:8443";dwk="aauth-person.json";kid="ap-1"`;
    const noServer = await provider.call(sockets, post, { signatureKey: id });
    expect([noServer.status, signatureErrorOf(noServer)]).toEqual([401, "invalid_key"]);
  });
});
