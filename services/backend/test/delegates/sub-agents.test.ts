import {
  createMemoryStores,
  draft11,
  generateSigningKey,
  type ProvenCaller,
  type SigningKey,
  signRequest,
  TokenRequestError,
} from "aauth";
import type { Agent, ObtainedToken, SubAgentTokenInput } from "aauth/agent";
import { type IssueAgentTokenOptions, issueAgentToken } from "aauth/server";
import { createTestClock, createTestDiscovery } from "aauth/testing";
import { importVerificationKey } from "aauth/wire";
import { draft11Key } from "agent-kit/draft-11";
import { createLogger, memoryKeys } from "agent-kit/service";
import { loadConfig } from "agent-kit/settings";
import Fastify from "fastify";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { buildBackend } from "../../src/app.ts";
import { settings } from "../../src/config.ts";
import { SubAgents } from "../../src/delegates/sub-agents.ts";
import { delegateGrantRoute } from "../../src/routes/delegate-grant.ts";
import { createJsonStores } from "../support/json-stores.ts";

const BACKEND = "https://backend.localhost";
const FOREIGN = "https://foreign.localhost";
const SUPPLY_CHAIN = "https://supply-chain-agent.localhost";
const PERSON_SERVER = "https://person-server.localhost";
const ANNA = "aauth:user-anna@backend.localhost";
const SCOUT = "aauth:user-anna+scout@backend.localhost";
const GRANT_URL = `${BACKEND}/delegate/grant`;

const provider = await generateSigningKey({ kid: "provider" });
const own = await generateSigningKey({ kid: "scout" });
const confirmed = await importVerificationKey(own.publicJwk);

function emptyStores() {
  const clock = createTestClock();
  return { clock, stores: createJsonStores({ now: clock.now }) };
}

/** Requests of a sub-agent through its parent, which the test answers. */
function world(
  answer: (input: SubAgentTokenInput) => Promise<ObtainedToken> = async () => ({}) as ObtainedToken,
  { clock, stores } = emptyStores(),
  hasPersonServer = true,
) {
  const enrolled = { current: [{ sub: "scout", name: "Scout", jwk: {} as never }] };
  const asked: SubAgentTokenInput[] = [];
  const revoked: unknown[] = [];
  const personServer = { reached: false };
  const tokenForSubAgent = (input: SubAgentTokenInput) => {
    asked.push(input);
    return answer(input);
  };
  const subAgents = new SubAgents({
    issuer: BACKEND,
    key: () => provider,
    now: clock.now,
    personServer: hasPersonServer ? PERSON_SERVER : undefined,
    idOf: (userId) => `aauth:user-${userId}@backend.localhost`,
    agentOf: () => ({ tokenForSubAgent }) as unknown as Agent,
    enrolments: {
      list: async () => enrolled.current,
      find: async (sub) => enrolled.current.find((entry) => entry.sub === sub),
    },
    resources: [SUPPLY_CHAIN],
    lifetimeSeconds: 600,
    timeoutSeconds: 5,
    returnUrl: `${BACKEND}/back`,
    browserUrl: (page) => page.replace(PERSON_SERVER, "http://localhost:8080"),
    discovery: createTestDiscovery(
      {
        documents: {
          [`${PERSON_SERVER}/.well-known/aauth-person.json`]: {
            issuer: PERSON_SERVER,
            jwks_uri: `${PERSON_SERVER}/jwks.json`,
            person_token_endpoint: `${PERSON_SERVER}/aauth/person`,
            auth_token_endpoint: `${PERSON_SERVER}/aauth/token`,
            revocation_endpoint: `${PERSON_SERVER}/aauth/revoke`,
          },
        },
      },
      { now: clock.now },
    ),
    async transport(_url, { body }) {
      if (!personServer.reached) return new Response("", { status: 500 });
      revoked.push(JSON.parse(new TextDecoder().decode(body)).jti);
      return new Response(null);
    },
    observer: () => () => {},
    stores,
  });
  const asking = (jti: unknown, resource = SUPPLY_CHAIN) =>
    subAgents.tokenFor(
      { agent: SCOUT, identityToken: { parent_agent: ANNA, jti } } as unknown as ProvenCaller,
      { subagentToken: "t", resource },
    );
  return { clock, stores, subAgents, asking, asked, enrolled, revoked, personServer };
}

/** A started sub-agent with an agent token. */
async function started(subAgents: SubAgents): Promise<unknown> {
  await subAgents.prepare("anna", "scout");
  const { token, name } = await subAgents.issue(ANNA, "scout", confirmed);
  expect(name).toBe(SCOUT);
  const payload = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());
  expect(payload).toMatchObject({ iss: BACKEND, sub: SCOUT, parent_agent: ANNA, ps: PERSON_SERVER });
  return payload.jti;
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    ({ code }: { code?: string }) => code,
  );

