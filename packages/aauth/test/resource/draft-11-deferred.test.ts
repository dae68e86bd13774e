/**
 * Requests that wait at a resource: polls, codes, cancelling, expiry (draft -11, sections 6.2,
 * 11.6.3.1 and 11.8).
 */

import { describe, expect, test, vi } from "vitest";
import { agentProviderMetadata } from "../../src/draft-11/documents.ts";
import { parseRequirement } from "../../src/draft-11/headers.ts";
import { issueResourceToken } from "../../src/draft-11/issue-tokens.ts";
import type { PollingError } from "../../src/draft-11/problem.ts";
import { createDeferred, type DeferredOptions, type DeferredParts } from "../../src/resource/deferred.ts";
import type { Answer } from "../../src/resource/index.ts";
import { StoreFullError } from "../../src/store/quota-store.ts";
import { createMemoryRecordStore } from "../../src/store/record-store.ts";
import type { ProvenCaller } from "../../src/types.ts";
import {
  agentToken,
  discoveryOf,
  keys,
  PERSON_SERVER,
  PROVIDER,
  publications,
  RESOURCE,
  requestOf,
} from "../draft-11/kit.ts";
import { outsideStore } from "../store/outside-store.ts";
import { clockOf, ownAuthToken, personToken, resourceVerifier } from "./draft-11-kit.ts";

interface Asked {
  readonly report: number;
}

/** Address of the browser. */
const BROWSER = "198.51.100.1";
const DONE: Answer = { status: 200, headers: { "content-type": "text/plain" }, body: "the report" };

function kit(over: Partial<DeferredOptions<Asked> & DeferredParts> = {}) {
  const clock = clockOf();
  const { now } = clock;
  const verifier = resourceVerifier(now);
  const page = `${RESOURCE}/interaction`;
  const challenger = { resourceToken: () => Promise.reject(new TypeError("no resource tokens")) };
  const options = { verifier, challenger, resource: RESOURCE, interactionUrl: page, now, ...over };
  const deferred = createDeferred<Asked>(options);
  const callerOf = async (over: Parameters<typeof requestOf>[0] = {}): Promise<ProvenCaller> =>
    (await verifier.verifyRequest(await requestOf({ now, ...over }))).caller;
  const begin = async (requirement?: "interaction" | "approval") =>
    deferred.begin(await callerOf(), { ...(requirement && { requirement }), data: { report: 7 } });
  const poll = async (answer: Answer, over: Parameters<typeof requestOf>[0] = {}, own = deferred) =>
    own.endpoint.handle(await requestOf({ now, url: answer.headers.location!, ...over }));
  return { clock, now, options, verifier, deferred, callerOf, begin, poll };
}

describe("the first answer", () => {
  test("is a 202 with Location, Retry-After, no-store and the requirement", async () => {
    const { begin } = kit();
    const { id, code, answer } = await begin("interaction");
    const { status, headers, body } = answer;
    expect([status, JSON.parse(body)]).toEqual([202, { status: "pending" }]);
    expect(headers).toMatchObject({
      location: `${RESOURCE}/aauth/pending/${id}`,
      "retry-after": "5",
      "cache-control": "no-store",
    });
    expect(parseRequirement(headers["aauth-requirement"]!)).toEqual({
      requirement: "interaction",
      url: `${RESOURCE}/interaction`,
      code,
    });
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
    expect(id).toMatch(/^[\w-]{22}$/);
  });

  test("of an approval has no code, and of a mere delay no requirement", async () => {
    const { begin } = kit();
    expect((await begin("approval")).answer.headers["aauth-requirement"]).toBe("requirement=approval");
    expect((await begin()).answer.headers["aauth-requirement"]).toBeUndefined();
  });

  test("needs a page for an interaction, and addresses that can be published", async () => {
    await expect(kit({ interactionUrl: undefined }).begin("interaction")).rejects.toThrow(TypeError);
    expect(() => kit({ interactionUrl: "https://resource.example/i?x=1" })).toThrow(TypeError);
    expect(() => kit({ path: "/pending" })).toThrow(TypeError);
  });
});

