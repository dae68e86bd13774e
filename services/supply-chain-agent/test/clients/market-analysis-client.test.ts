import { createAgentCard, createTextExecutor, fastifyA2A, type TextAnswer } from "agent-kit/a2a";
import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, expect, test } from "vitest";
import { endlessBody } from "../../../../packages/agent-kit/test/service/support/endless-body.ts";
import { createMarketAnalysisClient } from "../../src/clients/market-analysis-client.ts";

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

type FetchContext = { upstreamToken?: string; signal?: AbortSignal };

/** A client whose agent does not sign; records what it was asked to send with. */
async function connect(app: FastifyInstance, timeoutMs = 5000) {
  apps.push(app);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const contexts: FetchContext[] = [];
  const sent: { url: string; body: Record<string, unknown> }[] = [];
  const agent = {
    fetchFor: (context: FetchContext = {}): typeof fetch => {
      contexts.push(context);
      return async (input, init) => {
        sent.push({ url: String(input), body: JSON.parse(String(init?.body)) });
        return fetch(input, init);
      };
    },
  };
  return { client: createMarketAnalysisClient({ url, agent, timeoutMs }), contexts, sent, url };
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

test("asks in the 0.3 form at the root path and gives the text back", async () => {
  const { client, sent, url } = await connect(answering(async (text) => `about ${text}`));
  expect(await client.ask("laptops")).toEqual({ text: "about laptops" });
  expect(sent).toEqual([
    {
      url: `${url}/`,
      body: expect.objectContaining({
        jsonrpc: "2.0",
        method: "message/send",
        params: expect.objectContaining({
          message: expect.objectContaining({
            kind: "message",
            role: "user",
            parts: [{ kind: "text", text: "laptops" }],
          }),
        }),
      }),
    },
  ]);
});

test("asks for data beside the text, and gives back what comes", async () => {
  const figures = { summary: "none" };
  const { client } = await connect(answering(async (text) => ({ text, data: figures })));
  expect(await client.ask("laptops")).toEqual({ text: "laptops", figures });
});

test("the upstream token goes into the context of this call only", async () => {
  const { client, contexts } = await connect(answering(async () => ""));
  await client.ask("x", "token-of-the-caller");
  await client.ask("x");
  expect(contexts.map(({ upstreamToken }) => upstreamToken)).toEqual(["token-of-the-caller", undefined]);
  expect(contexts.every((context) => "signal" in context)).toBe(true);
});

test("a JSON-RPC error rejects with its code", async () => {
  const { client } = await connect(answering(() => Promise.reject(new Error("inside"))));
  await expect(client.ask("x")).rejects.toMatchObject({ envelopeCode: -32603 });
});

test.each([403, 500])("HTTP %d rejects with the status", async (status) => {
  const app = Fastify();
  app.post("/", async (_request, reply) => reply.code(status).send("secret"));
  const { client } = await connect(app);
  await expect(client.ask("x")).rejects.toMatchObject({ code: `http_${status}` });
});

test("a refusal that names its code says so", async () => {
  const app = Fastify();
  app.post("/", async (_request, reply) =>
    reply.code(403).header("aauth-refusal", "code=untrusted_agent").send("secret"),
  );
  const { client } = await connect(app);
  await expect(client.ask("x")).rejects.toMatchObject({
    code: "http_403",
    message: "it answered with status 403 (untrusted_agent)",
  });
});

test("a task is not an answer", async () => {
  const app = Fastify();
  app.post("/", async (request) => ({
    jsonrpc: "2.0",
    id: (request.body as { id: number }).id,
    result: { kind: "task", id: "t", contextId: "c", status: { state: "working" } },
  }));
  const { client } = await connect(app);
  await expect(client.ask("x")).rejects.toMatchObject({ code: "answer_not_a_message" });
});

test("an answer beyond 1 MiB is not read", async () => {
  const { body, read } = endlessBody();
  const agent = { fetchFor: () => async () => new Response(body) };
  const client = createMarketAnalysisClient({ url: "http://localhost", agent, timeoutMs: 5000 });
  await expect(client.ask("x")).rejects.toMatchObject({ code: "answer_too_large" });
  expect(read.bytes).toBeLessThan(2_000_000);
  const long = await connect(answering(async () => "a".repeat(1_000_000)));
  expect((await long.client.ask("x")).text).toHaveLength(1_000_000);
});

test("an agent that does not answer runs into the deadline", async () => {
  const app = Fastify({ forceCloseConnections: true });
  app.post("/", () => new Promise(() => {}));
  const { client } = await connect(app, 50);
  await expect(client.ask("x")).rejects.toMatchObject({ name: "TimeoutError" });
});
