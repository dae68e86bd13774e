import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EVENT, SPAN } from "../../src/run/attribute-names.ts";
import { readProtocolRun } from "../../src/run/index.ts";
import { recordedAnswer, recordedRun } from "./recorded-trace.ts";

const delegated = recordedRun("user-delegated");

describe("a user-delegated run over both hops", () => {
  test("is ten messages between six parties, in the order they were sent", () => {
    expect(delegated.parties.map(({ name }) => name)).toEqual([
      "Browser",
      "Auth server",
      "Backend",
      "Gateway",
      "Supply-chain agent",
      "Market-analysis agent",
    ]);
    const story = delegated.messages.map(
      ({ from, to, what, status, outcome }) => `${from} ${to}: ${what}, ${status ?? "-"} ${outcome}`,
    );
    expect(story).toEqual([
      "supply-chain-ui supply-chain-backend: POST /optimization/start, 200 accepted",
      "supply-chain-backend supply-chain-agent: message/send, 401 challenged",
      "supply-chain-backend auth-server: token request: auth, 200 accepted",
      "supply-chain-ui auth-server: sent to the consent page, - accepted",
      "supply-chain-ui supply-chain-backend: back from the consent page, - accepted",
      "supply-chain-backend auth-server: token request: code, 200 accepted",
      "supply-chain-backend supply-chain-agent: message/send, 200 accepted",
      "supply-chain-agent market-analysis-agent: message/send, 401 challenged",
      "supply-chain-agent auth-server: token request: exchange, 200 accepted",
      "supply-chain-agent market-analysis-agent: message/send, 200 accepted",
    ]);
    expect(delegated.messages.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test("each signed message has its signer and every verifier that it met, and all saw the same bytes", () => {
    const signed = delegated.messages.filter(({ purpose }) => purpose !== "user");
    expect(signed).toHaveLength(7);
    for (const { signer, verifiers, via, purpose, isReceived } of signed) {
      expect(isReceived).toBe(true);
      expect(signer?.thumbprint).toMatch(/^[\w-]{43}$/);
      expect(verifiers).toHaveLength(purpose === "token" ? 1 : 2);
      expect(via).toBe(purpose === "token" ? undefined : "agentgateway");
      for (const { base, thumbprint, checks } of verifiers) {
        expect([base, thumbprint, checks.length]).toEqual([signer?.base, signer?.thumbprint, 12]);
      }
    }
  });

  test("tokens are where they belong: challenge, issued, sent, exchanged", () => {
    const [, first, , , , code, retry, , exchange, second] = delegated.messages;
    expect(first?.verifiers.at(-1)?.challenge?.resource_token?.kind).toBe("resource+jwt");
    expect(code?.verifiers[0]?.issuedToken?.id).toBe(retry?.signer?.token?.id);
    expect(exchange?.verifiers[0]?.upstreamToken?.id).toBe(retry?.signer?.token?.id);
    expect(exchange?.verifiers[0]?.issuedToken?.id).toBe(second?.signer?.token?.id);
    expect(retry?.verifiers.at(-1)?.userSub).toBe(second?.verifiers.at(-1)?.userSub);
  });

  test("what the sender noted belongs to the message before", () => {
    expect(delegated.messages[2]?.events.map(({ name }) => name)).toContain(EVENT.consentRequired);
    expect(delegated.messages[5]?.events.map(({ name }) => name)).toContain(EVENT.tokenReceived);
  });

  test("the interaction lies between the answer that sends the browser away and its return, which the code follows", () => {
    const [start, , asked, there, back, code] = delegated.messages;
    expect(there).toMatchObject({ interaction: { page: "consent", leg: "there" }, isReceived: false });
    expect(there?.id).toBe(`${asked?.id}ff`);
    expect(there?.startMicros).toBe(start?.endMicros);
    expect(there?.endMicros).toBe(back?.startMicros);
    expect(back).toMatchObject({ interaction: { page: "consent", leg: "back" } });
    expect(code?.startMicros).toBeGreaterThanOrEqual(back?.startMicros ?? 0);
  });

  test("while the user is away, the interaction has no end yet", () => {
    const { data } = recordedAnswer("user-delegated") as { data: { spans: { operationName: string }[] }[] };
    const [trace] = data;
    const before = trace!.spans.filter(({ operationName }) => operationName !== SPAN.consentReturned);
    const { messages } = readProtocolRun([{ data: [{ ...trace, spans: before }] }]);
    expect(messages.find(({ interaction }) => interaction?.leg === "there")).toMatchObject({
      outcome: "pending",
    });
    expect(messages.some(({ interaction }) => interaction?.leg === "back")).toBe(false);
  });

  test("the waterfall has every span once, children under their parent, and knows their messages", () => {
    const { data } = recordedAnswer("user-delegated") as { data: { spans: { spanID: string }[] }[] };
    expect(delegated.waterfall.map(({ spanId }) => spanId).sort()).toEqual(
      data[0]?.spans.map(({ spanID }) => spanID).sort(),
    );
    expect(delegated.waterfall[0]).toMatchObject({ depth: 0 });
    const ofRetry = delegated.waterfall.filter(({ messageId }) => messageId === delegated.messages[6]?.id);
    expect(ofRetry.map(({ service }) => service).sort()).toEqual([
      "agentgateway",
      "gateway-authz",
      "supply-chain-agent",
      "supply-chain-backend",
    ]);
  });
});

test("an order: the agent requires the user, who visits its page and comes back, and the same request is sent again", () => {
  const { messages, parties } = recordedRun("order");
  expect(parties.map(({ name }) => name)).toEqual(["Browser", "Backend", "Gateway", "Supply-chain agent"]);
  expect(
    messages.map(
      ({ from, to, what, status, outcome }) => `${from} ${to}: ${what}, ${status ?? "-"} ${outcome}`,
    ),
  ).toEqual([
    "supply-chain-ui supply-chain-backend: POST /orders, 200 accepted",
    "supply-chain-backend supply-chain-agent: POST /orders, 401 challenged",
    "supply-chain-ui supply-chain-agent: sent to the agent’s own page, - accepted",
    "supply-chain-ui supply-chain-backend: back from the agent’s page, 303 accepted",
    "supply-chain-backend supply-chain-agent: POST /orders, 201 accepted",
  ]);
  const [asked, challenged, there, , again] = messages;
  expect(there?.url).toMatch(/^http:\/\/supply-chain-agent\.localhost:\d+\/interaction$/);
  expect(again?.request.body).toBe(challenged?.request.body);
  expect(asked?.request.body).toBe('{"model":"MacBook Pro","quantity":40}');
  expect(asked?.response.body).toContain("/interaction?…");
});

test("Jaeger's own answer gives the same picture", () => {
  const { messages, parties } = recordedRun("autonomous-by-jaeger");
  expect(parties).toEqual(delegated.parties);
  expect(
    messages.map(({ from, to, status, requestType }) =>
      `${from} ${to} ${status} ${requestType ?? ""}`.trim(),
    ),
  ).toEqual([
    "supply-chain-ui supply-chain-backend 200",
    "supply-chain-backend supply-chain-agent 401",
    "supply-chain-backend auth-server 200 auth",
    "supply-chain-backend supply-chain-agent 200",
    "supply-chain-agent market-analysis-agent 401",
    "supply-chain-agent auth-server 200 auth",
    "supply-chain-agent market-analysis-agent 200",
  ]);
  for (const { signer, verifiers } of messages.slice(1)) {
    expect(signer?.components.length).toBeGreaterThan(4);
    expect(verifiers.at(-1)?.base).toBe(signer?.base);
    expect(verifiers.at(-1)?.checks).toHaveLength(12);
  }
});

test("a message refused by the gateway's policy ends there, although its signature is valid", () => {
  const message = recordedRun("refused-by-policy").messages.at(-1);
  expect(message).toMatchObject({
    outcome: "refused",
    status: 403,
    to: "supply-chain-agent",
    stoppedAt: "agentgateway",
    isReceived: false,
    verifiers: [{ party: "agentgateway", verdict: "passed" }],
  });
});

test("a message that was changed on the way was signed and rebuilt differently", () => {
  const [message] = recordedRun("changed-path").messages;
  expect(message?.outcome).toBe("refused");
  expect(message?.verifiers[0]).toMatchObject({ verdict: "refused", errorCode: "invalid_signature" });
  expect(message?.signer?.base).toContain('"@path": /\n');
  expect(message?.verifiers[0]?.base).toContain('"@path": /admin\n');
});

test("S32x: a span's name and service have what a page would act on spelled out", () => {
  const span = { traceID: "1", spanID: "2", operationName: "GET \u202e/txt.exe", processID: "p", tags: [] };
  const processes = { p: { serviceName: "agent\u2066\u200b" } };
  const [row] = readProtocolRun([{ data: [{ spans: [span], processes }] }]).waterfall;
  expect(row).toMatchObject({ name: "GET \\u202e/txt.exe", service: "agent\\u2066\\u200b" });
});

test("where a party has replicas, a message and its verifiers name the one that served it", () => {
  const { data } = recordedAnswer("user-delegated") as {
    data: { spans: object[]; processes: Record<string, { serviceName: string; tags: object[] }> }[];
  };
  const [trace] = data;
  const processes = Object.fromEntries(
    Object.entries(trace!.processes).map(([id, process]) => [
      id,
      process.serviceName === "supply-chain-agent"
        ? { ...process, tags: [...process.tags, { key: "service.instance.id", value: "2\u202e" }] }
        : process,
    ]),
  );
  const { messages } = readProtocolRun([{ data: [{ ...trace, processes }] }]);
  const served = messages.filter(({ replica }) => replica !== undefined);
  expect(new Set(served.map(({ to, replica }) => `${to} ${replica}`))).toEqual(
    new Set(["supply-chain-agent 2\\u202e"]),
  );
  expect(served).toHaveLength(messages.filter(({ to }) => to === "supply-chain-agent").length);
  const verifiers = served.flatMap((message) =>
    message.verifiers.map(({ party, replica }) => [party, replica]),
  );
  expect(verifiers).toContainEqual(["supply-chain-agent", "2\\u202e"]);
  expect(verifiers).toContainEqual(["agentgateway", undefined]);
});

describe("a trace that is not whole", () => {
  test("half of the spans give the messages whose senders are there", () => {
    const { data } = recordedAnswer("user-delegated") as { data: { spans: unknown[] }[] };
    const [trace] = data;
    for (let count = 0; count <= trace!.spans.length; count++) {
      const run = readProtocolRun([{ data: [{ ...trace, spans: trace!.spans.slice(0, count) }] }]);
      expect(run.waterfall).toHaveLength(count);
      expect(run.messages.length).toBeLessThanOrEqual(10);
    }
  });

  test("a receiver that left no span is known by its address", () => {
    const { data } = recordedAnswer("signature-only-hwk") as {
      data: { spans: { processID: string }[]; processes: Record<string, { serviceName: string }> }[];
    };
    const [trace] = data;
    const backendOnly = trace!.spans.filter(
      ({ processID }) => trace!.processes[processID]?.serviceName === "supply-chain-backend",
    );
    const { messages } = readProtocolRun([{ data: [{ ...trace, spans: backendOnly }] }]);
    expect(messages.at(-1)).toMatchObject({ to: "supply-chain-agent", outcome: "accepted", verifiers: [] });
  });

  test("a gateway that the receiver calls later is not on the way", () => {
    const span = (spanID: string, processID: string, kind: string, parent?: string, tags: object[] = []) => ({
      traceID: "t",
      spanID,
      processID,
      operationName: spanID,
      references: parent === undefined ? [] : [{ refType: "CHILD_OF", spanID: parent }],
      tags: [{ key: "span.kind", value: kind }, ...tags],
      logs: [],
    });
    const spans = [
      span("a", "backend", "client", undefined, [{ key: "aauth.role", value: "signer" }]),
      span("b", "agent", "server", "a"),
      span("c", "gateway", "server", "b"),
    ];
    const processes = {
      backend: { serviceName: "supply-chain-backend" },
      agent: { serviceName: "supply-chain-agent" },
      gateway: { serviceName: "agentgateway" },
    };
    const [message] = readProtocolRun([{ data: [{ spans, processes }] }]).messages;
    expect(message).toMatchObject({ from: "supply-chain-backend", to: "supply-chain-agent" });
    expect(message?.via).toBeUndefined();
  });

  test("the same span delivered twice counts once", () => {
    const { data } = recordedAnswer("changed-path") as { data: { spans: unknown[] }[] };
    const [trace] = data;
    const twice = { data: [{ ...trace, spans: [...trace!.spans, ...trace!.spans] }] };
    expect(readProtocolRun([twice]).waterfall).toHaveLength(trace!.spans.length);
  });

  test("a loop among the parents ends the walk", () => {
    const span = (spanID: string, parent: string) => ({
      traceID: "t",
      spanID,
      references: [{ refType: "CHILD_OF", spanID: parent }],
      tags: [{ key: "aauth.role", value: "signer" }],
    });
    const run = readProtocolRun([{ data: [{ spans: [span("a", "b"), span("b", "a")], processes: {} }] }]);
    expect(run.messages).toHaveLength(2);
  });

  test("nothing that a store answers makes it throw", () => {
    // JavaScript can convert these to neither a string nor a number.
    const odd = fc.constantFrom<unknown>({ toString: 1 }, { toString: null, valueOf: 1 }, [{ toString: "" }]);
    const value = fc.oneof(fc.jsonValue(), odd);
    const tag = fc.record({
      key: fc.constantFrom("aauth.role", "aauth.verification.checks", "url.full"),
      value,
    });
    const span = fc.record({
      traceID: fc.constant("t"),
      spanID: fc.string(),
      references: fc.oneof(
        value,
        fc.array(fc.record({ refType: fc.constant("CHILD_OF"), spanID: fc.string() })),
      ),
      tags: fc.oneof(value, fc.array(tag)),
      logs: value,
      startTime: value,
      duration: value,
      operationName: value,
      parentSpanID: value,
      processID: value,
      process: fc.oneof(value, fc.record({ serviceName: value })),
    });
    const answer = fc.oneof(
      value,
      fc.record({ data: fc.array(fc.record({ spans: fc.array(span), processes: value })) }),
    );
    fc.assert(
      fc.property(answer, (given) => {
        readProtocolRun([given]);
      }),
      { numRuns: 100 },
    );
  });
});
