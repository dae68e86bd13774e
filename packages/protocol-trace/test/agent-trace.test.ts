import { SpanStatusCode } from "@opentelemetry/api";
import { createAgent, type Transport } from "aauth/agent";
import { february2026Agent, february2026Tokens, formatAgentAuth } from "aauth/february-2026";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createTestParties } from "../../aauth/test/february-2026/parties.ts";
import { ATTRIBUTE as A, createAgentTrace, EVENT } from "../src/index.ts";
import { type RecordedSpans, recordSpans } from "./support/recorded-spans.ts";

const parties = await createTestParties();
const { agent, resource, authServer, clock, discovery } = parties;
const URL_ASKED = `${resource.id}/data?page=1`;
const resourceToken = await february2026Tokens.issueResourceToken({
  key: resource.key,
  resource: resource.id,
  authServer: authServer.issuer,
  agent: agent.id,
  agentJkt: agent.key.thumbprint,
  scope: "data:read",
  now: clock.now,
});
const authToken = await parties.issueAuthToken({ scope: "data:read" });

let spans: RecordedSpans;
beforeEach(() => {
  spans = recordSpans();
});
afterEach(() => spans.stop());

function callWith(send: Transport) {
  const traced = createAgentTrace(send);
  const { fetchFor } = createAgent({
    profile: february2026Agent({ signatureScheme: "jwks", authServers: [authServer.issuer] }),
    id: agent.id,
    key: agent.key,
    discovery,
    now: clock.now,
    ...traced,
  });
  return fetchFor();
}

const json = (body: object, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

/** A resource that requires an auth token, and its auth server. */
const challenging: Transport = async (url, { headers }) => {
  if (url.includes("/token")) return json({ auth_token: authToken, expires_in: 300 });
  if (headers["signature-key"]!.includes("scheme=jwt")) return json({ ok: true });
  const agentAuth = formatAgentAuth({ level: "authorized", resourceToken, authServer: authServer.issuer });
  return new Response("no", { status: 401, headers: { "agent-auth": agentAuth } });
};

describe("a challenge, a token, a retry", () => {
  test("three client spans that distinguish first call and retry, and what happened between them", async () => {
    const around = await spans.within(async () => {
      expect(await (await callWith(challenging)(URL_ASKED, { method: "POST", body: "{}" })).json()).toEqual({
        ok: true,
      });
    });
    const clients = spans.finished().filter(({ name }) => name !== "around");
    expect(clients.map(({ name }) => name)).toEqual([
      "POST signed with jwks",
      "POST token request, signed with jwks",
      "POST again, signed with jwt",
    ]);
    const [first, token, retry] = clients as [(typeof clients)[0], (typeof clients)[0], (typeof clients)[0]];
    expect(first.attributes).toMatchObject({
      [A.role]: "signer",
      [A.purpose]: "resource",
      [A.attempt]: 1,
      [A.method]: "POST",
      [A.url]: URL_ASKED,
      [A.serverAddress]: new URL(URL_ASKED).hostname,
      [A.status]: 401,
      [A.signatureScheme]: "jwks",
      [A.signatureLabel]: "sig1",
      [A.signatureCreated]: clock.now(),
      [A.signatureThumbprint]: agent.key.thumbprint,
      [A.signatureKid]: agent.key.kid,
      [A.requestBody]: "{}",
    });
    expect(first.attributes[A.signatureComponents]).toContain("@query");
    expect(first.attributes).not.toHaveProperty(A.retryReason);
    // The agent discards the body of a challenge; the resource's own span has it.
    expect(first.attributes).not.toHaveProperty(A.responseBody);
    expect(first.status.code).toBe(SpanStatusCode.UNSET);
    expect(first.events.map(({ name }) => name)).toEqual([EVENT.requestSigned, EVENT.challengeReceived]);
    expect(JSON.parse(String(first.events[1]!.attributes!.resource_token))).toMatchObject({
      kind: "resource+jwt",
      claims: { scope: "data:read" },
    });

    expect(token.attributes).toMatchObject({ [A.purpose]: "token", [A.attempt]: 1 });
    expect(retry.attributes).toMatchObject({
      [A.attempt]: 2,
      [A.retryReason]: "authorization",
      [A.status]: 200,
      [A.responseBody]: '{"ok":true}',
    });
    expect(JSON.parse(String(retry.attributes[A.tokenSent]))).toMatchObject({
      kind: "auth+jwt",
      claims: { scope: "data:read" },
    });
    expect(around.events.map(({ name }) => name)).toEqual([
      EVENT.resourceTokenExtracted,
      EVENT.tokenRequested,
      EVENT.tokenReceived,
      EVENT.retriedWithAuthToken,
    ]);
    for (const client of clients) expect(client.parentSpanContext?.spanId).toBe(around.spanContext().spanId);

    const text = JSON.stringify(spans.finished().map(({ attributes, events }) => [attributes, events]));
    for (const secret of [authToken, resourceToken]) expect(text).not.toContain(secret.slice(0, 20));
    expect(text).not.toMatch(/[\w+/-]{80}/);
  });

  test("the trace is sent with the request, outside the signature", async () => {
    let sent: Readonly<Record<string, string>> = {};
    const response = await callWith(async (_url, { headers }) => {
      sent = headers;
      return json({});
    })(URL_ASKED);
    await response.text();
    const { traceId, spanId } = spans.finished()[0]!.spanContext();
    expect(sent.traceparent).toBe(`00-${traceId}-${spanId}-01`);
    expect(sent["signature-input"]).not.toContain("traceparent");
  });

  test("calls at the same time keep their signature bases apart", async () => {
    const call = callWith(async () => json({}));
    await Promise.all(["/a", "/b", "/c"].map(async (path) => (await call(`${resource.id}${path}`)).text()));
    for (const { attributes } of spans.finished()) {
      const { pathname } = new URL(String(attributes[A.url]));
      expect(attributes[A.signatureBase]).toContain(`"@path": ${pathname}\n`);
    }
    expect(spans.finished()).toHaveLength(3);
  });
});

describe("what goes wrong", () => {
  test.each([
    [400, {}, SpanStatusCode.ERROR],
    [401, {}, SpanStatusCode.ERROR],
    [429, { "retry-after": "9" }, SpanStatusCode.ERROR],
    [429, { "agent-auth": "httpsig; identity=?1" }, SpanStatusCode.UNSET],
  ])("status %i with %j is an error unless it is a challenge", async (status, headers, code) => {
    await (await callWith(async () => new Response("no", { status, headers }))(URL_ASKED)).text();
    const [span] = spans.finished();
    expect(span?.status.code).toBe(code);
    expect(span?.attributes[A.errorType]).toBe(code === SpanStatusCode.ERROR ? String(status) : undefined);
  });

  test("a connection that fails is an error with its code, and is thrown on", async () => {
    const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    await expect(callWith(() => Promise.reject(refused))(URL_ASKED)).rejects.toBe(refused);
    expect(spans.finished()[0]).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { [A.errorType]: "ECONNREFUSED" },
    });
  });

  test("a challenge that cannot be read leaves its status", async () => {
    const odd = new Response("", { status: 401, headers: { "agent-auth": "=" } });
    await expect(callWith(async () => odd)(URL_ASKED)).rejects.toMatchObject({ code: "malformed_challenge" });
    expect(spans.finished()[0]!.events[1]).toMatchObject({
      name: EVENT.challengeReceived,
      attributes: { status: 401 },
    });
  });
});

