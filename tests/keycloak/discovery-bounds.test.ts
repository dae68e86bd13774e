/** Waiting that unproven callers can cause in Keycloak. */

import { createServer, type Socket } from "node:net";
import { afterAll, expect, test } from "vitest";
import { Party, type Reply } from "../contract/auth-server/party.ts";
import { startWorld } from "../contract/auth-server/world.ts";
import { listen } from "../support/foreign-agent.ts";

const { server, agent, resource, wish } = await startWorld();
const PLAIN_LIMIT_MS = 5000;

/** A host that accepts every connection and never answers. */
async function silentHosts() {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket.resume());
    socket.once("error", () => {}).once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const { port } = silent.address() as { port: number };
  return { sockets, at: (name: string) => `http://${name}.localhost:${port}` };
}

const askAs = (id: string): Promise<Reply> =>
  agent.ask(server, { request_type: "auth" }, { scheme: { scheme: "jwks", id } });

test("A2, A3: 100 requests that name silent hosts hold eight connections, are refused at once beyond that, and leave plain requests and known parties alone", async () => {
  const listed = await Party.start("listed");
  const unknown = await Party.start("unknown");
  await server.setAttributes({ "aauth.self.agents": JSON.stringify([listed.id]) });
  expect((await agent.ask(server, wish())).status).toBe(200);

  const silent = await silentHosts();
  let answered = 0;
  const flood = Array.from({ length: 100 }, (_, index) =>
    askAs(silent.at(`a${index}.owner${index}`)).then((reply) => {
      answered++;
      return reply;
    }),
  );
  await expect.poll(() => answered, { timeout: 10_000 }).toBeGreaterThanOrEqual(80);
  expect(silent.sockets.size).toBeLessThanOrEqual(8);
  // Repeated, so that the places of the first requests are never free for long.
  const more = Array.from({ length: 40 }, (_, index) => askAs(silent.at(`b${index}.other${index}`)));

  const startedAt = performance.now();
  expect((await fetch(server.issuer)).status).toBe(200);
  expect(performance.now() - startedAt).toBeLessThan(PLAIN_LIMIT_MS);
  expect((await agent.ask(server, wish())).status).toBe(200);
  const resource_token = resource.resourceToken(server, listed);
  expect((await listed.ask(server, { request_type: "auth", resource_token })).status).toBe(200);

  const replies = [...(await Promise.all(flood)), ...(await Promise.all(more))];
  const busy = replies.filter(({ status }) => status === 503);
  expect(busy.length).toBeGreaterThanOrEqual(80);
  for (const { body, headers } of busy) {
    expect(body.error).toBe("temporarily_unavailable");
    expect(headers["retry-after"]).toBe("1");
  }
  const failed = replies.filter(({ status }) => status !== 503);
  for (const { status, body } of failed) expect([status, body.error]).toEqual([401, "invalid_signature"]);
  // No trace of the load remains.
  await expect.poll(() => silent.sockets.size, { timeout: 10_000 }).toBe(0);
  expect((await unknown.ask(server, { request_type: "auth" })).status).toBe(400);
  await Promise.all([listed.stop(), unknown.stop()]);
});

test("A3: one owner's hosts hold three connections", async () => {
  const silent = await silentHosts();
  const flood = Array.from({ length: 20 }, (_, index) => askAs(silent.at(`a${index}.one`)));
  const replies = await Promise.all(flood);
  expect(replies.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(14);
  expect(replies.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(3);
});

test("A20: a forbidden network, a closed port and a document of another shape are one answer", async () => {
  const other = await Party.start("another-shape");
  other.agentMetadata = { agent: "https://another.example" };
  const replies = [
    await askAs("https://10.0.0.1"),
    await askAs("https://169.254.169.254"),
    await askAs("http://127.0.0.1:1"),
    await askAs(other.id),
  ];
  await other.stop();
  for (const { status, body } of replies) {
    expect([status, body.error, body.error_description]).toEqual([
      401,
      "invalid_signature",
      "the documents of a party that the message names could not be read",
    ]);
  }
});

test("A19: a document is not read where it was moved to, and no caller is known by X-AAuth-Claims", async () => {
  const target = await listen(() => ({ body: {} }), "target.localhost");
  const location = `${target.url}/.well-known/aauth-agent`;
  const moved = await listen(() => ({ status: 302, headers: { location } }), "moved.localhost");
  const { status, body } = await askAs(moved.url);
  await Promise.all([target.stop(), moved.stop()]);
  expect([status, body.error]).toEqual([401, "invalid_signature"]);
  expect([moved.requests.length, target.requests.length]).toEqual([1, 0]);

  const claims = { agent: agent.id, level: "authorized" };
  const reply = await fetch(server.tokenEndpoint, {
    method: "POST",
    headers: { "x-aauth-claims": JSON.stringify(claims) },
    body: new URLSearchParams(wish()),
  });
  expect(reply.status).toBe(401);
});
