/**
 * The server that `route.ts` loads: one echo, open and behind the verifier, as a separate process.
 * Arguments: its port, and the public key of the issuer.
 *
 * @module
 */

import { createMemoryStores, generateSigningKey } from "aauth";
import { february2026Resource } from "aauth/february-2026";
import Fastify, { type FastifyRequest } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { createTestDiscovery } from "../../../packages/aauth/test/february-2026/parties.ts";
import { ISSUER, RESOURCE } from "./parties.ts";

/** All requests of a run come within one window, and a full store refuses. */
const MAX_NONCES = 1_000_000;

const [port, issuerKey] = process.argv.slice(2) as [string, string];
const app = Fastify();
const echo = async ({ body }: FastifyRequest) => body;
app.post("/open", echo);
await app.register(async (scope) => {
  await scope.register(fastifyAAuth, {
    profile: february2026Resource({ authServer: ISSUER }),
    key: await generateSigningKey({ kid: "resource-1" }),
    resource: RESOURCE,
    discovery: createTestDiscovery({ issuers: { [ISSUER]: { keys: [JSON.parse(issuerKey)] } } }),
    stores: {
      ...createMemoryStores(),
      claims: () => createMemoryStores().claims("test", { maxEntries: MAX_NONCES }),
    },
    cryptoMode: "pool",
  });
  scope.post("/hwk", { config: { aauth: { level: "pseudonymous" } } }, echo);
  scope.post("/jwt", { config: { aauth: { level: "authorized", scopes: ["data:write"] } } }, echo);
});
await app.listen({ host: "127.0.0.1", port: Number(port) });