describe("a poll", () => {
  test("is answered 202, then with the answer once, then 410", async () => {
    const { clock, deferred, begin, poll } = kit();
    const { id, answer } = await begin("approval");
    const first = await poll(answer);
    expect([first.status, first.headers["aauth-requirement"]]).toEqual([202, "requirement=approval"]);
    expect(await deferred.finish(id, DONE)).toBe(true);
    clock.advance(5);
    expect(await poll(answer)).toEqual(DONE);
    clock.advance(5);
    expect((await poll(answer)).status).toBe(410);
    expect(await deferred.finish(id, DONE)).toBe(false);
  });

  test("of two at the same time, one gets the answer", async () => {
    const { now } = clockOf();
    const { deferred, begin, poll } = kit({ retryAfterSeconds: 0, store: outsideStore({ now }) });
    const { id, answer } = await begin();
    await deferred.finish(id, DONE);
    const statuses = (await Promise.all([poll(answer), poll(answer)])).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  });

  test("by another key is answered as for a URL that never was", async () => {
    const { begin, poll, deferred } = kit();
    const { answer, id } = await begin();
    const jwt = await agentToken({ confirmationKey: keys.other.publicJwk });
    const foreign = { key: keys.other, signatureKey: { scheme: "jwt", jwt } } as const;
    const unknown = { ...answer, headers: { location: `${RESOURCE}/aauth/pending/${"a".repeat(22)}` } };
    const refused = await poll(answer, foreign);
    expect(refused.status).toBe(404);
    expect(await poll(unknown)).toEqual(refused);
    expect((await poll(answer, { ...foreign, method: "DELETE" })).status).toBe(404);
    // The request is unchanged.
    await deferred.finish(id, DONE);
    expect((await poll(answer)).status).toBe(200);
  });

  test("may present a person token of the same agent, because the key is decisive", async () => {
    const { begin, poll, now } = kit();
    const { answer } = await begin();
    const jwt = await personToken();
    expect((await poll(answer, { signatureKey: { scheme: "jwt", jwt }, now })).status).toBe(202);
  });

  test("without a signature, or with a broken one, reveals nothing", async () => {
    const { begin, deferred, poll, now } = kit();
    const { answer } = await begin();
    const unsigned = { method: "GET", target: new URL(answer.headers.location!).pathname, headers: {} };
    const refused = await deferred.endpoint.handle({ ...unsigned, body: undefined });
    expect([refused.status, refused.headers["signature-error"]]).toEqual([401, "error=invalid_signature"]);
    expect((await poll(answer, { key: keys.other, now })).status).toBe(401);
  });

  test("that comes too soon is answered with slow_down", async () => {
    const { clock, begin, poll } = kit();
    const { answer } = await begin();
    expect((await poll(answer)).status).toBe(202);
    clock.advance(1);
    const slowed = await poll(answer);
    expect([slowed.status, JSON.parse(slowed.body)]).toEqual([429, { error: "slow_down" }]);
    expect(slowed.headers["retry-after"]).toBe("10");
    clock.advance(5);
    expect((await poll(answer)).status).toBe(202);
  });

  test.each([
    ["denied", 403],
    ["abandoned", 403],
    ["revoked", 403],
    ["invalid_code", 410],
    ["server_error", 500],
  ] as const)("of a request that ended with %s is answered %i, then 410", async (error, status) => {
    const { clock, deferred, begin, poll } = kit();
    const { id, answer } = await begin();
    expect(await deferred.fail(id, error, "so it is")).toBe(true);
    const ended = await poll(answer);
    expect([ended.status, JSON.parse(ended.body)]).toEqual([status, { error, detail: "so it is" }]);
    expect(ended.headers["content-type"]).toBe("application/problem+json");
    clock.advance(5);
    expect((await poll(answer)).status).toBe(410);
  });

  test("of a request that has expired is answered 408, then 410", async () => {
    const { clock, deferred, begin, poll } = kit({ lifetimeSeconds: 60 });
    const { id, answer } = await begin();
    clock.advance(60);
    expect(await deferred.finish(id, DONE)).toBe(false);
    const ended = await poll(answer);
    expect([ended.status, JSON.parse(ended.body)]).toEqual([408, { error: "expired" }]);
    clock.advance(5);
    expect((await poll(answer)).status).toBe(410);
  });

  test("after DELETE is answered 410, and a later decision has no effect", async () => {
    const { clock, deferred, begin, poll } = kit();
    const { id, code, answer } = await begin("interaction");
    expect((await poll(answer, { method: "DELETE" })).status).toBe(204);
    expect(await deferred.finish(id, DONE)).toBe(false);
    expect(await deferred.open(code!, BROWSER)).toBe("invalid_code");
    expect((await poll(answer)).status).toBe(410);
    clock.advance(5);
    expect((await poll(answer, { method: "DELETE" })).status).toBe(410);
  });
});

