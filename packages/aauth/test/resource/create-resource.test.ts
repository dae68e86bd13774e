/** A resource as one object: its documents, endpoints, callers and refusals. */

import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { draft11 } from "../../src/draft-11/profile.ts";
import { february2026, february2026Resource } from "../../src/february-2026/profile.ts";
import { generateSigningKey } from "../../src/keys/signing-key.ts";
import { importVerificationKey } from "../../src/keys/verification-key.ts";
import type { Observer } from "../../src/profile/events.ts";
import { parseRefusal, REFUSAL_FIELD } from "../../src/profile/refusal.ts";
import type { GuardedEndpoint } from "../../src/profile/resource-rules.ts";
import { createRevocations, type RevokedToken } from "../../src/profile/revocations.ts";
import type { WireProfile } from "../../src/profile/wire-profile.ts";
import {
  type Admission,
  type BodyReader,
  createResource,
  type ResourceOptions,
} from "../../src/resource/create-resource.ts";
import { StoreFullError } from "../../src/store/quota-store.ts";
import { createMemoryStores } from "../../src/store/stores.ts";
import type { SigningKey } from "../../src/types.ts";
import {
  AGENT,
  agentToken,
  discoveryOf,
  keys,
  now,
  PERSON_SERVER,
  personToken,
  RESOURCE,
  requestOf,
  TO_READ,
} from "../draft-11/kit.ts";
import { requestOf as februaryRequestOf, parties } from "./kit.ts";

const resourceOf = (over: Partial<ResourceOptions> = {}) =>
  createResource({
    resource: RESOURCE,
    key: keys.resource,
    personServers: [PERSON_SERVER],
    scopes: ["data.read"],
    scopeDescriptions: { "data.read": "Read your data" },
    discovery: discoveryOf(),
    now,
    ...over,
  });

const get = (target: string) => ({ method: "GET", target, headers: {} });
const membersOf = (answer: { body: string } | undefined) => JSON.parse(answer?.body ?? "null");
const showing = async (jwt: string, over = {}) =>
  requestOf({ signatureKey: { scheme: "jwt", jwt }, ...over });

