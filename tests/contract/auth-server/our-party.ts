import { createDiscovery, generateSigningKey } from "aauth";
import { createAgent } from "aauth/agent";
import {
  type FebruaryAgent,
  type FebruaryAuthTokenClaims,
  february2026Agent,
  february2026Resource,
  februaryAgent,
} from "aauth/february-2026";
import Fastify from "fastify";
import { fastifyAAuth } from "fastify-aauth";
import { freePort } from "../../../scripts/demo/free-ports.ts";

/** An agent of our packages that is a resource as well. */
export interface OurParty {
  readonly id: string;
  readonly agent: FebruaryAgent;
  /** Claims of the tokens in its callers' requests. */
  readonly received: FebruaryAuthTokenClaims[];
  close(): Promise<void>;
}

/**
 * Starts a party on a free port.
 *
 * @param options.authServer issues the tokens its callers need and those that it asks for itself
 */
export async function startParty(options: {
  readonly name: string;
  readonly authServer: string;
  readonly scopes: readonly string[];
}): Promise<OurParty> {
  const { name, authServer, scopes } = options;
  const port = await freePort();
  const id = `http://${name}.localhost:${port}`;
  const key = await generateSigningKey({ kid: `${name}-1` });
  const discovery = createDiscovery({ development: true });
  const redirectUri = `${id}/callback`;
  const shared = { key, discovery };
  const profile = february2026Agent({ signatureScheme: "jwks", authServers: [authServer], redirectUri });
  const agent = februaryAgent(createAgent({ ...shared, id, profile }));
  const received: FebruaryAuthTokenClaims[] = [];
  const app = Fastify();
  await app.register(fastifyAAuth, {
    ...shared,
    resource: id,
    profile: february2026Resource({ authServer }),
    agent: { redirect_uris: [redirectUri] },
  });
  app.get("/", { config: { aauth: { level: "authorized", scopes: [...scopes] } } }, async ({ caller }) => {
    received.push(caller!.grant!.claims as FebruaryAuthTokenClaims);
    return { party: name };
  });
  await app.listen({ host: "127.0.0.1", port });
  return { id, agent, received, close: () => app.close() };
}