test.each(["finished again", "polled"])(
  "executes a decision once, even if it is %s after a failure, and it can neither expire nor be cancelled",
  async (how) => {
    const carryOut = vi.fn((_: unknown, answer: Answer): Answer => answer);
    const { clock, deferred, begin, poll } = kit({ carryOut, lifetimeSeconds: 60 });
    const { id, answer } = await begin();
    carryOut.mockImplementation(() => {
      throw new StoreFullError();
    });
    await expect(deferred.finish(id, DONE)).rejects.toThrow(StoreFullError);
    clock.advance(60);
    await expect(poll(answer)).rejects.toThrow(StoreFullError);
    expect((await poll(answer, { method: "DELETE" })).status).toBe(410);
    expect(await deferred.fail(id, "denied")).toBe(false);
    carryOut.mockReset().mockImplementation((_, answer) => ({ ...answer, body: "done" }));
    if (how === "finished again") {
      expect(await deferred.finish(id, { ...DONE, body: "another" })).toBe(true);
      expect(await deferred.finish(id, DONE)).toBe(false);
    }
    clock.advance(5);
    expect(await poll(answer)).toEqual({ ...DONE, body: "done" });
    expect(carryOut.mock.calls).toEqual([[{ id, owner: expect.any(String), data: { report: 7 } }, DONE]]);
  },
);

test("an answer that is there is not cancelled any more, and can still be had", async () => {
  const { deferred, begin, poll } = kit();
  const { id, answer } = await begin("interaction");
  expect(await deferred.finish(id, DONE)).toBe(true);
  expect((await poll(answer, { method: "DELETE" })).status).toBe(410);
  expect((await poll(answer)).status).toBe(200);
});

