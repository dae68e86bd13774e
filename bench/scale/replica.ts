/**
 * One process of a resource or a person server of draft -11 over the stores of
 * `bench/scale/rates.ts`: `node bench/scale/replica.ts KIND PORT PROVIDER_JWK KEY SECRET STORE
 * REPLAY_STORE`. All replicas have the same keys.
 *
 * @module
 */

import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { createMemoryStores, importSigningKey, type PrivateJwk, type Stores } from "aauth";
import { createResource, receivedFields } from "aauth/resource";
import { createPersonServer } from "aauth/server";
import { openPostgresStores } from "aauth-stores/postgres";
import { openSqliteStores } from "aauth-stores/sqlite";
import { openValkeyClaims } from "aauth-stores/valkey";
import { providerDiscovery } from "../abuse/support/provider-discovery.ts";
import { PERSON_SERVER, RESOURCE } from "../abuse/support/token-requests.ts";

const [kind, port, provider = "", ownKey = "", secret = "", store = "", replayStore = ""] =
  process.argv.slice(2);
const publicJwk = JSON.parse(provider) as object;
const discovery = providerDiscovery(publicJwk);
const key = await importSigningKey(JSON.parse(ownKey) as PrivateJwk, { kid: "own-1" });
const stores = await openStores();
const handle = kind === "resource" ? resource() : personServer();

async function openStores(): Promise<Stores> {
  if (store === "memory") return createMemoryStores();
  if (store.startsWith("/")) return openSqliteStores({ path: store });
  const records = await openPostgresStores({ url: store });
  return replayStore === ""
    ? records
    : { ...records, claims: (await openValkeyClaims({ url: replayStore })).claims };
}

type Handle = (request: {
  method: string;
  target: string;
  headers: ReturnType<typeof receivedFields>;
  body: Uint8Array;
}) => Promise<{ status: number; headers?: object; body?: string }>;

function resource(): Handle {
  const { verify } = createResource({ resource: RESOURCE, key, discovery, stores });
  return async (request) => {
    await verify(request, { level: "agent-token" });
    return { status: 200, body: "{}" };
  };
}

function personServer(): Handle {
  const server = createPersonServer({
    ...{ issuer: PERSON_SERVER, key, discovery, stores },
    subjectSecret: new Uint8Array(Buffer.from(secret, "base64url")),
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
}).listen(Number(port), "127.0.0.1");
