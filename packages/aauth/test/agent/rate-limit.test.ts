import { expect, it } from "vitest";
import { february2026Resource } from "../../src/february-2026/profile.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import type { ProvenCaller } from "../../src/types.ts";
import { createWorld, errorOf, received, type World } from "./world.ts";

const URL_ROOT = "http://supply-chain-agent.localhost:3000/catalogue";
const POST = { method: "POST", headers: { "content-type": "application/json" }, body: '{"a":1}' };

/** A resource at which callers of these levels exceed their limit. */
async function limitedWorld(...over: string[]): Promise<World> {
  const world = await createWorld();
  const { resource, authServer, clock } = world.parties;
  const verifier = world.parties.createVerifier();
  const challenger = createChallenger({
    profile: february2026Resource({ authServer: authServer.issuer }),
    key: resource.key,
    resource: resource.id,
    now: clock.now,
  });
  world.resource = async ({ url, method, headers, body }) => {
    const { caller } = await verifier.verifyRequest(received(url, method, headers, body));
    if (!over.includes(caller.level)) return new Response(`hello ${caller.level}`);
    return limited(challenger, caller);
  };
  return world;
}

async function limited(challenger: ReturnType<typeof createChallenger>, caller: ProvenCaller) {
  const answer = await challenger.limitReached(caller, {
    retryAfterSeconds: 12.2,
    ...(caller.level === "identified" && { raisedBy: ["supply-chain:optimize"] }),
  });
  return new Response(answer.body, answer);
}

it("a pseudonymous agent over its limit identifies itself, once", async () => {
  const world = await limitedWorld("pseudonymous");
  const response = await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT, POST);
  expect(await response.text()).toBe("hello identified");
  expect(world.story()).toEqual(["resource hwk", "resource jwks"]);
  const [first, second] = world.sent.map(({ headers }) => headers.nonce);
  expect(first).not.toBe(second);
});

it("an identified one gets an auth token, once", async () => {
  const world = await limitedWorld("pseudonymous", "identified");
  const response = await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT);
  expect(await response.text()).toBe("hello authorized");
  expect(world.story()).toEqual(["resource hwk", "resource jwks", "token auth jwks", "resource jwt"]);
});

it("an authorized one waits: the 429 is the answer, and its token is kept", async () => {
  const world = await limitedWorld("pseudonymous", "identified", "authorized");
  const agent = world.agent();
  const fetch = agent.fetchFor({ cacheKey: "u" });
  const response = await fetch(URL_ROOT);
  expect([response.status, response.headers.get("retry-after"), response.headers.get("agent-auth")]).toEqual([
    429,
    "13",
    null,
  ]);
  expect(world.story()).toEqual(["resource jwks", "token auth jwks", "resource jwt"]);
  await fetch(URL_ROOT);
  expect(world.story().slice(3)).toEqual(["resource jwt"]);
});

it("an agent that wants to stay anonymous waits", async () => {
  const world = await limitedWorld("pseudonymous");
  const agent = world.agent({}, { signatureScheme: "hwk", mayIdentify: false });
  const response = await agent.fetchFor()(URL_ROOT);
  expect([response.status, await response.text()]).toEqual([429, "Too many requests for this level"]);
  expect(world.story()).toEqual(["resource hwk"]);
});

it.each([
  ["is refused", () => Response.json({ error: "access_denied" }, { status: 403 })],
  ["wants the user's consent", () => Response.json({ request_token: "r", expires_in: 600 })],
  ["does not answer", () => Promise.reject(new Error("down"))],
])("a higher level that %s leaves the 429 as the answer, body and all", async (_name, answer) => {
  const world = await limitedWorld("identified");
  world.tokenEndpoint = answer;
  const response = await world.agent().fetchFor()(URL_ROOT);
  expect([response.status, await response.text()]).toEqual([429, "Too many requests for this level"]);
});

it.each([
  ["none", undefined],
  [
    "one that is not followed",
    'httpsig; auth-token; resource_token="a.b.c"; auth_server="http://evil.localhost"',
  ],
  ["no challenge at all", 'Bearer realm="httpsig"'],
  ["one for other algorithms", 'httpsig; identity=?1; algs=("rsa-pss-sha512")'],
])("a 429 with %s is the answer", async (_name, agentAuth) => {
  const world = await createWorld();
  const headers: Record<string, string> = agentAuth === undefined ? {} : { "agent-auth": agentAuth };
  world.resource = () => new Response("", { status: 429, headers });
  expect((await world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT)).status).toBe(429);
  expect(world.sent).toHaveLength(1);
});

it("a cached token is not dropped for a 429 with a lower requirement", async () => {
  const world = await createWorld();
  const fetch = world.agent().fetchFor();
  await fetch(URL_ROOT);
  const before = world.story().length;
  const usual = world.resource;
  world.resource = () => new Response("", { status: 429, headers: { "agent-auth": "httpsig; identity=?1" } });
  expect((await fetch(URL_ROOT)).status).toBe(429);
  world.resource = usual;
  await fetch(URL_ROOT);
  expect(world.story().slice(before)).toEqual(["resource jwt", "resource jwt"]);
});

it.each(["httpsig", "httpsig; identity=?1"])(
  "%s for algorithms this agent has not is an error",
  async (value) => {
    const world = await createWorld();
    const headers = { "agent-auth": `${value}; algs=("rsa-pss-sha512" "ecdsa-p256-sha256")` };
    world.resource = () => new Response("", { status: 401, headers });
    const error = await errorOf(world.agent({}, { signatureScheme: "hwk" }).fetchFor()(URL_ROOT));
    expect(error.code).toBe("unsupported_algorithm");
    expect(world.sent).toHaveLength(1);
  },
);
