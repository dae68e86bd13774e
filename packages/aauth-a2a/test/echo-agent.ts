import Fastify, { type FastifyInstance } from "fastify";
import { type A2AOptions, fastifyA2A } from "../src/fastify.ts";
import { createAgentCard, createTextExecutor } from "../src/index.ts";

export const ECHO_CARD = createAgentCard({
  name: "Echo",
  description: "Says it again",
  version: "1.0.0",
  url: "http://localhost:9999/",
  provider: { organization: "Demo Corp", url: "https://demo.example" },
  documentationUrl: "https://docs.demo.example",
  iconUrl: "https://demo.example/icon.png",
  scopes: ["echo:say"],
  extendedCard: true,
  skills: [{ id: "echo", name: "Echo", description: "Repeats", tags: ["echo"], examples: ["hello"] }],
});

/** An agent that answers `<caller> said: <text>`. */
export function echoAgent(options: Partial<A2AOptions> = {}): FastifyInstance {
  const app = Fastify();
  void app.register(fastifyA2A, {
    card: ECHO_CARD,
    extendedCard: { ...ECHO_CARD, version: "1.0.1" },
    executor: createTextExecutor({
      answer: async ({ text, context }) => `${context.state.get("caller") ?? "nobody"} said: ${text}`,
    }),
    ...options,
  });
  return app;
}

/** The bytes the February-2026 demo's Python client sends (compact JSON, sorted keys). */
export function legacySend(text: string, method = "message/send"): string {
  return JSON.stringify({
    id: "6f1b0f5e-1b9f-4c55-8a62-0d9a6d1f6a01",
    jsonrpc: "2.0",
    method,
    params: {
      configuration: { acceptedOutputModes: [], blocking: true },
      message: {
        kind: "message",
        messageId: "0a9a1de4-6d05-4a8c-9f4e-2d3f8f8c7b11",
        parts: [{ kind: "text", text }],
        role: "user",
      },
    },
  });
}

export function post(app: FastifyInstance, body: string | Buffer, headers: Record<string, string> = {}) {
  return app.inject({
    method: "POST",
    url: "/",
    headers: { "content-type": "application/json", ...headers },
    payload: body,
  });
}