describe("documents and endpoints of a resource", () => {
  test("name the existing endpoints and the key set with its key", async () => {
    const resource = resourceOf();
    const document = await resource.handle(get("/.well-known/aauth-resource.json"));
    expect(document?.status).toBe(200);
    expect(membersOf(document)).toMatchObject({
      issuer: RESOURCE,
      authorization_endpoint: `${RESOURCE}/aauth/authorize`,
      revocation_endpoint: `${RESOURCE}/aauth/revoke`,
      scope_descriptions: { "data.read": "Read your data" },
    });
    const keySet = membersOf(await resource.handle(get("/jwks.json?fresh")));
    expect(keySet.keys).toMatchObject([{ kid: keys.resource.kid, alg: "Ed25519" }]);
    for (const url of [`${RESOURCE}/aauth/authorize`, `${RESOURCE}/aauth/revoke`]) {
      expect((await resource.handle({ ...get(new URL(url).pathname), method: "POST" }))?.status).toBe(401);
    }
  });

  test.each(["/", "/jwks.json/", "/x/jwks.json", "/aauth/authorize"])(
    "leave GET %s to the service",
    async (target) => {
      expect(await resourceOf().handle(get(target))).toBeUndefined();
    },
  );

  test("issue the requested resource token to a person's agent", async () => {
    const body = JSON.stringify({ scope: "data.read" });
    const request = await showing(await personToken(), { url: `${RESOURCE}/aauth/authorize`, body });
    const answer = await resourceOf().handle({ ...request, body: async () => request.body });
    expect([answer?.status, Object.keys(membersOf(answer))]).toEqual([200, ["resource_token"]]);
  });

  test("refuse a body above the bound of the endpoint, which a reader learns", async () => {
    const read = vi.fn<BodyReader>(async () => new Uint8Array(8_193));
    const answer = await resourceOf().handle({
      ...get("/aauth/authorize"),
      method: "POST",
      body: read,
    });
    expect(answer?.status).toBe(413);
    expect(read).toHaveBeenCalledExactlyOnceWith(8_192);
  });

  test("report the reason of a refusal to the observer", async () => {
    const seen: unknown[] = [];
    const observer: Observer = (event) =>
      void seen.push(event.type === "request_refused" && event.error.code);
    await resourceOf({ observer }).admit(get("/data"), { level: "agent-token" });
    expect(seen).toEqual([false, "missing_signature"]);
  });

  test("answer 503 if a store has no room", async () => {
    const authorization = { authorize: () => Promise.reject(new StoreFullError()) };
    const request = await showing(await personToken(), {
      url: `${RESOURCE}/aauth/authorize`,
      body: JSON.stringify({ scope: "data.read" }),
    });
    const answer = await resourceOf({ authorization }).handle(request);
    expect([answer?.status, answer?.headers["retry-after"]]).toEqual([503, "30"]);
  });

  test("in February 2026 include the resource token endpoint, and no key set names an algorithm", async () => {
    const { resource: own, authServer, discovery, clock } = parties;
    const resource = createResource({
      profile: february2026Resource({ authServer: authServer.issuer }),
      resource: own.id,
      key: own.key,
      discovery,
      now: clock.now,
      scopes: ["data:read"],
      agent: { name: "Reports" },
    });
    expect(membersOf(await resource.handle(get("/.well-known/aauth-agent")))).toMatchObject({
      agent: own.id,
      name: "Reports",
    });
    expect(membersOf(await resource.handle(get("/jwks.json"))).keys[0]).not.toHaveProperty("alg");
    const ask = async (contentType: string, body = "scope=data:read") => {
      const headers = { "content-type": contentType };
      const request = await februaryRequestOf({
        url: `${own.id}/resource/token`,
        method: "POST",
        headers,
        body,
      });
      return resource.handle(request);
    };
    const granted = await ask("application/x-www-form-urlencoded; charset=utf-8");
    expect([granted?.status, membersOf(granted).auth_server]).toEqual([200, authServer.issuer]);
    expect((await ask("text/plain"))?.status).toBe(400);
    for (const [form, error] of [
      ["scope=", "invalid_request"],
      ["scope=data:read&scope=data:read", "invalid_request"],
      ["scope=data:read&auth_request_url=x", "invalid_request"],
      ["scope=data:read%20admin", "invalid_scope"],
    ] as const) {
      const refused = await ask("application/x-www-form-urlencoded", form);
      expect([refused?.status, membersOf(refused).error], form).toEqual([400, error]);
    }
    const profile = february2026Resource({ authServer: authServer.issuer });
    const mixed = { profile, resource: own.id, key: own.key, discovery };
    const createMixed = () => createResource({ ...mixed, personServers: ["https://ps.example"] });
    expect(createMixed).toThrow("personServers is supported only with");
    expect(() => createResource({ ...mixed, profile: february2026 })).toThrow(
      "make the profile with february2026Resource({ authServer })",
    );
    const unsigned = await resource.handle({ ...get("/resource/token"), method: "POST" });
    expect([unsigned?.status, unsigned?.headers["agent-auth"]]).toEqual([401, "httpsig"]);
  });

  test("include an endpoint of a third profile, with a verified caller", async () => {
    const endpoint: GuardedEndpoint = {
      methods: ["POST"],
      path: "/own",
      maxBodyBytes: 8,
      requirement: { level: "agent-token" },
      answer: ({ caller, body }) => ({
        status: 200,
        headers: {},
        body: `${caller.agent} sent ${body?.byteLength} bytes`,
      }),
    };
    const profile: WireProfile = {
      ...draft11,
      name: "with-an-endpoint",
      resource: {
        ...draft11.resource,
        publish: (identity) => ({ ...draft11.resource.publish(identity), endpoints: [endpoint] }),
      },
    };
    const resource = createResource({
      profile,
      resource: RESOURCE,
      key: keys.resource,
      discovery: discoveryOf(),
      now,
    });
    const request = await requestOf({ profile, url: `${RESOURCE}/own`, method: "POST", body: "body" });
    expect((await resource.handle(request))?.body).toBe(`${AGENT} sent 4 bytes`);
    expect((await resource.handle({ ...request, headers: {} }))?.status).toBe(401);
  });
});