describe("a sub-agent", () => {
  it("X17: receives no token that arrives after its end", async () => {
    const during = Promise.withResolvers<ObtainedToken>();
    const { subAgents, asking, asked } = world(() => during.promise);
    const waiting = codeOf(asking(await started(subAgents)));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await subAgents.end("anna", "scout").catch(() => {});
    during.resolve({} as ObtainedToken);
    expect(await waiting).toBe("delegate_ended");

    await subAgents.start("anna", "scout");
    const issuing = codeOf(subAgents.issue(ANNA, "scout", confirmed));
    await subAgents.end("anna", "scout").catch(() => {});
    expect(await issuing).toBe("delegate_ended");
  });

  it("is ended here even if the person server is unreachable, until its token expires", async () => {
    const { clock, subAgents } = world();
    await started(subAgents);
    await expect(subAgents.end("anna", "scout")).rejects.toMatchObject({
      kind: "unreachable",
      code: "revocation_unavailable",
    });
    const good_until = new Date((clock.now() + 600) * 1000).toISOString();
    expect(await subAgents.of("anna", "scout")).toMatchObject({ state: "ending", good_until });
    // A call is still possible, and refused.
    await subAgents.prepare("anna", "scout");
    expect(await codeOf(subAgents.issue(ANNA, "scout", confirmed))).toBe("delegate_ended");
    clock.advance(601);
    await subAgents.end("anna", "scout");
    expect(await subAgents.of("anna", "scout")).toEqual({ id: SCOUT, parent: ANNA, state: "ended" });
  });

  it("is not called after its end where no person server refuses it, until it is started again", async () => {
    const { subAgents } = world(undefined, undefined, false);
    await subAgents.prepare("anna", "scout");
    await subAgents.end("anna", "scout");
    const refused = { kind: "conflict", code: "delegate_ended" };
    await expect(subAgents.prepare("anna", "scout")).rejects.toMatchObject(refused);
    await subAgents.start("anna", "scout");
    await subAgents.prepare("anna", "scout");
  });

  it("is ended by the token that it got something with, whatever it was given and asked for since", async () => {
    const answers = [
      async () => ({}) as ObtainedToken,
      () => Promise.reject(new TokenRequestError("denied", "no", 403)),
    ];
    const { subAgents, asking, revoked, personServer } = world(() => answers.shift()!());
    const used = await started(subAgents);
    await asking(used);
    // The person server knows no agent of this identifier, so it would revoke nothing.
    const last = await started(subAgents);
    expect(await codeOf(asking(last))).toBe("denied");
    await expect(subAgents.end("anna", "scout")).rejects.toMatchObject({ kind: "unreachable" });
    personServer.reached = true;
    await subAgents.end("anna", "scout");
    expect(revoked).toEqual([used, last]);
  });

  it("that was started again after a failed end is still ended", async () => {
    const { subAgents, asking, revoked, personServer } = world();
    const used = await started(subAgents);
    await asking(used);
    await expect(subAgents.end("anna", "scout")).rejects.toMatchObject({ kind: "unreachable" });
    await subAgents.start("anna", "scout");
    personServer.reached = true;
    await subAgents.end("anna", "scout");
    expect(revoked).toEqual([used]);
  });

  it("that needs its person says where, until it is called again", async () => {
    const page = `${PERSON_SERVER}/interaction?code=A1B2`;
    const { subAgents, asking, asked } = world(async ({ onInteraction }) => {
      await onInteraction?.({ page, url: "", code: "", party: PERSON_SERVER });
      throw new Error("not reached");
    });
    expect(await codeOf(asking(await started(subAgents)))).toBe("interaction_required");
    expect(asked[0]).toMatchObject({ loginHint: "anna", justification: expect.stringContaining("Scout") });
    expect((await subAgents.of("anna", "scout")).interaction_url).toBe(
      "http://localhost:8080/interaction?code=A1B2",
    );
    await subAgents.prepare("anna", "scout");
    expect((await subAgents.of("anna", "scout")).interaction_url).toBeUndefined();
  });

  it("leaves one request at the person server while its person has not come, however often it asks", async () => {
    const { subAgents, asking, asked } = world(async ({ onInteraction }) => {
      await new Promise((resolve) => setTimeout(resolve));
      await onInteraction?.({ page: PERSON_SERVER, url: "", code: "", party: PERSON_SERVER });
      throw new Error("not reached");
    });
    const jti = await started(subAgents);
    const codes = await Promise.all(Array.from({ length: 50 }, () => codeOf(asking(jti))));
    expect([new Set(codes), asked.length]).toEqual([new Set(["interaction_required"]), 1]);
    await subAgents.prepare("anna", "scout");
    expect([await codeOf(asking(jti)), asked.length]).toEqual(["interaction_required", 2]);
  });

  it.each([
    ["the person server's words", new TokenRequestError("denied", "no", 403), [403, "denied"]],
    ["a deadline", new DOMException("x", "TimeoutError"), [502, "timeout"]],
    ["a defect, which is no answer", new RangeError("x"), [undefined, undefined]],
  ])("is refused with %s", async (_what, error, [status, code]) => {
    const { subAgents, asking } = world(async () => {
      throw error;
    });
    const refused = await asking(await started(subAgents)).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject(status === undefined ? { name: "RangeError" } : { status, code });
  });

  it("X18: asks with its last agent token, for the resources of delegates, while it is enrolled", async () => {
    const { subAgents, asking, asked, enrolled } = world();
    const jti = await started(subAgents);
    expect(await codeOf(asking(jti))).toBeUndefined();
    expect(await codeOf(asking(jti, "https://market-analysis-agent.localhost"))).toBe("invalid_target");
    expect(await codeOf(asking("another"))).toBe("agent_token_replaced");
    await started(subAgents);
    expect(await codeOf(asking(jti))).toBe("agent_token_replaced");
    await subAgents.start("anna", "scout");
    expect(await codeOf(asking(jti))).toBe("agent_token_replaced");
    enrolled.current = [];
    expect(await codeOf(asking(await started(subAgents)))).toBe("delegate_not_enrolled");
    expect(asked).toHaveLength(1);
  });

  it("has no sub-agents, and no parent that has not started it", async () => {
    const { subAgents } = world();
    await started(subAgents);
    for (const parent of [SCOUT, ANNA.replace("anna", "bert"), "aauth:@backend.localhost", ""])
      expect(await codeOf(subAgents.issue(parent, "scout", confirmed))).toBe("delegate_not_started");
    expect(await codeOf(subAgents.issue(ANNA, "other", confirmed))).toBe("delegate_not_started");
    // A delegate of the user with the identifier of a sub-agent of SCOUT.
    await subAgents.prepare("anna", "scout+nested");
    expect(await codeOf(subAgents.issue(SCOUT, "nested", confirmed))).toBe("delegate_not_started");
  });

  it("continues at another process: its state, its page and its agent token", async () => {
    const page = `${PERSON_SERVER}/interaction?code=A1B2`;
    const before = world(async ({ onInteraction }) => {
      await onInteraction?.({ page, url: "", code: "", party: PERSON_SERVER });
      throw new Error("not reached");
    });
    const jti = await started(before.subAgents);
    await codeOf(before.asking(jti));
    const after = world(undefined, before);
    expect(await after.subAgents.of("anna", "scout")).toEqual(await before.subAgents.of("anna", "scout"));
    expect(await codeOf(after.asking(jti))).toBe("interaction_required");
    await after.subAgents.prepare("anna", "scout");
    expect(await codeOf(after.asking(jti))).toBeUndefined();
    await before.subAgents.end("anna", "scout").catch(() => {});
    expect(await codeOf(after.asking(jti))).toBe("delegate_ended");
  });

  it("is another user's business for no other user", async () => {
    const { subAgents } = world();
    await started(subAgents);
    await subAgents.end("bert", "scout");
    expect((await subAgents.of("anna", "scout")).state).toBe("started");
  });
});

