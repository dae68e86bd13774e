/**
 * A resource of draft -11 for the attacks on its memories, as a separate process. Arguments: its
 * port, and the public key of the person server.
 *
 * @module
 */

import { createMemoryStores, draft11, generateSigningKey } from "aauth";
import Fastify from "fastify";
import { fastifyAAuth, sendAnswer, serveEndpoints } from "fastify-aauth";
import { oneKeyDiscovery, PERSON_SERVER, RESOURCE } from "./signed-requests.ts";

/** Far less than the default, so that an attack of eight seconds fills it. */
const MAX_USED_SIGNATURES = 10_000;

const [port, issuer] = process.argv.slice(2) as [string, string];
const discovery = oneKeyDiscovery(JSON.parse(issuer));
const stores = createMemoryStores();
const app = Fastify();
await app.register(async (scope) => {
  await scope.register(fastifyAAuth, {
    resource: RESOURCE,
    profile: draft11,
    personServers: [PERSON_SERVER],
    discovery,
    key: await generateSigningKey({ kid: "resource-1" }),
    stores: {
      ...stores,
      claims: (name) => stores.claims(name, { maxEntries: MAX_USED_SIGNATURES }),
    },
  });
  const deferred = scope.aauth.resource!.deferred<null>({ interactionUrl: `${RESOURCE}/interaction` });
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
await app.listen({ port: Number(port), host: "127.0.0.1" });
