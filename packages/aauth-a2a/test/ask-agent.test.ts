import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, expect, test } from "vitest";
import { endlessBody } from "../../agent-kit/test/service/support/endless-body.ts";
import { fastifyA2A } from "../src/fastify.ts";
import {
  type AskOptions,
  askAgent,
  createAgentCard,
  createTextExecutor,
  type TextAnswer,
} from "../src/index.ts";

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

/** Asks an agent with a fetch that does not sign; records what it sends. */
async function connect(app: FastifyInstance) {
  apps.push(app);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const sent: { url: string; body: Record<string, unknown> }[] = [];
  const recording: typeof fetch = async (input, init) => {
    sent.push({ url: String(input), body: JSON.parse(String(init?.body)) });
    return fetch(input, init);
  };
  const ask = (text: string, options: Partial<AskOptions> = {}) =>
    askAgent(url, text, { fetch: recording, ...options });
  return { ask, sent, url };
}

function answering(answer: (text: string) => Promise<string | TextAnswer>): FastifyInstance {
  const app = Fastify();
  const card = createAgentCard({
    name: "M",
    description: "",
    version: "1",
    url: "http://localhost/",
    skills: [],
  });
  app.register(fastifyA2A, { card, executor: createTextExecutor({ answer: ({ text }) => answer(text) }) });
  return app;
}

test("a JSON-RPC error rejects with its code", async () => {
  const { ask } = await connect(answering(() => Promise.reject(new Error("inside"))));
  await expect(ask("x")).rejects.toMatchObject({ name: "AgentRpcError", rpcCode: -32603 });
});

test.each([403, 500])("HTTP %d rejects with the status", async (status) => {
  const app = Fastify();
  app.post("/", async (_request, reply) => reply.code(status).send("secret"));
  const { ask } = await connect(app);
  await expect(ask("x")).rejects.toMatchObject({ name: "AgentHttpError", status });
});

test("a task is not an answer", async () => {
  const app = Fastify();
  app.post("/", async (request) => ({
    jsonrpc: "2.0",
    id: (request.body as { id: number }).id,
    result: { kind: "task", id: "t", contextId: "c", status: { state: "working" } },
  }));
  const { ask } = await connect(app);
  await expect(ask("x")).rejects.toMatchObject({ name: "AgentAnswerError" });
});

test("an answer beyond 1 MiB is not read", async () => {
  const { body, read } = endlessBody();
  const asked = askAgent("http://localhost", "x", { fetch: async () => new Response(body) });
  await expect(asked).rejects.toMatchObject({
    name: "AgentAnswerError",
    code: "answer_too_large",
  });
  expect(read.bytes).toBeLessThan(2_000_000);
  const long = await connect(answering(async () => "a".repeat(1_000_000)));
  expect((await long.ask("x")).text).toHaveLength(1_000_000);
});

test("an agent that does not answer runs into the deadline", async () => {
  const app = Fastify({ forceCloseConnections: true });
  app.post("/", () => new Promise(() => {}));
  const { ask } = await connect(app);
  const signal = AbortSignal.timeout(50);
  await expect(ask("x", { signal })).rejects.toMatchObject({ name: "TimeoutError" });
});
