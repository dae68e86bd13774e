import { createKeyRing, generateSigningKey } from "aauth";
import {
  february2026,
  february2026Jwks,
  february2026Resource,
  february2026Tokens,
  parseAgentAuth,
} from "aauth/february-2026";
import { createResource, type ResourceOptions } from "aauth/resource";
import { signedRequest } from "aauth/testing";
import Fastify from "fastify";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { type FastifyAAuthOptions, fastifyAAuth } from "../src/index.ts";

const parties = await createTestParties();
const { agent, authServer, clock, discovery, resource } = parties;
const IDENTITY = {
  profile: february2026Resource({ authServer: authServer.issuer }),
  resource: resource.id,
  key: resource.key,
} as const;
const OF_DRAFT_11 = { resource: "https://reports.example", key: resource.key };
const JWKS = { scheme: "jwks", id: agent.id } as const;

async function serve(
  options: Omit<Partial<ResourceOptions>, "observer"> & Pick<FastifyAAuthOptions, "observer"> = {},
) {
  const app = Fastify();
  onTestFinished(() => app.close());
  await app.register(fastifyAAuth, { ...IDENTITY, discovery, now: clock.now, ...options });
  const aauth = { level: "authorized", scopes: ["reports:read"] } as const;
  app.get("/reports", { config: { aauth } }, ({ caller }) => ({ readBy: caller?.agent }));
  return app;
}

const signed = (options: Pick<Parameters<typeof signedRequest>[0], "signatureKey">) =>
  signedRequest({
    profile: february2026,
    url: `${resource.id}/reports`,
    method: "GET",
    key: agent.key,
    now: clock.now,
    ...options,
  });

describe("a resource by its identity", () => {
  test("challenges, and accepts an auth token", async () => {
    const app = await serve();
    const { headers } = await signed({ signatureKey: JWKS });
    const refused = await app.inject({ url: "/reports", headers: headers as Record<string, string> });
    const challenge = parseAgentAuth(refused.headers["agent-auth"] as string);
    expect(challenge).toMatchObject({ level: "authorized", authServer: authServer.issuer });
    const claims = await february2026Tokens.verifyResourceToken(challenge.resourceToken ?? "", {
      audience: authServer.issuer,
      agent: agent.id,
      agentJkt: agent.key.thumbprint,
      discovery,
      now: clock.now,
    });
    expect(claims).toMatchObject({ iss: resource.id, scope: "reports:read" });

    const jwt = await parties.issueAuthToken({ scope: "reports:read" });
    const withToken = await signed({ signatureKey: { scheme: "jwt", jwt } });
    const read = await app.inject({ url: "/reports", headers: withToken.headers as Record<string, string> });
    expect([read.statusCode, read.json()]).toEqual([200, { readBy: agent.id }]);
  });

  test("publishes only the resource and its key", async () => {
    const app = await serve();
    const jwks_uri = `${resource.id}/jwks.json`;
    const document = await app.inject("/.well-known/aauth-resource");
    expect(document.json()).toEqual({ resource: resource.id, jwks_uri });
    expect((await app.inject("/jwks.json")).json()).toEqual(february2026Jwks([resource.key]));
    expect((await app.inject("/.well-known/aauth-agent")).statusCode).toBe(404);
    expect((await app.inject({ method: "POST", url: "/resource/token" })).statusCode).toBe(404);
  });

  test("with scopes serves the endpoint that its document names, and with agent its agent document", async () => {
    const scopeDescriptions = { "reports:read": "Read reports" };
    const app = await serve({ scopes: ["reports:read"], scopeDescriptions, agent: { name: "Reports" } });
    expect((await app.inject("/.well-known/aauth-resource")).json()).toMatchObject({
      resource_token_endpoint: `${resource.id}/resource/token`,
      supported_scopes: ["reports:read"],
      scope_descriptions: scopeDescriptions,
    });
    expect((await app.inject("/.well-known/aauth-agent")).json()).toEqual({
      agent: resource.id,
      jwks_uri: `${resource.id}/jwks.json`,
      name: "Reports",
    });
    expect((await app.inject({ method: "POST", url: "/resource/token" })).statusCode).toBe(401);
  });

  test("serves no endpoint for verified callers without a caller, even if its requirement is public", async () => {
    const admit = vi.fn();
    const own = { methods: ["POST"], path: "/guarded", maxBodyBytes: 9, handle: vi.fn() } as const;
    const endpoints = [{ ...own, requirement: "public" as never, admit }];
    const app = Fastify();
    onTestFinished(() => app.close());
    await app.register(fastifyAAuth, { resource: { ...createResource(IDENTITY), endpoints } });
    expect((await app.inject({ method: "POST", url: "/guarded" })).statusCode).toBe(500);
    expect(admit).not.toHaveBeenCalled();
  });

  test("with a key ring publishes the keys of now", async () => {
    const create = (sequence: number) => generateSigningKey({ kid: `r-${sequence}` });
    const key = createKeyRing({ key: await create(1), create, now: clock.now });
    const app = await serve({ key });
    await key.rotate();
    expect((await app.inject("/jwks.json")).json()).toEqual(february2026Jwks(key.published()));
  });

  test("fetches nothing over http by default, but does in development", async () => {
    for (const [options, code] of [
      [{}, "discovery_blocked"],
      [{ development: true }, "discovery_failed"],
    ] as const) {
      const codes: string[] = [];
      const app = await serve({
        ...options,
        discovery: undefined,
        observer: (event) => {
          if (event.type === "request_refused") codes.push(event.error.code);
        },
      });
      const { headers } = await signed({
        signatureKey: { scheme: "jwks", id: "http://nothing.localhost:1" },
      });
      await app.inject({ url: "/reports", headers: headers as Record<string, string> });
      expect(codes).toEqual([code]);
    }
  });
});

describe("options that are refused", () => {
  const parts = { verifier: parties.createVerifier(), authority: new URL(resource.id).host };
  const canonical = "must be a canonical identifier";
  test.each<[string, Record<string, unknown>]>([
    [`resource ${canonical}`, { ...IDENTITY, resource: "https://reports.example/" }],
    [`personServers[0] ${canonical}`, { ...OF_DRAFT_11, personServers: ["https://ps.example/?a"] }],
    ["verifier is made from resource", { ...IDENTITY, ...parts }],
    ["agentProviders goes with resource", { ...parts, agentProviders: [agent.id] }],
    ["scopes goes to createResource", { resource: createResource(IDENTITY), scopes: ["reports:read"] }],
    ["personServers is supported only with profile draft11", { ...IDENTITY, personServers: [] }],
    ["development has no effect together with discovery", { ...IDENTITY, discovery, development: true }],
  ])("%s", async (message, options) => {
    const app = Fastify();
    onTestFinished(() => app.close());
    const registered = (async () => app.register(fastifyAAuth, options as unknown as FastifyAAuthOptions))();
    await expect(registered).rejects.toThrow(TypeError);
    await expect(registered).rejects.toThrow(message);
  });
});