describe("a resource's admission", () => {
  const codeOf = ({ answer }: Admission) => answer && parseRefusal(answer.headers[REFUSAL_FIELD])?.code;

  test("returns the proven caller and the signed bytes", async () => {
    const request = await requestOf({ method: "POST", body: "text" });
    const { answer, caller, body } = await resourceOf().admit(request, { level: "agent-token" });
    if (answer !== undefined) return expect.unreachable();
    expectTypeOf(caller.agent).toEqualTypeOf<string>();
    expect(caller.agent).toMatch(/^aauth:/);
    expect(new TextDecoder().decode(body)).toBe("text");
  });

  test("reads no body of a request that is refused without it", async () => {
    const body = vi.fn(async () => undefined);
    const refused = await resourceOf().admit({ ...get("/"), body }, { level: "agent-token" });
    expect(codeOf(refused)).toBe("missing_signature");
    expect(body).not.toHaveBeenCalled();
  });

  test("refuses a body that was replaced on the way", async () => {
    const request = await requestOf({ method: "POST", body: "text" });
    const body = async () => new TextEncoder().encode("tExt");
    const refused = await resourceOf().admit({ ...request, body }, { level: "agent-token" });
    expect(codeOf(refused)).toBe("digest_mismatch");
  });

  test("refuses with the token that its requirement needs", async () => {
    const { answer } = await resourceOf().admit(await showing(await personToken()), TO_READ);
    expect(answer?.status).toBe(401);
    expect(answer?.headers["aauth-requirement"]).toContain("requirement=auth-token; resource-token=");
  });

  test("rejects with errors that are no refusals", async () => {
    const failure = new Error("store at 10.0.0.7 down");
    const request = { ...(await requestOf()), body: () => Promise.reject(failure) };
    await expect(resourceOf().admit(request, { level: "agent-token" })).rejects.toBe(failure);
  });

  test("can require more of an accepted caller, and refuses with the token for it", async () => {
    const resource = resourceOf();
    const request = await showing(await personToken());
    const { answer: refused, caller } = await resource.admit(request, { level: "person-token" });
    if (refused !== undefined) return expect.unreachable();
    expect(await resource.meetRequirement(caller, { level: "person-token" })).toBeUndefined();
    const answer = await resource.meetRequirement(caller, TO_READ);
    expect([answer?.status, answer?.headers["aauth-requirement"]]).toEqual([
      401,
      expect.stringContaining("requirement=auth-token"),
    ]);
    const foreign = { ...caller, profile: "another" };
    await expect(resource.meetRequirement(foreign, TO_READ)).rejects.toThrow(TypeError);
  });

  test("refuses a token that was revoked at another replica", async () => {
    const stores = createMemoryStores({ now });
    const jwt = await agentToken();
    const admitted = async (target: string) => {
      const request = await showing(jwt, { url: RESOURCE + target });
      return resourceOf({ stores }).admit(request, { level: "agent-token" });
    };
    const { caller } = await admitted("/1");
    const { iss, jti } = caller!.identityToken as { iss: string; jti: string };
    const store = stores.records<RevokedToken>(`revocations ${RESOURCE}`);
    await createRevocations({ store, now }).revoke({ iss, jti, exp: now() + 60 });
    expect(codeOf(await admitted("/2"))).toBe("token_revoked");
  });
});

test.each([
  ["undefined", undefined, "not undefined"],
  ["null", null, "not null"],
  ["a promise of a key", generateSigningKey({ kid: "rs-1" }), "not a promise: await it"],
  ["a public key", keys.resource.publicJwk, "not a public key"],
  ["a verification key", await importVerificationKey(keys.resource.publicJwk), "not a public key"],
  ["a private JWK", { ...keys.resource.publicJwk, d: "x" }, "importSigningKey()"],
  ["a secret", "PEM", "not string"],
])("refuses %s as its key", (_what, key, message) => {
  const refused = expect.objectContaining({
    name: "TypeError",
    code: "ERR_INVALID_ARG_TYPE",
    message: expect.stringContaining(message),
  });
  expect(() => resourceOf({ key: key as unknown as SigningKey })).toThrow(refused);
});

test.each<[string, Partial<ResourceOptions>]>([
  ["accept is not supported", { accept: [] }],
  ["personServers is missing", { personServers: [], scopes: ["data.read"] }],
  ["resource must be", { resource: `${RESOURCE}/` }],
  ["development has no effect together with discovery", { development: true }],
])("refuses options: %s", (message, options) => {
  expect(() => resourceOf(options)).toThrow(message);
});
