/**
 * Our person server and access server, in place of a peer's. Dana consents to everything a moment
 * after she is asked.
 */

import { createAddressMap, createDiscovery, generateSigningKey } from "aauth";
import { createAccessServer, createPersonServer } from "aauth/server";
import Fastify, { type FastifyInstance } from "fastify";
import { type ServedParty, serveParty } from "fastify-aauth";
import type { OurParty } from "./ours.ts";
import { byIdentifier, type Endpoints, type Fact, PARTIES } from "./parties.ts";

const MOMENT_MS = 200;
const person = "dana";

/** Serves at the endpoints of both. */
export async function startOurServers(endpoints: Endpoints): Promise<OurParty> {
  const map = createAddressMap(byIdentifier(endpoints));
  const discovery = createDiscovery({ addresses: map });
  const common = { discovery };
  const personServer = createPersonServer({
    ...common,
    issuer: PARTIES.ps,
    key: await generateSigningKey({ kid: "ps-1" }),
    subjectSecret: crypto.getRandomValues(new Uint8Array(32)),
    accessServers: [PARTIES.as],
    personOf: () => person,
    missions: true,
    decide({ consented }) {
      if (consented) return { type: "grant" };
      setTimeout(agree, MOMENT_MS);
      return { type: "approval" };
    },
  });
  async function agree(): Promise<void> {
    for (const { reference, version } of await personServer.waiting(person))
      await personServer.approve(reference, { person, version });
  }
  const accessServer = createAccessServer({
    ...common,
    issuer: PARTIES.as,
    key: await generateSigningKey({ kid: "as-1" }),
    resources: [PARTIES.resource],
    personServers: [PARTIES.ps],
    decide: ({ scopes }) => ({ type: scopes.includes("data.refused") ? "deny" : "grant" }),
  });

  const facts: Fact[] = [];
  const serve = async (role: "ps" | "as", server: ServedParty): Promise<FastifyInstance> => {
    const app = Fastify();
    app.addHook("onSend", async (_request, { statusCode: status }, payload) => {
      const code = /"error":"([a-z_]+)"/.exec(String(payload))?.[1];
      facts.push({ party: PARTIES[role], status, ...(code !== undefined && { code }) });
    });
    await serveParty(app, server);
    await app.listen({ host: "127.0.0.1", port: Number(new URL(endpoints[role]).port) });
    return app;
  };
  const apps = [await serve("ps", personServer), await serve("as", accessServer)];
  return { facts: () => facts, stop: async () => void (await Promise.all(apps.map((app) => app.close()))) };
}
