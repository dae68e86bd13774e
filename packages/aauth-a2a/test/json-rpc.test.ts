import { type Task, TaskState } from "@a2a-js/sdk";
import { AgentEvent, type AgentExecutor } from "@a2a-js/sdk/server";
import type { Observer } from "aauth";
import { describe, expect, test } from "vitest";
import { createA2AHandler, createTextExecutor } from "../src/index.ts";
import { ECHO_CARD, echoAgent, legacySend, post } from "./echo-agent.ts";

const ID = "6f1b0f5e-1b9f-4c55-8a62-0d9a6d1f6a01";

describe("0.3", () => {
  test("the bytes of the February-2026 demo get a bare message back", async () => {
    const reply = await post(echoAgent(), legacySend("hello"));
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toEqual({
      jsonrpc: "2.0",
      id: ID,
      result: {
        kind: "message",
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        role: "agent",
        parts: [{ kind: "text", text: "nobody said: hello" }],
      },
    });
  });

  test("message/stream is refused by an agent that does not stream", async () => {
    const reply = await post(echoAgent(), legacySend("hello", "message/stream"));
    expect(reply.statusCode).toBe(200);
    expect(reply.json().error.code).toBe(-32004);
  });

  test("agent/getAuthenticatedExtendedCard answers the extended card", async () => {
    const body = { jsonrpc: "2.0", id: 1, method: "agent/getAuthenticatedExtendedCard" };
    expect((await post(echoAgent(), JSON.stringify(body))).json().result.version).toBe("1.0.1");
  });
});

describe("1.0", () => {
  const send = (message: object) =>
    JSON.stringify({ jsonrpc: "2.0", id: 7, method: "SendMessage", params: { message } });
  const hello = { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "hello" }] };

  test.each([{}, { "a2a-version": "1.0" }])("SendMessage with headers %o", async (headers) => {
    const reply = await post(echoAgent(), send(hello), headers);
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({
      id: 7,
      result: { message: { role: "ROLE_AGENT", parts: [{ text: "nobody said: hello" }] } },
    });
  });

  test.each([
    ["SendStreamingMessage", { message: hello }],
    ["SubscribeToTask", { id: "t-1" }],
  ])("%s is refused by an agent that does not stream", async (method, params) => {
    const reply = await post(echoAgent(), JSON.stringify({ jsonrpc: "2.0", id: 7, method, params }));
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({ id: 7, error: { code: -32004 } });
  });

  test("several text parts are joined, others are left out", async () => {
    const parts = [{ text: "one" }, { data: { x: 1 } }, { text: "two" }];
    const reply = await post(echoAgent(), send({ ...hello, parts }));
    expect(reply.json().result.message.parts[0].text).toBe("nobody said: one\ntwo");
  });
});

describe("a data part goes to clients that accept JSON, and to no others", () => {
  const executor = createTextExecutor({ answer: async ({ text }) => ({ text, data: { length: 5 } }) });
  const partsFor = async (acceptedOutputModes: readonly string[]) => {
    const body = JSON.parse(legacySend("hello"));
    body.params.configuration = { acceptedOutputModes, blocking: true };
    return (await post(echoAgent({ executor }), JSON.stringify(body))).json().result.parts;
  };

  test("is not accepted by the February-2026 demo", async () => {
    for (const modes of [[], ["text/plain"]])
      expect(await partsFor(modes)).toEqual([{ kind: "text", text: "hello" }]);
  });

  test("is placed after the text", async () => {
    expect(await partsFor(["text/plain", "application/json"])).toEqual([
      { kind: "text", text: "hello" },
      { kind: "data", data: { length: 5 } },
    ]);
  });
});

