/** Our side of the flows: a resource of the library's verifier over `node:http`, in the place of a peer's. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import {
  aauthResourceMetadata,
  createDiscovery,
  createEndpointMap,
  draft11,
  generateSigningKey,
  type Requirement,
  toJwks,
} from "aauth";
import { type Challenger, createChallenger, createVerifier, receivedFields } from "aauth/resource";
import { type Fact, PARTIES, type Role } from "./parties.ts";

/** As the peers' resources: what each path asks for, and where its resource tokens go. */
const ROUTES: Readonly<Record<string, { readonly requirement: Requirement; readonly authServer?: string }>> =
  {
    "/agent": { requirement: { level: "agent-token" } },
    "/person": { requirement: { level: "person-token" } },
    "/ps": { requirement: { level: "auth-token", scopes: ["data.read"] } },
    "/as": { requirement: { level: "auth-token", scopes: ["data.read"] }, authServer: PARTIES.as },
    "/as-waiting": { requirement: { level: "auth-token", scopes: ["data.waiting"] }, authServer: PARTIES.as },
    "/as-refused": { requirement: { level: "auth-token", scopes: ["data.refused"] }, authServer: PARTIES.as },
  };

export interface OurResource {
  /** Of all requests so far. */
  facts(): readonly Fact[];
  stop(): void;
}

/** Serves at the resource's endpoint. */
export async function startOurResource(endpoints: Readonly<Record<Role, string>>): Promise<OurResource> {
  const map = createEndpointMap(
    Object.fromEntries(Object.entries(PARTIES).map(([role, party]) => [party, endpoints[role as Role]])),
  );
  const key = await generateSigningKey({ kid: "resource-1" });
  const discovery = createDiscovery({ profile: draft11, transport: map.documents });
  const verifier = createVerifier({
    profile: draft11,
    authorities: [map.authorityOf(PARTIES.resource)],
    audience: PARTIES.resource,
    trustedIssuers: [PARTIES.ps, PARTIES.as],
    discovery,
  });
  const challengers = new Map<string | undefined, Challenger>(
    [undefined, PARTIES.as].map((authServer) => [
      authServer,
      createChallenger({ profile: draft11, key, resource: PARTIES.resource, authServer }),
    ]),
  );
  const documents: Readonly<Record<string, unknown>> = {
    "/.well-known/aauth-resource.json": aauthResourceMetadata({ issuer: PARTIES.resource }),
    "/jwks.json": toJwks([key], draft11),
  };
  const facts: Fact[] = [];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: target = "/" } = request;
    const chunks: Buffer[] = await request.toArray();
    const path = target.split("?")[0]!;
    const document = documents[path];
    const route = ROUTES[path];
    if (route === undefined) {
      response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(document ?? {}));
      return;
    }
    const { requirement, authServer } = route;
    const body = chunks.length === 0 ? undefined : Buffer.concat(chunks);
    try {
      const message = { method, target, headers: receivedFields(request), body };
      await verifier.verifyRequest(message, requirement);
      facts.push({ verified: true });
      response.writeHead(200, { "content-type": "application/json" }).end('{"answer":"42 pallets"}');
    } catch (error) {
      facts.push({ verified: false, code: (error as { code?: string }).code ?? String(error) });
      const refusal = await challengers.get(authServer)!.challengeFor(error as never, { requirement });
      response.writeHead(refusal.status, refusal.headers).end(refusal.body);
    }
  }

  const server = createServer((request, response) => void answer(request, response));
  server.listen(Number(new URL(endpoints.resource).port), "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { facts: () => facts, stop: () => server.close() };
}
