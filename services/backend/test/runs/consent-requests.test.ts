import { AAuthAgentError, type AAuthEvent, createMemoryStores } from "aauth";
import { ConsentRequiredError } from "aauth/february-2026";
import { AgentHttpError } from "aauth-a2a";
import { beforeEach, describe, expect, it } from "vitest";
import { type WatchedRequest, watchConsentRequest } from "../../src/runs/consent-requests.ts";
import { createOpenRequests, type OpenRequests } from "../../src/store/open-requests.ts";

let now: number;
let requests: OpenRequests;
/** Requests of alice, once all pending notes are written. */
const waiting = async () => {
  await new Promise(setImmediate);
  return requests.count("alice");
};
let watched: WatchedRequest;
const watch = (id: string, continues = false) =>
  watchConsentRequest(requests, { userId: "alice", id }, continues);
beforeEach(() => {
  now = 1_000;
  const stores = createMemoryStores({ now: () => now });
  requests = createOpenRequests({ stores, name: "open", tooMany: "too many" });
  watched = watch("run-1");
});

const server = "http://auth";
const url = "http://auth/token";
const ASKED: AAuthEvent = { type: "token_requested", server, url, requestType: "auth" };
const DEMANDED: AAuthEvent = { type: "consent_required", server, expiresInSeconds: 90 };
const GRANTED = { type: "token_received", server, requestType: "auth" } as AAuthEvent;
const answered = (status: number): AAuthEvent => ({
  type: "response_received",
  purpose: "token",
  method: "POST",
  url,
  status,
});
const demand = new ConsentRequiredError({
  consentUrl: "http://auth/consent",
  requestToken: "r",
  authServer: server,
  expiresInSeconds: 90,
});
const unreached = (code: string) =>
  new AAuthAgentError("token_request_failed", "x", { cause: Object.assign(new Error(code), { code }) });
const left = new DOMException("cleared", "AbortError");

/** Seconds from now until it is no longer charged. */
async function remaining(): Promise<number> {
  await waiting();
  const before = now;
  while ((await requests.count("alice")) > 0 && now - before < 10_000) now++;
  const seconds = now - before;
  now = before;
  return seconds;
}

describe("an attempt", () => {
  it("is charged while it runs", async () => {
    expect(await remaining()).toBe(3600);
  });

  it("that sent the auth server no request is not charged after its end", async () => {
    await watched.end();
    expect(await waiting()).toBe(0);
  });

  it("whose request was granted or refused is not charged after its end", async () => {
    watched.observer(ASKED);
    watched.observer(answered(200));
    watched.observer(GRANTED);
    expect(await waiting()).toBe(1);
    await watched.end();
    expect(await waiting()).toBe(0);

    const refused = watch("run-2");
    refused.observer(ASKED);
    refused.observer(answered(403));
    await refused.end(new Error("refused"));
    expect(await waiting()).toBe(0);
  });

  it("that has to ask the user is charged as long as the auth server keeps the request", async () => {
    watched.observer(ASKED);
    watched.observer(answered(200));
    watched.observer(DEMANDED);
    await watched.end(demand);
    expect(await remaining()).toBe(90);
  });

  it.each(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH"])(
    "that did not arrive (%s) is no longer charged",
    async (code) => {
      watched.observer(ASKED);
      await watched.end(unreached(code));
      expect(await waiting()).toBe(0);
    },
  );

  it.each(["ECONNRESET", "UND_ERR_HEADERS_TIMEOUT"])(
    "whose answer was lost (%s) is charged",
    async (code) => {
      watched.observer(ASKED);
      await watched.end(unreached(code));
      expect(await remaining()).toBe(600);
    },
  );
});

describe("an attempt that was left", () => {
  it("during the request to the auth server is charged, for as long as a later answer states", async () => {
    watched.observer(ASKED);
    await watched.end(left);
    expect(await remaining()).toBe(600);
    watched.observer(answered(200));
    watched.observer(DEMANDED);
    expect(await remaining()).toBe(90);
  });

  it("just before the request to the auth server is charged as well", async () => {
    await watched.end(left);
    expect(await waiting()).toBe(0);
    watched.observer(ASKED);
    expect(await remaining()).toBe(600);
  });

  it("is no longer charged once the request proves to be granted or refused", async () => {
    watched.observer(ASKED);
    await watched.end(left);
    watched.observer(answered(400));
    expect(await waiting()).toBe(0);

    const granted = watch("run-2");
    granted.observer(ASKED);
    await granted.end(left);
    granted.observer(GRANTED);
    expect(await waiting()).toBe(0);
  });
});

describe("an attempt of draft -11 that was left", () => {
  beforeEach(() => {
    watched = watch("run-1", true);
  });
  const SIGNED = { type: "request_signed" } as AAuthEvent;
  const resource = (status: number) => ({ ...answered(status), purpose: "resource" }) as AAuthEvent;

  it.each([
    ["before the answer", []],
    ["while a server's answer is pending", [answered(202), SIGNED, answered(202)]],
    ["while the resource's answer is pending", [answered(200), GRANTED, SIGNED, resource(202)]],
  ])("%s is charged as long as the request waits there", async (_when, events: AAuthEvent[]) => {
    watched.observer(SIGNED);
    for (const event of events) watched.observer(event);
    await watched.end(left);
    expect(await remaining()).toBe(600);
  });

  const AWAY = { code: "store_unavailable", section: "profile 2.7" } as const;
  it.each([
    ["the agent while its store is away", { refusal: AWAY }, 0],
    ["the gateway while its store is away", { refusal: { ...AWAY, by: "gateway" } }, 0],
    ["a gateway that could not ask its check", { gatewayFailed: true }, 0],
    ["a gateway whose connection to the agent broke", {}, 600],
  ])("refused with 503 by %s is charged only if it may have arrived", async (_by, answer, seconds) => {
    watched.observer(SIGNED);
    watched.observer(resource(503));
    await watched.end(new AgentHttpError(503, answer));
    expect(await remaining()).toBe(seconds);
  });

  it("after the last answer is no longer charged", async () => {
    for (const event of [SIGNED, answered(202), SIGNED, answered(200), GRANTED]) watched.observer(event);
    for (const event of [SIGNED, resource(202), SIGNED, resource(200)]) watched.observer(event);
    await watched.end();
    expect(await waiting()).toBe(0);
  });
});