describe("refusals are JSON-RPC errors under 200", () => {
  const message = { messageId: "m", role: "user", parts: [{ kind: "text", text: "x" }] };
  const send = (params: unknown, method = "message/send") => ({ jsonrpc: "2.0", id: 1, method, params });

  test.each<[string, unknown, number]>([
    ["no JSON", "{", -32700],
    ["empty body", "", -32700],
    ["__proto__ in the body", '{"jsonrpc":"2.0","__proto__":{"x":1}}', -32700],
    ["a batch", [send({ message })], -32600],
    ["another version", { ...send({ message }), jsonrpc: "1.0" }, -32600],
    ["an object as id", { ...send({ message }), id: {} }, -32600],
    ["no method", { jsonrpc: "2.0", id: 1 }, -32600],
    ["unknown method", send({ message }, "message/destroy"), -32601],
    ["no params", send(undefined), -32602],
    ["no message", send({}), -32602],
    ["no message id", send({ message: { ...message, messageId: "" } }), -32602],
    ["unknown role", send({ message: { ...message, role: "system" } }), -32602],
    ["a role that is no text", send({ message: { ...message, role: { toString: 1 } } }), -32602],
    ["no parts", send({ message: { ...message, parts: [] } }), -32602],
    ["text part without text", send({ message: { ...message, parts: [{ kind: "text" }] } }), -32602],
    [
      "text that is an object",
      send({ message: { ...message, parts: [{ kind: "text", text: {} }] } }),
      -32602,
    ],
    ["1.0: no message", send({}, "SendMessage"), -32602],
    ["task that does not exist", send({ id: "nope" }, "tasks/get"), -32001],
    [
      "push notifications",
      send(
        { taskId: "t", pushNotificationConfig: { url: "http://127.0.0.1/" } },
        "tasks/pushNotificationConfig/set",
      ),
      -32003,
    ],
  ])("%s", async (_name, body, code) => {
    const reply = await post(echoAgent(), typeof body === "string" ? body : JSON.stringify(body));
    expect(reply.statusCode).toBe(200);
    expect(reply.json()).toMatchObject({ jsonrpc: "2.0", error: { code } });
  });

  test("no body at all", async () => {
    const reply = await echoAgent().inject({ method: "POST", url: "/" });
    expect(reply.json().error.code).toBe(-32700);
  });

  test.each(["text/plain", ""])("content type %j", async (type) => {
    const reply = await post(echoAgent(), legacySend("x"), { "content-type": type });
    expect(reply.statusCode).toBe(200);
    expect(reply.json().error.code).toBe(-32005);
  });

  test("a charset does not matter", async () => {
    const headers = { "content-type": "application/json; charset=utf-8" };
    expect((await post(echoAgent(), legacySend("x"), headers)).json().result).toBeDefined();
  });

  test("a protocol version the card does not list", async () => {
    const reply = await post(echoAgent(), legacySend("x"), { "a2a-version": "2.0" });
    expect(reply.json().error.code).toBe(-32009);
  });

  test("hide errors that the executor throws", async () => {
    const seen: unknown[] = [];
    const executor = createTextExecutor({
      answer: () => Promise.reject(new Error("database password is wrong")),
    });
    const observer: Observer = (event) => void seen.push(event);
    const reply = await post(echoAgent({ executor, observer }), legacySend("x"));
    expect(reply.statusCode).toBe(200);
    expect(reply.json().error.code).toBe(-32603);
    expect(reply.body).not.toContain("password");
    const error = new Error("database password is wrong");
    expect(seen).toEqual([{ type: "unexpected_error", error }]);
  });

  // The library reads members of a missing configuration.
  test.each(["tasks/pushNotificationConfig/set", "CreateTaskPushNotificationConfig"])(
    "hide errors of the library about %s",
    async (method) => {
      const reply = await post(echoAgent(), JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: {} }));
      expect(reply.statusCode).toBe(200);
      expect(reply.json().error.code).toBeLessThan(-32000);
      expect(reply.body).not.toMatch(/undefined|Cannot read|TypeError/);
    },
  );
});

describe("an executor that publishes a task", () => {
  const taskOf = (id: string): Task => ({
    id,
    contextId: "c",
    artifacts: [],
    history: [],
    metadata: undefined,
    status: { state: TaskState.TASK_STATE_INPUT_REQUIRED, message: undefined, timestamp: undefined },
  });
  const executor: AgentExecutor = {
    async execute({ taskId }, events) {
      events.publish(AgentEvent.task(taskOf(taskId)));
      events.finished();
    },
    async cancelTask() {},
  };
  const call = (method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id: 7, method, params });
  const message = { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "hello" }] };

  test.each([false, true])("M7: no caller sees it (returnImmediately: %s)", async (returnImmediately) => {
    const ids: string[] = [];
    const app = echoAgent({
      executor: {
        ...executor,
        execute: (context, events) => {
          ids.push(context.taskId);
          return executor.execute(context, events);
        },
      },
    });
    const configuration = { returnImmediately };
    const sent = await post(app, call("SendMessage", { message, configuration }));
    expect(sent.json().error).toEqual({ code: -32603, message: "Internal error" });
    expect((await post(app, call("ListTasks", {}))).json().result.tasks).toEqual([]);
    const [id = ""] = ids;
    expect((await post(app, call("GetTask", { id }))).json().error.code).toBe(-32001);
    const more = { ...message, messageId: "m-2", taskId: id };
    expect((await post(app, call("SendMessage", { message: more }))).json().error.code).toBe(-32001);
    expect(ids).toHaveLength(1);
  });

  test("M7: hides an error of the executor, which the SDK turns into a task", async () => {
    const execute = () => Promise.reject(new Error("database password is wrong"));
    const reply = await post(echoAgent({ executor: { ...executor, execute } }), legacySend("x"));
    expect(reply.json().error).toEqual({ code: -32603, message: "Internal error" });
  });
});

test.each(["streaming", "pushNotifications"])("M8: an agent whose card offers %s is not created", (name) => {
  const card = { ...ECHO_CARD, capabilities: { ...ECHO_CARD.capabilities!, [name]: true } };
  const executor = createTextExecutor({ answer: async ({ text }) => text });
  expect(() => createA2AHandler({ card, executor })).toThrow(TypeError);
});

test("a body over the bound is an HTTP 413", async () => {
  const reply = await post(echoAgent(), legacySend("x".repeat(1_048_576)));
  expect(reply.statusCode).toBe(413);
});
