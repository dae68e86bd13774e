/** Requests that are held until an auth token arrives (draft -11, section 6.5.1; N38). */

import { describe, expect, test } from "vitest";
import { parseRequirement } from "../../src/draft-11/headers.ts";
import { draft11 } from "../../src/draft-11/profile.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { createDeferred, type DeferredOptions, type DeferredParts } from "../../src/resource/deferred.ts";
import { type Answer, createResource } from "../../src/resource/index.ts";
import { decodeJwt } from "../../src/tokens/jwt.ts";
import { agentToken, discoveryOf, keys, PERSON_SERVER, RESOURCE, requestOf } from "../draft-11/kit.ts";
import { outsideStore } from "../store/outside-store.ts";
import { clockOf, ownAuthToken, personToken, resourceVerifier } from "./draft-11-kit.ts";

interface Order {
  readonly item: string;
}

const REQUIREMENT = { level: "auth-token", scopes: ["data.read"], account: "acme" } as const;
const jwtOf = (jwt: string) => ({ signatureKey: { scheme: "jwt", jwt } }) as const;
const granted = (over: Parameters<typeof ownAuthToken>[0] = {}) => ownAuthToken({ account: "acme", ...over });

function kit(over: Partial<DeferredOptions<Order> & DeferredParts> = {}) {
  const clock = clockOf();
  const { now } = clock;
  const executed: string[] = [];
  const verifier = resourceVerifier(now);
  const challenger = createChallenger({ profile: draft11, key: keys.resource, resource: RESOURCE, now });
  const options: DeferredOptions<Order> & DeferredParts = {
    verifier,
    challenger,
    resource: RESOURCE,
    now,
    async execute({ item }, { grant }) {
      executed.push(item);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return {
        status: 201,
        headers: {},
        body: `${item} for ${grant?.claims.sub}, number ${executed.length}`,
      };
    },
    ...over,
  };
  const held = createDeferred<Order>(options);
  const hold = async (jwt?: string) => {
    const request = await requestOf({ now, ...jwtOf(jwt ?? (await personToken())) });
    const { caller } = await verifier.verifyRequest(request);
    return held.hold({ item: "a laptop" })(caller, REQUIREMENT);
  };
  const poll = async (answer: Answer, over: Parameters<typeof requestOf>[0], own = held) =>
    own.endpoint.handle(await requestOf({ now, url: answer.headers.location!, ...over }));
  return { clock, now, executed, options, held, hold, poll };
}

const resourceTokenOf = ({ headers }: Answer) => {
  const value = headers["aauth-requirement"];
  const token = value === undefined ? undefined : parseRequirement(value).resourceToken;
  return token === undefined ? undefined : decodeJwt(token).claims;
};

test("the first answer is a 202 with a resource token for the route's requirement", async () => {
  const { hold } = kit();
  const token = await personToken();
  const answer = await hold(token);
  expect([answer.status, JSON.parse(answer.body)]).toEqual([202, { status: "pending" }]);
  expect(resourceTokenOf(answer)).toMatchObject({
    iss: RESOURCE,
    aud: PERSON_SERVER,
    ps: PERSON_SERVER,
    sub: "person-1",
    scope: "data.read",
    account: "acme",
    agent_jkt: keys.agent.thumbprint,
    presented_jti: decodeJwt(token).claims.jti,
  });
});

test("only a caller that has shown a person is held, and only for an auth token", async () => {
  const { hold, held, now } = kit();
  await expect(hold(await agentToken())).rejects.toThrow(TypeError);
  const { caller } = await resourceVerifier(now).verifyRequest(await requestOf(jwtOf(await personToken())));
  await expect(held.hold({ item: "" })(caller, { level: "person-token" })).rejects.toThrow(
    "requirement.level must be auth-token",
  );
});

