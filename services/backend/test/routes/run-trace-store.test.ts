import { runTraceSchema } from "backend-api";
import Fastify, { type FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { afterEach, describe, expect, test } from "vitest";
import type { Attempts } from "../../src/break-it/attempts.ts";
import { errorReplies } from "../../src/plugins/error-replies.ts";
import { runTraceRoutes } from "../../src/routes/run-trace.ts";
import { complete, createRun, notePlace, type Run } from "../../src/runs/run.ts";
import type { TracedWork } from "../../src/traces/own-spans.ts";
import type { StoredTrace, TraceClient } from "../../src/traces/trace-client.ts";

const TRACE = "0123456789abcdef0123456789abcdef";
const ATTEMPT = "fedcba9876543210fedcba9876543210";
let app: FastifyInstance;
afterEach(() => app.close());

/** The routes alone, over a store and a run made by the test. */
async function routesWith(
  trace: TraceClient["trace"],
  given: Run | (() => Run),
  now = () => 1000,
  more: { find?: TraceClient["find"]; isForgotten?: boolean; order?: TracedWork } = {},
): Promise<void> {
  const traces: TraceClient = { trace, find: more.find ?? (async () => []), kind: () => "trace-store" };
  app = Fastify();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(errorReplies);
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => {
    request.user = { id: "alice", username: "alice", email: "", role: "User" };
  });
  const breakIt = {
    offers: () => [],
    attempt: () => Promise.reject(new Error("not asked for here")),
    attemptOf: (_run: Run, traceId: string) => (traceId === ATTEMPT ? { spanId: "1", at: 995 } : undefined),
  } satisfies Attempts;
  const run = () => (typeof given === "function" ? given() : given);
  const runs = { get: async () => run(), find: async () => (more.isForgotten ? undefined : run()) };
  const orders = { traceOf: async () => more.order };
  await app.register(runTraceRoutes, {
    runs,
    orders,
    delegates: { traceOf: async () => undefined },
    traces,
    explorerUrl: "http://localhost:16686",
    breakIt,
    evidence: undefined,
    now,
  });
}

function runWith(...traceIds: string[]): Run {
  const run = createRun({ userId: "alice", prompt: "" }, 1000);
  return traceIds.reduce((noted, traceId) => notePlace(noted, { traceId, spanId: "1" }), run);
}

const ask = async (run: Run, path = "trace") => app.inject({ url: `/optimization/${run.id}/${path}` });
const span = (spanID: string, runId: string) => ({
  spanID,
  tags: [{ key: "optimization.request_id", value: runId }],
});

test("the run's own spans are shown, another run's in the same trace are not", async () => {
  const run = runWith(TRACE);
  await routesWith(async () => [{ traceID: TRACE, spans: [span("1", run.id), span("2", "another")] }], run);
  const answer = runTraceSchema.parse((await ask(run)).json());
  expect(answer).toMatchObject({ trace_ids: [TRACE], explorer: "trace-store", finished: false });
  expect(answer.traces).toEqual([{ data: [{ traceID: TRACE, spans: [span("1", run.id)] }] }]);
});

test("more may come until fifteen seconds after the end", async () => {
  let run = runWith(TRACE);
  let now = 1000;
  await routesWith(
    async () => undefined,
    () => run,
    () => now,
  );
  now = 5000;
  expect((await ask(run)).json().growing).toBe(true);
  run = complete(run, { text: "done" }, 1000);
  now = 1014;
  expect((await ask(run)).json()).toMatchObject({ growing: true, finished: true });
  now = 1016;
  expect((await ask(run)).json().growing).toBe(false);
});

test("of other traces only the run's own attempts can be asked for", async () => {
  const run = runWith(TRACE);
  await routesWith(async (id) => [{ traceID: id, spans: [] }], run);
  expect((await ask(run, `attempts/${ATTEMPT}`)).json()).toMatchObject({
    trace_ids: [ATTEMPT],
    growing: true,
  });
  expect((await ask(run, `attempts/${TRACE}`)).statusCode).toBe(404);
  expect((await ask(run, "attempts/nonsense")).statusCode).toBe(422);
});

test("an order has a separate trace", async () => {
  const order = { id: "order-1", places: [{ traceId: TRACE, spanId: "1" }], isFinal: false, changedAt: 1000 };
  await routesWith(
    async () => [{ traceID: TRACE, spans: [span("1", "order-1"), span("2", "another")] }],
    runWith(),
    undefined,
    { order },
  );
  const reply = await app.inject({ url: "/orders/order-1/trace" });
  expect(runTraceSchema.parse(reply.json())).toMatchObject({
    request_id: "order-1",
    finished: false,
    traces: [{ data: [{ traceID: TRACE, spans: [span("1", "order-1")] }] }],
  });
  expect(reply.json()).not.toHaveProperty("break_it");
});

describe("a run that a restarted backend does not know", () => {
  const FORGOTTEN = "00000000-0000-4000-8000-000000000001";
  const tagged = (runId: string, userId: string): StoredTrace => ({
    traceID: TRACE,
    spans: [
      {
        spanID: "1",
        operationName: "optimization_service.run_optimization",
        tags: [
          { key: "optimization.request_id", value: runId },
          { key: "aauth.user.sub", value: userId },
        ],
      },
    ],
  });
  const lookUp = async (answers: StoredTrace[], id = FORGOTTEN) => {
    const asked: unknown[] = [];
    const find: TraceClient["find"] = async (wanted) => {
      asked.push(wanted);
      return answers;
    };
    await routesWith(async () => [tagged(FORGOTTEN, "alice")], runWith(), undefined, {
      find,
      isForgotten: true,
    });
    return { asked, reply: await app.inject({ url: `/optimization/${id}/trace` }) };
  };

  test("is found in the trace store, by its id and its user", async () => {
    const { asked, reply } = await lookUp([tagged(FORGOTTEN, "alice")]);
    expect(runTraceSchema.parse(reply.json())).toMatchObject({
      request_id: FORGOTTEN,
      trace_ids: [TRACE],
      growing: false,
      finished: true,
      traces: [{ data: [tagged(FORGOTTEN, "alice")] }],
    });
    expect(asked).toEqual([
      {
        service: "supply-chain-backend",
        operation: "optimization_service.run_optimization",
        tags: { "optimization.request_id": FORGOTTEN, "aauth.user.sub": "alice" },
      },
    ]);
  });

  test.each([
    ["another user's", [tagged(FORGOTTEN, "bob")]],
    ["another one of hers", [tagged("00000000-0000-4000-8000-000000000002", "alice")]],
    ["nothing", []],
  ])("is not found if the store returns %s", async (_what, answers) => {
    expect((await lookUp(answers)).reply.statusCode).toBe(404);
  });

  test("is not searched for by a malformed id", async () => {
    const { asked, reply } = await lookUp([tagged("x", "alice")], "x");
    expect(reply.statusCode).toBe(404);
    expect(asked).toEqual([]);
  });
});