describe("a code", () => {
  test("opens its request once; a poll then reports the person's presence", async () => {
    const { deferred, begin, poll } = kit();
    const { id, code, answer } = await begin("interaction");
    expect(await deferred.open(code!, BROWSER)).toMatchObject({
      id,
      data: { report: 7 },
      thumbprint: keys.agent.thumbprint,
    });
    const polled = await poll(answer);
    expect([JSON.parse(polled.body), polled.headers["aauth-requirement"]]).toEqual([
      { status: "interacting" },
      undefined,
    ]);
    expect(await deferred.open(code!, BROWSER)).toBe("invalid_code");
  });

  test("of two that open at the same time, one gets in", async () => {
    const { now } = clockOf();
    const { deferred, begin } = kit({ store: outsideStore({ now }) });
    const { code } = await begin("interaction");
    const opened = await Promise.all([deferred.open(code!, BROWSER), deferred.open(code!, BROWSER)]);
    expect(opened.filter((outcome) => outcome === "invalid_code")).toHaveLength(1);
  });

  test("S23: refuses any code of an address after five wrong ones, and no right one is counted", async () => {
    const { clock, deferred, begin } = kit();
    for (let opened = 0; opened < 6; opened++) {
      const { code } = await begin("interaction");
      expect(await deferred.open(code!, BROWSER)).toMatchObject({ data: { report: 7 } });
    }
    const { code } = await begin("interaction");
    for (let guess = 0; guess < 5; guess++)
      expect(await deferred.open(`0000-0000-000${guess}`, BROWSER)).toBe("invalid_code");
    for (const refused of ["0000-0000-0005", "0000-0000-0000", code!])
      expect(await deferred.open(refused, BROWSER)).toBe("too_many_codes");
    expect(await deferred.open("0000-0000-0005", "198.51.100.2")).toBe("invalid_code");
    expect(await deferred.open(code!, "198.51.100.2")).toMatchObject({ data: { report: 7 } });
    clock.advance(600);
    expect(await deferred.open("0000-0000-0005", BROWSER)).toBe("invalid_code");
  });

  test("S23: wrong secrets of an address over its limit use up nothing, and read nothing", async () => {
    const { now } = clockOf();
    const store = outsideStore<unknown>({ now });
    const { deferred, begin, poll } = kit({ store });
    const { code, answer } = await begin("interaction");
    for (let guess = 0; guess < 5; guess++) await deferred.open(`0000-0000-000${guess}`, BROWSER);
    const [get, update] = [vi.spyOn(store, "get"), vi.spyOn(store, "update")];
    for (let guess = 0; guess < 6; guess++)
      expect(await deferred.open(`${code!.slice(0, 4)}-0000-000${guess}`, BROWSER)).toBe("too_many_codes");
    expect([get.mock.calls, update.mock.calls]).toEqual([[], []]);
    expect((await poll(answer)).status).toBe(202);
    expect(await deferred.open(code!, "198.51.100.2")).toMatchObject({ data: { report: 7 } });
  });

  test("S23: codes that an address tries at the same time evade no limit", async () => {
    const { deferred, begin } = kit();
    const { code } = await begin("interaction");
    const wrong = Array.from({ length: 5 }, (_, guess) => deferred.open(`0000-0000-000${guess}`, BROWSER));
    const right = deferred.open(code!, BROWSER);
    expect(await Promise.all(wrong)).toEqual(Array(5).fill("invalid_code"));
    expect(await right).toBe("too_many_codes");
  });

  test("of an expired or answered request opens nothing", async () => {
    const { clock, deferred, begin } = kit({ lifetimeSeconds: 60 });
    const [first, second] = [await begin("interaction"), await begin("interaction")];
    await deferred.finish(first.id, DONE);
    expect(await deferred.open(first.code!, BROWSER)).toBe("invalid_code");
    clock.advance(60);
    expect(await deferred.open(second.code!, BROWSER)).toBe("expired");
    expect(await deferred.open("no code", BROWSER)).toBe("invalid_code");
  });
});

describe("the browser's way back", () => {
  const published = publications();
  const metadata = { issuer: PROVIDER, callback_endpoint: `${PROVIDER}/done` };
  const publish = (more: object) =>
    published.set(
      `${PROVIDER}/.well-known/aauth-agent.json`,
      agentProviderMetadata({ ...metadata, ...more }),
    );

  async function wayBack(callback: string, jwt: Promise<string>, error?: PollingError, more: object = {}) {
    publish(more);
    const { deferred, callerOf } = kit({ discovery: discoveryOf(published) });
    const caller = await callerOf({ signatureKey: { scheme: "jwt", jwt: await jwt } });
    const { code } = await deferred.begin(caller, { requirement: "interaction", data: { report: 7 } });
    const opened = await deferred.open(code!, BROWSER);
    if (typeof opened === "string") throw new Error(opened);
    return deferred.returnUrl(opened, callback, error);
  }

  test("is the provider's callback, or the person server that sent the person", async () => {
    expect(await wayBack(`${PROVIDER}/done`, agentToken())).toBe(`${PROVIDER}/done`);
    for (const token of [agentToken({ personServer: PERSON_SERVER }), personToken(), ownAuthToken()]) {
      expect(await wayBack(`${PERSON_SERVER}/back/7`, token)).toBe(`${PERSON_SERVER}/back/7`);
    }
  });

  test.each([
    "https://evil.example/",
    `${PROVIDER}/done/other`,
    `${PROVIDER}/done?x=1`,
    `${PERSON_SERVER}/back`,
    `https://user@agent.example/done`,
    "http://localhost:4000/done",
    "javascript:alert(1)",
    "done",
  ])("is not %s", async (callback) => {
    expect(await wayBack(callback, agentToken())).toBeUndefined();
  });

  test("is never a provider's for a person token, which names no agent, nor with a user", async () => {
    expect(await wayBack(`${PROVIDER}/done`, personToken())).toBeUndefined();
    expect(await wayBack("https://user@ps.example/back", personToken())).toBeUndefined();
  });

  test("is the person server's alone without a discovery", async () => {
    const { deferred, callerOf } = kit();
    const jwt = await agentToken({ personServer: PERSON_SERVER });
    const caller = await callerOf({ signatureKey: { scheme: "jwt", jwt } });
    const { code } = await deferred.begin(caller, { requirement: "interaction", data: { report: 7 } });
    const opened = await deferred.open(code!, BROWSER);
    if (typeof opened === "string") throw new Error(opened);
    expect(await deferred.returnUrl(opened, `${PROVIDER}/done`)).toBeUndefined();
    expect(await deferred.returnUrl(opened, `${PERSON_SERVER}/back`)).toBe(`${PERSON_SERVER}/back`);
  });

  test("may be on loopback if the provider allows it", async () => {
    const more = { localhost_callback_allowed: true };
    for (const callback of ["http://localhost:4000/done", "http://127.0.0.1:4000/done"]) {
      expect(await wayBack(callback, agentToken(), undefined, more)).toBe(callback);
    }
    for (const callback of ["http://localhost.evil.example/", "https://localhost/", "http://[::1]/"]) {
      expect(await wayBack(callback, agentToken(), undefined, more)).toBeUndefined();
    }
  });

  test.each([
    ["denied", "access_denied"],
    ["abandoned", "user_abandoned"],
    ["expired", "interaction_expired"],
    ["server_error", "server_error"],
  ] as const)("after %s has the error %s", async (error, shown) => {
    expect(await wayBack(`${PROVIDER}/done`, agentToken(), error)).toBe(`${PROVIDER}/done?error=${shown}`);
  });
});