test("a requirement that holds answers a caller with a person by a 202, and challenges any other", async () => {
  const { now } = clockOf();
  const resource = createResource({
    resource: RESOURCE,
    key: keys.resource,
    personServers: [PERSON_SERVER],
    now,
    discovery: discoveryOf(),
    scopeDescriptions: { "data.read": "Read the data" },
  });
  const execute = async () => ({ status: 201, headers: {}, body: "executed" });
  const orders = resource.deferred<Order>({ execute, retryAfterSeconds: 1 });
  const requirement = { ...REQUIREMENT, hold: orders.hold({ item: "a laptop" }) };
  const admit = async (jwt: string, at = now) =>
    resource.admit(await requestOf({ now: at, ...jwtOf(jwt) }), requirement);
  const { answer, error } = (await admit(await personToken())) as { answer: Answer; error?: unknown };
  expect([answer.status, error]).toMatchObject([202, { code: "authorization_required" }]);
  expect(resourceTokenOf(answer)).toMatchObject({ scope: "data.read", account: "acme" });
  expect((await admit(await agentToken())).answer?.status).toBe(401);
  const expired = await granted({ now: () => now() - 3_000, lifetimeSeconds: 60 });
  expect((await admit(expired)).answer?.status).toBe(401);
  expect((await admit(await granted())).answer).toBeUndefined();
  const url = answer.headers.location!;
  const poll = await requestOf({ now, url, ...jwtOf(await granted()) });
  expect(await resource.handle(poll)).toMatchObject({ status: 201, body: "executed" });
  expect(() => resource.deferred()).toThrow("path /aauth/pending/ is in use");
  expect(() => resource.deferred({ path: "/other/" }).hold({})).toThrow(TypeError);
});