describe("POST /delegate/grant", () => {
  async function backend(stores = createMemoryStores()) {
    const documents = Object.fromEntries(
      [BACKEND, FOREIGN].flatMap((issuer) => [
        [`${issuer}/.well-known/aauth-agent.json`, { issuer, jwks_uri: `${issuer}/jwks.json` }],
        [`${issuer}/jwks.json`, { keys: [{ ...provider.publicJwk, alg: "Ed25519" }] }],
      ]),
    );
    const config = loadConfig({
      service: "test",
      settings,
      argv: [],
      env: {
        AAUTH_PROFILE: "draft-11",
        BACKEND_AGENT_URL: BACKEND,
        SUPPLY_CHAIN_AGENT_URL: SUPPLY_CHAIN,
      },
    });
    const { app } = await buildBackend(config, {
      logger: createLogger({ service: "t", destination: { write: () => {} } }),
      keys: memoryKeys(provider),
      discovery: createTestDiscovery({ documents }),
      stores,
    });
    onTestFinished(() => app.close());
    interface Sent {
      jwt?: string;
      key?: SigningKey;
      body?: string;
      hwk?: boolean;
      covers?: boolean;
    }
    const type = { "content-type": "application/json" };
    const BODY = JSON.stringify({ resource: SUPPLY_CHAIN });
    const sign = async (path: string, { jwt = "", key = own, body = BODY, hwk, covers }: Sent = {}) => {
      const content = covers === false ? {} : { headers: type, body: new TextEncoder().encode(body) };
      const { headers } = await signRequest(
        { method: "POST", url: BACKEND + path, ...content },
        hwk
          ? { key, profile: draft11Key, signatureKey: { scheme: "hwk" } }
          : { key, profile: draft11, signatureKey: { scheme: "jwt", jwt } },
      );
      return headers;
    };
    const post = async (url: string, signature: Record<string, string>, payload = BODY) => {
      const headers = { ...type, ...signature };
      const reply = await app.inject({ method: "POST", url, headers, payload });
      return [reply.statusCode, /"error":"(\w+)"/.exec(reply.body)?.[1]];
    };
    const send = async (path: string, options: Sent = {}) =>
      post(path, await sign(path, options), options.body);
    return { sign, post, send };
  }
  const tokenOf = async (over: Partial<IssueAgentTokenOptions> = {}) => {
    const options = { key: provider, issuer: BACKEND, agent: SCOUT, parentAgent: ANNA };
    return (await issueAgentToken({ ...options, confirmationKey: own.publicJwk, ...over })).token;
  };

  it("is for sub-agents of this provider that a user has started", async () => {
    const { send } = await backend();
    const path = new URL(GRANT_URL).pathname;
    const foreign = {
      issuer: FOREIGN,
      agent: "aauth:a+b@foreign.localhost",
      parentAgent: "aauth:a@foreign.localhost",
    };
    expect(await send(path, { jwt: await tokenOf(foreign) })).toEqual([401, "invalid_jwt"]);
    expect(await send(path, { jwt: await tokenOf({ agent: ANNA, parentAgent: undefined }) })).toEqual([
      403,
      "not_a_delegate",
    ]);
    expect(await send(path, { jwt: await tokenOf() })).toEqual([403, "delegate_not_started"]);
    expect((await send(path, { hwk: true }))[0]).toBe(401);
    // The signature covers no body.
    expect(await send(path, { jwt: await tokenOf(), covers: false })).toEqual([401, "invalid_input"]);
    expect((await send(path, { jwt: await tokenOf(), body: "{" }))[0]).toBe(400);
  });

  it("V41: is not accepted by another process, once used", async () => {
    const stores = createMemoryStores();
    const [one, other] = [await backend(stores), await backend(stores)];
    const path = new URL(GRANT_URL).pathname;
    const signature = await one.sign(path, { jwt: await tokenOf() });
    expect(await one.post(path, signature)).toEqual([403, "delegate_not_started"]);
    expect(await other.post(path, signature)).toEqual([401, "invalid_signature"]);
  });

  it("is separate from the endpoint of agent tokens, which accepts no draft -11 message", async () => {
    const { send } = await backend();
    expect((await send("/delegate/token", { jwt: await tokenOf() }))[0]).toBe(401);
    expect(await send("/delegate/token", { hwk: true })).toEqual([400, "invalid_request"]);
  });

  it("passes on the token that the request was signed with, and no other that stands beside it", async () => {
    const asked: string[] = [];
    const app = Fastify();
    onTestFinished(() => app.close());
    const documents = {
      [`${BACKEND}/.well-known/aauth-agent.json`]: { issuer: BACKEND, jwks_uri: `${BACKEND}/jwks.json` },
      [`${BACKEND}/jwks.json`]: { keys: [{ ...provider.publicJwk, alg: "Ed25519" }] },
    };
    await app.register(delegateGrantRoute, {
      agent: BACKEND,
      now: () => Math.floor(Date.now() / 1000),
      stores: createMemoryStores(),
      discovery: createTestDiscovery({ documents }),
      subAgents: {
        async tokenFor(_caller, { subagentToken }) {
          asked.push(subagentToken);
          return {} as ObtainedToken;
        },
      },
    });
    const [jwt, others] = [await tokenOf(), await tokenOf({ agent: SCOUT.replace("scout", "other") })];
    const { messages } = draft11;
    const relabelled = (value: string) => value.replace(/^sig=/, "own=");
    const profile = {
      ...draft11,
      messages: {
        ...messages,
        label: "own",
        formatKeyClaim: (...claim: Parameters<typeof messages.formatKeyClaim>) =>
          `sig=jwt;jwt="${others}", ${relabelled(messages.formatKeyClaim(...claim))}`,
      },
    };
    const headers = { "content-type": "application/json" };
    const payload = JSON.stringify({ resource: SUPPLY_CHAIN });
    const signed = await signRequest(
      { method: "POST", url: GRANT_URL, headers, body: new TextEncoder().encode(payload) },
      { key: own, profile, signatureKey: { scheme: "jwt", jwt } },
    );
    const url = new URL(GRANT_URL).pathname;
    const reply = await app.inject({
      method: "POST",
      url,
      headers: { ...headers, ...signed.headers },
      payload,
    });
    expect([reply.statusCode, asked]).toEqual([200, [jwt]]);
  });
});
