import { describe, expect, it } from "vitest";
import type { AgentOptions } from "../../src/agent/types.ts";
import type { FebruaryAgentOptions } from "../../src/february-2026/agent-profile.ts";
import { issueResourceToken } from "../../src/february-2026/issue-tokens.ts";
import { february2026Resource } from "../../src/february-2026/profile.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createTestDiscovery } from "../february-2026/parties.ts";
import { createWorld, errorOf, received, type World } from "./world.ts";

const RESOURCE = "http://supply-chain-agent.localhost:3000";
const ENDPOINT = `${RESOURCE}/resource/token`;
const SCOPE = "supply-chain:optimize";
const POST = { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' };

type Answer = (scope: string, world: World) => Promise<Response> | Response;

/** The demo's resource with an endpoint for resource tokens. */
async function worldWithEndpoint(answer: Answer = issue, endpoint: string | null = ENDPOINT) {
  const world = await createWorld();
  const { agent, resource, authServer, clock } = world.parties;
  const discovery = createTestDiscovery(
    {
      agents: { [agent.id]: [agent.key.publicJwk] },
      resources: { [resource.id]: [resource.key.publicJwk] },
      issuers: { [authServer.issuer]: { keys: [authServer.key.publicJwk] } },
      documents: {
        [`${RESOURCE}/.well-known/aauth-resource`]: {
          resource: RESOURCE,
          jwks_uri: `${RESOURCE}/jwks.json`,
          ...(endpoint !== null && { resource_token_endpoint: endpoint }),
        },
      },
    },
    { now: clock.now },
  );
  const usual = world.resource;
  const verifier = world.parties.createVerifier();
  world.resource = async (request) => {
    const { url, method, headers, body, form } = request;
    if (!url.endsWith("/resource/token")) return usual(request);
    await verifier.verifyRequest(received(url, method, headers, body), { level: "identified" });
    return answer(form.scope ?? "", world);
  };
  const story = () =>
    world.sent.map(
      ({ url, scheme }) =>
        `${url === ENDPOINT ? "endpoint" : url.includes("/agent/token") ? "token" : "resource"} ${scheme}`,
    );
  return {
    world,
    story,
    fetchFor: (own: Partial<FebruaryAgentOptions> = {}, more: Partial<AgentOptions> = {}) =>
      world.agent({ discovery, ...more }, own).fetchFor({ scope: SCOPE }),
  };
}

async function issue(scope: string, { parties }: World): Promise<Response> {
  const { agent, resource, authServer, clock } = parties;
  const challenger = createChallenger({
    profile: february2026Resource({ authServer: authServer.issuer }),
    key: resource.key,
    resource: RESOURCE,
    now: clock.now,
  });
  const { publicJwk: key, thumbprint } = agent.key;
  const caller = {
    profile: "february-2026",
    level: "identified",
    scheme: "jwks",
    agent: agent.id,
    key,
    thumbprint,
  } as const;
  const grant = await challenger.resourceToken(caller, scope.split(" "));
  return Response.json({
    resource_token: grant.resourceToken,
    auth_server: grant.server,
    expires_in: 300,
  });
}

it("a call whose scope is known is sent once, with a token", async () => {
  const { world, story, fetchFor } = await worldWithEndpoint();
  const response = await fetchFor()(`${RESOURCE}/`, POST);
  expect(await response.text()).toBe("hello authorized");
  expect(story()).toEqual(["endpoint jwks", "token jwks", "resource jwt"]);
  expect(world.sent[0]?.form).toEqual({ scope: SCOPE });
  expect(world.events.map(({ type }) => type)).toContain("resource_token_received");
  expect(JSON.stringify(world.events)).not.toMatch(/eyJ[\w-]{20,}/);
});

it("a pseudonymous agent saves the round trip of an identity challenge", async () => {
  const { story, fetchFor } = await worldWithEndpoint();
  expect((await fetchFor({ signatureScheme: "hwk" })(`${RESOURCE}/`, POST)).status).toBe(200);
  expect(story()).toHaveLength(3);
  const without = await createWorld();
  await without.agent({}, { signatureScheme: "hwk" }).fetchFor()(`${RESOURCE}/`, POST);
  expect(without.story()).toHaveLength(4);
});

it("an agent that wants to stay anonymous requests no resource token", async () => {
  const { world, story, fetchFor } = await worldWithEndpoint();
  world.requirement = { level: "pseudonymous" };
  await fetchFor({ signatureScheme: "hwk", mayIdentify: false })(`${RESOURCE}/`, POST);
  expect(story()).toEqual(["resource hwk"]);
});

describe("the call is made as ever", () => {
  it.each([
    ["without an endpoint", null],
    ["with an endpoint at another origin", "http://evil.localhost:1/resource/token"],
  ])("%s", async (_name, endpoint) => {
    const { story, fetchFor } = await worldWithEndpoint(issue, endpoint);
    expect((await fetchFor()(`${RESOURCE}/`, POST)).status).toBe(200);
    expect(story()).toEqual(["resource jwks", "token jwks", "resource jwt"]);
  });

  it.each([
    ["with more than it should", () => new Response("x".repeat(70_000), { status: 503 })],
    ["without an end", () => new Response(new ReadableStream({}), { status: 404 })],
  ])("when it refuses %s", async (_how, answer) => {
    const { story, fetchFor } = await worldWithEndpoint(answer);
    expect((await fetchFor({}, { timeouts: { tokenRequestMs: 2_000 } })(`${RESOURCE}/`, POST)).status).toBe(
      200,
    );
    expect(story()).toEqual(["endpoint jwks", "resource jwks", "token jwks", "resource jwt"]);
  });
});

describe("an endpoint that does not answer", () => {
  const silent = async () => {
    const { world, fetchFor } = await worldWithEndpoint();
    const send = world.transport;
    world.transport = (url, request) =>
      url === ENDPOINT
        ? new Promise((_, reject) => {
            request.signal?.addEventListener("abort", () => reject(request.signal?.reason));
          })
        : send(url, request);
    return { world, fetchFor };
  };

  it("times out with the time for a token request", async () => {
    const { fetchFor } = await silent();
    const send = fetchFor({}, { timeouts: { tokenRequestMs: 5 } });
    expect((await errorOf(send(`${RESOURCE}/`, POST))).name).toBe("TimeoutError");
  });

  it("is abandoned when the caller aborts", async () => {
    const { fetchFor } = await silent();
    const signal = AbortSignal.timeout(5);
    const error = await errorOf(fetchFor()(`${RESOURCE}/`, { ...POST, signal }));
    expect(error).toBe(signal.reason);
  });
});

it("an answer that is not JSON is not shown as the parser quotes it", async () => {
  const { fetchFor } = await worldWithEndpoint(() => new Response("eyJ.secret"));
  const error = await errorOf(fetchFor()(`${RESOURCE}/`, POST));
  expect([error.message, error.cause]).toEqual([
    "the resource token endpoint did not answer with resource_token and auth_server",
    undefined,
  ]);
});

describe("an answer is checked like a challenge", () => {
  const refused = async (answer: Answer) => {
    const { world, story, fetchFor } = await worldWithEndpoint(answer);
    const { code } = await errorOf(fetchFor()(`${RESOURCE}/`, POST));
    expect(story()).toEqual(["endpoint jwks"]);
    expect(world.events.map(({ type }) => type)).not.toContain("resource_token_received");
    return code;
  };
  const tokenWith =
    (change: object, authServer?: string): Answer =>
    async (scope, { parties }) => {
      const resource_token = await issueResourceToken({
        key: parties.resource.key,
        resource: RESOURCE,
        authServer: parties.authServer.issuer,
        agent: parties.agent.id,
        agentJkt: parties.agent.key.thumbprint,
        scope,
        now: parties.clock.now,
        ...change,
      });
      return Response.json({ resource_token, auth_server: authServer ?? parties.authServer.issuer });
    };

  it.each([
    ["another key", tokenWith({ agentJkt: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" })],
    ["another auth server", tokenWith({}, "http://evil.localhost:1/realms/aauth-test")],
    ["more than was asked", tokenWith({ scope: `${SCOPE} supply-chain:approve` })],
    ["yesterday", tokenWith({ now: () => 0 })],
  ])("for %s", async (_name, answer) => {
    expect(await refused(answer)).toBe("challenge_untrusted");
  });

  it.each([
    ["no JSON", () => new Response("<html>")],
    ["no token", () => Response.json({ auth_server: "http://a" })],
    [
      "a token that cannot be read",
      (_scope: string, { parties }: World) =>
        Response.json({ resource_token: "a.b.c", auth_server: parties.authServer.issuer }),
    ],
  ])("that is %s", async (_name, answer) => {
    expect(await refused(answer)).toBe("malformed_challenge");
  });
});
