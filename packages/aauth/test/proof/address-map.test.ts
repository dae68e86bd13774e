/** Identifiers without ports, and parties on loopback: over real sockets. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, expect, it } from "vitest";
import { createAgent } from "../../src/agent/index.ts";
import { createAddressMap } from "../../src/discovery/address-map.ts";
import { createDiscovery } from "../../src/discovery/create-discovery.ts";
import type { Discovery } from "../../src/discovery/discovery.ts";
import { AAuthError } from "../../src/errors.ts";
import { createChallenger } from "../../src/resource/challenge.ts";
import { receivedFields } from "../../src/resource/received-fields.ts";
import type { Verifier } from "../../src/resource/types.ts";
import { createVerifier } from "../../src/resource/verify-request.ts";
import type { Requirement } from "../../src/types.ts";
import { draft11Kit } from "./dialects.ts";
import { agentKey, now, PROVIDER, RESOURCE, resourceKey, SERVER } from "./kit.ts";

const requirement = draft11Kit.requirements.at(-1)!;
const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

type Handler = (
  request: IncomingMessage,
  body: Uint8Array,
) => Promise<{ status?: number; headers?: Record<string, string>; body: string }>;

async function listen(handler: Handler): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", async () => {
        const { status = 200, headers = {}, body } = await handler(request, Buffer.concat(chunks));
        response.writeHead(status, headers).end(body);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => void server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const judge = (
  { verifyRequest }: Verifier<string>,
  request: IncomingMessage,
  body: Uint8Array,
  demanded?: Requirement<string>,
) => {
  const received = { method: request.method!, target: request.url!, headers: receivedFields(request), body };
  return demanded === undefined ? verifyRequest(received) : verifyRequest(received, demanded);
};

it("an agent, a resource and a person server find each other through one map", async () => {
  const documents = draft11Kit.documents();
  const hosts = new Set<string>();
  let discovery: Discovery;
  const verifierOf = (id: string, endpoint: "resource" | "token") =>
    createVerifier({
      ...draft11Kit.trusted(SERVER),
      endpoint,
      authorities: [new URL(id).host],
      audience: id,
      discovery,
      now,
    });
  /** A party with the documents that it publishes and the endpoints that it serves. */
  const party = (id: string, serve: Handler): Promise<string> =>
    listen(async (request, body) => {
      hosts.add(String(request.headers.host));
      const document = documents.get(`${id}${request.url}`);
      return document === undefined ? serve(request, body) : { body: JSON.stringify(document) };
    });

  const challenger = createChallenger({
    ...draft11Kit.challenging(SERVER),
    key: resourceKey,
    resource: RESOURCE,
    now,
  });
  const endpoints = {
    [PROVIDER]: await party(PROVIDER, async () => ({ status: 404, body: "" })),
    [SERVER]: await party(SERVER, async (request, body) => {
      const { caller } = await judge(verifierOf(SERVER, "token"), request, body);
      const answer = await draft11Kit.grant(
        `${SERVER}${request.url}`,
        new TextDecoder().decode(body),
        caller,
      );
      return { body: JSON.stringify(answer) };
    }),
    [RESOURCE]: await party(RESOURCE, async (request, body) => {
      try {
        const { caller } = await judge(verifierOf(RESOURCE, "resource"), request, body, requirement);
        return { body: caller.level };
      } catch (error) {
        if (!(error instanceof AAuthError)) throw error;
        return challenger.challengeFor(error, requirement);
      }
    }),
  };
  const map = createAddressMap(endpoints);
  discovery = createDiscovery({ now, addresses: map });

  const agent = createAgent({
    id: draft11Kit.agent,
    ...draft11Kit.trustedByAgent(SERVER),
    key: agentKey,
    agentToken: draft11Kit.agentToken,
    discovery,
    now,
  });
  const response = await agent.fetchFor()(`${RESOURCE}/data?x=1`, { method: "POST", body: "{}" });
  expect([response.status, await response.text()]).toEqual([200, "auth-token"]);
  expect([...hosts].sort()).toEqual(["agent.example", "ps.example", "resource.example"]);
  expect(map.browserUrl(`${SERVER}/page?code=1`)).toBe(`${endpoints[SERVER]}/page?code=1`);
});

it("maps a browser's pages separately, and leaves unmapped addresses unchanged", async () => {
  const seen: string[] = [];
  const map = createAddressMap(
    { [SERVER]: { connect: "http://127.0.0.1:1", browser: "http://localhost:8080" } },
    {
      documents: async (url) => {
        seen.push(url.href);
        return { status: 404, body: new Uint8Array() };
      },
      requests: async (url) => {
        seen.push(url);
        return new Response();
      },
    },
  );
  expect(map.authorityOf(SERVER)).toBe("ps.example");
  expect(map.browserUrl(`${SERVER}/page`)).toBe("http://localhost:8080/page");
  expect(map.browserUrl("https://ps.example.other.example/")).toBe("https://ps.example.other.example/");
  const init = { signal: AbortSignal.timeout(1000), maxBytes: 1000 };
  await map.documents(new URL(`${RESOURCE}/a`), init);
  await map.requests(`${RESOURCE}/b`, { method: "GET", headers: {} });
  expect(seen).toEqual([`${RESOURCE}/a`, `${RESOURCE}/b`]);
});

it.each(["https://ps.example/", "https://ps.example/path", "ps.example"])("%s is not an origin", (origin) => {
  expect(() => createAddressMap({ [origin]: "http://127.0.0.1:1" })).toThrow(TypeError);
  expect(() => createAddressMap({ [SERVER]: origin })).toThrow(TypeError);
});
