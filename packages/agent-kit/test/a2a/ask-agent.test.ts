import Fastify, { type FastifyInstance } from "fastify";
import { afterEach, expect, test, vi } from "vitest";
import {
  AgentAnswerError,
  type AskOptions,
  askAgent,
  createAgentCard,
  createTextExecutor,
  fastifyA2A,
  readAgentCard,
  type TextAnswer,
} from "../../src/a2a/index.ts";
import { endlessBody } from "../service/support/endless-body.ts";

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

test("asks in the 0.3 form at the root path and gives the text back", async () => {
  const { ask, sent, url } = await connect(answering(async (text) => `about ${text}`));
  expect(await ask("laptops")).toEqual({ text: "about laptops" });
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
  const { ask } = await connect(answering(async (text) => ({ text, data: figures })));
  expect(await ask("laptops")).toEqual({ text: "laptops", data: figures });
});

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

test("a refusal that names its code says so", async () => {
  const app = Fastify();
  app.post("/", async (_request, reply) =>
    reply.code(403).header("aauth-refusal", "code=untrusted_agent").send("secret"),
  );
  const { ask } = await connect(app);
  await expect(ask("x")).rejects.toMatchObject({
    status: 403,
    answer: { refusal: { code: "untrusted_agent" } },
  });
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
    cause: { code: "answer_too_large" },
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

const MESSAGE = {
  kind: "message",
  messageId: "m",
  role: "agent",
  parts: [{ kind: "text", text: "# Report" }],
};

/** Asks an agent that gives this response to the request with this id. */
function askFor(respond: (id: unknown) => Response, options: Partial<AskOptions> = {}) {
  const respondTo: typeof fetch = async (_input, init) => respond(JSON.parse(String(init?.body)).id);
  return askAgent("http://localhost", "x", { fetch: respondTo, ...options });
}
const result = (value: unknown) => (id: unknown) => Response.json({ jsonrpc: "2.0", id, result: value });

test("speaks 1.0 where it is configured", async () => {
  const message = {
    messageId: "m",
    role: "ROLE_AGENT",
    parts: [{ text: "one" }, { text: "two" }, { data: { x: 1 } }],
  };
  let sent: Request | undefined;
  const answer = await askAgent("http://localhost", "x", {
    protocolVersion: "1.0",
    fetch: async (input, init) => {
      sent = new Request(input, init);
      return result({ message })(JSON.parse(String(init?.body)).id);
    },
  });
  expect(answer).toEqual({ text: "one\ntwo", data: { x: 1 } });
  expect(sent?.headers.get("a2a-version")).toBe("1.0");
  expect(await sent?.json()).toMatchObject({ method: "SendMessage" });
});

test("the artifacts of a completed task are an answer", async () => {
  const task = {
    kind: "task",
    id: "t",
    contextId: "c",
    status: { state: "completed" },
    artifacts: [{ artifactId: "a", parts: [{ kind: "text", text: "# Task report" }] }],
  };
  expect(await askFor(result(task))).toEqual({ text: "# Task report" });
});

test("onAccepted is called on 2xx only", async () => {
  const onAccepted = vi.fn();
  await askFor(() => new Response(null, { status: 401 }), { onAccepted }).catch(() => undefined);
  expect(onAccepted).not.toHaveBeenCalled();
  await askFor(result(MESSAGE), { onAccepted });
  expect(onAccepted).toHaveBeenCalledOnce();
});

test("a refusal keeps the challenge, the code and the check of its head, and nothing of its body", async () => {
  const headers = {
    "agent-auth": "httpsig",
    "aauth-refusal": 'code=invalid_signature, check=signature, section="RFC 9421 3.2", by=gateway',
  };
  const refusal = {
    code: "invalid_signature",
    check: "signature",
    section: "RFC 9421 3.2",
    by: "gateway",
  };
  const asked = askFor(() => new Response("code=nonce_replayed", { status: 401, headers }));
  await expect(asked).rejects.toMatchObject({ status: 401, answer: { challenge: "httpsig", refusal } });
});

test.each(["code=constructor", "invalid_signature", `code=${"x".repeat(600)}`])(
  "a refusal has known codes only: %s",
  async (value) => {
    const asked = askFor(() => new Response(null, { status: 401, headers: { "aauth-refusal": value } }));
    await expect(asked).rejects.toMatchObject({ status: 401, answer: { refusal: undefined } });
  },
);

test.each([
  ["gateway; error=proxy_internal_error", true],
  ["gateway; error=destination_unavailable", false],
])("distinguishes the gateway's own failure from the agent's: %s", async (value, gatewayFailed) => {
  const asked = askFor(() => new Response(null, { status: 503, headers: { "proxy-status": value } }));
  await expect(asked).rejects.toMatchObject({ answer: { gatewayFailed } });
});

test("a JSON-RPC error may come with an HTTP status", async () => {
  const error = { code: -32603, message: "Internal error" };
  const asked = askFor((id) => Response.json({ jsonrpc: "2.0", id, error }, { status: 400 }));
  await expect(asked).rejects.toMatchObject({
    name: "AgentRpcError",
    rpcCode: -32603,
    message: expect.stringContaining("Internal error"),
  });
});

test.each<[string, (id: unknown) => Response]>([
  ["not JSON", () => new Response("<html>")],
  ["empty", () => new Response()],
  ["JSON null", () => Response.json(null)],
  ["a JSON string", () => Response.json("hello")],
  ["an answer to another request", () => result(MESSAGE)(99)],
  ["without a result", (id) => Response.json({ jsonrpc: "2.0", id })],
  ["a result of another shape", result({ kind: "surprise" })],
  ["a result that is a number", result(7)],
  ["without text", result({ ...MESSAGE, parts: [{ kind: "data", data: {} }] })],
  ["blank", result({ ...MESSAGE, parts: [{ kind: "text", text: "  " }] })],
  ["a message without parts", result({ ...MESSAGE, parts: undefined })],
])("refuses an answer that is %s", async (_name, respond) => {
  await expect(askFor(respond)).rejects.toThrow(AgentAnswerError);
});

test("an error of the fetch rejects as it is", async () => {
  const error = new TypeError("fetch failed", { cause: new Error("ECONNREFUSED") });
  const asked = askAgent("http://localhost", "x", { fetch: () => Promise.reject(error) });
  await expect(asked).rejects.toBe(error);
});

test("the card is read from the well-known path, and must be an object", async () => {
  const paths: string[] = [];
  const card = { name: "Supply Chain Optimizer Agent", protocolVersion: "0.3.0", url: "http://localhost" };
  const read = await readAgentCard("http://localhost", async (input) => {
    paths.push(String(input));
    return Response.json(card);
  });
  expect(read).toEqual({ name: card.name, protocolVersion: "0.3.0" });
  expect(paths).toEqual(["http://localhost/.well-known/agent-card.json"]);
  const malformed = readAgentCard("http://localhost", async () => new Response("nope"));
  await expect(malformed).rejects.toThrow(AgentAnswerError);
});
