/**
 * A person server of draft -11 for the attack on its stores, in a process of its own. Its one
 * argument is the public key of all agent providers; it prints its port. The person of an agent is
 * its provider's host: providers are as many persons.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { createMemoryStores, generateSigningKey, type PublicJwk } from "aauth";
import { receivedFields } from "aauth/resource";
import { createPersonServer } from "aauth/server";
import { providerDiscovery } from "./provider-discovery.ts";
import { PERSON_SERVER } from "./token-requests.ts";

/** A fifth of the default: an attack fills it in seconds. */
const MAX_ENTRIES = 10_000;

const publicJwk = JSON.parse(process.argv[2]!) as PublicJwk;
const now = () => Math.floor(Date.now() / 1000);
const discovery = providerDiscovery(publicJwk);
const stores = createMemoryStores({ now });
const server = createPersonServer({
  ...{ issuer: PERSON_SERVER, discovery, now },
  key: await generateSigningKey({ kid: "ps-1" }),
  subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
  stores: {
    claims: stores.claims,
    records: (name) => stores.records(name, { maxEntries: MAX_ENTRIES }),
  },
  personOf: ({ iss }) => new URL(iss).host,
  decide: () => ({ type: "grant" }),
});

const http = createServer(async (request, response) => {
  const { method = "", url: target = "" } = request;
  const body = await buffer(request);
  const headers = receivedFields(request);
  const answer = await server.handle({ method, target, headers, body: body.length > 0 ? body : undefined });
  response.writeHead(answer?.status ?? 404, { ...answer?.headers }).end(answer?.body);
});
http.listen(0, "127.0.0.1", () => console.log((http.address() as AddressInfo).port));
