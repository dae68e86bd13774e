import { expect, test, vi } from "vitest";
import {
  AgentAnswerError,
  AgentHttpError,
  AgentRpcError,
  type AskOptions,
  askAgent,
  readAgentCard,
} from "../src/index.ts";

const AGENT = "http://agent.localhost";
const MESSAGE = {
  kind: "message",
  messageId: "m",
  role: "agent",
  parts: [{ kind: "text", text: "# Report" }],
};

type Respond = (rpcId: unknown) => Response;
const result =
  (value: unknown): Respond =>
  (id) =>
    Response.json({ jsonrpc: "2.0", id, result: value });

/** Calls an agent that answers in this way; `sent` are the requests. */
function ask(respond: Respond, options: Partial<AskOptions> = {}) {
  const sent: { headers: Headers; body: string }[] = [];
  const fetch: AskOptions["fetch"] = async (_input, init) => {
    const body = String(init?.body);
    sent.push({ headers: new Headers(init?.headers), body });
    return respond(JSON.parse(body).id);
  };
  return { sent, answer: askAgent(AGENT, "x", { fetch, ...options }) };
}

test("a question is compact, and waits for the work to be done", async () => {
  const { sent, answer } = ask(result(MESSAGE));
  expect(await answer).toEqual({ text: "# Report" });
  expect(sent).toHaveLength(1);
  const { id: _id, ...envelope } = JSON.parse(sent[0]!.body);
  expect(envelope).toEqual({
    jsonrpc: "2.0",
    method: "message/send",
    params: {
      configuration: { acceptedOutputModes: ["text/plain", "application/json"], blocking: true },
      message: {
        kind: "message",
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        parts: [{ kind: "text", text: "x" }],
        role: "user",
      },
    },
  });
  expect(sent[0]!.body).not.toMatch(/: |\n/);
});

test("the 1.0 form, where it is asked for", async () => {
  const message = { messageId: "m", role: "ROLE_AGENT", parts: [{ text: "one" }, { text: "two" }] };
  const { sent, answer } = ask(result({ message }), { protocolVersion: "1.0" });
  expect(await answer).toEqual({ text: "one\ntwo" });
  expect(JSON.parse(sent[0]!.body).method).toBe("SendMessage");
  expect(sent[0]!.headers.get("a2a-version")).toBe("1.0");
});

test.each([
  ["0.3", { ...MESSAGE, parts: [...MESSAGE.parts, { kind: "data", data: { x: 1 } }] }],
  [
    "1.0",
    { message: { messageId: "m", role: "ROLE_AGENT", parts: [{ text: "# Report" }, { data: { x: 1 } }] } },
  ],
] as const)("the data part beside the text, %s", async (protocolVersion, value) => {
  const { answer } = ask(result(value), { protocolVersion });
  expect(await answer).toEqual({ text: "# Report", data: { x: 1 } });
});

test("the artifacts of a task", async () => {
  const task = {
    kind: "task",
    id: "t",
    contextId: "c",
    status: { state: "completed" },
    artifacts: [{ artifactId: "a", parts: [{ kind: "text", text: "# Task report" }] }],
  };
  expect(await ask(result(task)).answer).toEqual({ text: "# Task report" });
});

test("only 2xx is reported as accepted", async () => {
  const onAccepted = vi.fn();
  await ask(result(MESSAGE), { onAccepted }).answer;
  expect(onAccepted).toHaveBeenCalledOnce();
  await ask(() => new Response(null, { status: 401 }), { onAccepted }).answer.catch(() => undefined);
  expect(onAccepted).toHaveBeenCalledOnce();
});

test("keeps the head of a refusal, but not its body", async () => {
  const headers = {
    "agent-auth": "httpsig",
    "aauth-refusal": 'code=invalid_signature, check=signature, section="RFC 9421 3.2", by=gateway',
  };
  const { answer } = ask(() => new Response("code=nonce_replayed", { status: 401, headers }));
  const error = await answer.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(AgentHttpError);
  const refusal = {
    code: "invalid_signature",
    check: "signature",
    section: "RFC 9421 3.2",
    by: "gateway",
  };
  expect(error).toMatchObject({ status: 401, answer: { challenge: "httpsig", refusal } });
});

test.each(["code=constructor", "invalid_signature", `code=${"x".repeat(600)}`])(
  "only known codes are codes: %s",
  async (field) => {
    const { answer } = ask(() => new Response(null, { status: 401, headers: { "aauth-refusal": field } }));
    await expect(answer).rejects.toMatchObject({ status: 401, answer: { refusal: undefined } });
  },
);

test.each([
  ["gateway; error=proxy_internal_error", true],
  ["gateway; error=destination_unavailable", false],
])("the gateway's own failure is distinguished from the agent's: %s", async (value, gatewayFailed) => {
  const { answer } = ask(() => new Response(null, { status: 503, headers: { "proxy-status": value } }));
  await expect(answer).rejects.toMatchObject({ answer: { gatewayFailed } });
});

test.each([200, 400])("a JSON-RPC error that comes with status %i", async (status) => {
  const error = { code: -32603, message: "Internal error" };
  const { answer } = ask((id) => Response.json({ jsonrpc: "2.0", id, error }, { status }));
  const thrown = await answer.catch((cause: unknown) => cause);
  expect(thrown).toBeInstanceOf(AgentRpcError);
  expect(thrown).toMatchObject({ rpcCode: -32603, message: expect.stringContaining("Internal error") });
});

test.each<[string, Respond]>([
  ["not JSON", () => new Response("<html>")],
  ["an answer to another request", () => Response.json({ jsonrpc: "2.0", id: 99, result: MESSAGE })],
  ["without a result", (id) => Response.json({ jsonrpc: "2.0", id })],
  ["a result of another shape", result({ kind: "surprise" })],
  ["without text", result({ ...MESSAGE, parts: [{ kind: "data", data: {} }] })],
  ["a message without parts", result({ ...MESSAGE, parts: undefined })],
])("an answer is refused that is %s", async (_name, respond) => {
  await expect(ask(respond).answer).rejects.toThrow(AgentAnswerError);
});

test("an error of the call's fetch passes through untouched", async () => {
  const refused = new TypeError("fetch failed", {
    cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
  });
  const { answer } = ask(result(MESSAGE), { fetch: () => Promise.reject(refused) });
  await expect(answer).rejects.toBe(refused);
});

test("a card is read from the well-known path", async () => {
  const card = { name: "Supply Chain Optimizer Agent", protocolVersion: "0.3.0" };
  const fetch = vi.fn<typeof globalThis.fetch>(async () => Response.json({ ...card, url: AGENT }));
  expect(await readAgentCard(AGENT, fetch)).toEqual(card);
  expect(fetch).toHaveBeenCalledWith(`${AGENT}/.well-known/agent-card.json`, expect.anything());
});

test("a card must be a JSON object", async () => {
  await expect(readAgentCard(AGENT, async () => new Response("nope"))).rejects.toThrow(AgentAnswerError);
});
