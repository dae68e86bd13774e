import Fastify from "fastify";
import { describe, expect, test } from "vitest";
import { fastifyA2A } from "../src/fastify.ts";
import { createAgentCard, createTextExecutor } from "../src/index.ts";
import { toLegacyAgentCard } from "../src/legacy-agent-card.ts";
import { ECHO_CARD, echoAgent } from "./echo-agent.ts";

const PATHS = ["/.well-known/agent-card.json", "/.well-known/agent.json"];

describe.each(PATHS)("%s", (path) => {
  test("is the 0.3 card by default", async () => {
    const reply = await echoAgent().inject(path);
    expect(reply.statusCode).toBe(200);
    expect(reply.headers["content-type"]).toMatch(/^application\/json/);
    expect(reply.headers.vary).toBe("A2A-Version");
    expect(reply.json()).toEqual({
      name: "Echo",
      description: "Says it again",
      url: "http://localhost:9999/",
      preferredTransport: "JSONRPC",
      protocolVersion: "0.3.0",
      version: "1.0.0",
      provider: { organization: "Demo Corp", url: "https://demo.example" },
      documentationUrl: "https://docs.demo.example",
      iconUrl: "https://demo.example/icon.png",
      capabilities: { streaming: false, pushNotifications: false },
      securitySchemes: {
        bearerAuth: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "Auth token of an AAuth auth server",
        },
      },
      security: [{ bearerAuth: ["echo:say"] }],
      defaultInputModes: ["text/plain"],
      defaultOutputModes: ["text/plain"],
      skills: [
        {
          id: "echo",
          name: "Echo",
          description: "Repeats",
          tags: ["echo"],
          examples: ["hello"],
          inputModes: ["text/plain"],
          outputModes: ["text/plain"],
        },
      ],
      supportsAuthenticatedExtendedCard: true,
    });
  });

  test("is the 1.0 card on A2A-Version 1.0", async () => {
    const reply = await echoAgent().inject({ url: path, headers: { "a2a-version": "1.0" } });
    expect(reply.headers.vary).toBe("A2A-Version");
    expect(reply.json()).toMatchObject({
      name: "Echo",
      supportedInterfaces: [
        { url: "http://localhost:9999/", protocolBinding: "JSONRPC", protocolVersion: "0.3" },
        { url: "http://localhost:9999/", protocolBinding: "JSONRPC", protocolVersion: "1.0" },
      ],
      capabilities: { extendedAgentCard: true },
    });
    expect(reply.json().url).toBeUndefined();
  });

  test("an unknown version still gets a card: the gateway answers 503 to anything else", async () => {
    const reply = await echoAgent().inject({ url: path, headers: { "a2a-version": "9" } });
    expect(reply.statusCode).toBe(200);
    expect(reply.json().url).toBe("http://localhost:9999/");
  });
});

test("the extended card is served at the 0.3 path, and only when there is one", async () => {
  expect((await echoAgent().inject("/agent/authenticatedExtendedCard")).json().version).toBe("1.0.1");
  const app = Fastify();
  app.register(fastifyA2A, { card: ECHO_CARD, executor: createTextExecutor({ answer: async () => "" }) });
  expect((await app.inject("/agent/authenticatedExtendedCard")).statusCode).toBe(404);
});

test("a card without optional parts has no empty members", async () => {
  const card = createAgentCard({
    name: "N",
    description: "D",
    version: "1",
    url: "http://localhost/",
    skills: [],
  });
  expect(await toLegacyAgentCard(card)).toEqual({
    name: "N",
    description: "D",
    url: "http://localhost/",
    preferredTransport: "JSONRPC",
    protocolVersion: "0.3.0",
    version: "1",
    capabilities: { streaming: false, pushNotifications: false },
    defaultInputModes: ["text/plain"],
    defaultOutputModes: ["text/plain"],
    skills: [],
    supportsAuthenticatedExtendedCard: false,
  });
});
