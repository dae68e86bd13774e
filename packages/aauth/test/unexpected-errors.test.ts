/** What a handler, a function of the options or a store throws, at each factory. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import Fastify from "fastify";
import { afterEach, beforeEach, expect, type MockInstance, onTestFinished, test, vi } from "vitest";
import { fastifyA2A } from "../../aauth-a2a/src/fastify.ts";
import { createA2AServer, createTextExecutor } from "../../aauth-a2a/src/index.ts";
import { ECHO_CARD, legacySend, post } from "../../aauth-a2a/test/echo-agent.ts";
import { createParties, RESOURCE as PARTY } from "../../aauth-a2a/test/parties.ts";
import { fastifyAAuth } from "../../fastify-aauth/src/index.ts";
import { runBridge } from "../../mcp-aauth/src/bridge.ts";
import { protectMcp } from "../../mcp-aauth/src/index.ts";
import { protect, serveResource } from "../src/gates/fetch.ts";
import { protect as protectNode } from "../src/gates/node.ts";
import type { Observer } from "../src/profile/events.ts";
import type { Resource, ResourceOptions } from "../src/resource/create-resource.ts";
import type { RecordStore } from "../src/store/record-store.ts";
import type { Stores } from "../src/store/stores.ts";
import type { TestRequest } from "../src/testing/signed-request.ts";
import { personToken, RESOURCE, requestOf } from "./draft-11/kit.ts";
import { resourceOf, signed, TO_READ } from "./gates/kit.ts";
import { ALICE, AS, createWorld, RESOURCE as OF_WORLD, PERSON, PS } from "./server/world.ts";

let fault: Error;
const fail = (): never => {
  throw fault;
};
/** A store that fails in a way that its contract does not have. */
const broken: Stores = {
  claims: () => ({ putIfAbsent: async () => fail() }),
  records: <Value>() => new Proxy({} as RecordStore<Value>, { get: () => async () => fail() }),
};

type Outcome = readonly [status: number, body: string];
type Observing = { readonly observer: Observer | undefined };

