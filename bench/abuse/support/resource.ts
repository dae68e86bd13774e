/**
 * A resource of draft -11 for the attacks on its memories, in a process of its own. Its one
 * argument is the public key of the person server; it prints its port.
 *
 * @module
 */

import type { AddressInfo } from "node:net";
import { createDiscovery, createMemoryStores, draft11, generateSigningKey, type PublicJwk } from "aauth";
import { createDeferred } from "aauth/resource";
import Fastify from "fastify";
import { fastifyAAuth, sendAnswer, serveEndpoints } from "fastify-aauth";
import { PERSON_SERVER, RESOURCE } from "./parties.ts";

/** Far less than the default, so that an attack of eight seconds fills it. */
const MAX_USED_SIGNATURES = 10_000;

const publicJwk = JSON.parse(process.argv[2]!) as PublicJwk;
const documents = new Map<string, object>([
  [
    `${PERSON_SERVER}/.well-known/aauth-person.json`,
    {
      ...{ issuer: PERSON_SERVER, jwks_uri: `${PERSON_SERVER}/jwks.json` },
      ...{ person_token_endpoint: `${PERSON_SERVER}/person`, auth_token_endpoint: `${PERSON_SERVER}/token` },
    },
  ],
  [`${PERSON_SERVER}/jwks.json`, { keys: [{ ...publicJwk, kid: "ps-1", alg: "Ed25519" }] }],
]);
const discovery = createDiscovery({
  transport: async ({ href }) => ({
    status: documents.has(href) ? 200 : 404,
    body: new TextEncoder().encode(JSON.stringify(documents.get(href) ?? {})),
  }),
});

const stores = createMemoryStores();
const app = Fastify();
await app.register(async (scope) => {
  await scope.register(fastifyAAuth, {
    ...{ resource: RESOURCE, profile: draft11, personServers: [PERSON_SERVER], discovery },
    key: await generateSigningKey({ kid: "resource-1" }),
    stores: {
      ...stores,
      claims: (name) => stores.claims(name, { maxEntries: MAX_USED_SIGNATURES }),
    },
  });
  const { verifier } = scope.aauth;
  const deferred = createDeferred<null>({
    ...{ verifier, resource: RESOURCE, interactionUrl: `${RESOURCE}/interaction` },
  });
  await serveEndpoints(scope, [deferred.endpoint]);
  const config = { aauth: { level: "person-token" } } as const;
  scope.post("/", { config }, () => "served");
  scope.post("/orders", { config }, async ({ caller }, reply) =>
    sendAnswer(reply, (await deferred.begin(caller!, { requirement: "interaction", data: null })).answer),
  );
  scope.get<{ Querystring: { code: string } }>(
    "/interaction",
    { config: { aauth: "public" } },
    async ({ query, ip }, reply) => {
      const opened = await deferred.open(query.code, ip);
      if (opened === "too_many_codes") return reply.code(429).send();
      return reply.code(typeof opened === "string" ? 400 : 200).send();
    },
  );
});
await app.listen({ port: 0, host: "127.0.0.1" });
console.log((app.server.address() as AddressInfo).port);