describe("the body of an answer", () => {
  const bodyOf = () => spans.finished()[0]?.attributes[A.responseBody];

  test("comes through unchanged and is shown up to its bound", async () => {
    const chunks = Array.from({ length: 10 }, (_, index) => String(index).repeat(1000));
    const stream = new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    });
    const answer = new Response(stream, { headers: { "content-type": "text/plain" } });
    expect(await (await callWith(async () => answer)(URL_ASKED)).text()).toBe(chunks.join(""));
    expect(bodyOf()).toBe(`${chunks.join("").slice(0, 4096)}…`);
  });

  test("nothing is read before its receiver reads", async () => {
    let pulled = 0;
    const stream = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    await callWith(async () => new Response(stream))(URL_ASKED);
    expect(pulled).toBe(0);
  });

  test("given up, it is given up at the source, and the span ends", async () => {
    const cancel = vi.fn();
    const response = await callWith(async () => new Response(new ReadableStream({ cancel })))(URL_ASKED);
    await response.body!.cancel("enough");
    expect(cancel).toHaveBeenCalledWith("enough");
    expect(spans.finished()).toHaveLength(1);
  });

  test("breaking off, it breaks off for its receiver, and the span ends", async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("reset")) });
    const response = await callWith(async () => new Response(broken))(URL_ASKED);
    await expect(response.text()).rejects.toThrow("reset");
    expect(spans.finished()).toHaveLength(1);
  });

  test("left unread, it does not keep its span open forever", async () => {
    vi.useFakeTimers();
    try {
      await callWith(async () => json({}))(URL_ASKED);
      expect(spans.finished()).toHaveLength(0);
      vi.advanceTimersByTime(10_000);
      expect(spans.finished()).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});

test("a trace that is not recorded is still sent, and nothing is written", async () => {
  spans.stop();
  spans = recordSpans({ sampled: false });
  const headers: string[] = [];
  const answer = json({});
  const response = await callWith(async (_url, request) => {
    headers.push(request.headers.traceparent!);
    return answer;
  })(URL_ASKED);
  expect(headers[0]).toMatch(/-00$/);
  expect(response).toBe(answer);
});

test("without OpenTelemetry's SDK the request is as the agent made it", async () => {
  spans.stop();
  let names: string[] = [];
  await callWith(async (_url, { headers }) => {
    names = Object.keys(headers);
    return json({});
  })(URL_ASKED);
  expect(names.sort()).toEqual(["signature", "signature-input", "signature-key"]);
});
