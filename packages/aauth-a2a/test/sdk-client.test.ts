import { type Message, Role } from "@a2a-js/sdk";
import { ClientFactory, DefaultAgentCardResolver, JsonRpcTransportFactory } from "@a2a-js/sdk/client";
import type { FastifyInstance } from "fastify";
import { afterEach, describe, expect, test } from "vitest";
import { echoAgent } from "./echo-agent.ts";

const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

const message: Message = {
  messageId: "m-1",
  contextId: "",
  taskId: "",
  role: Role.ROLE_USER,
  parts: [{ content: { $case: "text", value: "hello" }, metadata: undefined, filename: "", mediaType: "" }],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
};
const request = { tenant: "", message, configuration: undefined, metadata: undefined };

async function connect(app: FastifyInstance, protocolVersion: "0.3" | "1.0") {
  apps.push(app);
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const legacyCompat = { enabled: protocolVersion === "0.3" };
  const sent: string[] = [];
  const fetchImpl: typeof fetch = (input, init) => {
    if (typeof init?.body === "string") sent.push(JSON.parse(init.body).method);
    // the card names the URL callers use; the test's port is another one
    return fetch(String(input).replace("http://localhost:9999", url), init);
  };
  const headers = { "A2A-Version": protocolVersion };
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl, legacyCompat })],
    cardResolver: new DefaultAgentCardResolver({
      fetchImpl: (input, init) => fetchImpl(input, { ...init, headers }),
      legacyCompat,
    }),
  });
  return { client: await factory.createFromUrl(url), sent };
}

describe.each(["0.3", "1.0"] as const)("the SDK's own client, %s", (version) => {
  test("card, message, extended card", async () => {
    const { client, sent } = await connect(echoAgent(), version);
    const answer = (await client.sendMessage(request)) as Message;
    expect(answer.parts[0]?.content).toEqual({ $case: "text", value: "nobody said: hello" });
    expect((await client.getAgentCard()).version).toBe("1.0.1");
    expect(sent).toEqual(
      version === "0.3"
        ? ["message/send", "agent/getAuthenticatedExtendedCard"]
        : ["SendMessage", "GetExtendedAgentCard"],
    );
  });
});
