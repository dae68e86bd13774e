/**
 * A resource or a person server of draft -11, as a separate process. Its argument is a {@link
 * Party} with the port, as JSON. The person of an agent is its provider's host.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import {
  createMemoryStores,
  generateSigningKey,
  importSigningKey,
  type PrivateJwk,
  type Stores,
} from "aauth";
import { createResource, receivedFields } from "aauth/resource";
import { createPersonServer } from "aauth/server";
import { openPostgresStores } from "aauth-stores/postgres";
import { openSqliteStores } from "aauth-stores/sqlite";
import { openValkeyClaims } from "aauth-stores/valkey";
import { oneKeyDiscovery, PERSON_SERVER, RESOURCE } from "../abuse/support/signed-requests.ts";
import type { Party } from "./start-party.ts";

const { kind, port, issuer, own, store, replayStore } = JSON.parse(process.argv[2]!) as Party & {
  port: number;
};
const discovery = oneKeyDiscovery(issuer);
const key = own
  ? await importSigningKey(own.key as PrivateJwk, { kid: "own-1" })
  : await generateSigningKey({ kid: "own-1" });
const stores = await openStores();
const handle = kind === "resource" ? resource() : personServer();

async function openStores(): Promise<Stores> {
  const [, maxEntries] = /^memory:?(\d*)$/.exec(store) ?? [];
  if (maxEntries === "") return createMemoryStores();
  if (maxEntries !== undefined) {
    const memory = createMemoryStores();
    return { ...memory, records: (name) => memory.records(name, { maxEntries: Number(maxEntries) }) };
  }
  if (store.startsWith("/")) return openSqliteStores({ path: store });
  const records = await openPostgresStores({ url: store });
  if (replayStore === undefined) return records;
  return { ...records, claims: (await openValkeyClaims({ url: replayStore })).claims };
}

type Handle = (request: {
  method: string;
  target: string;
  headers: ReturnType<typeof receivedFields>;
  body: Uint8Array;
}) => Promise<{ status: number; headers?: object; body?: string }>;

function resource(): Handle {
  const { admit } = createResource({ resource: RESOURCE, key, discovery, stores });
  return async (request) => {
    const { answer } = await admit(request, { level: "agent-token" });
    return answer ?? { status: 200, body: "{}" };
  };
}

function personServer(): Handle {
  const server = createPersonServer({
    issuer: PERSON_SERVER,
    key,
    discovery,
    stores,
    subjectSecret: own ? Buffer.from(own.secret, "base64url") : randomBytes(32),
    personOf: ({ iss }) => new URL(iss).host,
    decide: () => ({ type: "grant" }),
  });
  return async (request) => (await server.handle(request)) ?? { status: 404 };
}

createServer(async (request, response) => {
  const { method = "", url: target = "" } = request;
  const body = await buffer(request);
  try {
    const answer = await handle({ method, target, headers: receivedFields(request), body });
    response.writeHead(answer.status, { ...answer.headers }).end(answer.body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}).listen(port, "127.0.0.1");