test("a resource's own page before the person server decides: its code is in the resource token", async () => {
  const { callerOf, begin, deferred, now } = kit();
  const { code, id } = await begin("interaction");
  const caller = await callerOf({ signatureKey: { scheme: "jwt", jwt: await personToken() } });
  const interaction = { url: `${RESOURCE}/interaction`, code: code! };
  const own = { key: keys.resource, issuer: RESOURCE, scope: "data.read", loginHint: "dana", now };
  const { claims } = await issueResourceToken({ ...own, caller, interaction });
  expect(claims).toMatchObject({ interaction, login_hint: "dana" });
  expect(await deferred.open(claims.interaction!.code, BROWSER)).toMatchObject({ id });
});

describe("a stored request", () => {
  test("is plain data, with which another process continues", async () => {
    const { now } = clockOf();
    const store = outsideStore({ now });
    const { begin, poll, options, clock } = kit({ store });
    const { code, answer } = await begin("interaction");
    const restarted = createDeferred<Asked>(options);
    const opened = await restarted.open(code!, BROWSER);
    if (typeof opened === "string") throw new Error(opened);
    expect(opened.data).toEqual({ report: 7 });
    expect(await restarted.finish(opened.id, DONE)).toBe(true);
    expect(await poll(answer, {}, createDeferred<Asked>(options))).toEqual(DONE);
    clock.advance(5);
    expect((await poll(answer, {}, createDeferred<Asked>(options))).status).toBe(410);
  });

  test("is bounded by owner: one that floods is refused, and the requests of others stay", async () => {
    const { now } = clockOf();
    const store = createMemoryRecordStore<unknown>({ maxEntries: 40, now });
    const { callerOf, deferred, poll, begin } = kit({ store, retryAfterSeconds: 0 });
    const { answer } = await begin();
    const jwt = await personToken({ confirmationKey: keys.other.publicJwk, subject: "flooder" });
    const own = { key: keys.other, signatureKey: { scheme: "jwt", jwt } } as const;
    const flooder = await callerOf(own);
    const begun: Answer[] = [];
    await expect(async () => {
      for (;;) begun.push((await deferred.begin(flooder, { data: { report: begun.length } })).answer);
    }).rejects.toThrow(StoreFullError);
    for (const each of [begun[0]!, begun.at(-1)!]) expect((await poll(each, own)).status).toBe(202);
    expect((await poll(answer)).status).toBe(202);
    expect((await begin()).answer.status).toBe(202);
  });
});
