/**
 * The server that `route.ts` loads: one echo, open and behind the verifier, in a process of its own. Answers questions over the channel
 * to its parent; the parent's key set comes as its only argument.
 *
 * @module
 */

import type { AddressInfo } from "node:net";
import { createMemoryReplayStore, generateSigningKey } from "aauth";
import { createChallenger, createVerifier } from "aauth/resource";
import { createTestDiscovery } from "aauth/testing";
import Fastify, { type FastifyRequest } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { answerParent } from "../program.ts";
import { AUTHORITY, ISSUER, RESOURCE, type ServerQuestion } from "./parties.ts";

/** All requests of a run come within one window, and a full store refuses. */
const MAX_NONCES = 1_000_000;

const issuerKey = JSON.parse(process.argv[2]!) as object;
const app = Fastify();
const echo = async ({ body }: FastifyRequest) => body;
app.post("/open", echo);
await app.register(async (scope) => {
  await scope.register(fastifyAAuth, {
    authority: AUTHORITY,
    verifier: createVerifier({
      authorities: [AUTHORITY],
      audience: RESOURCE,
      trustedIssuers: [ISSUER],
      discovery: createTestDiscovery({ issuers: { [ISSUER]: { keys: [issuerKey] } } }),
      replayStore: createMemoryReplayStore({ maxEntries: MAX_NONCES }),
      cryptoMode: "pool",
    }),
    challenger: createChallenger({
      key: await generateSigningKey({ kid: "resource-1" }),
      resource: RESOURCE,
      authServer: ISSUER,
    }),
  });
  scope.post("/hwk", { config: { aauth: { level: "pseudonymous" } } }, echo);
  scope.post("/jwt", { config: { aauth: { level: "authorized", scopes: ["data:write"] } } }, echo);
});
await app.listen({ host: "127.0.0.1", port: 0 });

answerParent<ServerQuestion>({
  port: () => (app.server.address() as AddressInfo).port,
  cpuUs: () => {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
});
