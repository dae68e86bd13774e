/** Our agent in the flows, in place of a peer's, with its agent provider. */

import { createServer } from "node:http";
import {
  AAuthAgentError,
  agentProviderMetadata,
  createAddressMap,
  createDiscovery,
  draft11,
  importSigningKey,
  jwkThumbprint,
  type TokenRequestError,
  toJwks,
} from "aauth";
import { createAgent } from "aauth/agent";
import { issueAgentToken } from "aauth/server";
import { KEYS, PROVIDER } from "./keys.ts";
import { byIdentifier, type Endpoints, PARTIES, type Step } from "./parties.ts";

const AGENT = "aauth:planner@agent.example";

/** A call like that of the peers' programs, with a step for each answer. */
export async function callWithOurAgent(
  endpoints: Endpoints,
  [method = "GET", path = "/", ...how]: readonly string[],
): Promise<Step[]> {
  const map = createAddressMap(byIdentifier(endpoints));
  const { provider, close } = await serveOurProvider(endpoints);
  const steps: Step[] = [];
  const agent = createAgent({
    id: AGENT,
    profile: draft11,
    key: await importSigningKey(KEYS.agent.jwk, { kid: "agent-1" }),
    agentToken: async ({ publicJwk }) => {
      const own = { key: provider, issuer: PARTIES.agent, agent: AGENT, personServer: PARTIES.ps };
      return (await issueAgentToken({ ...own, confirmationKey: publicJwk })).token;
    },
    personServer: PARTIES.ps,
    discovery: createDiscovery({ addresses: map }),
    observer(event) {
      if (event.type !== "response_received") return;
      // Named as by the programs: a step at the resource ends in "token".
      steps.push({ step: event.purpose === "resource" ? "agent token" : "auth", status: event.status });
    },
  });
  try {
    const loginHint = "dana";
    const mission =
      how.includes("mission") &&
      (await agent.proposeMission({
        description: "Check the stock",
        resources: [PARTIES.resource],
        loginHint,
      }));
    const call = agent.fetchFor({
      loginHint,
      ...(mission && { mission: mission.id }),
      onInteraction: async ({ page }) => void (await fetch(map.browserUrl(page))),
      onClarification: async () =>
        how.includes("cancel") ? { action: "cancel" } : { action: "respond", response: "For March" },
    });
    await call(`${PARTIES.resource}${path}`, {
      method,
      ...(method === "POST" && {
        body: '{"question":"stock"}',
        headers: { "content-type": "application/json" },
      }),
    });
  } catch (error) {
    if (!(error instanceof AAuthAgentError)) throw error;
    const { oauthError, httpStatus } = error as Partial<TokenRequestError>;
    steps.push({ step: "auth", status: httpStatus ?? 0, code: oauthError ?? error.code });
  } finally {
    close();
  }
  return steps;
}

/** The documents of the agents' provider, with the key that the peers use, too. */
export async function serveOurProvider(endpoints: Endpoints) {
  // The key id that the peers use, too, because a person server keeps the first key set that it
  // fetches.
  const provider = await importSigningKey(PROVIDER.jwk, { kid: await jwkThumbprint(PROVIDER.jwk) });
  const documents: Readonly<Record<string, unknown>> = {
    "/.well-known/aauth-agent.json": agentProviderMetadata({ issuer: PARTIES.agent }),
    "/jwks.json": toJwks([provider]),
  };
  const server = createServer(({ url }, response) => {
    const document = documents[url!];
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  });
  server.listen(Number(new URL(endpoints.agent).port), "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { provider, close: () => server.close() };
}
