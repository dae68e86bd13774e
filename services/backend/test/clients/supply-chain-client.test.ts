import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConsentRequiredError } from "aauth";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { AgentAnswerError, AgentHttpError, AgentRpcError } from "../../src/clients/agent-errors.ts";
import { createSupplyChainClient } from "../../src/clients/supply-chain-client.ts";

const MESSAGE = {
  kind: "message",
  messageId: "m",
  role: "agent",
  parts: [{ kind: "text", text: "# Report" }],
};

let received: { url: string; headers: IncomingMessage["headers"]; body: string };
let respond: (response: ServerResponse, rpcId: unknown) => void;
let url = "";

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  received = { url: request.url!, headers: request.headers, body };
  respond(response, body === "" ? undefined : JSON.parse(body).id);
});

const json = (response: ServerResponse, value: unknown, status = 200) =>
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
const result = (value: unknown) => (response: ServerResponse, id: unknown) =>
  json(response, { jsonrpc: "2.0", id, result: value });

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  respond = result(MESSAGE);
});

const client = (options: { protocolVersion?: "0.3" | "1.0"; maxAnswerBytes?: number } = {}) =>
  createSupplyChainClient({ url, ...options });

describe("ask", () => {
  it("sends a compact 0.3 message/send and returns the text", async () => {
    await expect(client().ask("optimize", { fetch })).resolves.toEqual({ markdown: "# Report" });
    const { id: _id, ...envelope } = JSON.parse(received.body);
    expect(envelope).toEqual({
      jsonrpc: "2.0",
      method: "message/send",
      params: {
        configuration: { acceptedOutputModes: ["text/plain", "application/json"], blocking: true },
        message: {
          kind: "message",
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          parts: [{ kind: "text", text: "optimize" }],
          role: "user",
        },
      },
    });
    expect(received.body).not.toMatch(/: |\n/);
    expect(received.url).toBe("/");
  });

  it("speaks 1.0 when told to", async () => {
    respond = result({
      message: { messageId: "m", role: "ROLE_AGENT", parts: [{ text: "one" }, { text: "two" }] },
    });
    await expect(client({ protocolVersion: "1.0" }).ask("x", { fetch })).resolves.toEqual({
      markdown: "one\ntwo",
    });
    expect(JSON.parse(received.body).method).toBe("SendMessage");
    expect(received.headers["a2a-version"]).toBe("1.0");
  });

  it.each([
    ["0.3", { ...MESSAGE, parts: [...MESSAGE.parts, { kind: "data", data: { x: 1 } }] }],
    [
      "1.0",
      { message: { messageId: "m", role: "ROLE_AGENT", parts: [{ text: "# Report" }, { data: { x: 1 } }] } },
    ],
  ] as const)("reads the data part beside the text, %s", async (protocolVersion, answer) => {
    respond = result(answer);
    await expect(client({ protocolVersion }).ask("x", { fetch })).resolves.toEqual({
      markdown: "# Report",
      data: { x: 1 },
    });
  });

  it("reads the artifacts of a task", async () => {
    respond = result({
      kind: "task",
      id: "t",
      contextId: "c",
      status: { state: "completed" },
      artifacts: [{ artifactId: "a", parts: [{ kind: "text", text: "# Task report" }] }],
    });
    await expect(client().ask("x", { fetch })).resolves.toEqual({ markdown: "# Task report" });
  });

  it("tells of being let in only on 2xx", async () => {
    const onAccepted = vi.fn();
    await client().ask("x", { fetch, onAccepted });
    expect(onAccepted).toHaveBeenCalledOnce();
    respond = (response) => response.writeHead(401).end();
    await client()
      .ask("x", { fetch, onAccepted })
      .catch(() => undefined);
    expect(onAccepted).toHaveBeenCalledOnce();
  });

  it("keeps what the head of a refusal tells, and nothing of its body", async () => {
    const head = {
      "agent-auth": "httpsig",
      "aauth-refusal": 'code=invalid_signature, check=signature, section="RFC 9421 3.2", by=gateway',
    };
    respond = (response) => response.writeHead(401, head).end("code=nonce_replayed");
    const error = await client()
      .ask("x", { fetch })
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AgentHttpError);
    const refusal = {
      code: "invalid_signature",
      check: "signature",
      section: "RFC 9421 3.2",
      by: "gateway",
    };
    expect(error).toMatchObject({ status: 401, answer: { challenge: "httpsig", refusal } });
  });

  it("takes only known codes for codes", async () => {
    for (const header of ["code=constructor", "invalid_signature", `code=${"x".repeat(600)}`]) {
      respond = (response) => response.writeHead(401, { "aauth-refusal": header }).end();
      const refused = client().ask("x", { fetch });
      await expect(refused).rejects.toMatchObject({ status: 401, answer: { refusal: undefined } });
    }
  });

  it.each([
    ["gateway; error=proxy_internal_error", true],
    ["gateway; error=destination_unavailable", false],
  ])("tells the gateway's own failure from the agent's: %s", async (value, gatewayFailed) => {
    respond = (response) => response.writeHead(503, { "proxy-status": value }).end();
    await expect(client().ask("x", { fetch })).rejects.toMatchObject({ answer: { gatewayFailed } });
  });

  it.each([200, 400])("recognises a JSON-RPC error that comes with status %i", async (status) => {
    respond = (response, id) =>
      json(response, { jsonrpc: "2.0", id, error: { code: -32603, message: "Internal error" } }, status);
    const error = await client()
      .ask("x", { fetch })
      .catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(AgentRpcError);
    expect(error).toMatchObject({ rpcCode: -32603, message: expect.stringContaining("Internal error") });
  });

  it.each<[string, typeof respond]>([
    ["not JSON", (response) => response.end("<html>")],
    ["empty", (response) => response.end()],
    ["JSON null", (response) => json(response, null)],
    ["a JSON string", (response) => json(response, "hello")],
    [
      "an answer to another request",
      (response) => json(response, { jsonrpc: "2.0", id: 99, result: MESSAGE }),
    ],
    ["without a result", (response, id) => json(response, { jsonrpc: "2.0", id })],
    ["a result of another shape", result({ kind: "surprise" })],
    ["a result that is a number", result(7)],
    ["without text", result({ ...MESSAGE, parts: [{ kind: "data", data: {} }] })],
    ["blank", result({ ...MESSAGE, parts: [{ kind: "text", text: "  " }] })],
    ["a message without parts", result({ ...MESSAGE, parts: undefined })],
  ])("refuses an answer that is %s", async (_name, answer) => {
    respond = answer;
    await expect(client().ask("x", { fetch })).rejects.toThrow(AgentAnswerError);
  });

  it("stops reading an answer that is too large", async () => {
    respond = result({ ...MESSAGE, parts: [{ kind: "text", text: "x".repeat(5000) }] });
    await expect(client({ maxAnswerBytes: 4000 }).ask("x", { fetch })).rejects.toMatchObject({
      code: "answer_too_large",
    });
  });

  it("lets an error of the call's fetch through untouched", async () => {
    const consent = new ConsentRequiredError({
      consentUrl: "http://auth/consent",
      requestToken: "r",
      authServer: "http://auth",
      expiresInSeconds: 600,
    });
    await expect(client().ask("x", { fetch: () => Promise.reject(consent) })).rejects.toBe(consent);
    const refused = new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
    });
    await expect(client().ask("x", { fetch: () => Promise.reject(refused) })).rejects.toBe(refused);
  });
});

describe("card", () => {
  it("is read from the well-known path", async () => {
    respond = (response) =>
      json(response, { name: "Supply Chain Optimizer Agent", protocolVersion: "0.3.0", url });
    await expect(client().card({ fetch })).resolves.toEqual({
      name: "Supply Chain Optimizer Agent",
      protocolVersion: "0.3.0",
    });
    expect(received.url).toBe("/.well-known/agent-card.json");
  });

  it("must be a JSON object", async () => {
    respond = (response) => response.end("nope");
    await expect(client().card({ fetch })).rejects.toThrow(AgentAnswerError);
  });
});
