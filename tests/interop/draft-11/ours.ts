/**
 * Our side of the flows, in place of a peer's: a resource as users build it, with `fastify-aauth`.
 */

import {
  type AAuthEvent,
  createAddressMap,
  createDiscovery,
  draft11,
  generateSigningKey,
  type Requirement,
} from "aauth";
import { createResource } from "aauth/resource";
import Fastify, { type FastifyInstance } from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { byIdentifier, type Endpoints, type Fact, PARTIES } from "./parties.ts";

const { resource, ps, as } = PARTIES;

/** Requirements by path, as at the peers' resources. */
const OF_PERSON_SERVER: Readonly<Record<string, Requirement>> = {
  "/agent": { level: "agent-token" },
  "/person": { level: "person-token" },
  "/ps": { level: "auth-token", scopes: ["data.read"] },
};
/** Its resource tokens go to the access server. */
const OF_ACCESS_SERVER: Readonly<Record<string, Requirement>> = {
  "/as": { level: "auth-token", scopes: ["data.read"] },
  "/as-waiting": { level: "auth-token", scopes: ["data.waiting"] },
  "/as-refused": { level: "auth-token", scopes: ["data.refused"] },
};

export interface OurParty {
  /** Facts about all requests so far. */
  facts(): readonly Fact[];
  stop(): Promise<void>;
}

/** Serves at the resource's endpoint. */
export async function startOurResource(endpoints: Endpoints): Promise<OurParty> {
  const map = createAddressMap(byIdentifier(endpoints));
  const key = await generateSigningKey({ kid: "resource-1" });
  const discovery = createDiscovery({ addresses: map });
  const facts: Fact[] = [];
  const observer = (event: AAuthEvent) => {
    if (event.type === "request_verified") facts.push({ verified: true });
    if (event.type === "request_refused") facts.push({ verified: false, code: event.error.code });
  };
  const serve = (scope: FastifyInstance, routes: typeof OF_PERSON_SERVER) => {
    for (const [url, aauth] of Object.entries(routes)) {
      const handler = async () => ({ answer: "42 pallets" });
      scope.route({ method: ["GET", "POST"], url, config: { aauth }, handler });
    }
  };

  const app = Fastify();
  const scopeDescriptions = {
    "data.read": "Read the data",
    "data.waiting": "Read the data when the person agrees",
    "data.refused": "Read refused data",
  };
  const own = { profile: draft11, resource, personServers: [ps], key, discovery, scopeDescriptions };
  await app.register(async (scope) => {
    await scope.register(fastifyAAuth, { ...own, observer });
    serve(scope, OF_PERSON_SERVER);
  });
  // Under the same identifier, whose documents are those above.
  await app.register(async (scope) => {
    const made = createResource({ ...own, accessServer: as });
    await scope.register(fastifyAAuth, { resource: { ...made, endpoints: [] }, observer });
    serve(scope, OF_ACCESS_SERVER);
  });
  await app.listen({ host: "127.0.0.1", port: Number(new URL(endpoints.resource).port) });
  return { facts: () => facts, stop: () => app.close() };
}