describe("a poll", () => {
  test("with the auth token executes once, and the same token gets the same answer until it expires", async () => {
    const { clock, executed, hold, poll } = kit();
    const answer = await hold();
    const token = jwtOf(await granted());
    const first = await poll(answer, token);
    expect([first.status, first.body]).toEqual([201, "a laptop for person-1, number 1"]);
    clock.advance(3_000);
    expect(await poll(answer, token)).toEqual(first);
    clock.advance(600);
    expect((await poll(answer, token)).headers["signature-error"]).toBe("error=expired_jwt");
    expect(executed).toHaveLength(1);
  });

  test("with another auth token, or without one, is answered 410 after that", async () => {
    const { clock, executed, hold, poll } = kit();
    const answer = await hold();
    await poll(answer, jwtOf(await granted()));
    expect((await poll(answer, jwtOf(await granted()))).status).toBe(410);
    expect((await poll(answer, jwtOf(await personToken()))).status).toBe(410);
    // The resource still answers 410 after its other records have expired.
    for (let minutes = 0; minutes < 80; minutes++) {
      clock.advance(60);
      const { now } = clock;
      const { status } = await poll(answer, { ...jwtOf(await granted({ now })), now });
      expect([404, 410]).toContain(status);
    }
    expect(executed).toHaveLength(1);
  });

  test.each(["memory", "an outside store"])(
    "of several at the same time executes once, in %s",
    async (where) => {
      const { now } = clockOf();
      const { executed, hold, poll } = kit(where === "memory" ? {} : { store: outsideStore({ now }) });
      const answer = await hold();
      const token = jwtOf(await granted());
      const answers = await Promise.all([poll(answer, token), poll(answer, token), poll(answer, token)]);
      expect(executed).toHaveLength(1);
      expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(["a laptop for person-1, number 1"]));
    },
  );

  test("of two with different auth tokens at the same time executes one", async () => {
    const { executed, hold, poll } = kit();
    const answer = await hold();
    const tokens = [jwtOf(await granted()), jwtOf(await granted())];
    const statuses = (await Promise.all(tokens.map((token) => poll(answer, token)))).map(
      ({ status }) => status,
    );
    expect([statuses.sort(), executed.length]).toEqual([[201, 410], 1]);
  });

  test("at two processes at the same time executes once", async () => {
    const { now } = clockOf();
    const { executed, options, hold, poll, clock } = kit({ store: outsideStore({ now }) });
    const other = createDeferred<Order>(options);
    const answer = await hold();
    const token = jwtOf(await granted());
    const answers = await Promise.all([poll(answer, token), poll(answer, token, other)]);
    expect(executed).toHaveLength(1);
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toContain(201);
    // The other one gets the same answer, or 202 before it exists.
    for (const status of statuses) expect([201, 202]).toContain(status);
    clock.advance(5);
    expect((await poll(answer, token, other)).body).toBe("a laptop for person-1, number 1");
  });

  test("after a restart executes an earlier held request", async () => {
    const { now } = clockOf();
    const { executed, options, hold, poll } = kit({ store: outsideStore({ now }) });
    const answer = await hold();
    const token = jwtOf(await granted());
    const first = await poll(answer, token, createDeferred<Order>(options));
    expect([first.status, executed]).toEqual([201, ["a laptop"]]);
    expect(await poll(answer, token, createDeferred<Order>(options))).toEqual(first);
  });

  test("whose execution fails ends the request, which is not executed again", async () => {
    let tries = 0;
    const execute = async () => {
      tries++;
      throw new Error("the printer is on fire");
    };
    const { hold, poll } = kit({ execute });
    const answer = await hold();
    const token = jwtOf(await granted());
    await expect(poll(answer, token)).rejects.toThrow("on fire");
    const repeated = await poll(answer, token);
    expect([repeated.status, JSON.parse(repeated.body), tries]).toEqual([500, { error: "server_error" }, 1]);
  });

  test.each([
    ["less scope", { scope: "data.list" }],
    ["another account", { account: "other" }],
    ["no account", { account: undefined }],
  ])("with an auth token of %s waits on", async (_, over) => {
    const { executed, hold, poll } = kit();
    const answer = await hold();
    expect((await poll(answer, jwtOf(await granted(over)))).status).toBe(202);
    expect(executed).toEqual([]);
  });

  test("by another key, or for another person, is answered 404", async () => {
    const { executed, hold, poll } = kit();
    const answer = await hold();
    const jwt = await granted({ confirmationKey: keys.other.publicJwk });
    expect((await poll(answer, { key: keys.other, ...jwtOf(jwt) })).status).toBe(404);
    expect((await poll(answer, jwtOf(await granted({ subject: "person-2" })))).status).toBe(404);
    expect(executed).toEqual([]);
  });

  test("returns a new resource token once the old one has expired", async () => {
    const { clock, hold, poll } = kit();
    const answer = await hold();
    const token = jwtOf(await personToken());
    expect((await poll(answer, token)).headers["aauth-requirement"]).toBeUndefined();
    clock.advance(300);
    const later = await poll(answer, token);
    expect(resourceTokenOf(later)?.jti).not.toBe(resourceTokenOf(answer)?.jti);
    // A caller that presents no person gets no resource token (section 6.7).
    clock.advance(300);
    expect((await poll(answer, {})).headers["aauth-requirement"]).toBeUndefined();
  });

  test("and a concurrent DELETE at another process either execute or cancel the request", async () => {
    const { now } = clockOf();
    const { executed, held, options, hold } = kit({ store: outsideStore({ now }) });
    const answer = await hold();
    const url = answer.headers.location!;
    const [token, person] = [jwtOf(await granted()), jwtOf(await personToken())];
    const cancelling = await requestOf({ now, url, method: "DELETE", ...person });
    const polling = await requestOf({ now, url, ...token });
    const other = createDeferred<Order>(options);
    const statuses = (
      await Promise.all([other.endpoint.handle(cancelling), held.endpoint.handle(polling)])
    ).map(({ status }) => status);
    expect([
      [410, 201, 1],
      [204, 410, 0],
    ]).toContainEqual([...statuses, executed.length]);
  });

  test("after DELETE is answered 410, after the time is over 408 and then 410", async () => {
    const { clock, executed, hold, poll } = kit();
    const [first, second] = [await hold(), await hold()];
    const token = jwtOf(await personToken());
    expect((await poll(first, { ...token, method: "DELETE" })).status).toBe(204);
    expect((await poll(first, jwtOf(await granted()))).status).toBe(410);
    clock.advance(600);
    const grant = jwtOf(await granted());
    const ended = await poll(second, grant);
    expect([ended.status, JSON.parse(ended.body)]).toEqual([408, { error: "expired" }]);
    expect((await poll(second, grant)).status).toBe(410);
    expect(executed).toEqual([]);
  });
});