let console_: MockInstance<typeof console.error>;
beforeEach(() => {
  console_ = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => console_.mockRestore());

const fetched = ({ method, target, headers, body }: TestRequest, origin = RESOURCE) =>
  new Request(origin + target, { method, headers, body: (body as Uint8Array<ArrayBuffer>) ?? null });
const outcomeOf = async (response: Response): Promise<Outcome> => [response.status, await response.text()];

const toAuthorize = async () =>
  requestOf({
    url: `${RESOURCE}/aauth/authorize`,
    body: '{"scope":"data.read"}',
    signatureKey: { scheme: "jwt", jwt: await personToken() },
  });
const authorization = { authorize: fail };

/** A Fastify server with a resource, which answers a request. */
async function ofFastify(
  options: Partial<ResourceOptions> & Observing,
  request: TestRequest,
): Promise<Outcome> {
  const app = Fastify();
  const { observer, ...own } = options;
  const resource = resourceOf(own) as Resource;
  await app.register(fastifyAAuth, { resource, observer });
  app.post("/data", { config: { aauth: TO_READ } }, async () => "never");
  const { method, target: url, headers, body } = request;
  const payload = Buffer.from(body ?? "");
  const answer = await app.inject({ method: method as "POST", url, headers: headers as never, payload });
  return [answer.statusCode, answer.body];
}

const REFUSED = [500, '{"error":"server_error"}'] as const;
const OF_SERVER = [500, expect.stringContaining('"error":"server_error"')] as const;
const OF_RPC = expect.stringContaining('"code":-32603');

const executor = createTextExecutor({ answer: async () => fail() });

test.each<[string, (options: Observing) => Promise<Outcome>, readonly [number, unknown]]>([
  [
    "the policy of a person server",
    async (options) => {
      const world = createWorld({ ps: { personOf: () => ALICE, decide: fail, ...options } });
      const { status, body } = await world.send(await world.agent(), "POST", PERSON, { resource: OF_WORLD });
      return [status, JSON.stringify(body)];
    },
    OF_SERVER,
  ],
  [
    "a store of a person server",
    async (options) => {
      const world = createWorld({ ps: { personOf: () => ALICE, stores: broken, ...options } });
      const { status, body } = await world.send(await world.agent(), "POST", PERSON, { resource: OF_WORLD });
      return [status, JSON.stringify(body)];
    },
    OF_SERVER,
  ],
  [
    "the policy of an access server",
    async (options) => {
      const world = createWorld({ as: { decide: fail, ...options } });
      const agent = await world.agent();
      const { jwt: agent_token } = agent.credential as { jwt: string };
      const pair = { ...(await world.pair(agent, { accessServer: AS })), agent_token };
      const { status, body } = await world.send(world.server(PS), "POST", `${AS}/aauth/access/token`, pair);
      return [status, JSON.stringify(body)];
    },
    OF_SERVER,
  ],
  [
    "a store of a resource at a gate of fetch",
    async (options) => {
      const gate = protect(resourceOf({ stores: broken, ...options }), TO_READ, () => new Response());
      return outcomeOf(await gate(fetched(await signed({ method: "POST", body: "{}" }))));
    },
    REFUSED,
  ],
  [
    "an endpoint of a resource at a gate of fetch",
    async (options) => {
      const serve = serveResource(resourceOf({ authorization, ...options }));
      return outcomeOf((await serve(fetched(await toAuthorize())))!);
    },
    REFUSED,
  ],
  [
    "a handler at a gate of fetch",
    async (options) => {
      const gate = protect(resourceOf(options), TO_READ, fail);
      return outcomeOf(await gate(fetched(await signed())));
    },
    REFUSED,
  ],
  [
    "a handler at a gate of node",
    async (options) => {
      const gate = protectNode(resourceOf(options), TO_READ);
      const server = createServer((request, response) => void gate(request, response, fail)).listen(0);
      onTestFinished(() => void server.close().closeAllConnections());
      await once(server, "listening");
      const { headers } = await signed();
      const { port } = server.address() as AddressInfo;
      return outcomeOf(
        await fetch(`http://127.0.0.1:${port}/data`, { headers: headers as Record<string, string> }),
      );
    },
    REFUSED,
  ],
  [
    "a store of a resource in Fastify",
    async (options) =>
      ofFastify({ stores: broken, ...options }, await signed({ method: "POST", body: "{}" })),
    [500, expect.stringContaining('"code":"verification_unavailable"')],
  ],
  [
    "an endpoint of a resource in Fastify",
    async (options) => ofFastify({ authorization, ...options }, await toAuthorize()),
    REFUSED,
  ],
  [
    "an executor of A2A in fetch",
    async (options) => {
      const { resource, agent, listen } = await createParties(options);
      const level = { level: "agent-token" } as const;
      listen(await createA2AServer({ resource, requirement: level, card: ECHO_CARD, executor }));
      const body = legacySend("hello");
      const headers = { "content-type": "application/json" };
      return outcomeOf(
        await (await agent("planner")).fetchFor()(`${PARTY}/`, { method: "POST", headers, body }),
      );
    },
    [200, OF_RPC],
  ],
  [
    "an executor of A2A in Fastify",
    async (options) => {
      const app = Fastify();
      await app.register(fastifyA2A, { card: ECHO_CARD, executor, ...options });
      const answer = await post(app, legacySend("hello"));
      return [answer.statusCode, answer.body];
    },
    [200, OF_RPC],
  ],
  [
    "a server of MCP",
    async (options) => {
      const { resource, agent, listen } = await createParties(options);
      listen(protectMcp(resource, { level: "agent-token" }, fail));
      const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
      return outcomeOf(await (await agent("planner")).fetchFor()(`${PARTY}/mcp`, { method: "POST", body }));
    },
    [500, OF_RPC],
  ],
  [
    "the fetch of a bridge of MCP",
    async (options) => {
      const [input, output] = [new PassThrough(), new PassThrough()];
      const url = new URL(`${PARTY}/mcp`);
      const ended = runBridge({ url, fetch: async () => fail(), input, output, ...options });
      input.end('{"jsonrpc":"2.0","id":1,"method":"ping"}\n');
      await ended;
      return [200, String(output.read())];
    },
    [200, expect.stringContaining('"code":-32000')],
  ],
])("%s that throws is a coded error, and is reported once", async (_, call, expected) => {
  const answered = async (observer: Observer | undefined) => {
    fault = new Error("the database at 10.0.0.7 is down");
    console_.mockClear();
    const outcome = await call({ observer });
    expect(outcome).toEqual(expected);
    if (!outcome[1].includes("-32000")) expect(outcome[1]).not.toContain("10.0.0.7");
    await new Promise(setImmediate);
    return console_.mock.calls.flat();
  };
  expect(await answered(undefined)).toEqual([fault.stack]);

  const unexpected: unknown[] = [];
  const observer: Observer = (event) => {
    if (event.type === "unexpected_error") unexpected.push(event.error);
  };
  expect(await answered(observer)).toEqual([]);
  expect(unexpected).toEqual([fault]);

  const own = new Error("of the observer");
  const throwing = () => {
    throw own;
  };
  const rejecting = () => Promise.reject(new Error("of the observer, later"));
  expect(await answered(throwing)).toEqual([own.stack]);
  expect(new Set((await answered(rejecting)).map(firstLine))).toEqual(
    new Set(["Error: of the observer, later"]),
  );
});

const firstLine = (stack: unknown) => String(stack).split("\n", 1)[0];
