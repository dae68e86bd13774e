import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { expect, test } from "vitest";
import { echoAgent, legacySend, post } from "./echo-agent.ts";

test("passes what hooks set to the executor, separately for parallel calls", async () => {
  const app = echoAgent({
    stateFor: (request) => new Map([["caller", request.headers["x-caller"]]]),
  });
  const names = Array.from({ length: 20 }, (_, index) => `caller-${index}`);
  const replies = await Promise.all(names.map((name) => post(app, legacySend("hi"), { "x-caller": name })));
  expect(replies.map((reply) => reply.json().result.parts[0].text)).toEqual(
    names.map((name) => `${name} said: hi`),
  );
});

test("a preParsing hook may consume the body and supply the same bytes again", async () => {
  const seen: string[] = [];
  const app = echoAgent();
  app.addHook("preParsing", async (_request: FastifyRequest, _reply, payload) => {
    const chunks: Buffer[] = [];
    for await (const chunk of payload) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    seen.push(bytes.toString());
    return Object.assign(Readable.from([bytes]), { receivedEncodedLength: bytes.length });
  });
  const reply = await post(app, legacySend("grüße"));
  expect(reply.json().result.parts[0].text).toBe("nobody said: grüße");
  expect(seen).toEqual([legacySend("grüße")]);
});

test("routeConfig reaches the routes, so that a plugin in front finds its policy", async () => {
  const app = echoAgent({
    routeConfig: {
      rpc: { policy: "rpc" },
      card: { policy: "card" },
      extendedCard: { policy: "extended" },
    } as never,
  });
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-policy", String((request.routeOptions.config as { policy?: string }).policy));
  });
  expect((await post(app, legacySend("x"))).headers["x-policy"]).toBe("rpc");
  expect((await app.inject("/.well-known/agent.json")).headers["x-policy"]).toBe("card");
  expect((await app.inject("/agent/authenticatedExtendedCard")).headers["x-policy"]).toBe("extended");
});
