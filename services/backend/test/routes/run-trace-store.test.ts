import { runTraceSchema } from "backend-api";
import Fastify, { type FastifyInstance } from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { afterEach, expect, test } from "vitest";
import type { BreakItService } from "../../src/break-it/break-it-service.ts";
import { type TraceClient, TraceStoreError } from "../../src/clients/trace-client.ts";
import { errorReplies } from "../../src/plugins/errors.ts";
import { runTraceRoutes } from "../../src/routes/run-trace.ts";
import { Run } from "../../src/runs/run.ts";
import type { RunService } from "../../src/services/run-service.ts";

const TRACE = "0123456789abcdef0123456789abcdef";
const ATTEMPT = "fedcba9876543210fedcba9876543210";
let app: FastifyInstance;
afterEach(() => app.close());

/** The routes alone, over a store and a run of the test's own making. */
async function routesWith(traces: TraceClient, run: Run, now = () => 1000): Promise<void> {
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
    attemptedAt: (_run: Run, traceId: string) => (traceId === ATTEMPT ? 995 : undefined),
  } satisfies BreakItService;
  const runs = { get: () => run } as unknown as RunService;
  await app.register(runTraceRoutes, { runs, traces, explorerUrl: "http://localhost:16686", breakIt, now });
}

function runWith(...traceIds: string[]): Run {
  const run = new Run({ userId: "alice", prompt: "", now: () => 1000 });
  for (const traceId of traceIds) run.noteTrace(traceId);
  return run;
}

const ask = async (run: Run, path = "trace") => app.inject({ url: `/optimization/${run.id}/${path}` });
const span = (spanID: string, runId: string) => ({
  spanID,
  tags: [{ key: "optimization.request_id", value: runId }],
});

test("the run's own spans are shown, another run's in the same trace are not", async () => {
  const run = runWith(TRACE);
  await routesWith(async () => ({ data: [{ spans: [span("1", run.id), span("2", "another")] }] }), run);
  const answer = runTraceSchema.parse((await ask(run)).json());
  expect(answer.trace_ids).toEqual([TRACE]);
  expect(answer.traces).toEqual([{ data: [{ spans: [span("1", run.id)] }] }]);
});

test("a trace that the store does not have yet is left out", async () => {
  const run = runWith(TRACE, ATTEMPT);
  await routesWith(async (id) => (id === TRACE ? { data: [] } : undefined), run);
  expect(runTraceSchema.parse((await ask(run)).json()).traces).toEqual([{ data: [] }]);
});

test("a store that does not answer is told as such", async () => {
  const run = runWith(TRACE);
  await routesWith(() => Promise.reject(new TraceStoreError("the trace store does not answer")), run);
  const reply = await ask(run);
  expect(reply.statusCode).toBe(502);
  expect(reply.json().detail).toContain("the trace store does not answer");
});

test("more may come until fifteen seconds after the end", async () => {
  const run = runWith(TRACE);
  run.begin();
  let now = 1000;
  await routesWith(
    async () => undefined,
    run,
    () => now,
  );
  now = 5000;
  expect((await ask(run)).json().growing).toBe(true);
  run.complete("done");
  now = 1014;
  expect((await ask(run)).json().growing).toBe(true);
  now = 1016;
  expect((await ask(run)).json().growing).toBe(false);
});

test("of other traces only the run's own attempts can be asked for", async () => {
  const run = runWith(TRACE);
  await routesWith(async (id) => ({ data: [{ traceID: id, spans: [] }] }), run);
  expect((await ask(run, `attempts/${ATTEMPT}`)).json()).toMatchObject({
    trace_ids: [ATTEMPT],
    growing: true,
  });
  expect((await ask(run, `attempts/${TRACE}`)).statusCode).toBe(404);
  expect((await ask(run, "attempts/nonsense")).statusCode).toBe(422);
});
